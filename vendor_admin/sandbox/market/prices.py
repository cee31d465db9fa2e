"""How prices move: a seeded walk for every product that leads others, and the depth that follows from it.

The same seed and the same steps give the same prices. A micro has the price of the full-size contract; the next month
stands above the front month by a fixed share. Nothing here looks at a clock.
"""

import random
from collections.abc import Iterable

from vendor_admin.sandbox.market.depth import LEVELS, Depth, Print
from vendor_admin.sandbox.world.products import Contract, Product

# The next month's price above the front month's, as a share of the start price: about what carry costs for a quarter.
CARRY = 0.008
# Ticks that a price moves in a step, as a standard deviation, for a product whose price is 25,000 ticks.
SIGMA = 2.5
TYPICAL_TICKS = 25_000
LEAST_SIGMA = 1.0
# How much of its distance from the start price is taken back in a step, so that a long run stays where it began.
PULL = 0.000_5
LEAST_SHARE = 0.05
# Contracts at a level where a price was set, and the bounds of those that are drawn for the best level.
SIZE_SET = 100
SIZES = (8, 60)
PRINT_SIZES = (1, 20)


class PriceProcess:
    """The prices of all contracts, in ticks. A step moves every leading product once."""

    def __init__(self, contracts: Iterable[Contract], *, seed: int) -> None:
        self.steps = 0
        self._seed = seed
        self._contracts = list(contracts)
        leaders = {contract.product.follows for contract in self._contracts}
        products = {contract.product.name: contract.product for contract in self._contracts}
        self._starts = {name: _start_ticks(products[name]) for name in sorted(leaders)}
        self._exact: dict[str, float] = dict(self._starts)
        self._walks = {name: random.Random(f"{seed}/{name}") for name in self._starts}
        self._offsets = {contract.id: _offset(contract) for contract in self._contracts}
        self._set: dict[str, int] = {}
        self._depths: dict[int, Depth] = {}

    def step(self) -> None:
        """Move every price; one that was set by hand is where its walk goes on."""
        self.steps += 1
        self._set.clear()
        self._depths.clear()
        for name, start in self._starts.items():
            sigma = max(LEAST_SIGMA, SIGMA * start / TYPICAL_TICKS)
            moved = self._exact[name] + self._walks[name].gauss(0.0, sigma) + (start - self._exact[name]) * PULL
            self._exact[name] = max(moved, start * LEAST_SHARE + LEVELS)

    def set_ticks(self, contract: Contract, ticks: int, *, size: int) -> list[Contract]:
        """Set a contract's price, and with it that of all that have the same leader: those are returned."""
        leader = contract.product.follows
        self._exact[leader] = float(ticks - self._offsets[contract.id])
        self._set[leader] = size
        moved = [other for other in self._contracts if other.product.follows == leader]
        for other in moved:
            self._depths.pop(other.id, None)
        return moved

    def depth(self, contract: Contract) -> Depth:
        """What the market buys and sells in this step, less what was taken from it, and its last trade.

        The bid is one tick below the ask, and at the same price where it was set.
        """
        depth = self._depths.get(contract.id)
        if depth is None:
            leader = contract.product.follows
            middle = round(self._exact[leader]) + self._offsets[contract.id]
            size = self._set.get(leader)
            depth = self._drawn(contract, middle) if size is None else _locked(middle, size)
            self._depths[contract.id] = depth
        return depth

    def _drawn(self, contract: Contract, middle: int) -> Depth:
        rng = random.Random(f"{self._seed}/{contract.id}/{self.steps}")
        meets, size = rng.choice(("Buy", "Sell")), rng.randint(*PRINT_SIZES)
        bids = [[middle - place, rng.randint(*SIZES) * (place + 2) // 2] for place in range(LEVELS)]
        asks = [[middle + 1 + place, rng.randint(*SIZES) * (place + 2) // 2] for place in range(LEVELS)]
        if meets == "Buy":
            return Depth(bids, asks, Print(middle, size, "Buy"), size)
        return Depth(bids, asks, Print(middle + 1, size, "Sell"), size)


def _locked(middle: int, size: int) -> Depth:
    return Depth(
        [[middle - place, size] for place in range(LEVELS)],
        [[middle + place, size] for place in range(LEVELS)],
        Print(middle, size, "Buy"),
    )


def _start_ticks(product: Product) -> int:
    return round(product.start_price / product.tick_size)


def _offset(contract: Contract) -> int:
    return 0 if contract.is_front else round(_start_ticks(contract.product) * CARRY)
