"""Placing orders: single ones, pairs of which one cancels the other, and those that send others."""

from vendor_admin.sandbox.market.orders import Terms
from vendor_admin.sandbox.trading.accounts import account_for
from vendor_admin.sandbox.trading.orders import Ticket
from vendor_admin.sandbox.trading.placing import Placing, Wish
from vendor_admin.sandbox.trading.refusals import OrderRefusedError, Reason
from vendor_admin.sandbox.trading.terms import aware, read_action
from vendor_admin.sandbox.world.products import Contract
from vendor_admin.sandbox.world.state import Entity
from vendor_admin.sandbox.writes.desk import Desk
from vendor_admin.sandbox.writes.order_requests import (
    DryRunOrder,
    ModifyOrder,
    PlaceOCO,
    PlaceOrder,
    PlaceOSO,
    VersionFields,
)


def place_order(desk: Desk, request: PlaceOrder) -> Entity:
    """One order."""
    return {"orderId": _placing(desk, request).one(_wish(desk, request, request)).id}


def place_oco(desk: Desk, request: PlaceOCO) -> Entity:
    """Two orders, of which one cancels the other."""
    other = _wish(desk, request, request.other)
    first, second = _placing(desk, request).pair(_wish(desk, request, request), other)
    return {"orderId": first.id, "ocoId": second.id}


def place_oso(desk: Desk, request: PlaceOSO) -> Entity:
    """An order that sends one or two others when it is filled."""
    brackets = [request.bracket1, *([request.bracket2] if request.bracket2 else [])]
    legs = [_wish(desk, request, bracket) for bracket in brackets]
    entry, made = _placing(desk, request).with_bracket(_wish(desk, request, request), legs)
    return {"orderId": entry.id, **{f"oso{number}Id": leg.id for number, leg in enumerate(made, start=1)}}


def terms_of(request: VersionFields | ModifyOrder | DryRunOrder, quantity: int, *, time_in_force: str = "Day") -> Terms:
    """What a request asks of the market; `time_in_force` is for one that does not say it."""
    if isinstance(request, DryRunOrder):
        return Terms(request.order_type, quantity, price=request.price, stop_price=request.stop_price)
    return Terms(
        order_type=request.order_type,
        quantity=quantity,
        price=request.price,
        stop_price=request.stop_price,
        limit_if_touched_price=request.limit_if_touched_price,
        max_show=request.max_show,
        peg_difference=request.peg_difference,
        time_in_force=request.time_in_force or time_in_force,
        expire_time=aware(request.expire_time),
    )


def contract_named(desk: Desk, symbol: str) -> Contract:
    """The contract of a symbol; raises OrderRefusedError."""
    contract = desk.exchange.contract_named(symbol)
    if contract is None:
        raise OrderRefusedError(Reason.INVALID_CONTRACT, f"There is no contract {symbol[:64]}")
    return contract


def contract_of(desk: Desk, contract_id: int) -> Contract:
    """The contract of an id; raises OrderRefusedError."""
    contract = desk.exchange.contract(contract_id)
    if contract is None:
        raise OrderRefusedError(Reason.INVALID_CONTRACT, f"There is no contract {contract_id}")
    return contract


def _placing(desk: Desk, request: PlaceOrder) -> Placing:
    account = account_for(desk, request.account_id, request.account_spec, is_administrator=desk.is_administrator)
    return Placing(desk.exchange, desk, account, contract_named(desk, request.symbol))


def _wish(desk: Desk, request: PlaceOrder, version: VersionFields) -> Wish:
    ticket = Ticket(
        sender_id=desk.admin_user_id,
        client_order_id=version.cl_ord_id,
        text=version.text,
        custom_tag=request.custom_tag50,
        is_automated=request.is_automated,
        activation_time=aware(request.activation_time),
    )
    return Wish(action=read_action(version.action), terms=terms_of(version, request.order_qty), ticket=ticket)
