"""Commands about orders and positions that are there: modify, cancel, close; and a look at orders before they are."""

from vendor_admin.sandbox.trading.accounts import account_for
from vendor_admin.sandbox.trading.amending import Amending
from vendor_admin.sandbox.trading.closing import close_position
from vendor_admin.sandbox.trading.dry_run import dry_run, need_number_of
from vendor_admin.sandbox.trading.orders import Ticket
from vendor_admin.sandbox.trading.placing import Wish
from vendor_admin.sandbox.trading.refusals import OrderRefusedError, denied
from vendor_admin.sandbox.trading.terms import aware, read_action
from vendor_admin.sandbox.world.products import Contract
from vendor_admin.sandbox.world.state import Entity
from vendor_admin.sandbox.writes.desk import Desk
from vendor_admin.sandbox.writes.order_requests import (
    CancelOrder,
    DryRun,
    DryRunOrder,
    LiquidatePosition,
    LiquidatePositions,
    ModifyOrder,
)
from vendor_admin.sandbox.writes.refusals import MissingError, RefusalError
from vendor_admin.sandbox.writes.rules.trading.orders import contract_of, terms_of


def modify_order(desk: Desk, request: ModifyOrder) -> Entity:
    """Ask for other terms of an order."""
    amending = Amending.of(desk.exchange, desk, request.order_id, is_administrator=desk.is_administrator)
    terms = terms_of(request, request.order_qty, time_in_force=amending.time_in_force)
    ticket = Ticket(
        sender_id=desk.admin_user_id,
        client_order_id=request.cl_ord_id,
        text=request.text,
        custom_tag=request.custom_tag50,
        is_automated=request.is_automated,
        activation_time=aware(request.activation_time),
    )
    return {"commandId": amending.modify(terms, ticket)}


def cancel_order(desk: Desk, request: CancelOrder) -> Entity:
    """Ask for an order's end."""
    amending = Amending.of(desk.exchange, desk, request.order_id, is_administrator=desk.is_administrator)
    ticket = Ticket(
        sender_id=desk.admin_user_id,
        client_order_id=request.cl_ord_id,
        custom_tag=request.custom_tag50,
        is_automated=request.is_automated,
        activation_time=aware(request.activation_time),
    )
    return {"commandId": amending.cancel(ticket)}


def liquidate_position(desk: Desk, request: LiquidatePosition) -> Entity:
    """Cancel an account's orders in a contract and close its position. A flat one has no order in the answer."""
    order_id = _close(desk, request.account_id, request.contract_id, request)
    return {} if order_id is None else {"orderId": order_id}


def liquidate_positions(desk: Desk, request: LiquidatePositions) -> Entity:
    """The same for positions by their ids, all or none."""
    if not request.positions:
        raise RefusalError("Empty positions")
    try:
        for position_id in dict.fromkeys(request.positions):
            position = desk.own("position", position_id).entity
            _close(desk, position["accountId"], position["contractId"], request)
    except MissingError:
        raise RefusalError("Position not found") from None
    except OrderRefusedError as error:
        raise RefusalError(error.text) from None
    return {"ok": True}


def run_dry(desk: Desk, request: DryRun) -> Entity:
    """Look at up to four orders. Changes nothing."""
    account = account_for(desk, request.account_id, None, is_administrator=desk.is_administrator)
    need_number_of(request.orders)
    orders = [_dry(desk, order) for order in request.orders]
    try:
        return dry_run(desk.exchange, desk, account, orders)
    except OrderRefusedError as error:
        return {"rejectReason": error.reason, "comment": error.text}


def _close(
    desk: Desk, account_id: int, contract_id: int, request: LiquidatePosition | LiquidatePositions
) -> int | None:
    if request.admin and not desk.is_administrator:
        raise denied()
    account = account_for(desk, account_id, None, is_administrator=desk.is_administrator)
    ticket = Ticket(
        sender_id=desk.admin_user_id,
        custom_tag=request.custom_tag50,
        is_automated=request.is_automated,
        is_admin=request.admin,
    )
    return close_position(desk.exchange, desk, account, contract_of(desk, contract_id), ticket)


def _dry(desk: Desk, order: DryRunOrder) -> tuple[Contract, Wish]:
    wish = Wish(action=read_action(order.action), terms=terms_of(order, order.order_qty), ticket=Ticket())
    return contract_of(desk, order.contract_id), wish
