"""The market through the control door of a platform."""

import datetime as dt
import time
from typing import Any

import pytest

from tests.support.warm_sandboxes import WarmSandboxes
from vendor_admin.sandbox.configuration import Configuration
from vendor_admin.sandbox.control import door
from vendor_admin.sandbox.control.market import MARKET_VIEWS
from vendor_admin.sandbox.control.selection import ControlError
from vendor_admin.sandbox.market.orders import MarketOrder, Terms
from vendor_admin.sandbox.platform import Platform
from vendor_admin.sandbox.serving.server import RunningSandbox
from vendor_admin.sandbox.world.times import timestamp

MONDAY = dt.date(2026, 8, 17)


class Door:
    """A platform, and its control door without a network between."""

    def __init__(self, **configuration: Any) -> None:
        self.platform = Platform(Configuration(organizations=1, users=1, today=MONDAY, **configuration))

    def __call__(self, verb: str, **body: Any) -> dict[str, Any]:
        return door.act(self.platform, f"market/{verb}", body)

    def state(self) -> Any:
        return MARKET_VIEWS["market"](self.platform, {})

    def quotes(self, **query: Any) -> Any:
        return MARKET_VIEWS["market/quotes"](self.platform, query)


@pytest.fixture
def market() -> Door:
    control = Door()
    control("clock", frozen=True, at="2026-08-17T12:00:00-05:00")
    return control


def test_a_price_is_set_for_a_symbol_or_an_id(market: Door) -> None:
    quote = market("price", contract="ESU6", price=6_512.5, size=7)
    assert (quote["bid"], quote["ask"], quote["last"], quote["ask_size"]) == (6_512.5, 6_512.5, 6_512.5, 7)
    assert market("price", contract=str(quote["contractId"]), price=6_500)["last"] == 6_500.0
    assert market("price", contract="mesu6", price=6_501)["contract"] == "MESU6"


@pytest.mark.parametrize(
    ("verb", "body", "complaint"),
    [
        ("price", {"contract": "ESU6", "price": 6_512.3}, "tick is 0.25"),
        ("price", {"contract": "NOPE", "price": 1}, "no contract NOPE"),
        ("price", {"contract": "ESU6"}, "price is missing"),
        ("clock", {"at": "2026-08-17T12:00:00"}, "offset"),
        ("clock", {"seconds": -1}, "forward"),
        ("clock", {"speed": 0}, "more than 0"),
        ("step", {"steps": 1_001}, "between 0 and 1000"),
        ("step", {"count": 1}, "no field count"),
    ],
)
def test_what_makes_no_sense_is_said(market: Door, verb: str, body: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ControlError, match=complaint):
        market(verb, **body)


def test_steps_move_prices_and_with_seconds_the_clock(market: Door) -> None:
    before = market.quotes()
    state = market("step", steps=3, seconds=60)
    assert (state["steps"], state["now"]) == (3, "2026-08-17T17:03:00.000Z")
    assert market.quotes() != before


def test_the_clock_stands_still_steps_and_runs_faster(market: Door) -> None:
    assert market("clock", seconds=3_600)["now"] == "2026-08-17T18:00:00.000Z"
    assert market.state()["now"] == "2026-08-17T18:00:00.000Z"
    state = market("clock", frozen=False, speed=60)
    assert (state["frozen"], state["speed"]) == (False, 60.0)
    assert market("clock", step_seconds=2)["step_seconds"] == 2.0


def test_the_state_tells_the_session(market: Door) -> None:
    state = market("clock", at="2026-08-17T16:30:00-05:00")
    assert (state["open"], state["session"]) == (False, "2026-08-17")
    assert state["next_open"] == "2026-08-17T22:00:00.000Z"
    assert market("hours", always_open=True)["open"]


def test_hours_can_have_holidays_and_early_closes(market: Door) -> None:
    assert not market("hours", closed_days=["2026-08-17"])["open"]
    assert market("hours", closed_days=[], early_closes={"2026-08-17": "13:00"})["session_end"].startswith(
        "2026-08-17T18:00"
    )


def test_the_quote_of_one_contract_has_its_depth(market: Door) -> None:
    [quote] = market.quotes(contract="ESU6")
    assert len(quote["bids"]) == len(quote["asks"]) == 10
    assert len(market.quotes()) == 28


def test_orders_that_work_are_counted_and_meet_the_price_that_is_set(market: Door) -> None:
    exchange = market.platform.exchange
    contract = exchange.contract_named("ESU6")
    assert contract is not None
    exchange.market.submit(MarketOrder(1, contract.id, "Buy", Terms("Limit", 1, price=6_000.0)))
    assert market.state()["working"] == 1
    market("price", contract="ESU6", price=6_000)
    assert market.state()["working"] == 0, "the price came to it"


def test_a_speed_can_be_configured_and_prices_can_stand_still() -> None:
    state = Door(market_speed=30.0, market_step_seconds=0.0).state()
    assert (state["speed"], state["step_seconds"]) == (30.0, 0.0)


def test_prices_move_by_themselves_until_the_market_is_paused(warm_sandboxes: WarmSandboxes) -> None:
    world = ("--users", "1", "--organizations", "1", "--always-open", "--market-step-seconds", "0.01")
    with RunningSandbox(*world, start=warm_sandboxes.start) as sandbox:
        wait_for_steps(sandbox, 3)
        sandbox.control("market/pause")
        paused = sandbox.view("market")
        while sandbox.view("market")["now"] < later(paused["now"], seconds=0.1):
            continue
        assert sandbox.control("market/step", steps=2)["steps"] == paused["steps"] + 2
        sandbox.control("market/resume")
        wait_for_steps(sandbox, paused["steps"] + 5)


def wait_for_steps(sandbox: RunningSandbox, steps: int) -> None:
    deadline = time.monotonic() + 10
    while sandbox.view("market")["steps"] < steps:
        assert time.monotonic() < deadline


def later(text: str, *, seconds: float) -> str:
    return timestamp(dt.datetime.fromisoformat(text) + dt.timedelta(seconds=seconds))
