"""Looking at orders without placing them: would they be sent, what margin would they need, what would they cost."""

from collections.abc import Sequence

from vendor_admin.sandbox.risk_rules.account_state import AccountState, OrderIntent, WorkingOrder
from vendor_admin.sandbox.risk_rules.margin import Evaluation, evaluate
from vendor_admin.sandbox.trading.exchange import Exchange
from vendor_admin.sandbox.trading.placing import Wish
from vendor_admin.sandbox.trading.refusals import OrderRefusedError
from vendor_admin.sandbox.trading.terms import need_terms
from vendor_admin.sandbox.world.accounting import fees_of
from vendor_admin.sandbox.world.edits import Edits
from vendor_admin.sandbox.world.products import Contract
from vendor_admin.sandbox.world.state import Entity, Record

MOST_ORDERS = 4


def dry_run(exchange: Exchange, edits: Edits, account: Record, orders: Sequence[tuple[Contract, Wish]]) -> Entity:
    """The platform's DryRunResponse: each order is weighed as if those before it worked. Raises OrderRefusedError.

    `details` are those of the last order that was weighed, `fees` those of all.
    """
    state = exchange.risk.state_of(edits, account)
    before = state
    for contract, wish in orders:
        need_terms(contract, wish.action, wish.terms, now=exchange.clock.now())
        intent = OrderIntent(contract.id, wish.action, wish.terms.quantity)
        evaluation = evaluate(intent, state, exchange.risk.contracts)
        details = _details(before, evaluation, quantity=wish.terms.quantity)
        refusal = exchange.risk.refusal_of_state(edits, account, state, intent)
        if refusal is not None:
            return {"rejectReason": refusal.reason, "comment": refusal.text, "details": details}
        state = _with(state, WorkingOrder(contract.id, wish.action, wish.terms.quantity))
    total = sum(wish.terms.quantity for _, wish in orders)
    return {"rejectReason": "Success", "details": details, "fees": fees_of(total)}


def need_number_of(orders: Sequence[object]) -> None:
    """Raise OrderRefusedError unless there are one to four orders."""
    if not 0 < len(orders) <= MOST_ORDERS:
        raise OrderRefusedError("UnknownReason", f"Orders should be between 1 and {MOST_ORDERS}")


def _with(state: AccountState, order: WorkingOrder) -> AccountState:
    state.working = [*state.working, order]
    return state


def _details(before: AccountState, evaluation: Evaluation, *, quantity: int) -> Entity:
    fees = fees_of(quantity)
    return {
        "beforeInitialMarginReq": evaluation.margin_before,
        "beforeInitialFullMarginReq": evaluation.margin_before,
        "beforeOpenCollateralReq": 0.0,
        "beforeNetPos": evaluation.net_before,
        "isExitOrder": evaluation.is_exit,
        "initialMarginReq": evaluation.margin_after,
        "initialFullMarginReq": evaluation.margin_after,
        "openCollateralReq": 0.0,
        "totalCash": before.cash,
        "futuresOpenPnL": before.open_pnl,
        "optionsOpenPnL": 0.0,
        "riskCredit": 0.0,
        "netLiqValue": before.net_liq,
        "futureCommAndFees": round(fees["exchangeFee"] + fees["commission"], 2),
        "totalCashRequired": evaluation.margin_after,
        "excess": evaluation.excess,
        "hypoLongPos": evaluation.hypothetical_long,
        "hypoShortPos": evaluation.hypothetical_short,
    }
