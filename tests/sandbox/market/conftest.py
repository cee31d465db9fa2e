"""A market at Monday noon, Central Time, whose ES trades at 6,700 with ten contracts at each level."""

import pytest

from tests.sandbox.market.trading import ES, Desk, new_market
from vendor_admin.sandbox.market.clock import MarketClock
from vendor_admin.sandbox.market.matching import Market


@pytest.fixture
def clock(market: Market) -> MarketClock:
    return market.clock


@pytest.fixture
def market() -> Market:
    market = new_market()
    market.set_price(ES, 6_700.0, size=10)
    return market


@pytest.fixture
def desk(market: Market) -> Desk:
    return Desk(market)
