"""Simulated traders: they trade for real, and by the rules."""

import datetime as dt
import random
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vendor_admin.sandbox.configuration import Configuration
from vendor_admin.sandbox.platform import Platform
from vendor_admin.sandbox.traders.temper import Move, Situation, Temper, decide
from vendor_admin.sandbox.traders.traders import LOOKS_AGAIN_AFTER
from vendor_admin.tradovate.enums import Environment

OPEN_AT = dt.datetime(2026, 8, 17, 17, 0, tzinfo=dt.UTC)
EACH = 8


class Floor:
    """A platform whose traders act in steps of half a second."""

    def __init__(self, *, each: int = EACH, seed: int = 7) -> None:
        configuration = Configuration(organizations=1, users=8, today=OPEN_AT.date(), seed=seed, traders=each)
        self.platform = Platform(configuration)
        self.traders, self.exchange = self.platform.traders, self.platform.exchange
        self.exchange.clock.freeze()
        if self.exchange.clock.now() < OPEN_AT:
            self.exchange.clock.set_now(OPEN_AT)
        [organization] = self.platform.world.organizations
        self.book = self.platform.world.book(Environment.DEMO, organization)

    def run(self, seconds: float) -> None:
        for _ in range(int(seconds * 2)):
            self.exchange.clock.step(dt.timedelta(seconds=0.5))
            self.traders.act()
            self.exchange.process()
            self.exchange.step()

    def all(self, entity_type: str) -> list[dict[str, Any]]:
        return [record.entity for record in self.book.all(entity_type)]

    def orders_of(self, account_id: int) -> int:
        return sum(order["accountId"] == account_id for order in self.all("order"))

    def set_admin_action(self, account_id: int, action: str) -> None:
        status = self.book.get("accountRiskStatus", account_id)
        assert status is not None
        status.entity = {**status.entity, "adminAction": action}

    def move_against(self, position: dict[str, Any], *, share: float) -> None:
        """Have a position's contract trade where the position loses this share of its price."""
        product = self.exchange.market.contracts[position["contractId"]].product
        price = position["netPrice"] * (1 - share if position["netPos"] > 0 else 1 + share)
        self.exchange.set_price(position["contractId"], product.price(round(price / product.tick_size)))

    def busiest(self) -> int:
        return Counter(order["accountId"] for order in self.all("order")).most_common(1)[0][0]


@pytest.fixture(scope="module")
def traded() -> Floor:
    floor = Floor()
    floor.run(400)
    return floor


def test_they_place_orders_of_several_types_that_fill(traded: Floor) -> None:
    types = Counter(version["orderType"] for version in traded.all("orderVersion"))
    assert set(types) == {"Market", "Limit", "Stop"}
    states = Counter(order["ordStatus"] for order in traded.all("order"))
    assert states["Filled"] > 30
    assert states["Canceled"]
    assert {order["accountId"] for order in traded.all("order")} <= traded.traders.account_ids


def test_some_win_and_some_lose(traded: Floor) -> None:
    results = [balance["realizedPnL"] for balance in traded.all("cashBalance")]
    assert min(results) < 0 < max(results)


def test_what_they_hold_is_the_sum_of_their_fills(traded: Floor) -> None:
    accounts = {order["id"]: order["accountId"] for order in traded.all("order")}
    held: Counter[tuple[int, int]] = Counter()
    for fill in traded.all("fill"):
        sign = 1 if fill["action"] == "Buy" else -1
        held[accounts[fill["orderId"]], fill["contractId"]] += sign * fill["qty"]
    positions = {(one["accountId"], one["contractId"]): one["netPos"] for one in traded.all("position")}
    assert positions == dict(held)


def test_the_same_seed_makes_the_same_trades_and_another_seed_others() -> None:
    def fills(seed: int) -> list[tuple[Any, ...]]:
        floor = Floor(seed=seed)
        floor.run(120)
        return [(fill["contractId"], fill["action"], fill["qty"], fill["price"]) for fill in floor.all("fill")]

    assert fills(3) == fills(3) != fills(4)


def test_one_whose_account_is_locked_stops_and_goes_on_once_it_is_unlocked() -> None:
    floor = Floor()
    floor.run(120)
    account_id = floor.busiest()
    floor.set_admin_action(account_id, "LockTradingImmediately")
    before = floor.orders_of(account_id)
    floor.run(120)
    assert floor.orders_of(account_id) == before
    floor.set_admin_action(account_id, "Normal")
    floor.run(LOOKS_AGAIN_AFTER.total_seconds() + 120)
    assert floor.orders_of(account_id) > before


def test_nobody_trades_while_the_market_is_closed() -> None:
    floor = Floor()
    floor.exchange.clock.set_now(dt.datetime(2026, 8, 17, 21, 10, tzinfo=dt.UTC))
    floor.run(60)
    assert floor.all("order") == []


def test_without_traders_nobody_trades() -> None:
    floor = Floor(each=0)
    floor.run(60)
    assert floor.all("order") == []


def test_the_scripts_leave_their_accounts_alone() -> None:
    floor = Floor(each=EACH)
    floor.platform.stream.produce(2_000)
    scripted = {order["accountId"] for order in floor.all("order")}
    assert scripted
    assert not scripted & floor.traders.account_ids


def test_one_whom_the_price_goes_against_is_liquidated_and_places_nothing_more() -> None:
    floor = Floor()
    floor.run(120)
    position = max(floor.all("position"), key=lambda one: abs(one["netPos"]))
    account_id = position["accountId"]
    floor.move_against(position, share=0.03)
    liquidated = [one for one in floor.all("autoLiqTransaction") if one["accountId"] == account_id]
    assert liquidated
    floor.run(10)
    assert all(not one["netPos"] for one in floor.all("position") if one["accountId"] == account_id)
    before = floor.orders_of(account_id)
    floor.run(120)
    assert floor.orders_of(account_id) == before


@given(st.integers(0, 10_000), st.integers(-5, 5), st.floats(-100, 100), st.integers(0, 3))
def test_no_temper_closes_more_than_it_holds_or_enters_without_a_stop_when_careful(
    seed: int, net: int, gained: float, working: int
) -> None:
    for temper in Temper:
        intent = decide(temper, Situation(net, gained, working), random.Random(seed))  # noqa: S311
        if intent.move is Move.CLOSE:
            assert intent.quantity == abs(net) > 0
            assert (intent.action == "Sell") is (net > 0)
        if intent.move is Move.ENTER_WITH_BRACKET:
            assert intent.target > 0 < intent.stop
            assert not net
        assert intent.move is not Move.ENTER or temper is not Temper.CAREFUL


def test_whoever_is_stopped_closes_what_is_open_and_waits() -> None:
    rng = random.Random(1)  # noqa: S311
    for temper in Temper:
        stopped = decide(temper, Situation(net=2, gained_ticks=-30.0, is_stopped=True), rng)
        assert (stopped.move, stopped.action, stopped.quantity) == (Move.CLOSE, "Sell", 2)
        assert decide(temper, Situation(is_stopped=True), rng).move is Move.WAIT


def test_the_reckless_buy_more_of_what_loses() -> None:
    rng = random.Random(1)  # noqa: S311
    losing = decide(Temper.RECKLESS, Situation(net=-2, gained_ticks=-30.0), rng)
    assert (losing.move, losing.action, losing.quantity) == (Move.ENTER, "Sell", 1)
    assert decide(Temper.RECKLESS, Situation(net=2, gained_ticks=30.0), rng).move is Move.CLOSE
