"""Closing what accounts hold: the orders of a contract are cancelled first, then its position is closed at the market.

What the platform closes by itself leaves an `autoLiqTransaction` for each contract. What cannot be closed yet, because
the market is closed or has too little depth, is tried again at each step.
"""

import dataclasses
from collections import Counter
from collections.abc import Collection

from vendor_admin.sandbox.market.orders import Action, Terms
from vendor_admin.sandbox.risk_rules.account_state import WorkingOrder
from vendor_admin.sandbox.risk_rules.exposure import outlook_of
from vendor_admin.sandbox.trading.chain import Chain
from vendor_admin.sandbox.trading.execution import Execution
from vendor_admin.sandbox.trading.orders import Group, Order, Ticket
from vendor_admin.sandbox.trading.risk import intent_of
from vendor_admin.sandbox.trading.settlement import net_position
from vendor_admin.sandbox.trading.strategies.entity import end_strategy
from vendor_admin.sandbox.trading.terms import is_stop
from vendor_admin.sandbox.world.products import Contract
from vendor_admin.sandbox.world.state import Record


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """Who closes an account, in the words of an autoLiqTransaction."""

    initiator: str
    admin_action: str


def cancel_orders(execution: Execution, account_id: int, ticket: Ticket, contract_id: int | None = None) -> None:
    """Cancel the live orders of an account, of one contract where it is given; their strategies are interrupted."""
    for order in execution.floor.orders.of_account(account_id, contract_id):
        if order.group is not None and order.group.strategy_id is not None:
            interrupt_group(execution, order.group, ticket)
        elif order.is_live:
            execution.cancel_for(order, ticket)


def interrupt_group(execution: Execution, group: Group, ticket: Ticket) -> None:
    """Cancel the orders of a strategy and end it; what it holds stays."""
    group.is_over = True
    for order in group.orders:
        if order.is_live:
            execution.cancel_for(order, ticket)
    end_strategy(execution.edits, group, "ExecutionInterrupted")
    execution.floor.orders.strategies.pop(group.strategy_id or 0, None)


def cancel_opening_orders(execution: Execution, account_id: int, ticket: Ticket) -> None:
    """Cancel those orders that could open a position or add to one, or turn it once the orders before them have closed
    it (our choice for a lock that lets close).
    """
    account = execution.edits.book().get("account", account_id)
    if account is None:
        return
    state, kept = execution.floor.risk.state_of(execution.edits, account), list[WorkingOrder]()
    for order in execution.floor.orders.of_account(account_id):
        state.working, intent = kept, intent_of(order)
        if outlook_of(intent, state).opening == 0:
            kept.append(WorkingOrder(intent.contract_id, intent.action, intent.quantity, intent.one_of))
        elif order.is_live:
            execution.cancel_for(order, ticket)


def closing_order(
    chain: Chain, account: Record, contract: Contract, net: int, ticket: Ticket, *, is_forced: bool
) -> Order:
    """Write a market order that closes a position; whoever asks keeps it. A forced one passes the account's locks."""
    action: Action = "Sell" if net > 0 else "Buy"
    order = chain.draft(account, contract, action, Terms("Market", abs(net)), ticket, is_liquidation=is_forced)
    chain.open(order)
    return order


def close_contract(execution: Execution, account: Record, contract: Contract, ticket: Ticket) -> int:
    """Cancel an account's orders in a contract and close its position; gives how many contracts were closed."""
    account_id = account.entity["id"]
    cancel_orders(execution, account_id, ticket, contract.id)
    net = net_position(execution.edits, account_id, contract.id)
    if net:
        order = closing_order(execution.chain, account, contract, net, ticket, is_forced=True)
        execution.floor.orders.add(order)
        execution.send(order)
    return net - net_position(execution.edits, account_id, contract.id)


def close_with(execution: Execution, order: Order) -> None:
    """Carry out a liquidation whose order was announced: it has the quantity that is open now."""
    cancel_orders_but(execution, order)
    net = net_position(execution.edits, order.account_id, order.contract.id)
    if not order.is_live:
        return
    if net * (1 if order.action == "Sell" else -1) <= 0:
        execution.end(order)
        return
    if abs(net) != order.terms.quantity:
        execution.resize(order, abs(net))
    execution.send(order)


def cancel_orders_but(execution: Execution, kept: Order) -> None:
    """Cancel the other live orders of an order's account and contract."""
    orders = execution.floor.orders
    orders.remove(kept)
    cancel_orders(execution, kept.account_id, kept.ticket, kept.contract.id)
    orders.add(kept)


def liquidate_account(
    execution: Execution, account: Record, cause: Cause, *, contract_ids: Collection[int] | None = None
) -> None:
    """Close all that an account holds, or what it holds in these contracts, for the platform, and write what was closed
    and cancelled.
    """
    account_id = account.entity["id"]
    ticket = Ticket(is_admin=True)
    for contract in _contracts_of(execution, account_id):
        if contract_ids is not None and contract.id not in contract_ids:
            continue
        cancelled = _working_quantities(execution, account_id, contract)
        closed = close_contract(execution, account, contract, ticket)
        if closed or any(cancelled.values()):
            _write_transaction(execution, account, contract, cause, closed, cancelled)


def _contracts_of(execution: Execution, account_id: int) -> list[Contract]:
    contracts = execution.floor.market.contracts
    held = {record.entity["contractId"] for record in execution.edits.book().dependents("position", account_id)}
    ordered = {order.contract.id for order in execution.floor.orders.of_account(account_id)}
    return [contracts[contract_id] for contract_id in sorted(held | ordered) if contract_id in contracts]


def _working_quantities(execution: Execution, account_id: int, contract: Contract) -> Counter[tuple[str, bool]]:
    found: Counter[tuple[str, bool]] = Counter()
    for order in execution.floor.orders.of_account(account_id, contract.id):
        found[order.action, is_stop(order.terms)] += order.remaining
    return found


def _write_transaction(
    execution: Execution,
    account: Record,
    contract: Contract,
    cause: Cause,
    closed: int,
    cancelled: Counter[tuple[str, bool]],
) -> None:
    entity = {
        "id": execution.chain.new_id(),
        "accountId": account.entity["id"],
        "contractId": contract.id,
        "timestamp": execution.edits.at,
        "liquidatedNetPos": closed,
        "cancelledSellLimitQty": cancelled["Sell", False],
        "cancelledSellStopQty": cancelled["Sell", True],
        "cancelledBuyLimitQty": cancelled["Buy", False],
        "cancelledBuyStopQty": cancelled["Buy", True],
        "initiator": cause.initiator,
        "adminAction": cause.admin_action,
    }
    execution.edits.create("autoLiqTransaction", entity, account_id=account.entity["id"], user_id=account.user_id)
