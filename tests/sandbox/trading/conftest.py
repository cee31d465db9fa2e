"""A trader with a platform of its own."""

import pytest

from tests.sandbox.trading.trader import Trader


@pytest.fixture
def trader() -> Trader:
    return Trader()
