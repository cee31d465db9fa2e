"""Strategies: an entry whose brackets the platform manages (type 2, multi-bracket).

Sources: partner.ninjatrader.com, startOrderStrategy and interruptOrderStrategy; tradovate.github.io, orderStrategy, for
what `params` hold. They travel as a text of JSON inside the body. `uuid` carries the operation's short id, by which a
started strategy is found again. The grammar of modifyOrderStrategy's `command` is not public.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from vendor_admin.tradovate.catalogue.evidence import is_new
from vendor_admin.tradovate.catalogue.fields import Id, ShortText
from vendor_admin.tradovate.catalogue.json_bodies import json_text
from vendor_admin.tradovate.catalogue.look_ups import Doubt, Entity, LookUp, Reading
from vendor_admin.tradovate.catalogue.operation import Operation
from vendor_admin.tradovate.catalogue.order_answers import OrderStrategyAnswer
from vendor_admin.tradovate.catalogue.request import Request
from vendor_admin.tradovate.catalogue.write import MarkedField, Reversal, Settling, Write
from vendor_admin.tradovate.enums import Environment
from vendor_admin.tradovate.errors import Fault
from vendor_admin.tradovate.operations.trading import marked_commands
from vendor_admin.tradovate.operations.trading.terms import (
    GOOD_FOR,
    Action,
    Distance,
    Quantity,
    Symbol,
    Tag,
    Terms,
    always_true,
    automation_faults,
    max_show_faults,
)
from vendor_admin.tradovate.order_status import ACTIVE_STRATEGY, ENDED_STRATEGY
from vendor_admin.tradovate.outcomes import Json

MULTI_BRACKET: Final = 2
"""`orderStrategyTypeId` of the only kind of strategy that is documented."""
LONGEST_PARAMS: Final = 8192


class EntryVersion(Terms, frozen=True, kw_only=True):
    """The order that opens the position."""

    order_qty: Quantity

    def faults(self, *, now: datetime) -> Iterator[Fault]:
        yield from super().faults(now=now)
        yield from max_show_faults(self, self.order_qty)


class StrategyBracket(Request, frozen=True, kw_only=True):
    """What closes a part of the position, in points from the entry's price: of a Buy a profit lies above it (30) and a
    loss below (-15), of a Sell the other way round. With `trailing_stop` the stop follows the market at its distance.
    """

    qty: Quantity
    profit_target: Distance | None = None
    stop_loss: Distance | None = None
    trailing_stop: bool | None = None

    def faults(self, *, now: datetime) -> Iterator[Fault]:
        if self.profit_target is None and self.stop_loss is None:
            yield Fault("", "required", "must have a profitTarget, a stopLoss or both")
        if self.trailing_stop and self.stop_loss is None:
            yield Fault("trailingStop", "needs_another", "has no meaning without stopLoss, its distance")


class StrategyParams(Request, frozen=True, kw_only=True):
    """What a multi-bracket strategy consists of."""

    entry_version: EntryVersion
    brackets: Annotated[tuple[StrategyBracket, ...], Meta(min_length=1, description="at least one bracket")]

    def faults(self, *, now: datetime) -> Iterator[Fault]:
        entered, closed = self.entry_version.order_qty, sum(bracket.qty for bracket in self.brackets)
        if closed > entered:
            text = f"must close at most the entry's {entered:,} contracts; they close {closed:,}"
            yield Fault("brackets", "out_of_range", text)


class StartOrderStrategy(Request, frozen=True, kw_only=True):
    account_id: Id
    account_spec: ShortText | None = None
    symbol: Symbol
    order_strategy_type_id: Id
    action: Action
    params: StrategyParams
    uuid: ShortText | None = None
    custom_tag50: Tag | None = None
    is_automated: bool = msgspec.field(default_factory=always_true)

    def faults(self, *, now: datetime) -> Iterator[Fault]:
        yield from automation_faults(self.is_automated)
        if self.order_strategy_type_id != MULTI_BRACKET:
            yield Fault("orderStrategyTypeId", "unknown_value", f"must be {MULTI_BRACKET}, a multi-bracket strategy")
        length = len(json_text(self.params))
        if length > LONGEST_PARAMS:
            text = f"must be at most {LONGEST_PARAMS:,} characters of JSON; it has {length:,}. Use fewer brackets"
            yield Fault("params", "too_long", text)
        for position, bracket in enumerate(self.params.brackets):
            yield from self._side_faults(f"params.brackets[{position}]", bracket)

    def _side_faults(self, path: str, bracket: StrategyBracket) -> Iterator[Fault]:
        up = self.action == "Buy"
        if bracket.profit_target is not None and (bracket.profit_target > 0) != up:
            yield Fault(f"{path}.profitTarget", "out_of_range", f"must be {_sign(up)} for a {self.action}")
        if bracket.stop_loss is not None and (bracket.stop_loss > 0) == up:
            yield Fault(f"{path}.stopLoss", "out_of_range", f"must be {_sign(not up)} for a {self.action}")


class ModifyOrderStrategy(Request, frozen=True, kw_only=True):
    order_strategy_id: Id
    command: Annotated[str, Meta(min_length=1, max_length=1024, description="1 to 1024 characters")]
    custom_tag50: Tag | None = None


class InterruptOrderStrategy(Request, frozen=True, kw_only=True):
    order_strategy_id: Id


def _sign(is_above: bool) -> str:
    return "above zero (points above the entry)" if is_above else "below zero (points below the entry)"


def _of_account(request: StartOrderStrategy, environment: Environment) -> Sequence[LookUp]:
    return [LookUp(environment, "orderStrategy", "deps", request.account_id)]


def _was_started(request: StartOrderStrategy, reading: Reading) -> bool | None:
    """True by our `uuid`. That none has it counts within the session alone, and where every new strategy of the account
    shows one: another may be ours."""
    if not reading.mark:
        return None
    strategies = reading.of("orderStrategy")
    if any(reading.mark in str(one.get("uuid") or "") for one in strategies):
        return True
    may_be_ours = any(not one.get("uuid") and is_new(one, reading) is not False for one in strategies)
    return False if marked_commands.is_same_session(reading) and not may_be_ours else None


def _started(_request: StartOrderStrategy, reading: Reading) -> Mapping[str, Json]:
    """The strategy that has our `uuid`."""
    found = [one for one in reading.of("orderStrategy") if reading.mark in str(one.get("uuid") or "") and one.get("id")]
    return {"orderStrategy": {"id": found[0]["id"]}} if found else {}


def _start_doubt(request: StartOrderStrategy) -> Doubt:
    quantity = request.params.entry_version.order_qty
    named = f"{request.action} {quantity} {request.symbol} for account {request.account_id}"
    return Doubt(
        f"The strategy was started: {named}. Starting it again would trade twice.",
        f"The strategy was not started: {named}.",
    )


def _interrupt(_request: StartOrderStrategy, _old: Entity | None, answer: Json) -> Reversal | None:
    strategy = answer.get("orderStrategy") if isinstance(answer, dict) else None
    strategy_id = strategy.get("id") if isinstance(strategy, dict) else None
    if not isinstance(strategy_id, int) or strategy_id <= 0:
        return None
    request = InterruptOrderStrategy(order_strategy_id=strategy_id)
    return Reversal(INTERRUPT_ORDER_STRATEGY.path, request, remains="A position that it opened stays open.")


def _strategy(request: ModifyOrderStrategy | InterruptOrderStrategy, environment: Environment) -> Sequence[LookUp]:
    return [LookUp(environment, "orderStrategy", "item", request.order_strategy_id)]


def _was_interrupted(request: InterruptOrderStrategy, reading: Reading) -> bool | None:
    """True where the strategy has ended, in whatever way; another status than the known ones tells nothing."""
    found = reading.with_id("orderStrategy", request.order_strategy_id)
    status = found.get("status") if found is not None else None
    return True if status in ENDED_STRATEGY else False if status == ACTIVE_STRATEGY else None


def _was_modified(request: ModifyOrderStrategy, reading: Reading) -> bool | None:
    """True by our tag alone: what a command changes is not published, and an ended strategy may have had it before."""
    found = reading.with_id("orderStrategy", request.order_strategy_id)
    has_tag = found is not None and reading.mark and reading.mark in str(found.get("customTag50") or "")
    return True if has_tag else None


def _interrupt_doubt(request: InterruptOrderStrategy) -> Doubt:
    return Doubt(
        f"Strategy {request.order_strategy_id} has ended and its orders are cancelled. Its position, if any, stays.",
        f"Strategy {request.order_strategy_id} goes on, and its orders rest.",
    )


def _modify_doubt(request: ModifyOrderStrategy) -> Doubt:
    return Doubt(
        f"Strategy {request.order_strategy_id} was changed as asked for.",
        f"Strategy {request.order_strategy_id} is as it was before.",
    )


_STARTING: Settling[Any] = Settling(_of_account, _was_started, _start_doubt, marked_commands.account_of, shown=_started)

START_ORDER_STRATEGY = Write(
    operation=Operation(path="orderStrategy/startorderstrategy", method="POST"),
    request=StartOrderStrategy,
    answer=OrderStrategyAnswer,
    settling=_STARTING,
    revert=_interrupt,
    mark=MarkedField("uuid", separator="-"),
    json_fields=("params",),
    is_sent_again=False,
    good_for=GOOD_FOR,
    cautions=("The platform may still reject the entry after it has started the strategy.",),
)

MODIFY_ORDER_STRATEGY = Write(
    operation=Operation(path="orderStrategy/modifyorderstrategy", method="POST"),
    request=ModifyOrderStrategy,
    answer=OrderStrategyAnswer,
    settling=Settling(_strategy, _was_modified, _modify_doubt),
    mark=MarkedField("custom_tag50", longest=50),
    is_sent_again=False,
    good_for=GOOD_FOR,
    cautions=("What may be written as its command is not published.",),
)

INTERRUPT_ORDER_STRATEGY = Write(
    operation=Operation(path="orderStrategy/interruptorderstrategy", method="POST"),
    request=InterruptOrderStrategy,
    answer=OrderStrategyAnswer,
    settling=Settling(_strategy, _was_interrupted, _interrupt_doubt),
    is_sent_again=False,
    cautions=("Its orders are cancelled; a position that it opened stays open.",),
)
