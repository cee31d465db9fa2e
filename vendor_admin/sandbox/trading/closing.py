"""Closing a position by a call: refused at once or announced by an order, and carried out after the call."""

from vendor_admin.sandbox.risk_rules.account_state import OrderIntent
from vendor_admin.sandbox.trading.chain import Chain
from vendor_admin.sandbox.trading.exchange import Exchange
from vendor_admin.sandbox.trading.orders import Ticket
from vendor_admin.sandbox.trading.placing import raise_at_once
from vendor_admin.sandbox.trading.settlement import net_position
from vendor_admin.sandbox.trading.surveillance.liquidation import cancel_orders, close_with, closing_order
from vendor_admin.sandbox.trading.terms import need_texts
from vendor_admin.sandbox.world.edits import Edits
from vendor_admin.sandbox.world.products import Contract
from vendor_admin.sandbox.world.state import Record


def close_position(exchange: Exchange, edits: Edits, account: Record, contract: Contract, ticket: Ticket) -> int | None:
    """Have an account's orders in a contract cancelled and its position closed; gives the closing order's id, None
    when nothing is open. Raises OrderRefusedError. An administrator's call passes the account's locks.
    """
    need_texts(ticket.custom_tag)
    account_id = account.entity["id"]
    net = net_position(edits, account_id, contract.id)
    if not net:
        exchange.after(edits, lambda execution: cancel_orders(execution, account_id, ticket, contract.id))
        return None
    order = closing_order(Chain(edits, exchange.orders), account, contract, net, ticket, is_forced=ticket.is_admin)
    intent = OrderIntent(contract.id, order.action, abs(net), is_liquidation=ticket.is_admin)
    raise_at_once(exchange.risk.refusal(edits, account, intent))
    exchange.orders.add(order)
    edits.on_undo(lambda: exchange.orders.remove(order))
    exchange.after(edits, lambda execution: close_with(execution, order))
    return order.id
