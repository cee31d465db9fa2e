"""Writes what the sockets of a hub received: one transaction per flush for all of them (flush.py, batch_writer.py).

When a batch cannot be written although the database answers (somebody has a row locked, a disk is full), the sockets it
came from are set aside: each is then written by itself, over other connections, in ever smaller parts, until it has
nothing waiting any more. So one that cannot be written never stops the others.
"""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import structlog

from vendor_admin.sync import backends
from vendor_admin.sync.log.ahead import BACKLOG_ROWS, Ahead
from vendor_admin.sync.log.batch_writer import BatchWriter
from vendor_admin.sync.log.inbox import Inbox
from vendor_admin.sync.log.rows import BadRow, Row

log = structlog.get_logger(__name__)

FLUSH_SECONDS = 0.050
FLUSH_ROWS = 500
# How often a batch of all sockets is tried before they are set aside.
PATIENCE = 2
# Connections for sockets that are set aside, opened as they are needed, and the pauses between tries.
ASIDE_CONNECTIONS = 4
ASIDE_SECONDS = (0.1, 2.0)


class Writer:
    """The one writer of a hub: takes batches from the inbox and writes them, whatever happens to the database.

    `name` is its hub's. `fence_of` tells the fence under which rows of a lease and epoch may be written, or None when
    that time is over (they are then dropped and counted). After each commit `on_stored` is told the lease, its log
    rows, their lag in ms, and whether they were differences; after rows that nothing could take `on_lost` is told the
    lease, the gap that shows the loss, and their types.
    """

    def __init__(
        self,
        *,
        url: str,
        name: str,
        inbox: Inbox,
        fence_of: Callable[[int, int], int | None],
        on_stored: Callable[[int, int, int, bool], None],
        on_lost: Callable[[int, int, set[str]], None] = lambda *_: None,
    ) -> None:
        self._inbox = inbox

        def connection(part: str, ahead: Ahead | None = None) -> BatchWriter:
            called = backends.application_name(name, part)
            return BatchWriter(
                url=url, name=called, fence_of=fence_of, on_stored=on_stored, on_lost=on_lost, ahead=ahead
            )

        self._common = connection("writer", Ahead(inbox))
        self._connections = [connection(f"aside {number}") for number in range(1, ASIDE_CONNECTIONS + 1)]
        self._idle: asyncio.LifoQueue[BatchWriter] = asyncio.LifoQueue()
        for one in self._connections:
            self._idle.put_nowait(one)
        self._aside: dict[int, asyncio.Task[None]] = {}
        self._trouble: dict[int, str] = {}

    async def run(self) -> None:
        """Write until cancelled."""
        inbox = self._inbox
        for lease_id in inbox.aside:
            self._start_aside(lease_id)  # this is not the first run
        try:
            while True:
                await inbox.arrival()
                if inbox.ready < FLUSH_ROWS:
                    await asyncio.sleep(FLUSH_SECONDS - inbox.waited_seconds(now=datetime.now(UTC)))
                batch = inbox.take(BACKLOG_ROWS if inbox.ready > FLUSH_ROWS else FLUSH_ROWS)
                left = await self._common.write(batch, patience=PATIENCE)
                if left:
                    self._set_aside(left)
                inbox.done()
        finally:
            for task in self._aside.values():
                task.cancel()
            await asyncio.gather(*self._aside.values(), return_exceptions=True)
            for writer in (self._common, *self._connections):
                await writer.close()

    def trouble_of(self, lease_id: int) -> str:
        """Why the rows of a socket are not being written, as the database says it; empty while they are."""
        return self._trouble.get(lease_id) or self._common.trouble

    def _set_aside(self, rows: Sequence[Row | BadRow]) -> None:
        why = self._common.trouble
        for lease_id in self._inbox.set_aside(rows):
            log.warning("sync.set_aside", lease=lease_id, why=why)
            self._trouble[lease_id] = why
            self._start_aside(lease_id)
        self._common.trouble = ""

    def _start_aside(self, lease_id: int) -> None:
        self._aside[lease_id] = asyncio.create_task(self._write_aside(lease_id))

    async def _write_aside(self, lease_id: int) -> None:
        """Write what one socket has waiting until it is one of all again."""
        inbox, limit, pause = self._inbox, FLUSH_ROWS, ASIDE_SECONDS[0]
        while rows := inbox.take(limit, lease_id=lease_id):
            writer = await self._idle.get()
            try:
                left = await writer.write(rows, patience=1)
                self._trouble[lease_id] = writer.trouble
            finally:
                self._idle.put_nowait(writer)
            if left:
                inbox.put_back(left, lease_id=lease_id)
            inbox.done(lease_id=lease_id)
            if left:
                limit = max(len(left) // 4, 1)
                await asyncio.sleep(pause)
                pause = min(pause * 2, ASIDE_SECONDS[1])
            else:
                limit, pause = min(limit * 2, FLUSH_ROWS), ASIDE_SECONDS[0]
        inbox.restore(lease_id)
        self._aside.pop(lease_id)
        self._trouble.pop(lease_id, None)
        log.info("sync.written_with_all_again", lease=lease_id)
