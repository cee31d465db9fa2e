"""Orders and what becomes of them: the values between the market and whoever trades on it.

All are immutable. Prices are in points of the contract, quantities in contracts, times aware. Order types, times in
force and reasons are the platform's words.
"""

import datetime as dt
import enum
from dataclasses import dataclass
from typing import Literal

Action = Literal["Buy", "Sell"]


class Reason(enum.StrEnum):
    """Why the market does not carry something out: those of the platform's `failureReason` that a market gives."""

    INVALID_CONTRACT = "InvalidContract"
    INVALID_PRICE = "InvalidPrice"
    NOT_ENOUGH_LIQUIDITY = "NotEnoughLiquidity"
    OTHER = "OtherExecutionRelated"
    SESSION_CLOSED = "SessionClosed"
    TOO_LATE = "TooLate"
    TRAILING_STOP_MODIFIED = "TrailingStopNonOrderQtyModify"
    UNSUPPORTED = "Unsupported"


@dataclass(frozen=True, slots=True)
class Terms:
    """What an order asks for: the fields of an `orderVersion`.

    `price` is the limit, and of MIT and QTS the price at which they go off; `stop_price` that of stops;
    `limit_if_touched_price` the touched price of a LimitIfTouched; `peg_difference` the distance, in points, at which a
    trailing stop follows; `max_show` the most that is shown at a time; `expire_time` the end of a GTD order.
    """

    order_type: str
    quantity: int
    price: float | None = None
    stop_price: float | None = None
    limit_if_touched_price: float | None = None
    max_show: int | None = None
    peg_difference: float | None = None
    time_in_force: str = "Day"
    expire_time: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class MarketOrder:
    """An order as it is handed in. `id` is the sender's and must not have been used before."""

    id: int
    contract_id: int
    action: Action
    terms: Terms


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to an order, at a time of the market's clock."""

    order_id: int
    at: dt.datetime


@dataclass(frozen=True, slots=True)
class Working(Event):
    """The market took the order in. It is the first event of every order that is not rejected."""


@dataclass(frozen=True, slots=True)
class Triggered(Event):
    """A stop, MIT or LIT went off: from now on it is a market or a limit order."""


@dataclass(frozen=True, slots=True)
class Repriced(Event):
    """A trailing stop moved; `price` is its limit, or None for one without."""

    stop_price: float
    price: float | None


@dataclass(frozen=True, slots=True)
class Filled(Event):
    """`quantity` contracts traded at `price`; `remaining` are still to do, and 0 ends the order."""

    quantity: int
    price: float
    remaining: int


@dataclass(frozen=True, slots=True)
class Modified(Event):
    """The order has other terms from now on."""

    terms: Terms


@dataclass(frozen=True, slots=True)
class Cancelled(Event):
    """The order ended with something left: as asked (`reason` is empty) or because nothing more can be had."""

    reason: Reason | Literal[""] = ""


@dataclass(frozen=True, slots=True)
class Expired(Event):
    """The order's time ended: its session, its `expire_time`, or its contract."""

    reason: Literal["SessionEnd", "ExpireTime", "ContractExpired"]


@dataclass(frozen=True, slots=True)
class Rejected(Event):
    """The order was not taken in. Nothing of it traded."""

    reason: Reason
    text: str


@dataclass(frozen=True, slots=True)
class CommandRejected(Event):
    """A modification or cancellation was not carried out; the order is as it was."""

    reason: Reason
    text: str
