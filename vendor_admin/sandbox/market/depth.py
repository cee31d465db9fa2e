"""What the market itself buys and sells at one moment: levels of price and size, which orders take away."""

from collections.abc import Iterable
from dataclasses import dataclass

from vendor_admin.sandbox.market.orders import Action

LEVELS = 10


@dataclass(frozen=True, slots=True)
class Print:
    """The last trade: its price in ticks, its size, and whose resting order it would have met."""

    ticks: int
    size: int
    meets: Action


@dataclass(slots=True)
class Depth:
    """Levels as [ticks, size], best first. What is taken is gone until the next step of prices.

    `printed` is what is left of the size of the last trade for orders that rested at its price.
    """

    bids: list[list[int]]
    asks: list[list[int]]
    last: Print
    printed: int = 0

    def available(self, action: Action, limit: int | None) -> int:
        """How many contracts can be bought or sold, at `limit` ticks or better."""
        return sum(size for _, size in self._reachable(action, limit))

    def take(self, action: Action, quantity: int, limit: int | None) -> list[tuple[int, int]]:
        """Take up to a quantity, best price first, at `limit` or better; gives (ticks, size) of each level used."""
        taken = []
        for level in self._reachable(action, limit):
            if not quantity:
                break
            size = min(level[1], quantity)
            if size:
                level[1] -= size
                quantity -= size
                taken.append((level[0], size))
        return taken

    def give(self, action: Action, quantity: int, limit: int) -> int:
        """How much of a quantity that rested at `limit` the market takes: what came to that price or went beyond it."""
        taken = sum(size for _, size in self.take(action, quantity, limit))
        is_met = self.last.meets == action and (
            self.last.ticks <= limit if action == "Buy" else self.last.ticks >= limit
        )
        if is_met and taken < quantity and self.printed:
            more = min(self.printed, quantity - taken)
            self.printed -= more
            taken += more
        return taken

    def best(self, action: Action) -> int | None:
        """The price, in ticks, that the next contract bought or sold has; None when nothing is left."""
        levels = self.asks if action == "Buy" else self.bids
        return next((ticks for ticks, size in levels if size), None)

    def _reachable(self, action: Action, limit: int | None) -> Iterable[list[int]]:
        if action == "Buy":
            return self.asks if limit is None else [level for level in self.asks if level[0] <= limit]
        return self.bids if limit is None else [level for level in self.bids if level[0] >= limit]
