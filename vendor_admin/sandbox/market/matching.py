"""The market: orders trade against its own depth, never with each other."""

import datetime as dt
from collections.abc import Iterable

from vendor_admin.sandbox.market.clock import MarketClock
from vendor_admin.sandbox.market.depth import Depth
from vendor_admin.sandbox.market.orders import (
    Cancelled,
    CommandRejected,
    Event,
    Filled,
    MarketOrder,
    Modified,
    Reason,
    Rejected,
    Terms,
    Working,
)
from vendor_admin.sandbox.market.prices import SIZE_SET, PriceProcess, Quote
from vendor_admin.sandbox.market.resting import RestingOrder
from vendor_admin.sandbox.world.products import Contract


class Market:
    """Takes orders in, matches them, and tells what became of them as events in the order in which it happened."""

    def __init__(self, contracts: Iterable[Contract], *, seed: int, clock: MarketClock) -> None:
        self.clock = clock
        self._contracts = {contract.id: contract for contract in contracts}
        self._prices = PriceProcess(self._contracts.values(), seed=seed)
        self._depths: dict[int, Depth] = {}
        self._orders: dict[int, RestingOrder] = {}
        self._by_contract: dict[int, dict[int, RestingOrder]] = {}
        self._sequence = 0

    def submit(self, order: MarketOrder) -> list[Event]:
        """Take an order in: Working and what it trades at once, or Rejected."""
        now = self.clock.now()
        contract = self._contracts.get(order.contract_id)
        if contract is None:
            return [Rejected(order.id, now, Reason.INVALID_CONTRACT, "There is no such contract.")]
        resting = RestingOrder(order, contract, sequence=self._next_sequence())
        self._orders[order.id] = resting
        self._by_contract.setdefault(contract.id, {})[order.id] = resting
        return [Working(order.id, now), *self._trade(resting, now)]

    def modify(self, order_id: int, terms: Terms) -> list[Event]:
        """Give a working order other terms; it may trade at once. `quantity` counts what is filled already."""
        now = self.clock.now()
        resting = self._orders.get(order_id)
        if resting is None or terms.quantity <= resting.filled:
            return [CommandRejected(order_id, now, Reason.TOO_LATE, "The order is not working any more.")]
        resting.terms = terms
        return [Modified(order_id, now, terms), *self._trade(resting, now)]

    def cancel(self, order_id: int) -> list[Event]:
        """End a working order."""
        now = self.clock.now()
        resting = self._orders.get(order_id)
        if resting is None:
            return [CommandRejected(order_id, now, Reason.TOO_LATE, "The order is not working any more.")]
        self._forget(resting)
        return [Cancelled(order_id, now)]

    def working(self, order_id: int) -> bool:
        """Whether an order is in the market."""
        return order_id in self._orders

    def quote(self, contract_id: int) -> Quote:
        """Prices and sizes of a contract now. Raises KeyError for one that is not listed."""
        contract = self._contracts[contract_id]
        price, depth = contract.product.price, self._depth(contract)
        bids = [(price(ticks), size) for ticks, size in depth.bids if size]
        asks = [(price(ticks), size) for ticks, size in depth.asks if size]
        return Quote(
            contract_id=contract_id,
            bid=bids[0][0] if bids else None,
            ask=asks[0][0] if asks else None,
            last=price(self._prices.last(contract).ticks),
            bid_size=bids[0][1] if bids else 0,
            ask_size=asks[0][1] if asks else 0,
            bids=bids,
            asks=asks,
            at=self.clock.now(),
        )

    def set_price(self, contract_id: int, price: float, *, size: int = SIZE_SET) -> list[Event]:
        """Have a contract trade at a price, bid and ask alike, with `size` at each level, until the next step.

        All contracts with the same leading product go along. Raises KeyError, and ValueError for a price off the grid.
        """
        contract = self._contracts[contract_id]
        ticks = contract.product.ticks(price)
        if ticks is None:
            raise ValueError(f"{price} is no price of {contract.name}: its tick is {contract.product.tick_size}")
        return self._look_at(self._prices.set_ticks(contract, ticks, size=size))

    def advance(self) -> list[Event]:
        """Move the prices by one step and look at all that rests."""
        self._prices.step()
        return self._look_at(self._contracts.values())

    def _look_at(self, contracts: Iterable[Contract]) -> list[Event]:
        now = self.clock.now()
        events: list[Event] = []
        for contract in contracts:
            self._depths.pop(contract.id, None)
            for resting in list(self._by_contract.get(contract.id, {}).values()):
                events.extend(self._trade(resting, now))
        return events

    def _trade(self, resting: RestingOrder, now: dt.datetime) -> list[Event]:
        product = resting.contract.product
        limit = None if resting.terms.order_type == "Market" else product.ticks(resting.terms.price or 0.0)
        events: list[Event] = []
        for ticks, size in self._depth(resting.contract).take(resting.action, resting.remaining, limit):
            resting.filled += size
            events.append(Filled(resting.id, now, size, product.price(ticks), resting.remaining))
        if not resting.remaining:
            self._forget(resting)
        elif resting.terms.order_type == "Market":
            self._forget(resting)
            events.append(Cancelled(resting.id, now, Reason.NOT_ENOUGH_LIQUIDITY))
        return events

    def _depth(self, contract: Contract) -> Depth:
        depth = self._depths.get(contract.id)
        if depth is None:
            depth = self._depths[contract.id] = self._prices.depth(contract)
        return depth

    def _forget(self, resting: RestingOrder) -> None:
        del self._orders[resting.id]
        del self._by_contract[resting.contract.id][resting.id]

    def _next_sequence(self) -> int:
        self._sequence += 1
        return self._sequence
