"""The twelve order types: what each waits for, and what it is once it goes.

The platform names the types without saying what they do; Market, Limit, Stop and their relatives are as CME Globex
defines them. What nobody says is chosen here:

- MIT has its touched price in `price`, since stop prices are for stops; a LimitIfTouched has it in
  `limit_if_touched_price` and its limit in `price`. Both go off at once where the price is there already.
- QTS is read as a quantity triggered stop at `price`: there it goes off only when no more is offered (or bid) than the
  order itself wants, and as a stop does when the price goes beyond. The request has no field for a quantity.
- A trailing stop follows the last trade at `peg_difference`, or without one at the distance that its `stop_price` had
  when it came in; the limit of a TrailingStopLimit keeps its distance from the stop.
- What is protected trades up to `PROTECTION_TICKS` beyond the best price, or beyond its stop price; the rest stays as a
  limit order there. The exchange has a number for each product; one for all is enough to see it act.
"""

import enum
from dataclasses import dataclass

from vendor_admin.sandbox.market.orders import Terms

PROTECTION_TICKS = 20
TIMES_IN_FORCE = frozenset({"Day", "FOK", "GTC", "GTD", "IOC"})
AT_ONCE = frozenset({"FOK", "IOC"})
LONGER_THAN_A_SESSION = frozenset({"GTC", "GTD"})


class Wait(enum.Enum):
    """What an order waits for before it may trade."""

    NOTHING = "nothing"
    STOP = "the price comes to the stop from the better side"
    QUANTITY = "the quantity at the stop is nearly gone"
    TOUCH = "the price comes to the touched price from the worse side"


class Style(enum.Enum):
    """How an order trades once it may."""

    MARKET = "at any price"
    LIMIT = "at its limit or better"
    PROTECTED = "at any price within the protection"
    BEST = "at the best price, which becomes its limit"


@dataclass(frozen=True, slots=True)
class Kind:
    """One order type."""

    waits: Wait
    style: Style
    trails: bool = False


KINDS = {
    "Market": Kind(Wait.NOTHING, Style.MARKET),
    "Limit": Kind(Wait.NOTHING, Style.LIMIT),
    "MarketLimit": Kind(Wait.NOTHING, Style.BEST),
    "MarketWithProtection": Kind(Wait.NOTHING, Style.PROTECTED),
    "Stop": Kind(Wait.STOP, Style.MARKET),
    "StopLimit": Kind(Wait.STOP, Style.LIMIT),
    "MarketStopWithProtection": Kind(Wait.STOP, Style.PROTECTED),
    "QTS": Kind(Wait.QUANTITY, Style.MARKET),
    "MIT": Kind(Wait.TOUCH, Style.MARKET),
    "LimitIfTouched": Kind(Wait.TOUCH, Style.LIMIT),
    "TrailingStop": Kind(Wait.STOP, Style.MARKET, trails=True),
    "TrailingStopLimit": Kind(Wait.STOP, Style.LIMIT, trails=True),
}


def trigger_field(order_type: str) -> str:
    """The field that has the price at which an order of this type goes off, empty for one that waits for nothing."""
    kind = KINDS[order_type]
    if kind.waits is Wait.NOTHING:
        return ""
    if kind.waits is Wait.STOP:
        return "stopPrice"
    return "price" if kind.style is Style.MARKET else "limitIfTouchedPrice"


def trigger_price(terms: Terms) -> float | None:
    """The price at which an order goes off."""
    match trigger_field(terms.order_type):
        case "price":
            return terms.price
        case "limitIfTouchedPrice":
            return terms.limit_if_touched_price
        case "stopPrice":
            return terms.stop_price
    return None


def limit_price(terms: Terms) -> float | None:
    """The limit that an order came with."""
    return terms.price if KINDS[terms.order_type].style is Style.LIMIT else None
