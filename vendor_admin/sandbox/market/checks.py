"""Which terms the market takes in. Pure: no order, no state."""

import datetime as dt
from dataclasses import dataclass

from vendor_admin.sandbox.market.kinds import (
    AT_ONCE,
    KINDS,
    TIMES_IN_FORCE,
    Style,
    Wait,
    limit_price,
    trigger_field,
    trigger_price,
)
from vendor_admin.sandbox.market.orders import Action, Reason, Terms
from vendor_admin.sandbox.world.products import Product


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why something is not taken in: the platform's reason and a sentence."""

    reason: Reason
    text: str


def check_terms(
    terms: Terms, action: Action, product: Product, *, last: int | None, now: dt.datetime
) -> Refusal | None:
    """The first thing that is wrong with an order's terms.

    `last` is the last trade in ticks, None for an order that has gone off: the side of its stop is past then.
    """
    return (
        _check_words(terms)
        or _check_quantities(terms)
        or _check_end(terms, now)
        or _check_prices(terms, product)
        or (None if last is None else _check_side(terms, action, product, last))
    )


def _check_words(terms: Terms) -> Refusal | None:
    if terms.order_type not in KINDS:
        return Refusal(Reason.UNSUPPORTED, f"There is no order type {terms.order_type}.")
    if terms.time_in_force not in TIMES_IN_FORCE:
        return Refusal(Reason.UNSUPPORTED, f"There is no time in force {terms.time_in_force}.")
    if terms.time_in_force in AT_ONCE and KINDS[terms.order_type].waits is not Wait.NOTHING:
        return Refusal(Reason.UNSUPPORTED, f"A {terms.order_type} order waits: it cannot be {terms.time_in_force}.")
    return None


def _check_quantities(terms: Terms) -> Refusal | None:
    if terms.quantity < 1:
        return Refusal(Reason.OTHER, "orderQty must be at least 1.")
    if terms.max_show is not None and not 0 <= terms.max_show <= terms.quantity:
        return Refusal(Reason.OTHER, "maxShow must be between 0 and orderQty.")
    return None


def _check_end(terms: Terms, now: dt.datetime) -> Refusal | None:
    if terms.time_in_force != "GTD":
        return None
    if terms.expire_time is None:
        return Refusal(Reason.OTHER, "A GTD order needs expireTime.")
    return Refusal(Reason.TOO_LATE, "expireTime is past.") if terms.expire_time <= now else None


def _check_prices(terms: Terms, product: Product) -> Refusal | None:
    kind = KINDS[terms.order_type]
    if kind.style is Style.LIMIT and terms.price is None:
        return Refusal(Reason.INVALID_PRICE, f"A {terms.order_type} order needs price.")
    trigger = trigger_price(terms)
    if kind.trails and trigger is None:
        if terms.peg_difference is None:
            return Refusal(Reason.INVALID_PRICE, f"A {terms.order_type} order needs stopPrice or pegDifference.")
    elif trigger is None and kind.waits is not Wait.NOTHING:
        return Refusal(Reason.INVALID_PRICE, f"A {terms.order_type} order needs {trigger_field(terms.order_type)}.")
    for price in (trigger, limit_price(terms)):
        if price is not None and (price <= 0 or product.ticks(price) is None):
            return Refusal(Reason.INVALID_PRICE, f"{price} is no price: the tick size is {product.tick_size}.")
    if kind.trails and terms.peg_difference is not None and not product.ticks(terms.peg_difference):
        return Refusal(Reason.INVALID_PRICE, f"pegDifference must be a multiple of {product.tick_size}, and not 0.")
    return None


def _check_side(terms: Terms, action: Action, product: Product, last: int) -> Refusal | None:
    """A stop must be on the side that the price has not been at; a touched price may be anywhere."""
    trigger = trigger_price(terms)
    if trigger is None or KINDS[terms.order_type].waits is Wait.TOUCH:
        return None
    ticks = product.ticks(trigger) or 0
    if (ticks > last) if action == "Buy" else (ticks < last):
        return None
    where = "above" if action == "Buy" else "below"
    return Refusal(Reason.INVALID_PRICE, f"{action} order stop price must be {where} last trade price.")
