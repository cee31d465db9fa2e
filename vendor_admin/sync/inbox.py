"""The bounded queue between the sockets of a hub and its writer."""

import asyncio
from collections import deque
from collections.abc import Sequence
from datetime import datetime
from itertools import islice, takewhile

from vendor_admin.sync.rows import BadRow, Row

MAX_ROWS = 4_000
MAX_BYTES = 32 * 2**20


class Inbox:
    """Rows in the order of their arrival. Full at 4,000 rows or 32 MiB: sockets then stop reading until there is
    room. `count` is how many were ever put.
    """

    def __init__(self, *, max_rows: int = MAX_ROWS, max_bytes: int = MAX_BYTES) -> None:
        self._rows: deque[Row | BadRow] = deque()
        self._bytes = 0
        self._max_rows, self._max_bytes = max_rows, max_bytes
        self._arrived = asyncio.Event()
        self._has_room = asyncio.Event()
        self._has_room.set()
        self._in_hand: list[Row | BadRow] = []
        self.count = 0

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def is_full(self) -> bool:
        return not self._has_room.is_set()

    def put(self, rows: Sequence[Row | BadRow]) -> None:
        """Add rows. Never refuses: readers ask `is_full` first, so at most one frame goes over the bound."""
        self._rows.extend(rows)
        self.count += len(rows)
        self._bytes += sum(row.size for row in rows)
        self._arrived.set()
        if len(self._rows) >= self._max_rows or self._bytes >= self._max_bytes:
            self._has_room.clear()

    def take(self, limit: int) -> list[Row | BadRow]:
        """The next rows of one kind, at most `limit`: live rows of any socket, or differences of one socket.

        They count as in hand until `done`.
        """
        batch: list[Row | BadRow] = []
        while self._rows and len(batch) < limit and (not batch or _goes_with(batch[0], self._rows[0])):
            row = self._rows.popleft()
            self._bytes -= row.size
            batch.append(row)
        self._in_hand = batch
        if not self._rows:
            self._arrived.clear()
        if len(self._rows) < self._max_rows // 2 and self._bytes < self._max_bytes // 2:
            self._has_room.set()
        return batch

    def ahead(self, limit: int) -> list[Row | BadRow]:
        """What `take` will give next. Once there are as many it stays so: rows are only added behind."""
        first = self._rows[0] if self._rows else None
        return list(takewhile(lambda row: first is not None and _goes_with(first, row), islice(self._rows, limit)))

    def waited_seconds(self, *, now: datetime) -> float:
        """How long the first row has waited: the flush before it took some of its window. Never negative."""
        if not self._rows:
            return 0.0
        return max((now - datetime.fromisoformat(self._rows[0].received_at)).total_seconds(), 0.0)

    def done(self) -> None:
        """The rows taken last are committed or refused for good."""
        self._in_hand = []

    def oldest_received_at(self) -> dict[int, str]:
        """When the oldest row of each socket that is not yet committed was received (ISO text), by lease."""
        oldest: dict[int, str] = {}
        for rows in (self._in_hand, self._rows):
            for row in rows:
                oldest.setdefault(row.lease_id, row.received_at)
        return oldest

    async def arrival(self) -> None:
        """Wait until there is a row."""
        await self._arrived.wait()

    async def room(self) -> None:
        """Wait until there is room."""
        await self._has_room.wait()

    async def written(self, count: int, *, poll_seconds: float = 0.01) -> None:
        """Wait until the first `count` rows ever put are committed or refused."""
        while self.count - len(self._rows) - len(self._in_hand) < count:
            await asyncio.sleep(poll_seconds)

    async def drained(self) -> None:
        """Wait until every row is committed or refused (at shutdown)."""
        await self.written(self.count)


def _goes_with(first: Row | BadRow, other: Row | BadRow) -> bool:
    if first.is_difference or other.is_difference:
        return first.is_difference == other.is_difference and first.lease_id == other.lease_id
    return True
