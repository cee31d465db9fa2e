"""Cancelling orders and interrupting strategies, as plans (DEMO). Both are urgent, and neither can be taken back."""

from collections.abc import Callable, Mapping, Sequence

from risk.orders.inputs import OrderToCancel, StrategyToInterrupt
from risk.orders.words import terms_in_words
from vendor_admin.mirrors.models import Order, OrderStrategy
from vendor_admin.mirrors.queries.lookups import attach_names, attach_versions
from vendor_admin.operations.inputs.declaration import PlanInput
from vendor_admin.operations.kinds import Json, OneEntity, PlanRequest, RowDraft
from vendor_admin.operations.models import PlanRow
from vendor_admin.operations.skip_reasons import SkipReason
from vendor_admin.organizations.roles import Right
from vendor_admin.tradovate.catalogue.request import Request
from vendor_admin.tradovate.enums import Environment
from vendor_admin.tradovate.operations.trading.order_changes import CANCEL_ORDER, CancelOrder
from vendor_admin.tradovate.operations.trading.order_strategies import (
    INTERRUPT_ORDER_STRATEGY,
    InterruptOrderStrategy,
)
from vendor_admin.tradovate.order_status import goes_on, rests

RESTS, CANCELLED = {"state": "resting"}, {"state": "cancelled"}
GOES_ON, INTERRUPTED = {"state": "active"}, {"state": "interrupted"}


class CancelOrders(OneEntity[Order]):
    """Targets are orders, by id."""

    name = "cancel_orders"
    title = "Cancel orders"
    write = CANCEL_ORDER
    model = Order
    environment = Environment.DEMO.value
    noun = "order"
    right = Right.CLOSE_POSITIONS
    takes = PlanInput(OrderToCancel)
    urgent_paths = (CANCEL_ORDER.path,)
    as_things_stand = True
    consequence = "What is filled before the exchange has cancelled an order stays. It cannot be taken back."

    def prepare(self, request: PlanRequest, rows: Sequence[Order]) -> Callable[[RowDraft, Order], None]:
        orders = list(rows)
        attach_names(orders, organization_id=request.organization_id)
        attach_versions(orders, organization_id=request.organization_id)

        def fill(draft: RowDraft, order: Order) -> None:
            terms = terms_in_words(order.version)  # type: ignore[attr-defined]
            draft.label = _label(order, f"order {order.entity_id}", terms)
            draft.old, draft.new = RESTS, CANCELLED
            if not rests(order.ord_status):
                draft.why_skipped = SkipReason.ALREADY.format((order.ord_status or "").lower())

        return fill

    def request(self, row: PlanRow, *, parameters: Mapping[str, Json], reason: str) -> Request:
        return CancelOrder(order_id=row.target_id or 0)


class InterruptStrategies(OneEntity[OrderStrategy]):
    """Targets are order strategies, by id."""

    name = "interrupt_strategies"
    title = "Interrupt strategies"
    write = INTERRUPT_ORDER_STRATEGY
    model = OrderStrategy
    environment = Environment.DEMO.value
    noun = "strategy"
    right = Right.CLOSE_POSITIONS
    takes = PlanInput(StrategyToInterrupt)
    urgent_paths = (INTERRUPT_ORDER_STRATEGY.path,)
    as_things_stand = True
    consequence = (
        "Their resting orders are cancelled, stops too: positions that they opened stay open, without protection. "
        "It cannot be taken back."
    )

    def prepare(self, request: PlanRequest, rows: Sequence[OrderStrategy]) -> Callable[[RowDraft, OrderStrategy], None]:
        attach_names(list(rows), organization_id=request.organization_id)

        def fill(draft: RowDraft, strategy: OrderStrategy) -> None:
            draft.label = _label(strategy, f"strategy {strategy.entity_id}")
            draft.old, draft.new = GOES_ON, INTERRUPTED
            if not goes_on(strategy.status):
                draft.why_skipped = SkipReason.OVER.value

        return fill

    def request(self, row: PlanRow, *, parameters: Mapping[str, Json], reason: str) -> Request:
        return InterruptOrderStrategy(order_strategy_id=row.target_id or 0)


def _label(row: Order | OrderStrategy, named: str, terms: str = "") -> str:
    """What a row is called: "FIRM01: Buy MESZ6, 2 Limit, limit 4,150.25 (order 5)"."""
    account = row.account or f"account {row.account_id}"  # type: ignore[union-attr]
    contract = str(row.contract) if row.contract else f"contract {row.contract_id}"  # type: ignore[union-attr]
    what = " ".join(filter(None, [row.action, contract]))
    return f"{account}: {', '.join(filter(None, [what, terms]))} ({named})"
