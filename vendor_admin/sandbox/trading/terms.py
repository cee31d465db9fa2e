"""What an order may ask for: types, times in force, prices on the grid, quantities."""

import datetime as dt

from vendor_admin.sandbox.market.kinds import KINDS, TIMES_IN_FORCE, Style, trigger_field
from vendor_admin.sandbox.market.orders import Action, Terms
from vendor_admin.sandbox.trading.refusals import OrderRefusedError, Reason
from vendor_admin.sandbox.world.products import Contract

MOST_TEXT = 64
MOST_QUANTITY = 2**31 - 1


def read_action(word: str) -> Action:
    """Buy or Sell; raises OrderRefusedError."""
    if word == "Buy":
        return "Buy"
    if word == "Sell":
        return "Sell"
    raise OrderRefusedError(Reason.UNKNOWN, "Action should be Buy or Sell")


def need_terms(contract: Contract, terms: Terms, *, now: dt.datetime) -> None:
    """Raise OrderRefusedError for terms that no market could take. `now` is the market's time."""
    if terms.order_type not in KINDS:
        raise OrderRefusedError(Reason.UNSUPPORTED, f"There is no order type {terms.order_type[:40]}")
    if terms.time_in_force not in TIMES_IN_FORCE:
        raise OrderRefusedError(Reason.UNSUPPORTED, f"There is no time in force {terms.time_in_force[:40]}")
    if not 0 < terms.quantity <= MOST_QUANTITY:
        raise OrderRefusedError(Reason.UNKNOWN, "Order Qty should be greater than 0")
    if terms.max_show is not None and not 0 < terms.max_show <= terms.quantity:
        raise OrderRefusedError(Reason.UNKNOWN, "Max Show should be between 1 and the order's quantity")
    if terms.time_in_force == "GTD" and (terms.expire_time is None or terms.expire_time <= now):
        raise OrderRefusedError(Reason.UNKNOWN, "Expire Time should be in the future")
    _need_prices(contract, terms)


def is_stop(terms: Terms) -> bool:
    """Whether an order waits for a price that is worse than the market's."""
    return trigger_field(terms.order_type) == "stopPrice"


def need_texts(*texts: str | None) -> None:
    """Raise OrderRefusedError for a text that is longer than the platform keeps."""
    if any(text is not None and len(text) > MOST_TEXT for text in texts):
        raise OrderRefusedError(Reason.UNKNOWN, f"Texts should be no longer than {MOST_TEXT}")


def aware(moment: dt.datetime | None) -> dt.datetime | None:
    """A time with its offset; one without is UTC."""
    return moment.replace(tzinfo=dt.UTC) if moment is not None and moment.tzinfo is None else moment


def _need_prices(contract: Contract, terms: Terms) -> None:
    kind, trigger = KINDS[terms.order_type], trigger_field(terms.order_type)
    if terms.price is None and (kind.style is Style.LIMIT or trigger == "price"):
        raise OrderRefusedError(Reason.INVALID_PRICE, "Price should be specified")
    if terms.limit_if_touched_price is None and trigger == "limitIfTouchedPrice":
        raise OrderRefusedError(Reason.INVALID_PRICE, "Limit If Touched Price should be specified")
    is_trailing_by = kind.trails and terms.peg_difference is not None
    if terms.stop_price is None and trigger == "stopPrice" and not is_trailing_by:
        raise OrderRefusedError(Reason.INVALID_PRICE, "Stop Price should be specified")
    for price in (terms.price, terms.stop_price, terms.limit_if_touched_price, terms.peg_difference):
        if price is not None and contract.product.ticks(price) is None:
            raise OrderRefusedError(Reason.INVALID_PRICE, f"{price} is not a multiple of {contract.product.tick_size}")
