"""What tests of the market share: contracts, a desk that hands orders in, and events in few words."""

import dataclasses
import datetime as dt
from collections.abc import Iterable
from typing import Any

from vendor_admin.sandbox.market.clock import MarketClock
from vendor_admin.sandbox.market.matching import Market
from vendor_admin.sandbox.market.orders import Action, Event, Filled, MarketOrder, Terms
from vendor_admin.sandbox.world.products import listed_contracts

MONDAY_NOON = dt.datetime(2026, 8, 17, 17, 0, tzinfo=dt.UTC)
CONTRACTS = {contract.name: contract for contract in listed_contracts(MONDAY_NOON.date())}
ES = CONTRACTS["ESU6"].id


def new_market(seed: int = 7) -> Market:
    """A market at Monday noon whose clock stands still."""
    return Market(CONTRACTS.values(), seed=seed, clock=MarketClock(MONDAY_NOON, is_frozen=True))


def words(events: Iterable[Event]) -> list[tuple[Any, ...]]:  # Any: the fields of any event
    """Each event as its name and what it says, without order and time."""
    return [
        (
            type(event).__name__,
            *(getattr(event, field.name) for field in dataclasses.fields(event)[2:] if field.name != "text"),
        )
        for event in events
    ]


def filled(events: Iterable[Event]) -> int:
    """How many contracts were filled."""
    return sum(event.quantity for event in events if isinstance(event, Filled))


class Desk:
    """Hands orders for ES in, numbered from 1, and says what came of them in words."""

    def __init__(self, market: Market) -> None:
        self.market = market
        self.last_id = 0

    def place(self, action: Action, order_type: str, quantity: int = 1, **terms: Any) -> list[tuple[Any, ...]]:
        """Place an order."""
        self.last_id += 1
        order = MarketOrder(self.last_id, ES, action, Terms(order_type, quantity, **terms))
        return words(self.market.submit(order))

    def modify(self, order_type: str, quantity: int = 1, **terms: Any) -> list[tuple[Any, ...]]:
        """Modify the last order."""
        return words(self.market.modify(self.last_id, Terms(order_type, quantity, **terms)))

    def price(self, price: float, size: int = 10) -> list[tuple[Any, ...]]:
        """Have ES trade at a price."""
        return words(self.market.set_price(ES, price, size=size))

    @property
    def is_working(self) -> bool:
        """Whether the last order works."""
        return self.market.working(self.last_id)
