"""Closing positions at the market.

Source: the OpenAPI file, liquidatePosition (which also cancels the account's orders in the contract) and
liquidatePositions. `customTag50` carries the operation's short id, by which the closing order's command is found again.
`admin` says that an administrator closes it, not the trader.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from typing import Any

import msgspec

from vendor_admin.tradovate.catalogue.answers import SimpleAnswer
from vendor_admin.tradovate.catalogue.batches import Batch
from vendor_admin.tradovate.catalogue.fields import Id, Ids
from vendor_admin.tradovate.catalogue.look_ups import Doubt, Entity, LookUp, Reading
from vendor_admin.tradovate.catalogue.operation import Operation
from vendor_admin.tradovate.catalogue.order_answers import PlaceOrderAnswer
from vendor_admin.tradovate.catalogue.request import Request
from vendor_admin.tradovate.catalogue.write import MarkedField, Settling, Write
from vendor_admin.tradovate.enums import Environment
from vendor_admin.tradovate.errors import Fault
from vendor_admin.tradovate.operations.trading import marked_commands
from vendor_admin.tradovate.operations.trading.terms import Tag, always_true, automation_faults
from vendor_admin.tradovate.order_status import REJECTED, rests
from vendor_admin.tradovate.values import id_of, time_of, trade_date_of, whole_number_of

_TAG = MarkedField("custom_tag50", longest=50)


class LiquidatePosition(Request, frozen=True, kw_only=True):
    account_id: Id
    contract_id: Id
    admin: bool
    custom_tag50: Tag | None = None
    is_automated: bool = msgspec.field(default_factory=always_true)

    def faults(self, *, now: datetime) -> Iterator[Fault]:
        yield from automation_faults(self.is_automated)


class LiquidatePositions(Request, frozen=True, kw_only=True):
    """`positions` are ids of positions, of any accounts."""

    positions: Ids
    admin: bool
    custom_tag50: Tag | None = None
    is_automated: bool = msgspec.field(default_factory=always_true)

    def faults(self, *, now: datetime) -> Iterator[Fault]:
        yield from automation_faults(self.is_automated)
        if len(set(self.positions)) < len(self.positions):
            yield Fault("positions", "not_unique", "must name each position once")


def _of_account(request: LiquidatePosition, environment: Environment) -> Sequence[LookUp]:
    return [
        LookUp(environment, "position", "deps", request.account_id),
        LookUp(environment, "order", "deps", request.account_id),
    ]


def _was_liquidated(request: LiquidatePosition, reading: Reading) -> bool | None:
    """True by the closing order's tag, unless that order was rejected, or where the account is flat in the contract and
    nothing of it rests."""
    closing = {command.get("orderId") for command in marked_commands.ours(reading, "customTag50")}
    statuses = {order.get("ordStatus") for order in reading.of("order") if order.get("id") in closing}
    if closing and statuses != {REJECTED}:
        return True
    position = _newest_position(request, reading)
    net_position = whole_number_of(position.get("netPos")) if position is not None else None
    if net_position is None:
        return None
    if net_position:
        return False if marked_commands.is_sure_of_none(reading, request.account_id) else None
    return None if _something_rests(request, reading) else True


def _newest_position(request: LiquidatePosition, reading: Reading) -> Entity | None:
    """Of an account's positions in one contract the newest counts: there is one for each trade date, and an older one
    may show a quantity long after the account is flat."""

    def age(position: Entity) -> tuple[date, datetime, int]:
        placed_at = time_of(position.get("timestamp")) or datetime.min.replace(tzinfo=UTC)
        return trade_date_of(position.get("tradeDate")) or date.min, placed_at, id_of(position.get("id")) or 0

    positions = (
        one
        for one in reading.of("position")
        if one.get("accountId") == request.account_id and one.get("contractId") == request.contract_id
    )
    return max(positions, key=age, default=None)


def _something_rests(request: LiquidatePosition, reading: Reading) -> bool:
    return any(
        rests(order.get("ordStatus"))
        for order in reading.of("order")
        if order.get("accountId") == request.account_id and order.get("contractId") == request.contract_id
    )


def _positions(request: LiquidatePositions, environment: Environment) -> Sequence[LookUp]:
    return [LookUp(environment, "position", "item", one) for one in request.positions]


def _orders_and_commands(request: LiquidatePositions, reading: Reading) -> Sequence[LookUp]:
    """Of a position that is still open, the orders of its account, and then their commands."""
    account_id = _account_if_open(request, reading)
    if account_id is None:
        return []
    orders = LookUp(reading.environment, "order", "deps", account_id)
    return [orders, *marked_commands.commands_of(marked_commands.new_orders(reading, account_id), reading)]


def _were_liquidated(request: LiquidatePositions, reading: Reading) -> bool | None:
    """For a request of one position: a flat one is what was asked for."""
    position = _position(request, reading)
    net_position = whole_number_of(position.get("netPos")) if position is not None else None
    if net_position is None:
        return None
    if net_position == 0:
        return True
    account_id = _account_if_open(request, reading)
    if account_id is None:
        return None
    orders = {order["id"] for order in marked_commands.new_orders(reading, account_id)}
    if any(command.get("orderId") in orders for command in marked_commands.ours(reading, "customTag50")):
        return True
    return False if marked_commands.is_sure_of_none(reading, account_id) else None


def _position(request: LiquidatePositions, reading: Reading) -> Entity | None:
    (position_id,) = request.positions
    return reading.with_id("position", position_id)


def _account_if_open(request: LiquidatePositions, reading: Reading) -> int | None:
    position = _position(request, reading)
    is_open = position is not None and whole_number_of(position.get("netPos"))
    return id_of(position.get("accountId")) if position is not None and is_open else None


def _doubt(request: LiquidatePosition) -> Doubt:
    what = f"position of account {request.account_id} in contract {request.contract_id}"
    return Doubt(
        f"The {what} was closed; if it is open now, it was opened again since. Closing it again closes that one too.",
        f"The {what} was not closed by this call.",
    )


def _doubt_of_many(request: LiquidatePositions) -> Doubt:
    named = ", ".join(map(str, request.positions))
    return Doubt(
        f"Position {named} was closed; if it is open now, it was opened again since.",
        f"Position {named} was not closed by this call.",
    )


_AT_THE_MARKET = "It closes at the market's price, whatever that is by then."

_OF_ONE: Settling[Any] = Settling(
    _of_account, _was_liquidated, _doubt, marked_commands.account_of, marked_commands.of_new_orders
)

LIQUIDATE_POSITION = Write(
    operation=Operation(path="order/liquidateposition", method="POST"),
    request=LiquidatePosition,
    answer=PlaceOrderAnswer,
    settling=_OF_ONE,
    mark=_TAG,
    is_sent_again=False,
    cautions=(_AT_THE_MARKET, "The account's orders in this contract are cancelled too."),
)

LIQUIDATE_POSITIONS = Write(
    operation=Operation(path="order/liquidatepositions", method="POST"),
    request=LiquidatePositions,
    answer=SimpleAnswer,
    settling=Settling(_positions, _were_liquidated, _doubt_of_many, further=_orders_and_commands),
    batch=Batch("positions", "positions", 100, is_documented=False),
    mark=_TAG,
    is_sent_again=False,
    cautions=(_AT_THE_MARKET,),
)
