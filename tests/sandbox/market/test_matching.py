"""Orders against the market's depth."""

import datetime as dt

import pytest

from vendor_admin.sandbox.market.clock import MarketClock
from vendor_admin.sandbox.market.matching import Market
from vendor_admin.sandbox.market.orders import Cancelled, Filled, MarketOrder, Reason, Terms, Working
from vendor_admin.sandbox.world.products import listed_contracts

MONDAY_NOON = dt.datetime(2026, 8, 17, 17, 0, tzinfo=dt.UTC)
CONTRACTS = {contract.name: contract for contract in listed_contracts(MONDAY_NOON.date())}
ES = CONTRACTS["ESU6"].id


@pytest.fixture
def market() -> Market:
    market = Market(CONTRACTS.values(), seed=7, clock=MarketClock(MONDAY_NOON, is_frozen=True))
    market.set_price(ES, 6_700.0, size=10)
    return market


def test_a_market_order_trades_at_the_price_that_was_set(market: Market) -> None:
    events = market.submit(MarketOrder(1, ES, "Buy", Terms("Market", 2)))
    assert events == [Working(1, MONDAY_NOON), Filled(1, MONDAY_NOON, 2, 6_700.0, 0)]
    assert not market.working(1)


def test_a_large_market_order_works_its_way_through_the_depth(market: Market) -> None:
    events = market.submit(MarketOrder(1, ES, "Sell", Terms("Market", 25)))
    fills = [(event.quantity, event.price, event.remaining) for event in events if isinstance(event, Filled)]
    assert fills == [(10, 6_700.0, 15), (10, 6_699.75, 5), (5, 6_699.5, 0)]


def test_what_the_depth_cannot_give_a_market_order_is_cancelled(market: Market) -> None:
    events = market.submit(MarketOrder(1, ES, "Buy", Terms("Market", 101)))
    assert events[-1] == Cancelled(1, MONDAY_NOON, Reason.NOT_ENOUGH_LIQUIDITY)
    assert sum(event.quantity for event in events if isinstance(event, Filled)) == 100


def test_a_limit_order_rests_until_the_price_comes_to_it(market: Market) -> None:
    assert market.submit(MarketOrder(1, ES, "Buy", Terms("Limit", 2, price=6_690.0))) == [Working(1, MONDAY_NOON)]
    assert market.set_price(ES, 6_690.25) == []
    assert market.set_price(ES, 6_690.0) == [Filled(1, MONDAY_NOON, 2, 6_690.0, 0)]
