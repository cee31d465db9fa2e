"""The `params` of a strategy: JSON in a string, with an entry and the brackets that close what it fills.

Points are away from the entry's average price, with a sign: the target of a Sell is below it, so negative.
`trailingStop` is true for a stop that follows at the distance of the stop loss, or that distance itself in points.
"""

import dataclasses
import datetime as dt
from typing import Any

import msgspec

from vendor_admin.sandbox.market.orders import Action, Terms
from vendor_admin.sandbox.trading.orders import LegPlan, opposite
from vendor_admin.sandbox.trading.refusals import OrderRefusedError, Reason
from vendor_admin.sandbox.trading.terms import aware
from vendor_admin.sandbox.world.products import Product

MOST_PARAMS = 8_192
RESTING = frozenset({"Day", "GTC", "GTD"})


class EntryVersion(msgspec.Struct, rename="camel", kw_only=True):
    """The order that opens."""

    order_qty: int
    order_type: str
    price: float | None = None
    stop_price: float | None = None
    limit_if_touched_price: float | None = None
    max_show: int | None = None
    peg_difference: float | None = None
    time_in_force: str | None = None
    expire_time: dt.datetime | None = None
    text: str | None = None


class BracketParams(msgspec.Struct, rename="camel", kw_only=True):
    """What closes `qty` of the entry: a target, a stop, or both; `auto_trail` is told apart to be refused."""

    qty: int
    profit_target: float | None = None
    stop_loss: float | None = None
    trailing_stop: bool | float | None = None
    auto_trail: dict[str, Any] | None = None  # Any: not supported, so not described


class StrategyParams(msgspec.Struct, rename="camel", kw_only=True):
    """The whole."""

    entry_version: EntryVersion
    brackets: list[BracketParams]


class BracketsChange(msgspec.Struct, kw_only=True):
    """The sandbox's own grammar of a strategy's modification: its brackets as they shall be from now on."""

    brackets: list[BracketParams]


def read_params(text: str | None) -> StrategyParams:
    """The params of a strategy; raises OrderRefusedError."""
    if not text:
        raise OrderRefusedError(Reason.UNKNOWN, "Params should be specified")
    if len(text) > MOST_PARAMS:
        raise OrderRefusedError(Reason.UNKNOWN, f"Params should be no longer than {MOST_PARAMS}")
    try:
        params = msgspec.json.decode(text, type=StrategyParams)
    except msgspec.DecodeError as error:
        raise OrderRefusedError(Reason.UNKNOWN, f"Invalid params: {error}") from error
    if not params.brackets or any(bracket.qty <= 0 for bracket in params.brackets):
        raise OrderRefusedError(Reason.UNKNOWN, "Each bracket should have a quantity greater than 0")
    if sum(bracket.qty for bracket in params.brackets) > params.entry_version.order_qty:
        raise OrderRefusedError(Reason.UNKNOWN, "Brackets should have no more contracts than the entry")
    return params


def read_change(text: str) -> BracketsChange:
    """The brackets in a modification; raises OrderRefusedError for any other grammar."""
    try:
        return msgspec.json.decode(text, type=BracketsChange)
    except msgspec.DecodeError as error:
        raise OrderRefusedError(Reason.UNSUPPORTED, f"Invalid command: {error}") from error


def entry_terms(entry: EntryVersion) -> Terms:
    """What the entry asks for."""
    return Terms(
        order_type=entry.order_type,
        quantity=entry.order_qty,
        price=entry.price,
        stop_price=entry.stop_price,
        limit_if_touched_price=entry.limit_if_touched_price,
        max_show=entry.max_show,
        peg_difference=entry.peg_difference,
        time_in_force=entry.time_in_force or "Day",
        expire_time=aware(entry.expire_time),
    )


def leg_plans(bracket: BracketParams, action: Action, entry: Terms, product: Product) -> list[LegPlan]:
    """The legs of a bracket of an entry; raises OrderRefusedError for prices on the wrong side or off the grid."""
    if bracket.auto_trail is not None:
        raise OrderRefusedError(Reason.ADVANCED_TRAILING_STOP, "A stop that begins to trail later is not supported")
    sign = 1 if action == "Buy" else -1
    base = Terms("Limit", bracket.qty, time_in_force="Day")
    if entry.time_in_force in RESTING:
        base = dataclasses.replace(base, time_in_force=entry.time_in_force, expire_time=entry.expire_time)
    plans, closing = [], opposite(action)
    if bracket.profit_target is not None:
        _need_points("profitTarget", bracket.profit_target, sign, product)
        terms = dataclasses.replace(base, price=bracket.profit_target)
        plans.append(LegPlan(action=closing, terms=terms, is_relative=True))
    distance = _distance(bracket)
    if distance is not None:
        stop = -sign * distance if bracket.stop_loss is None else bracket.stop_loss
        _need_points("stopLoss", stop, -sign, product)
        _need_points("trailingStop", distance, 1, product)
        terms = dataclasses.replace(base, order_type="Stop", stop_price=stop)
        if bracket.trailing_stop:
            terms = dataclasses.replace(terms, order_type="TrailingStop", peg_difference=distance)
        plans.append(LegPlan(action=closing, terms=terms, is_relative=True))
    return plans


def _distance(bracket: BracketParams) -> float | None:
    """How far the stop is away, or at which distance it trails."""
    if bracket.trailing_stop is not None and not isinstance(bracket.trailing_stop, bool):
        return float(bracket.trailing_stop)
    if bracket.stop_loss is None:
        if bracket.trailing_stop:
            raise OrderRefusedError(Reason.INVALID_PRICE, "A trailing stop needs stopLoss or its distance")
        return None
    return abs(bracket.stop_loss)


def _need_points(name: str, points: float, sign: int, product: Product) -> None:
    if points * sign <= 0:
        raise OrderRefusedError(Reason.INVALID_PRICE, f"{name} is on the wrong side of the entry")
    if product.ticks(points) is None:
        raise OrderRefusedError(Reason.INVALID_PRICE, f"{name} is not a multiple of {product.tick_size}")
