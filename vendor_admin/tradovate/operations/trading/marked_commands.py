"""Finding again what an operation sent: the command that carries its short id in `clOrdId` or `customTag50`.

An order has neither field, its commands have both. So the orders of the account that are new since the call are read,
and then their commands.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol

from vendor_admin.tradovate.catalogue.evidence import is_new
from vendor_admin.tradovate.catalogue.look_ups import Entity, LookUp, Reading
from vendor_admin.tradovate.catalogue.operation import MOST_IDS_IN_A_CALL
from vendor_admin.tradovate.enums import Environment
from vendor_admin.tradovate.outcomes import Json
from vendor_admin.tradovate.trading_calendar import platform_trade_date

MOST_ORDERS: Final = 50
"""Of an account with more new orders than this, reading tells nothing: it would take too many calls."""


class OfAccount(Protocol):
    """A request about one account."""

    @property
    def account_id(self) -> int: ...


def orders_of_account(request: OfAccount, environment: Environment) -> Sequence[LookUp]:
    """The orders of the request's account."""
    return [LookUp(environment, "order", "deps", request.account_id)]


def account_of(request: OfAccount, reading: Reading) -> LookUp:
    """The account itself, which is there whether it has orders or not."""
    return LookUp(reading.environment, "account", "item", request.account_id)


def of_new_orders(request: OfAccount, reading: Reading) -> Sequence[LookUp]:
    """The commands of the account's new orders."""
    return commands_of(new_orders(reading, request.account_id), reading)


def commands_of(orders: Sequence[Entity], reading: Reading) -> Sequence[LookUp]:
    """The commands of orders, in calls that the platform takes; none of too many."""
    if len(orders) > MOST_ORDERS:
        return []
    ids = sorted(order["id"] for order in orders)
    calls = [ids[start : start + MOST_IDS_IN_A_CALL] for start in range(0, len(ids), MOST_IDS_IN_A_CALL)]
    return [LookUp(reading.environment, "command", "ldeps", ",".join(map(str, call))) for call in calls]


def new_orders(reading: Reading, account_id: int) -> list[Entity]:
    """The account's orders that may have been made by the call."""
    return [
        order
        for order in reading.of("order")
        if order.get("accountId") == account_id and order.get("id") and is_new(order, reading) is not False
    ]


def ours(reading: Reading, field: str) -> list[Entity]:
    """The commands that carry the operation's short id in one field."""
    if not reading.mark:
        return []
    return [command for command in reading.of("command") if reading.mark in str(command.get(field) or "")]


def was_placed(request: OfAccount, reading: Reading) -> bool | None:
    """True if a command carries our `clOrdId`. That none does counts if every new order of the account shows its
    commands, and within the session alone: older orders were seen to vanish from lists.
    """
    if ours(reading, "clOrdId"):
        return True
    return False if is_sure_of_none(reading, request.account_id) else None


def placed(_request: OfAccount, reading: Reading) -> Mapping[str, Json]:
    """The id of the order that our command placed: of several the one that depends on none."""
    ids = {command.get("orderId") for command in ours(reading, "clOrdId")}
    found = sorted(order["id"] for order in reading.of("order") if order.get("id") in ids and not order.get("parentId"))
    return {"orderId": found[0]} if found else {}


def is_sure_of_none(reading: Reading, account_id: int) -> bool:
    """Whether a command of ours would have been seen if there were one."""
    orders = new_orders(reading, account_id)
    if not reading.mark or len(orders) > MOST_ORDERS:
        return False
    shown: set[Any] = {command.get("orderId") for command in reading.of("command")}
    return is_same_session(reading) and all(order["id"] in shown for order in orders)


def is_same_session(reading: Reading) -> bool:
    """Whether the session in which the call was sent is not over."""
    return platform_trade_date(reading.sent_at) == platform_trade_date(reading.read_at)
