"""Readers who wait for events: none of them holds a thread or a database connection.

One poller a process asks, every POLL_SECONDS while somebody waits, where the events of all their organizations end now:
one query, however many wait. Nothing is told by the flush, which must not wait for readers.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Final

import structlog

from vendor_admin.sync.log.cursor import LogCursor

log = structlog.get_logger(__name__)

POLL_SECONDS: Final = 0.25
# After the database did not answer.
PAUSE_SECONDS: Final = 2.0
MOST_WAITERS: Final = 4_000
MOST_OF_ORGANIZATION: Final = 1_000


class Waiter:
    """One reader. `has_news` is set when the events of its organization end behind its place."""

    def __init__(self, organization_id: int, place: LogCursor) -> None:
        self.organization_id, self.place = organization_id, place
        self.has_news = asyncio.Event()


class Waiters:
    """All readers of a process. `ends_of` asks where the events of some organizations end."""

    def __init__(self, ends_of: Callable[[Sequence[int]], Awaitable[Mapping[int, LogCursor]]]) -> None:
        self._ends_of = ends_of
        self._waiting: set[Waiter] = set()
        self._counts: Counter[int] = Counter()
        self._somebody = asyncio.Event()
        self.is_stopping = False

    def has_room(self, organization_id: int) -> bool:
        """Whether one more reader of this organization may wait."""
        if self.is_stopping or len(self._waiting) >= MOST_WAITERS:
            return False
        return self._counts[organization_id] < MOST_OF_ORGANIZATION

    @contextmanager
    def waiting(self, organization_id: int, place: LogCursor) -> Iterator[Waiter]:
        """A reader who waits until the block ends."""
        waiter = Waiter(organization_id, place)
        if self.is_stopping:
            waiter.has_news.set()
        self._waiting.add(waiter)
        self._counts[organization_id] += 1
        self._somebody.set()
        try:
            yield waiter
        finally:
            self._waiting.discard(waiter)
            self._counts[organization_id] -= 1
            if not self._counts[organization_id]:
                del self._counts[organization_id]

    def stop(self) -> None:
        """Send all readers away with what is there."""
        self.is_stopping = True
        for waiter in self._waiting:
            waiter.has_news.set()

    async def run(self) -> None:
        """Look for news until cancelled."""
        while True:
            if not self._waiting:
                self._somebody.clear()
                await self._somebody.wait()
            pause = POLL_SECONDS
            try:
                await self._look()
            except Exception:
                log.exception("events.not_looked")
                pause = PAUSE_SECONDS
            await asyncio.sleep(pause)

    async def _look(self) -> None:
        ends = await self._ends_of(sorted(self._counts))
        for waiter in self._waiting:
            end = ends.get(waiter.organization_id)
            if end is not None and (end.tx, end.id) > (waiter.place.tx, waiter.place.id):
                waiter.has_news.set()


async def first_of(*events: Callable[[], Awaitable[object]], seconds: float) -> None:
    """Return when the first of these has come, or the time is over; the others are cancelled."""
    tasks = [asyncio.ensure_future(event()) for event in events]
    try:
        await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        with suppress(Exception):
            await asyncio.gather(*tasks, return_exceptions=True)
