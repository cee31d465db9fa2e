"""Placing and changing orders, and starting strategies, as plans (DEMO). Programs ask for them; staff's pages only
offer what makes a risk smaller (risk/orders, risk/liquidation).

They go before what is not urgent: an order is meant for the market of the moment, and is not sent later than some
minutes after it was asked for (`good_for` in the catalogue).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from risk.orders.words import terms_in_words
from risk.placing.changes import against_changes, changed, contracts_of, faults_of_change, terms_of
from risk.placing.checks import DEMO, against_orders, against_strategies
from risk.placing.inputs import OcoToPlace, OrderToModify, OrderToPlace, OsoToPlace, StrategyToModify, StrategyToStart
from risk.placing.naming import request_of
from vendor_admin.mirrors.models import Account, Order, OrderStrategy
from vendor_admin.mirrors.queries.contracts import NamedContract, contracts_named
from vendor_admin.mirrors.queries.lookups import attach_names, attach_versions, load
from vendor_admin.operations.inputs.declaration import PlanInput
from vendor_admin.operations.kinds import Json, OneEntity, OneWrite, PlanRequest, RowDraft, Target
from vendor_admin.operations.models import PlanRow
from vendor_admin.operations.plans.field_words import title_of
from vendor_admin.operations.plans.made import answered_id, made_id
from vendor_admin.operations.skip_reasons import SkipReason
from vendor_admin.organizations.roles import Right
from vendor_admin.tradovate.catalogue.request import Request
from vendor_admin.tradovate.operations.trading.order_changes import MODIFY_ORDER
from vendor_admin.tradovate.operations.trading.order_strategies import (
    MODIFY_ORDER_STRATEGY,
    START_ORDER_STRATEGY,
    ModifyOrderStrategy,
)
from vendor_admin.tradovate.operations.trading.orders import PLACE_OCO, PLACE_ORDER, PLACE_OSO
from vendor_admin.tradovate.order_status import goes_on, rests

UNKNOWN_CONTRACT = "{} is not known here yet, so neither its expiry nor its tick could be checked."


class _Placing(OneWrite):
    """The base of kinds whose rows make something new for an account in a contract."""

    right = Right.PLACE_ORDERS
    noun: ClassVar[str]
    reverted_by: ClassVar[str]
    prompt_paths: ClassVar[Sequence[str]]

    def drafts(self, request: PlanRequest) -> Sequence[RowDraft]:
        wanted = [target.wanted for target in request.targets]
        ids = [one.get("accountId") for one in wanted]
        accounts = load(Account, organization_id=request.organization_id, ids=ids)
        contracts = contracts_named(
            (str(one.get("symbol", "")) for one in wanted),
            organization_id=request.organization_id,
            environment=DEMO,
            now=request.now,
        )
        return [
            self._draft(
                target,
                accounts.get(target.wanted.get("accountId"), DEMO),
                contracts.get(str(target.wanted.get("symbol", "")).strip()),
            )
            for target in request.targets
        ]

    def request(self, row: PlanRow, *, parameters: Mapping[str, Json], reason: str) -> Request:
        return request_of(self.write, row.wanted)

    def revert(self, rows: Sequence[PlanRow]) -> tuple[str, Sequence[Target]] | None:
        """Cancel what was placed, as far as it rests. What was filled stays."""
        targets = [Target(row.target_type, id_, label=row.label) for row in rows for id_ in self.placed(row)]
        return (self.reverted_by, targets) if targets else None

    def placed(self, row: PlanRow) -> list[int]:
        """The ids of what has to be cancelled to take a row back; none where the answer was lost."""
        made = made_id(row)
        return [] if made is None else [made]

    def terms(self, request: Any) -> str:
        """The terms of a request, in a line."""
        return terms_in_words(request)

    def _draft(self, target: Target, account: Account | None, contract: NamedContract | None) -> RowDraft:
        wanted = dict(target.wanted)
        symbol = contract.name if contract is not None else str(wanted.get("symbol", "")).upper()
        target = replace(target, wanted={**wanted, "symbol": symbol})
        request: Any = request_of(self.write, target.wanted)
        label = f"{account or wanted.get('accountId')}: {request.action} {symbol}, {self.terms(request)}"
        draft = RowDraft(target, DEMO, label, new={"state": "placed"})
        if contract is None:
            draft.warnings.append(UNKNOWN_CONTRACT.format(symbol))
        if account is None or account.deleted_at is not None:
            draft.why_skipped = SkipReason.NOT_THERE.format("account")
        elif account.archived or account.closed:
            draft.why_skipped = SkipReason.ACCOUNT_OVER
        return draft


class PlaceOrders(_Placing):
    """Each row is an order."""

    name = "place_orders"
    title = "Place orders"
    write = PLACE_ORDER
    takes = PlanInput(OrderToPlace, check=against_orders)
    prompt_paths = (PLACE_ORDER.path,)
    reverted_by = "cancel_orders"


class PlaceOcoOrders(_Placing):
    """Each row is two orders that cancel each other."""

    name = "place_oco_orders"
    title = "Place OCO orders"
    write = PLACE_OCO
    takes = PlanInput(OcoToPlace, check=against_orders)
    prompt_paths = (PLACE_OCO.path,)
    reverted_by = "cancel_orders"

    def terms(self, request: Any) -> str:
        return f"{terms_in_words(request)}; or {request.other.action} {_terms_of_leg(request.other)}"

    def placed(self, row: PlanRow) -> list[int]:
        """Both orders: cancelling one leaves the other."""
        other = answered_id(row, self.write, "ocoId")
        return [*super().placed(row), *([] if other is None else [other])]


class PlaceOsoOrders(_Placing):
    """Each row is an entry with its brackets."""

    name = "place_oso_orders"
    title = "Place OSO orders"
    write = PLACE_OSO
    takes = PlanInput(OsoToPlace, check=against_orders)
    prompt_paths = (PLACE_OSO.path,)
    reverted_by = "cancel_orders"

    def terms(self, request: Any) -> str:
        brackets = [one for one in (request.bracket1, request.bracket2) if one is not None]
        then = " or ".join(f"{one.action} {_terms_of_leg(one)}" for one in brackets)
        return f"{terms_in_words(request)}; once filled {then}"


class StartStrategies(_Placing):
    """Each row is a multi-bracket strategy."""

    name = "start_strategies"
    title = "Start strategies"
    write = START_ORDER_STRATEGY
    takes = PlanInput(StrategyToStart, check=against_strategies)
    prompt_paths = (START_ORDER_STRATEGY.path,)
    reverted_by = "interrupt_strategies"

    def terms(self, request: Any) -> str:
        count = len(request.params.brackets)
        return f"{terms_in_words(request.params.entry_version)}, with {count} bracket{'' if count == 1 else 's'}"


class ModifyOrders(OneEntity[Order]):
    """Targets are orders, by id; `wanted` has the terms that are to be others. All terms are sent anew: those that are
    not named are the newest version's.
    """

    name = "modify_orders"
    title = "Change orders"
    write = MODIFY_ORDER
    model = Order
    environment = DEMO
    noun = "order"
    right = Right.PLACE_ORDERS
    takes = PlanInput(OrderToModify, check=against_changes)
    prompt_paths = (MODIFY_ORDER.path,)

    def prepare(self, request: PlanRequest, rows: Sequence[Order]) -> Callable[[RowDraft, Order], None]:
        orders = list(rows)
        attach_names(orders, organization_id=request.organization_id)
        attach_versions(orders, organization_id=request.organization_id)
        contracts = contracts_of(orders, organization_id=request.organization_id, now=request.now)

        def fill(draft: RowDraft, order: Any) -> None:
            draft.label = f"{order.account or order.account_id}: {order.action} {order.contract or order.contract_id}"
            draft.label += f", {terms_in_words(order.version)} (order {order.entity_id})"
            if not rests(order.ord_status):
                draft.why_skipped = SkipReason.ALREADY.format((order.ord_status or "over").lower())
                return
            before = terms_of(order.version)
            after = changed(before, draft.target.wanted)
            draft.old, draft.new = before, after
            if before == after:
                draft.why_skipped = SkipReason.ALREADY.format("as asked for")
                return
            faults = faults_of_change(order, after, contracts.get(str(order.contract_id)), now=request.now)
            draft.why_skipped = " ".join(f"{title_of(fault.field)} {fault.text}." for fault in faults)

        return fill

    def request(self, row: PlanRow, *, parameters: Mapping[str, Json], reason: str) -> Request:
        return request_of(self.write, row.new, orderId=row.target_id or 0)

    def revert(self, rows: Sequence[PlanRow]) -> tuple[str, Sequence[Target]] | None:
        """Give them the terms from before, where they still rest with these."""
        return self.name, [
            Target(
                "order", row.target_id, {name: row.old.get(name) for name in row.new}, expected=row.new, label=row.label
            )
            for row in rows
        ]


class ModifyStrategies(OneEntity[OrderStrategy]):
    """Targets are order strategies, by id; `wanted` has the platform's own `command`."""

    name = "modify_strategies"
    title = "Change strategies"
    write = MODIFY_ORDER_STRATEGY
    model = OrderStrategy
    environment = DEMO
    noun = "strategy"
    right = Right.PLACE_ORDERS
    takes = PlanInput(StrategyToModify)
    prompt_paths = (MODIFY_ORDER_STRATEGY.path,)

    def prepare(self, request: PlanRequest, rows: Sequence[OrderStrategy]) -> Callable[[RowDraft, OrderStrategy], None]:
        attach_names(list(rows), organization_id=request.organization_id)

        def fill(draft: RowDraft, strategy: Any) -> None:
            contract = strategy.contract or strategy.contract_id
            draft.label = f"{strategy.account or strategy.account_id}: {strategy.action} {contract}"
            draft.label += f" (strategy {strategy.entity_id})"
            draft.new = {"command": draft.target.wanted.get("command")}
            if not goes_on(strategy.status):
                draft.why_skipped = SkipReason.OVER

        return fill

    def request(self, row: PlanRow, *, parameters: Mapping[str, Json], reason: str) -> Request:
        return ModifyOrderStrategy(order_strategy_id=row.target_id or 0, command=str(row.new.get("command")))


def _terms_of_leg(leg: Any) -> str:
    return terms_in_words(_Leg(leg))


class _Leg:
    """The terms of an order that has another's quantity."""

    order_qty = None

    def __init__(self, leg: Any) -> None:
        self.order_type, self.time_in_force = leg.order_type, leg.time_in_force
        self.price, self.stop_price = leg.price, leg.stop_price
        self.limit_if_touched_price, self.peg_difference = leg.limit_if_touched_price, leg.peg_difference
