"""What an order asks for: its type, prices, time in force, and the rules between them.

Sources: the pages of placeOrder, placeOCO and placeOSO with the OpenAPI file (which knows nine order types), and the
newer page of placeOSO (which knows twelve). What is not written there is left to the platform: what a QTS needs, for
instance. Prices and distances are in points of the contract.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Final, Literal

from msgspec import Meta

from vendor_admin.tradovate.catalogue.fields import Moment, ShortText
from vendor_admin.tradovate.catalogue.request import Request
from vendor_admin.tradovate.errors import Fault

MOST_CONTRACTS: Final = 10_000
"""The most contracts of one order. The platform's own limits are lower; this one keeps a slip of the hand from it."""

GOOD_FOR: Final = timedelta(minutes=5)
"""How long an order may wait for budgets, locks and pauses: who places it means the market of now."""

OrderType = Literal[
    "Limit", "LimitIfTouched", "MIT", "Market", "MarketLimit", "MarketStopWithProtection", "MarketWithProtection",
    "QTS", "Stop", "StopLimit", "TrailingStop", "TrailingStopLimit",
]  # fmt: skip
TimeInForce = Literal["Day", "FOK", "GTC", "GTD", "IOC"]
Action = Literal["Buy", "Sell"]

Quantity = Annotated[
    int, Meta(ge=1, le=MOST_CONTRACTS, description=f"a whole number of contracts, 1 to {MOST_CONTRACTS:,}")
]
Price = Annotated[Decimal, Meta(description="a price")]
"""Of any sign: oil has traded below zero, and so do spreads."""
Distance = Annotated[Decimal, Meta(description="a distance in points", extra={"not_zero": True})]
Symbol = Annotated[str, Meta(min_length=1, max_length=64, description="a contract's name of 1 to 64 characters")]
Tag = Annotated[str, Meta(max_length=50, description="at most 50 characters")]
"""`customTag50`: the OpenAPI file takes 64 characters, the page of commands 50."""

TRAILING: Final = ("TrailingStop", "TrailingStopLimit")
STOPS: Final = ("Stop", "StopLimit", "MarketStopWithProtection", *TRAILING)
"""Types that trade once the market has gone against them: a Buy above the market, a Sell below."""
TOUCHED: Final = ("MIT", "LimitIfTouched")
"""Types that trade once the market has come to them: a Buy below the market, a Sell above."""

PRICES: Final = ("price", "stopPrice", "limitIfTouchedPrice", "pegDifference")

_NEEDED: Final[Mapping[str, tuple[str, ...]]] = {
    "Limit": ("price",),
    "LimitIfTouched": ("price", "limitIfTouchedPrice"),
    "MIT": ("price",),
    "Stop": ("stopPrice",),
    "MarketStopWithProtection": ("stopPrice",),
    "StopLimit": ("price", "stopPrice"),
    "TrailingStopLimit": ("price",),
}
_MEANT: Final[Mapping[str, tuple[str, ...]]] = {
    "Market": (),
    "MarketLimit": (),
    "MarketWithProtection": (),
    "Limit": ("price",),
}
"""The prices that types have a use for, where the documents leave no doubt: with another one somebody means another
type."""


class Purpose(StrEnum):
    """What an order that follows another is for."""

    TAKES_PROFIT = "takes profit"
    LIMITS_LOSS = "limits the loss"
    CLOSES_AT_ONCE = "closes at once"


class Terms(Request, frozen=True, kw_only=True):
    """The fields that every kind of order has. `max_show` is how many contracts others see at a time."""

    order_type: OrderType
    price: Price | None = None
    stop_price: Price | None = None
    limit_if_touched_price: Price | None = None
    max_show: Quantity | None = None
    peg_difference: Distance | None = None
    time_in_force: TimeInForce | None = None
    expire_time: Moment | None = None
    text: ShortText | None = None

    def faults(self, *, now: datetime) -> Iterator[Fault]:
        yield from self._price_faults()
        yield from self._time_faults(now)

    @property
    def purpose(self) -> Purpose:
        """What it would be for as a bracket."""
        if self.order_type in STOPS:
            return Purpose.LIMITS_LOSS
        return Purpose.TAKES_PROFIT if self.order_type in ("Limit", *TOUCHED) else Purpose.CLOSES_AT_ONCE

    @property
    def resting_price(self) -> Decimal | None:
        """The price at which it is to trade, where one is given: of stops the trigger."""
        return self.stop_price if self.order_type in STOPS else self.price

    def _price_faults(self) -> Iterator[Fault]:
        given = {
            "price": self.price,
            "stopPrice": self.stop_price,
            "limitIfTouchedPrice": self.limit_if_touched_price,
            "pegDifference": self.peg_difference,
        }
        yield from price_faults(self.order_type, given)
        if self.order_type in TRAILING and self.peg_difference is None and self.stop_price is None:
            yield Fault(
                "pegDifference",
                "required",
                f"is needed for an order of type {self.order_type}: it, or stopPrice, says how far the stop follows",
            )

    def _time_faults(self, now: datetime) -> Iterator[Fault]:
        is_dated = self.time_in_force == "GTD"
        if is_dated and self.expire_time is None:
            yield Fault("expireTime", "required", "is needed with timeInForce GTD")
        if self.expire_time is not None and not is_dated:
            yield Fault("expireTime", "needs_another", "has no meaning without timeInForce GTD")
        if self.expire_time is not None and self.expire_time <= now:
            yield Fault("expireTime", "in_the_past", "must not be over")


def price_faults(order_type: str, given: Mapping[str, Decimal | None]) -> Iterator[Fault]:
    """Say which prices an order of this type lacks; `given` has those that the request has fields for, by name."""
    for name in _NEEDED.get(order_type, ()):
        if name in given and given[name] is None:
            yield Fault(name, "required", f"is needed for an order of type {order_type}")
    for name in meaningless_prices(order_type):
        if given.get(name) is not None:
            yield Fault(name, "needs_another", f"has no meaning for an order of type {order_type}")


def meaningless_prices(order_type: str) -> tuple[str, ...]:
    """The prices that an order of this type has no use for."""
    meant = _MEANT.get(order_type, PRICES)
    return tuple(name for name in PRICES if name not in meant)


def max_show_faults(terms: Terms, quantity: int, *, path: str = "maxShow") -> Iterator[Fault]:
    """Say so if more is to be shown than there is."""
    if terms.max_show is not None and terms.max_show > quantity:
        yield Fault(path, "out_of_range", f"must be at most the order's {quantity:,} contracts")


def activation_faults(
    activation_time: datetime | None, expire_time: datetime | None, *, now: datetime
) -> Iterator[Fault]:
    """Say what is wrong with the time from which an order is to go out."""
    if activation_time is None:
        return
    if activation_time <= now:
        yield Fault("activationTime", "in_the_past", "must not be over; leave it out to have it go out at once")
    if expire_time is not None and activation_time >= expire_time:
        yield Fault("activationTime", "out_of_range", "must lie before expireTime")


def automation_faults(is_automated: bool) -> Iterator[Fault]:
    """Whatever this service sends is sent by a program, and the exchange's rules want that said."""
    if not is_automated:
        yield Fault("isAutomated", "unknown_value", "must be true: what a program sends is automated")


def always_true() -> bool:
    """The value of `isAutomated` where none is given. A default that a function makes is sent too."""
    return True


def opposite(action: str) -> str:
    """The action that closes what another opens."""
    return "Sell" if action == "Buy" else "Buy"


def side_faults(path: str, action: str, stop_price: Decimal, other_price: Decimal, *, of: str) -> Iterator[Fault]:
    """Say so if a stop lies where it would go off at once: a Sell must lie below the other price, a Buy above."""
    is_wrong = stop_price >= other_price if action == "Sell" else stop_price <= other_price
    if is_wrong:
        side = "below" if action == "Sell" else "above"
        yield Fault(path, "out_of_range", f"must lie {side} {of}; as it is, it would go off at once")
