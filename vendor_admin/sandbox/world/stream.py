"""What happens on the platform by itself: changes at a rate, handed to whoever listens, made even if nobody does."""

import asyncio
import datetime as dt
import logging
import random
from collections.abc import Callable, Iterator, Set

from vendor_admin.sandbox.configuration import Configuration
from vendor_admin.sandbox.world.accounting import Moment
from vendor_admin.sandbox.world.administration_script import AdministrationScript
from vendor_admin.sandbox.world.order_script import OrderScript
from vendor_admin.sandbox.world.state import Change, World
from vendor_admin.sandbox.world.times import session_date, timestamp, trade_date

logger = logging.getLogger(__name__)

TICK_SECONDS = 0.005
CHUNK = 250
ADMINISTRATION_SHARE = 0.03


class Stream:
    """Draws changes from the organizations' scripts in turn. `rate` is changes a second over all organizations.

    The scripts trade nothing for the accounts that are `left_alone`.
    """

    def __init__(
        self,
        world: World,
        configuration: Configuration,
        publish: Callable[[Change], None],
        *,
        left_alone: Set[int] = frozenset(),
    ) -> None:
        self.world = world
        self._left_alone = left_alone
        self.is_paused = False
        self.produced = 0
        self._publish = publish
        self._rate = configuration.rate
        self._burst = 0
        self._wake = asyncio.Event()
        self._moment = Moment("", {})
        self._scripts = {
            organization_id: self._script(organization_id, number, configuration)
            for number, organization_id in enumerate(world.organizations)
        }
        self._turn = 0

    @property
    def rate(self) -> float:
        """Changes a second."""
        return self._rate

    def set_rate(self, rate: float) -> None:
        """Change the rate from now on."""
        self._rate = max(0.0, rate)
        self._wake.set()

    def burst(self, count: int) -> None:
        """Make this many changes as fast as possible, on top of the rate."""
        self._burst += count
        self._wake.set()

    def set_paused(self, is_paused: bool) -> None:
        """Stop or go on."""
        self.is_paused = is_paused
        self._wake.set()

    def produce(self, count: int, *, organization_id: int | None = None) -> None:
        """Make changes now: of each organization in turn, or of one."""
        now = dt.datetime.now(dt.UTC)
        self._moment.text = timestamp(now)
        self._moment.trade_date = trade_date(session_date(now))
        ids = [organization_id] if organization_id is not None else list(self._scripts)
        for _ in range(count):
            self._turn = (self._turn + 1) % len(ids)
            change = next(self._scripts[ids[self._turn]], None)
            if change is not None:
                self.produced += 1
                self._publish(change)

    async def run(self) -> None:
        """Make changes for ever; never more than `CHUNK` between two turns of the event loop."""
        loop = asyncio.get_running_loop()
        owed, last = 0.0, loop.time()
        while True:
            if self.is_paused or (self._rate == 0 and self._burst == 0):
                self._wake.clear()
                await self._wake.wait()
                owed, last = 0.0, loop.time()
                continue
            await asyncio.sleep(0 if self._burst or owed >= CHUNK else TICK_SECONDS)
            now = loop.time()
            owed = min(owed + self._rate * (now - last), self._rate + CHUNK)
            last = now
            due = min(int(owed), CHUNK)
            owed -= due
            extra = min(self._burst, CHUNK - due)
            self._burst -= extra
            try:
                self.produce(due + extra)
            except Exception:
                logger.exception("a script of the sandbox failed, probably over an entity that was injected")

    def _script(self, organization_id: int, number: int, configuration: Configuration) -> Iterator[Change]:
        seed = f"{configuration.seed}/{number}"
        orders = OrderScript(
            self.world,
            organization_id,
            number=number,
            rng=random.Random(f"{seed}/orders"),
            moment=self._moment,
            keep_orders=configuration.keep_orders,
            left_alone=self._left_alone,
        ).changes()
        administration = AdministrationScript(
            self.world, organization_id, rng=random.Random(f"{seed}/administration"), moment=self._moment
        ).changes()
        return _mixed(orders, administration, random.Random(f"{seed}/mix"))


def _mixed(orders: Iterator[Change], administration: Iterator[Change], rng: random.Random) -> Iterator[Change]:
    """Both in turn; administration alone where there is nobody whose orders are scripted."""
    while True:
        source = administration if rng.random() < ADMINISTRATION_SHARE else orders
        change = next(source, None)
        if change is None:
            break
        yield change
    yield from administration
