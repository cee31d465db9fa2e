"""Placing orders: one, two that cancel each other (OCO), and one that sends others once it is filled (OSO).

Sources: partner.ninjatrader.com and tradovate.github.io, placeOrder, placeOCO, placeOSO. The platform answers with an
order's id as soon as it has taken the order, and may still reject it: then the order becomes Rejected, and the report
of its command says why.

`accountId` is optional in the documents and needed in practice. `clOrdId` carries the operation's short id, by which
its command is found again.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import msgspec

from vendor_admin.tradovate.catalogue.fields import Id, Moment, ShortText
from vendor_admin.tradovate.catalogue.look_ups import Doubt, Entity
from vendor_admin.tradovate.catalogue.operation import Operation
from vendor_admin.tradovate.catalogue.order_answers import PlaceOCOAnswer, PlaceOrderAnswer, PlaceOSOAnswer
from vendor_admin.tradovate.catalogue.write import Reversal, Settling, Write
from vendor_admin.tradovate.errors import Fault
from vendor_admin.tradovate.operations.trading import marked_commands
from vendor_admin.tradovate.operations.trading.order_changes import CANCEL_ORDER, CL_ORD_ID, CancelOrder
from vendor_admin.tradovate.operations.trading.terms import (
    GOOD_FOR,
    STOPS,
    Action,
    Purpose,
    Quantity,
    Symbol,
    Tag,
    Terms,
    activation_faults,
    always_true,
    automation_faults,
    max_show_faults,
    opposite,
    side_faults,
)
from vendor_admin.tradovate.outcomes import Json


class PlaceOrder(Terms, frozen=True, kw_only=True):
    """One order. `activation_time` is when it goes out; at once where it is left out."""

    account_id: Id
    account_spec: ShortText | None = None
    cl_ord_id: ShortText | None = None
    action: Action
    symbol: Symbol
    order_qty: Quantity
    activation_time: Moment | None = None
    custom_tag50: Tag | None = None
    is_automated: bool = msgspec.field(default_factory=always_true)

    def faults(self, *, now: datetime) -> Iterator[Fault]:
        yield from super().faults(now=now)
        yield from max_show_faults(self, self.order_qty)
        yield from activation_faults(self.activation_time, self.expire_time, now=now)
        yield from automation_faults(self.is_automated)


class RestrainedOrderVersion(Terms, frozen=True, kw_only=True):
    """An order that depends on another: it has the other's account, contract and quantity."""

    action: Action
    cl_ord_id: ShortText | None = None


class PlaceOCO(PlaceOrder, frozen=True, kw_only=True):
    """Two orders: what is filled of one is cancelled of the other."""

    other: RestrainedOrderVersion

    def faults(self, *, now: datetime) -> Iterator[Fault]:
        yield from super().faults(now=now)
        yield from max_show_faults(self.other, self.order_qty, path="other.maxShow")
        yield from self._side_faults()

    def _side_faults(self) -> Iterator[Fault]:
        """Of a limit and a stop of one action, the limit takes the better price."""
        if self.action != self.other.action:
            return
        for path, stop, limit in (("stopPrice", self, self.other), ("other.stopPrice", self.other, self)):
            is_pair = stop.order_type in STOPS and limit.order_type == "Limit"
            if is_pair and stop.stop_price is not None and limit.price is not None:
                yield from side_faults(path, self.action, stop.stop_price, limit.price, of="the limit order's price")


class PlaceOSO(PlaceOrder, frozen=True, kw_only=True):
    """An entry, and one or two orders that are sent once it is filled. Two brackets cancel each other."""

    bracket1: RestrainedOrderVersion
    bracket2: RestrainedOrderVersion | None = None

    def faults(self, *, now: datetime) -> Iterator[Fault]:
        yield from super().faults(now=now)
        brackets = {"bracket1": self.bracket1, "bracket2": self.bracket2}
        for name, bracket in brackets.items():
            if bracket is not None:
                yield from self._bracket_faults(name, bracket)
        if self.bracket2 is not None and self.bracket1.purpose is self.bracket2.purpose:
            yield Fault(
                "bracket2.orderType",
                "not_unique",
                f"must be of another kind than bracket1, which {self.bracket1.purpose} too",
            )

    def _bracket_faults(self, name: str, bracket: RestrainedOrderVersion) -> Iterator[Fault]:
        yield from max_show_faults(bracket, self.order_qty, path=f"{name}.maxShow")
        if bracket.action == self.action:
            text = f"must be {opposite(self.action)}: it closes what the entry opens"
            yield Fault(f"{name}.action", "unknown_value", text)
            return
        entry_price = self.resting_price
        if bracket.purpose is Purpose.LIMITS_LOSS and bracket.stop_price is not None and entry_price is not None:
            path = f"{name}.stopPrice"
            yield from side_faults(path, bracket.action, bracket.stop_price, entry_price, of="the price of the entry")


def _doubt(request: PlaceOrder) -> Doubt:
    order = f"{request.action} {request.order_qty} {request.symbol} for account {request.account_id}"
    return Doubt(
        f"The order was placed: {order}. It may be working or filled by now; sending it again would trade twice.",
        f"The order was not placed: {order}. Nothing was traded by it.",
    )


def _cancel(request: PlaceOrder, _old: Entity | None, answer: Json) -> Reversal | None:
    order_id = answer.get("orderId") if isinstance(answer, dict) else None
    if not isinstance(order_id, int) or order_id <= 0:
        return None
    return Reversal(CANCEL_ORDER.path, CancelOrder(order_id=order_id), remains="What was filled by then stays.")


_SETTLING: Settling[Any] = Settling(
    marked_commands.orders_of_account,
    marked_commands.was_placed,
    _doubt,
    marked_commands.account_of,
    marked_commands.of_new_orders,
    marked_commands.placed,
)

_MAY_BE_REJECTED_LATER = (
    "An answer with an order's id says that the order was taken, not that it is working: the platform may reject it "
    "moments later."
)


def _operation(path: str) -> Operation:
    return Operation(path=path, method="POST")


PLACE_ORDER = Write(
    operation=_operation("order/placeorder"),
    request=PlaceOrder,
    answer=PlaceOrderAnswer,
    settling=_SETTLING,
    revert=_cancel,
    mark=CL_ORD_ID,
    is_sent_again=False,
    good_for=GOOD_FOR,
    cautions=(_MAY_BE_REJECTED_LATER,),
)

PLACE_OCO = Write(
    operation=_operation("order/placeoco"),
    request=PlaceOCO,
    answer=PlaceOCOAnswer,
    settling=_SETTLING,
    mark=CL_ORD_ID,
    is_sent_again=False,
    good_for=GOOD_FOR,
    cautions=(_MAY_BE_REJECTED_LATER,),
)

PLACE_OSO = Write(
    operation=_operation("order/placeoso"),
    request=PlaceOSO,
    answer=PlaceOSOAnswer,
    settling=_SETTLING,
    revert=_cancel,
    mark=CL_ORD_ID,
    is_sent_again=False,
    good_for=GOOD_FOR,
    cautions=(_MAY_BE_REJECTED_LATER, "Brackets rest once the entry is filled; cancelling the entry then ends none."),
)
