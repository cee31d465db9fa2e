"""The exchange of a platform: links its market to the accounts, and tells what happens.

What a call asks for is written at once and carried out after it was answered: `process` does that, `step` moves the
market by one step, and `run` does both for ever. Entities show true time; trade dates go by the market's clock.
"""

import asyncio
import contextlib
import datetime as dt
import functools
import heapq
import itertools
import logging
from collections import deque
from collections.abc import Callable, Collection, Iterable

from vendor_admin.sandbox.market.clock import MarketClock
from vendor_admin.sandbox.market.matching import Market
from vendor_admin.sandbox.market.orders import Event
from vendor_admin.sandbox.market.sessions import Schedule
from vendor_admin.sandbox.trading.execution import Execution, Floor
from vendor_admin.sandbox.trading.orders import Orders
from vendor_admin.sandbox.trading.risk import Risk
from vendor_admin.sandbox.trading.settlement import Settlement
from vendor_admin.sandbox.trading.surveillance.watch import Watch
from vendor_admin.sandbox.world.edits import Edits
from vendor_admin.sandbox.world.products import Contract, listed_contracts
from vendor_admin.sandbox.world.state import Change, Organization, World
from vendor_admin.sandbox.world.times import session_date
from vendor_admin.tradovate.enums import Environment

logger = logging.getLogger(__name__)

STEP_SECONDS = 0.5
KEEP_ORDERS = 2_000

Work = Callable[[], None]


class Exchange:
    """Where accounts of all organizations trade, on DEMO. `publish` tells the sockets of a change.

    A price lasts `step_seconds` while `run` is under way; with 0, or while `is_paused`, it stays as it is.
    """

    def __init__(
        self,
        world: World,
        *,
        seed: int,
        publish: Callable[[Change], None],
        clock: MarketClock,
        schedule: Schedule | None = None,
        step_seconds: float = STEP_SECONDS,
        keep_orders: int = KEEP_ORDERS,
    ) -> None:
        self.world = world
        self.step_seconds = step_seconds
        self.is_paused = False
        self.clock = clock
        contracts = listed_contracts(world.built_at.date())
        self.market = Market(contracts, seed=seed, clock=clock, schedule=schedule)
        self.orders = Orders(keep=keep_orders)
        self.settlement = Settlement()
        self.risk = Risk(self.market, self.orders)
        self.floor = Floor(market=self.market, orders=self.orders, settlement=self.settlement, risk=self.risk)
        self._by_name = {contract.name.upper(): contract for contract in contracts}
        self._watch = Watch(self.market)
        self._publish = publish
        self._pending: deque[Work] = deque()
        self._held: list[tuple[dt.datetime, int, Work]] = []
        self._numbers = itertools.count()
        self._wake = asyncio.Event()

    def contract(self, contract_id: int) -> Contract | None:
        """A contract of the market by its id."""
        return self.market.contracts.get(contract_id)

    def contract_named(self, symbol: str) -> Contract | None:
        """A contract of the market by its name, in letters of either kind."""
        return self._by_name.get(symbol.strip().upper())

    def price_for(self, account_id: int, contract_id: int) -> float | None:
        """The market's last price for a position that was opened here; None for one that others made."""
        return self.market.last_price(contract_id) if self.settlement.lots.get((account_id, contract_id)) else None

    @property
    def is_open(self) -> bool:
        """Whether orders trade now."""
        return self.market.schedule.is_open(self.clock.now())

    def later(self, changes: Collection[Change], works: Collection[Work]) -> None:
        """Tell changes and do works, in this order, when `process` comes."""
        if changes:
            self._pending.append(functools.partial(self._tell, list(changes)))
        self._pending.extend(works)
        if self._pending:
            self._wake.set()

    def at(self, moment: dt.datetime, work: Work) -> None:
        """Do a work once the market's clock shows this moment."""
        heapq.heappush(self._held, (moment, next(self._numbers), work))
        self._wake.set()

    def after(self, edits: Edits, work: Callable[[Execution], None], *, at: dt.datetime | None = None) -> None:
        """Have something of a call's organization carried out after the call, or at a time of the market's clock."""
        organization = edits.organization

        def carry_out() -> None:
            self.carry_out(organization, work)

        edits.follow_up(carry_out if at is None else lambda: self.at(at, carry_out))

    def carry_out(self, organization: Organization, work: Callable[[Execution], None]) -> None:
        """Do something of an organization now and tell what came of it, also when it fails half way."""
        execution = self.execution(organization)
        try:
            work(execution)
        finally:
            self._finish(execution)

    def execution(self, organization: Organization) -> Execution:
        """A moment in which an organization's commands are carried out; whoever takes it tells its changes."""
        edits = Edits(
            self.world,
            organization,
            Environment.DEMO,
            moment=dt.datetime.now(dt.UTC),
            session=session_date(self.clock.now()),
        )
        return Execution(self.floor, edits)

    def process(self) -> None:
        """Carry out whatever waits and is due. A work that fails is logged and stops nothing else."""
        while self._held and self._held[0][0] <= self.clock.now():
            self._pending.append(heapq.heappop(self._held)[2])
        while self._pending:
            work = self._pending.popleft()
            try:
                work()
            except Exception:
                logger.exception("the sandbox's exchange could not carry out a command")

    def step(self) -> None:
        """Move the market by one step and write what comes of it: fills, liquidations, the turn of the session."""
        self.process()
        self.take(self.market.advance())
        turn = self._watch.turn()
        if turn is not None:
            self._each(self._watch.known(), lambda execution: self._watch.carry_out(turn, execution))
        self.look()

    def look(self) -> None:
        """Have the risk rules look at all accounts that have something open, while the market is open."""
        if self.is_open:
            self._each(self._watch.organizations(), self._watch.look)

    def set_price(self, contract_id: int, price: float, **fields: int) -> None:
        """Have a contract trade at a price, and let the risk rules see it. Raises KeyError and ValueError as the market
        does.
        """
        self.take(self.market.set_price(contract_id, price, **fields))
        self.look()

    def take(self, events: Iterable[Event]) -> None:
        """Write what happened in the market, for each organization, and tell it."""
        of_organization: dict[int, tuple[Organization, list[Event]]] = {}
        for event in events:
            order = self.orders.by_id.get(event.order_id)
            if order is not None:
                owner = order.organization
                of_organization.setdefault(owner.id, (owner, []))[1].append(event)
        for organization, happened in of_organization.values():
            self.carry_out(organization, functools.partial(Execution.take, events=happened))

    def forget(self, organization: Organization) -> None:
        """Know nothing more of what an organization trades, once what waits is done. Ids stay used, and what becomes of
        its entities is the caller's.
        """
        self.process()
        for order in self.orders.by_id.values():
            if order.organization is organization:
                self.market.cancel(order.id)
        self.orders.forget(organization)
        accounts = {record.entity["id"] for record in self.world.book(Environment.DEMO, organization.id).all("account")}
        self.settlement.forget(accounts)
        self.risk.forget(accounts)
        self._watch.forget(organization)

    async def run(self) -> None:
        """Process and step for ever. A step that fails is logged; the next one is made all the same."""
        loop = asyncio.get_running_loop()
        looked_at = loop.time()
        while True:
            pause = self.step_seconds or STEP_SECONDS
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), max(0.0, looked_at + pause - loop.time()))
            self._wake.clear()
            self.process()
            if loop.time() < looked_at + pause:
                continue
            looked_at = loop.time()
            if self.step_seconds and not self.is_paused:
                try:
                    self.step()
                except Exception:
                    logger.exception("the sandbox's market could not make a step")

    def _each(self, organization_ids: Iterable[int], work: Callable[[Execution], None]) -> None:
        for organization_id in organization_ids:
            self.carry_out(self.world.organizations[organization_id], work)

    def _finish(self, execution: Execution) -> None:
        """Look at the accounts that traded, and tell everything."""
        self._watch.add(execution)
        self._tell(execution.edits.changes)

    def _tell(self, changes: Iterable[Change]) -> None:
        for change in changes:
            self._publish(change)
