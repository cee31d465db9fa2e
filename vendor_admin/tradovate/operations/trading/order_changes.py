"""Changing and cancelling an order that rests.

Source: tradovate.github.io and the OpenAPI file, modifyOrder and cancelOrder. Both are answered with the id of a
command once it is taken; whether the order was still there to be changed shows in the command's reports.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import msgspec

from vendor_admin.tradovate.catalogue.fields import Id, Moment, ShortText
from vendor_admin.tradovate.catalogue.look_ups import Doubt, LookUp, Reading
from vendor_admin.tradovate.catalogue.operation import Operation
from vendor_admin.tradovate.catalogue.order_answers import CommandAnswer
from vendor_admin.tradovate.catalogue.request import Request
from vendor_admin.tradovate.catalogue.write import MarkedField, Settling, Write
from vendor_admin.tradovate.enums import Environment
from vendor_admin.tradovate.errors import Fault
from vendor_admin.tradovate.operations.trading import marked_commands
from vendor_admin.tradovate.operations.trading.terms import (
    GOOD_FOR,
    Quantity,
    Tag,
    Terms,
    activation_faults,
    always_true,
    automation_faults,
    max_show_faults,
)

CL_ORD_ID = MarkedField("cl_ord_id", separator="-")
"""Where orders and their changes carry an operation's short id: their commands show it."""


class ModifyOrder(Terms, frozen=True, kw_only=True):
    """All terms of the order as they are to be: what is left out is no longer set."""

    order_id: Id
    cl_ord_id: ShortText | None = None
    order_qty: Quantity
    activation_time: Moment | None = None
    custom_tag50: Tag | None = None
    is_automated: bool = msgspec.field(default_factory=always_true)

    def faults(self, *, now: datetime) -> Iterator[Fault]:
        yield from super().faults(now=now)
        yield from max_show_faults(self, self.order_qty)
        yield from activation_faults(self.activation_time, self.expire_time, now=now)
        yield from automation_faults(self.is_automated)


class CancelOrder(Request, frozen=True, kw_only=True):
    order_id: Id
    cl_ord_id: ShortText | None = None
    activation_time: Moment | None = None
    custom_tag50: Tag | None = None
    is_automated: bool = msgspec.field(default_factory=always_true)

    def faults(self, *, now: datetime) -> Iterator[Fault]:
        yield from activation_faults(self.activation_time, None, now=now)
        yield from automation_faults(self.is_automated)


def _commands(request: ModifyOrder | CancelOrder, environment: Environment) -> Sequence[LookUp]:
    return [
        LookUp(environment, "command", "deps", request.order_id),
        LookUp(environment, "order", "item", request.order_id),
    ]


def _order(request: ModifyOrder | CancelOrder, reading: Reading) -> LookUp:
    return LookUp(reading.environment, "order", "item", request.order_id)


def _was_commanded(request: ModifyOrder | CancelOrder, reading: Reading) -> bool | None:
    """True by a command of the order with our `clOrdId`. An order shows at least the command that made it, so commands
    without ours say that ours was not taken."""
    if marked_commands.ours(reading, "clOrdId"):
        return True
    commands = [one for one in reading.of("command") if one.get("orderId") == request.order_id]
    return False if commands and reading.mark else None


def _was_cancelled(request: CancelOrder, reading: Reading) -> bool | None:
    """A cancelled order is what was asked for, whoever cancelled it."""
    order = reading.with_id("order", request.order_id)
    if order is not None and order.get("ordStatus") == "Canceled":
        return True
    return _was_commanded(request, reading)


def _modify_doubt(request: ModifyOrder) -> Doubt:
    return Doubt(
        f"Order {request.order_id} has the new terms, unless it was filled first.",
        f"Order {request.order_id} has the terms from before.",
    )


def _cancel_doubt(request: CancelOrder) -> Doubt:
    return Doubt(
        f"Order {request.order_id} is cancelled, unless it was filled first.",
        f"Order {request.order_id} was not cancelled: it may still be working.",
    )


_MODIFYING: Settling[Any] = Settling(_commands, _was_commanded, _modify_doubt, _order)
_CANCELLING: Settling[Any] = Settling(_commands, _was_cancelled, _cancel_doubt, _order)

MODIFY_ORDER = Write(
    operation=Operation(path="order/modifyorder", method="POST"),
    request=ModifyOrder,
    answer=CommandAnswer,
    settling=_MODIFYING,
    mark=CL_ORD_ID,
    is_sent_again=False,
    good_for=GOOD_FOR,
    cautions=("The platform may refuse a change after it has taken it, when the order was filled first.",),
)

CANCEL_ORDER = Write(
    operation=Operation(path="order/cancelorder", method="POST"),
    request=CancelOrder,
    answer=CommandAnswer,
    settling=_CANCELLING,
    mark=CL_ORD_ID,
    is_sent_again=False,
    cautions=("What is filled before the exchange has cancelled the order stays.",),
)
