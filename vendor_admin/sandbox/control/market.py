"""Control verbs about the market: its prices, its clock, its hours, and whether it moves by itself.

A contract is named by its symbol or its id. Whatever prices do to orders is carried out and told before the answer.
"""

import datetime as dt
from collections.abc import Callable

from vendor_admin.sandbox.control.fields import Kind, Verb
from vendor_admin.sandbox.control.selection import Body, ControlError
from vendor_admin.sandbox.market.matching import Quote
from vendor_admin.sandbox.market.prices import SIZE_SET
from vendor_admin.sandbox.platform import Platform
from vendor_admin.sandbox.world.products import Contract
from vendor_admin.sandbox.world.times import timestamp

MOST_STEPS = 1_000


def state(platform: Platform, query: Body) -> Body:
    """The clock, the session, and how the prices move."""
    exchange = platform.exchange
    clock, schedule, now = exchange.clock, exchange.market.schedule, exchange.clock.now()
    return {
        "now": timestamp(now),
        "speed": clock.speed,
        "frozen": clock.is_frozen,
        "open": schedule.is_open(now),
        "always_open": schedule.is_always_open,
        "session": schedule.session_date(now).isoformat(),
        "session_end": timestamp(schedule.session_end(now)),
        "next_open": timestamp(schedule.next_open(now)),
        "paused": exchange.is_paused,
        "step_seconds": exchange.step_seconds,
        "steps": exchange.market.steps,
        "working": exchange.market.working_count,
        "traders": len(platform.traders.account_ids),
    }


def quotes(platform: Platform, query: Body) -> list[Body]:
    """The quote of one `contract` with its depth, or those of all without."""
    market = platform.exchange.market
    if query.get("contract"):
        contract = _contract(platform, query)
        quote = market.quote(contract.id)
        return [_quote_body(contract, quote) | {"bids": quote.bids, "asks": quote.asks}]
    return [_quote_body(contract, market.quote(contract.id)) for contract in market.contracts.values()]


def _quote_body(contract: Contract, quote: Quote) -> Body:
    return {
        "contractId": contract.id,
        "contract": contract.name,
        "bid": quote.bid,
        "bid_size": quote.bid_size,
        "ask": quote.ask,
        "ask_size": quote.ask_size,
        "last": quote.last,
        "tick_size": contract.product.tick_size,
        "value_per_point": contract.product.value_per_point,
        "at": timestamp(quote.at),
    }


def _contract(platform: Platform, body: Body) -> Contract:
    named = str(body["contract"])
    contract = platform.exchange.contract_named(named)
    if contract is None and named.isdigit():
        contract = platform.exchange.contract(int(named))
    if contract is None:
        raise ControlError(f"no contract {named}")
    return contract


def _price(platform: Platform, body: Body) -> Body:
    """Have a contract trade at a `price`, with `size` contracts at each level, until the next step."""
    contract = _contract(platform, body)
    platform.exchange.set_price(contract.id, float(body["price"]), size=int(body.get("size", SIZE_SET)))
    return _quote_body(contract, platform.exchange.market.quote(contract.id))


def _step(platform: Platform, body: Body) -> Body:
    """Move the prices by `steps`, and the clock by `seconds` before each."""
    steps, seconds = int(body.get("steps", 1)), float(body.get("seconds", 0.0))
    if not 0 <= steps <= MOST_STEPS:
        raise ControlError(f"market/step: steps is between 0 and {MOST_STEPS}")
    for _ in range(steps):
        platform.exchange.clock.step(dt.timedelta(seconds=seconds))
        platform.exchange.process()
        platform.exchange.step()
    return state(platform, {})


def _clock(platform: Platform, body: Body) -> Body:
    """Set the clock forward to a moment `at` (ISO with an offset) or by `seconds`; make it stand still, or its `speed`
    another; let a price last `step_seconds`. What ended in between ends with the next step.
    """
    clock = platform.exchange.clock
    if "at" in body:
        at = dt.datetime.fromisoformat(str(body["at"]))
        if at.tzinfo is None:
            raise ControlError("at needs an offset, for example 2026-11-30T15:59:50-06:00")
        clock.set_now(at)
    if "seconds" in body:
        clock.step(dt.timedelta(seconds=float(body["seconds"])))
    if "speed" in body:
        clock.set_speed(float(body["speed"]))
    if "step_seconds" in body:
        platform.exchange.step_seconds = max(0.0, float(body["step_seconds"]))
    if "frozen" in body:
        (clock.freeze if body["frozen"] else clock.resume)()
    return state(platform, {})


def _hours(platform: Platform, body: Body) -> Body:
    """Change the hours: `always_open`, `closed_days` (dates), `early_closes` (date -> time, Central)."""
    schedule = platform.exchange.market.schedule
    if "always_open" in body:
        schedule.is_always_open = bool(body["always_open"])
    if "closed_days" in body:
        schedule.closed_days = frozenset(dt.date.fromisoformat(day) for day in body["closed_days"])
    if "early_closes" in body:
        schedule.early_closes = {
            dt.date.fromisoformat(day): dt.time.fromisoformat(at) for day, at in body["early_closes"].items()
        }
    return state(platform, {})


def _pause(platform: Platform, body: Body) -> None:
    """Let the prices stand still; orders are taken in and matched all the same."""
    platform.exchange.is_paused = True


def _resume(platform: Platform, body: Body) -> None:
    platform.exchange.is_paused = False


MARKET_VIEWS: dict[str, Callable[[Platform, Body], Body | list[Body]]] = {"market": state, "market/quotes": quotes}
MARKET_VERBS: dict[str, Verb] = {
    "market/price": Verb(_price, needs={"contract": Kind.TEXT, "price": Kind.NUMBER}, takes={"size": Kind.NUMBER}),
    "market/step": Verb(_step, takes={"steps": Kind.NUMBER, "seconds": Kind.NUMBER}),
    "market/clock": Verb(
        _clock,
        takes={
            "at": Kind.TEXT,
            "seconds": Kind.NUMBER,
            "speed": Kind.NUMBER,
            "step_seconds": Kind.NUMBER,
            "frozen": Kind.FLAG,
        },
    ),
    "market/hours": Verb(
        _hours, takes={"always_open": Kind.FLAG, "closed_days": Kind.ANY, "early_closes": Kind.OBJECT}
    ),
    "market/pause": Verb(_pause),
    "market/resume": Verb(_resume),
}
