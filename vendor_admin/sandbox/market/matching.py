"""The market: orders trade against its own depth, never with each other.

What comes in takes what it finds, best price first, at those prices. What rests is met when the price comes to its
limit or goes beyond, and trades at its limit: best price first, then who came first, up to the size that was there.
"""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from vendor_admin.sandbox.market.checks import Refusal, check_terms
from vendor_admin.sandbox.market.clock import MarketClock
from vendor_admin.sandbox.market.depth import Depth
from vendor_admin.sandbox.market.kinds import AT_ONCE, LONGER_THAN_A_SESSION, PROTECTION_TICKS, Style, Wait
from vendor_admin.sandbox.market.orders import (
    Cancelled,
    CommandRejected,
    Event,
    Expired,
    Filled,
    MarketOrder,
    Modified,
    Reason,
    Rejected,
    Repriced,
    Terms,
    Triggered,
    Working,
)
from vendor_admin.sandbox.market.prices import SIZE_SET, PriceProcess
from vendor_admin.sandbox.market.resting import RestingOrder
from vendor_admin.sandbox.market.sessions import Schedule
from vendor_admin.sandbox.world.products import Contract

_ENDED = Refusal(Reason.TOO_LATE, "The order is not working any more.")
_CLOSED = Refusal(Reason.SESSION_CLOSED, "The market is closed.")


@dataclass(frozen=True, slots=True)
class Quote:
    """What is shown of a contract. `bids` and `asks` are up to ten levels of (price, size), best first."""

    contract_id: int
    bid: float | None
    ask: float | None
    last: float
    bid_size: int
    ask_size: int
    bids: list[tuple[float, int]]
    asks: list[tuple[float, int]]
    at: dt.datetime


class Market:
    """Takes orders in, matches them, and tells what became of them as events in the order in which it happened.

    An order is known by the id that it came with, while it works. Nothing happens by itself: `advance` is the passing
    of time. Contracts are those of `world.products.listed_contracts`.
    """

    def __init__(
        self, contracts: Iterable[Contract], *, seed: int, clock: MarketClock, schedule: Schedule | None = None
    ) -> None:
        self.clock = clock
        self.schedule = schedule or Schedule()
        self._contracts = {contract.id: contract for contract in contracts}
        self._prices = PriceProcess(self._contracts.values(), seed=seed)
        self._orders: dict[int, RestingOrder] = {}
        self._by_contract: dict[int, dict[int, RestingOrder]] = {number: {} for number in self._contracts}
        self._sequence = 0

    @property
    def contracts(self) -> Mapping[int, Contract]:
        """The contracts by id."""
        return self._contracts

    @property
    def steps(self) -> int:
        """How many steps the prices have made."""
        return self._prices.steps

    def submit(self, order: MarketOrder) -> list[Event]:
        """Take an order in: Working and what it does at once, or Rejected. Raises ValueError for an id that works."""
        if order.id in self._orders:
            raise ValueError(f"order {order.id} is working already")
        now = self.clock.now()
        contract = self._contracts.get(order.contract_id)
        if contract is None or contract.expires_at <= now:
            return [Rejected(order.id, now, Reason.INVALID_CONTRACT, "There is no such contract, or it has expired.")]
        depth = self._prices.depth(contract)
        refusal = self._refusal_to_submit(order, contract, last=depth.last.ticks, now=now)
        if refusal is not None:
            return [Rejected(order.id, now, refusal.reason, refusal.text)]
        resting = RestingOrder(
            order,
            contract,
            last=depth.last.ticks,
            expires_at=self._end_of(order.terms, contract, now),
            sequence=self._next_sequence(),
        )
        if not resting.is_waiting and resting.limit is None and depth.best(order.action) is None:
            return [Rejected(order.id, now, Reason.NOT_ENOUGH_LIQUIDITY, "Nothing is left on the other side.")]
        self._orders[order.id] = self._by_contract[contract.id][order.id] = resting
        return [Working(order.id, now), *self._enter(resting, depth, now)]

    def modify(self, order_id: int, terms: Terms) -> list[Event]:
        """Give a working order other terms: Modified and what it does at once, or CommandRejected.

        `quantity` counts what is filled already. A trailing stop may change nothing but its quantity.
        """
        now = self.clock.now()
        resting = self._orders.get(order_id)
        refusal = self._refusal_to_modify(resting, terms, now)
        if resting is None or refusal is not None:
            refusal = refusal or _ENDED
            return [CommandRejected(order_id, now, refusal.reason, refusal.text)]
        depth = self._prices.depth(resting.contract)
        if resting.kind.trails:
            terms = replace(resting.terms, quantity=terms.quantity)
        if (resting.terms.time_in_force, resting.terms.expire_time) != (terms.time_in_force, terms.expire_time):
            resting.expires_at = self._end_of(terms, resting.contract, now)
        resting.take_terms(terms, last=depth.last.ticks, sequence=self._next_sequence())
        return [Modified(order_id, now, terms), *self._enter(resting, depth, now)]

    def cancel(self, order_id: int) -> list[Event]:
        """End a working order: Cancelled, or CommandRejected when it has ended already."""
        now = self.clock.now()
        resting = self._orders.get(order_id)
        if resting is None:
            return [CommandRejected(order_id, now, _ENDED.reason, _ENDED.text)]
        return [self._end(resting, Cancelled(order_id, now))]

    @property
    def working_count(self) -> int:
        """How many orders are in the market."""
        return len(self._orders)

    def working(self, order_id: int) -> bool:
        """Whether an order is in the market."""
        return order_id in self._orders

    def last_price(self, contract_id: int) -> float:
        """The price of a contract's last trade. Raises KeyError for one that is not listed."""
        contract = self._contracts[contract_id]
        return contract.product.price(self._prices.depth(contract).last.ticks)

    def quote(self, contract_id: int) -> Quote:
        """Prices and sizes of a contract now. Raises KeyError for one that is not listed."""
        contract = self._contracts[contract_id]
        price, depth = contract.product.price, self._prices.depth(contract)
        bids = [(price(ticks), size) for ticks, size in depth.bids if size]
        asks = [(price(ticks), size) for ticks, size in depth.asks if size]
        bid, bid_size = bids[0] if bids else (None, 0)
        ask, ask_size = asks[0] if asks else (None, 0)
        last = price(depth.last.ticks)
        return Quote(contract_id, bid, ask, last, bid_size, ask_size, bids, asks, self.clock.now())

    def set_price(self, contract_id: int, price: float, *, size: int = SIZE_SET) -> list[Event]:
        """Have a contract trade at a price, bid and ask alike, with `size` at each level, until the next step.

        All contracts with the same leading product go along. Raises KeyError for a contract that is not listed, and
        ValueError for a price off the grid or a size below 0.
        """
        contract = self._contracts[contract_id]
        ticks = contract.product.ticks(price)
        if ticks is None or ticks < 1 or size < 0:
            raise ValueError(f"{price} is no price of {contract.name}: its tick is {contract.product.tick_size}")
        return self._look_at(self._prices.set_ticks(contract, ticks, size=size))

    def advance(self) -> list[Event]:
        """Let time pass up to the clock's: expire what has ended and, while open, move the prices by one step."""
        now = self.clock.now()
        if self.schedule.is_open(now):
            self._prices.step()
        return self._look_at(self._contracts.values())

    def _look_at(self, contracts: Iterable[Contract]) -> list[Event]:
        """What ended at these contracts and, while open, what their prices do to all that rests."""
        now = self.clock.now()
        is_open = self.schedule.is_open(now)
        events: list[Event] = []
        for contract in contracts:
            orders = self._by_contract[contract.id]
            if orders:
                events.extend(self._expire(orders.values(), now, is_open=is_open))
            if orders and is_open:
                events.extend(self._match(list(orders.values()), self._prices.depth(contract), now))
        return events

    def _match(self, orders: list[RestingOrder], depth: Depth, now: dt.datetime) -> list[Event]:
        """What the prices do to the orders of one contract: first to those in the queue, then to those that wait."""
        events: list[Event] = []
        queue = [order for order in orders if not order.is_waiting]
        for resting in sorted(queue, key=_priority):
            events.extend(self._meet(resting, depth, now))
        for resting in orders:
            if resting.is_waiting:
                events.extend(self._enter(resting, depth, now))
        return events

    def _meet(self, resting: RestingOrder, depth: Depth, now: dt.datetime) -> list[Event]:
        """The market comes to an order in the queue; of one with `max_show` it sees no more than that in a step."""
        if resting.limit is None:
            return []
        shown = min(resting.remaining, resting.terms.max_show or resting.remaining)
        size = depth.give(resting.action, shown, resting.limit)
        return [self._fill(resting, resting.limit, size, now)] if size else []

    def _enter(self, resting: RestingOrder, depth: Depth, now: dt.datetime) -> list[Event]:
        """An order looks at the prices: it trails, goes off, and takes what it may; what is left rests or ends."""
        events: list[Event] = []
        if resting.is_waiting:
            if resting.trail(depth.last.ticks):
                events.append(_repriced(resting, now))
            if not resting.goes_off(depth.last.ticks, depth):
                return events
            resting.is_waiting = False
            events.append(Triggered(resting.id, now))
        _set_limit(resting, depth)
        if resting.terms.time_in_force == "FOK" and depth.available(resting.action, resting.limit) < resting.remaining:
            return [*events, self._end(resting, Cancelled(resting.id, now, Reason.NOT_ENOUGH_LIQUIDITY))]
        for ticks, size in depth.take(resting.action, resting.remaining, resting.limit):
            events.append(self._fill(resting, ticks, size, now))
        if resting.remaining and (resting.limit is None or resting.terms.time_in_force in AT_ONCE):
            events.append(self._end(resting, Cancelled(resting.id, now, Reason.NOT_ENOUGH_LIQUIDITY)))
        return events

    def _fill(self, resting: RestingOrder, ticks: int, size: int, now: dt.datetime) -> Event:
        resting.filled += size
        event = Filled(resting.id, now, size, resting.contract.product.price(ticks), resting.remaining)
        return event if resting.remaining else self._end(resting, event)

    def _expire(self, orders: Iterable[RestingOrder], now: dt.datetime, *, is_open: bool) -> list[Event]:
        """End what its time is over for; a session may have ended earlier than it was known when the order came in."""
        ended = [
            order
            for order in orders
            if order.expires_at <= now or not (is_open or order.terms.time_in_force in LONGER_THAN_A_SESSION)
        ]
        return [self._end(order, _expiry(order, now)) for order in ended]

    def _end(self, resting: RestingOrder, event: Event) -> Event:
        del self._orders[resting.id]
        del self._by_contract[resting.contract.id][resting.id]
        return event

    def _refusal_to_submit(
        self, order: MarketOrder, contract: Contract, *, last: int, now: dt.datetime
    ) -> Refusal | None:
        if not self.schedule.is_open(now):
            return _CLOSED
        return check_terms(order.terms, order.action, contract.product, last=last, now=now)

    def _refusal_to_modify(self, resting: RestingOrder | None, terms: Terms, now: dt.datetime) -> Refusal | None:
        if resting is None or resting.expires_at <= now:
            return _ENDED
        if 0 < terms.quantity <= resting.filled:
            return Refusal(Reason.TOO_LATE, f"{resting.filled} contracts are filled already.")
        if not self.schedule.is_open(now):
            return _CLOSED
        if resting.kind.trails:
            if not resting.differs_in_quantity_alone(terms):
                return Refusal(Reason.TRAILING_STOP_MODIFIED, "Of a trailing stop only the quantity can be changed.")
            terms = replace(resting.terms, quantity=terms.quantity)
        has_gone_off = terms.order_type == resting.terms.order_type and not resting.is_waiting
        last = None if has_gone_off or resting.kind.trails else self._prices.depth(resting.contract).last.ticks
        return check_terms(terms, resting.action, resting.contract.product, last=last, now=now)

    def _end_of(self, terms: Terms, contract: Contract, now: dt.datetime) -> dt.datetime:
        if terms.time_in_force == "GTD" and terms.expire_time is not None:
            return min(terms.expire_time, contract.expires_at)
        if terms.time_in_force == "GTC":
            return contract.expires_at
        return min(self.schedule.session_end(now), contract.expires_at)

    def _next_sequence(self) -> int:
        self._sequence += 1
        return self._sequence


def _priority(resting: RestingOrder) -> tuple[int, int]:
    """The place in the queue: the best limit first, then who came first."""
    return -(resting.limit or 0) * resting.sign, resting.sequence


def _set_limit(resting: RestingOrder, depth: Depth) -> None:
    """Give an order whose limit the market makes that limit, once."""
    style = resting.kind.style
    if resting.limit is not None or style is Style.MARKET:
        return
    base = depth.best(resting.action) if resting.kind.waits is Wait.NOTHING else resting.trigger
    if base is not None:
        resting.limit = base + (resting.sign * PROTECTION_TICKS if style is Style.PROTECTED else 0)


def _repriced(resting: RestingOrder, now: dt.datetime) -> Repriced:
    price = resting.contract.product.price
    return Repriced(resting.id, now, price(resting.trigger), None if resting.limit is None else price(resting.limit))


def _expiry(resting: RestingOrder, now: dt.datetime) -> Expired:
    if resting.contract.expires_at <= now:
        return Expired(resting.id, now, "ContractExpired")
    return Expired(resting.id, now, "ExpireTime" if resting.terms.time_in_force == "GTD" else "SessionEnd")
