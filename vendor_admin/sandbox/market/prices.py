"""How prices move: a seeded walk for every product that leads others, and the quotes that follow from it.

The same seed and the same steps give the same prices. A micro has the price of its big brother; the next month stands
above the front month by a fixed share. Nothing here looks at a clock.
"""

import datetime as dt
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from vendor_admin.sandbox.market.depth import LEVELS, Depth
from vendor_admin.sandbox.world.products import Contract, Product

# The next month's price above the front month's, as a share of the start price: about what carry costs for a quarter.
CARRY = 0.008
# Ticks that a price moves in a step, as a standard deviation, for a product whose price is 25,000 ticks.
SIGMA = 2.5
TYPICAL_TICKS = 25_000
# How much of its distance from the start price is taken back in a step, so that a long run stays where it began.
PULL = 0.000_5
SIZE_SET = 100


@dataclass(frozen=True, slots=True)
class Quote:
    """What is shown of a contract. `depth` has up to ten bids and asks as (price, size), best first."""

    contract_id: int
    bid: float | None
    ask: float | None
    last: float
    bid_size: int
    ask_size: int
    bids: Sequence[tuple[float, int]]
    asks: Sequence[tuple[float, int]]
    at: dt.datetime


@dataclass(frozen=True, slots=True)
class Print:
    """The last trade: its price in ticks, its size, and whether the buyer or the seller came to the other's price."""

    ticks: int
    size: int
    is_at_bid: bool


class PriceProcess:
    """The prices of all contracts, in ticks. A step moves every leading product once."""

    def __init__(self, contracts: Iterable[Contract], *, seed: int) -> None:
        self.steps = 0
        self._seed = seed
        self._contracts = list(contracts)
        leaders = {contract.product.follows for contract in self._contracts}
        products = {contract.product.name: contract.product for contract in self._contracts}
        self._leaders: dict[str, Product] = {name: products[name] for name in products if name in leaders}
        self._exact: dict[str, float] = {name: _start_ticks(product) for name, product in self._leaders.items()}
        self._walks = {name: random.Random(f"{seed}/{name}") for name in self._leaders}
        self._offsets = {contract.id: _offset(contract) for contract in self._contracts}
        self._set: dict[str, int] = {}

    def step(self) -> None:
        """Move every price; a price that was set by hand is the start of further moves."""
        self.steps += 1
        self._set.clear()
        for name, product in self._leaders.items():
            start = _start_ticks(product)
            sigma = SIGMA * max(0.4, start / TYPICAL_TICKS)
            self._exact[name] += self._walks[name].gauss(0.0, sigma) + (start - self._exact[name]) * PULL
            self._exact[name] = max(self._exact[name], start * 0.05 + LEVELS)

    def set_ticks(self, contract: Contract, ticks: int, *, size: int) -> list[Contract]:
        """Set a contract's price, and with it that of all that have the same leader: those are returned."""
        leader = contract.product.follows
        self._exact[leader] = float(ticks - self._offsets[contract.id])
        self._set[leader] = size
        return [other for other in self._contracts if other.product.follows == leader]

    def last(self, contract: Contract) -> Print:
        """The last trade of a contract."""
        middle, leader = self._middle(contract), contract.product.follows
        if leader in self._set:
            return Print(middle, self._set[leader], is_at_bid=True)
        rng = self._sizes(contract, "print")
        is_at_bid = rng.random() < 0.5
        return Print(middle if is_at_bid else middle + 1, rng.randint(1, 20), is_at_bid)

    def depth(self, contract: Contract) -> Depth:
        """Ten levels on both sides: the bid is one tick below the ask, and at the same price where it was set."""
        middle, leader = self._middle(contract), contract.product.follows
        if leader in self._set:
            size = self._set[leader]
            return Depth(
                [[middle - place, size] for place in range(LEVELS)], [[middle + place, size] for place in range(LEVELS)]
            )
        rng = self._sizes(contract, "depth")
        return Depth(
            [[middle - place, rng.randint(2, 12) * (place + 1)] for place in range(LEVELS)],
            [[middle + 1 + place, rng.randint(2, 12) * (place + 1)] for place in range(LEVELS)],
        )

    def _middle(self, contract: Contract) -> int:
        return round(self._exact[contract.product.follows]) + self._offsets[contract.id]

    def _sizes(self, contract: Contract, what: str) -> random.Random:
        return random.Random(f"{self._seed}/{contract.id}/{self.steps}/{what}")


def _start_ticks(product: Product) -> int:
    return round(product.start_price / product.tick_size)


def _offset(contract: Contract) -> int:
    return 0 if contract.is_front else round(_start_ticks(contract.product) * CARRY)
