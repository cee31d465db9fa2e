"""The bounded queues between the sockets of a hub and its writer."""

import asyncio
from collections import Counter, deque
from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import chain, islice

from vendor_admin.sync.log.rows import BadRow, Row

MAX_ROWS = 4_000
MAX_BYTES = 32 * 2**20
# What one socket that is set aside may have waiting; together those may have as many bytes as all others.
ASIDE_ROWS = 1_000
# Few rows wait while a queue is less than a quarter full.
EBB = 4
# Of the bytes, the rows of one organization take a quarter at most: whoever sends without end holds up nobody else.
SHARES = 4
# A batch ends at so many bytes, or with its first row.
BATCH_BYTES = 4 * 2**20


class Inbox:
    """Rows in the order of their arrival. Full at 4,000 rows or 32 MiB, and for an organization at 8 MiB of its own:
    sockets then stop reading until there is room.

    A socket whose rows cannot be written is set aside: they wait in a queue of its own, and hold up nobody else's.
    `take`, `put_back` and `done` mean the common queue, or that of `lease_id`.
    """

    def __init__(self, *, max_rows: int = MAX_ROWS, max_bytes: int = MAX_BYTES) -> None:
        self._max_rows, self._max_bytes = max_rows, max_bytes
        self._common = _Queue(share=max_bytes // SHARES)
        self._organizations: dict[int, int] = {}
        self._aside: dict[int, _Queue] = {}
        self._put: Counter[int] = Counter()
        self._ended: Counter[int] = Counter()

    def __len__(self) -> int:
        return len(self._common.rows) + sum(len(queue.rows) for queue in self._aside.values())

    @property
    def ready(self) -> int:
        """How many rows wait in the common queue."""
        return len(self._common.rows)

    @property
    def aside(self) -> list[int]:
        """The leases of the sockets that are set aside."""
        return list(self._aside)

    def is_full(self, lease_id: int) -> bool:
        """Whether a socket should stop reading."""
        queue, organization = self._queue_of(lease_id), self._organizations.get(lease_id)
        return not queue.has_room.is_set() or not queue.room_of(organization).is_set()

    def put(self, rows: Sequence[Row | BadRow]) -> None:
        """Add rows. Never refuses: readers ask `is_full` first, so at most one frame goes over the bound."""
        for row in rows:
            self._put[row.lease_id] += 1
            self._organizations[row.lease_id] = row.organization_id
        if not self._aside:
            self._common.put(rows)
        else:
            for row in rows:
                self._queue_of(row.lease_id).put([row])
        self._limit()

    def take(self, limit: int, *, lease_id: int | None = None) -> list[Row | BadRow]:
        """The next rows of one kind, at most `limit` and BATCH_BYTES: live rows of any socket, or differences of one.

        They count as in hand until `done`.
        """
        batch = self._named(lease_id).take(limit)
        self._limit()
        return batch

    def ahead(self, limit: int) -> list[Row | BadRow]:
        """What `take` will give next. Once there are as many it stays so: rows are only added behind, unless a socket
        is set aside.
        """
        return self._common.ahead(limit)

    def waited_seconds(self, *, now: datetime) -> float:
        """How long the first row has waited: the flush before it took some of its window. Never negative."""
        if not self._common.rows:
            return 0.0
        return max((now - datetime.fromisoformat(self._common.rows[0].received_at)).total_seconds(), 0.0)

    def done(self, *, lease_id: int | None = None) -> None:
        """The rows taken last are committed or refused for good."""
        queue = self._named(lease_id)
        for row in queue.in_hand:
            self._ended[row.lease_id] += 1
        queue.in_hand = []

    def put_back(self, rows: Sequence[Row | BadRow], *, lease_id: int) -> None:
        """The last of the rows in hand of a socket that is set aside could not be written yet."""
        queue = self._aside[lease_id]
        queue.in_hand = queue.in_hand[: len(queue.in_hand) - len(rows)]
        queue.put_first(rows)
        self._limit()

    def set_aside(self, rows: Sequence[Row | BadRow]) -> list[int]:
        """The last of the rows in hand could not be written: set the sockets they came from aside, with all that they
        have waiting. Returns their leases.
        """
        common = self._common
        common.in_hand = common.in_hand[: len(common.in_hand) - len(rows)]
        leases = list(dict.fromkeys(row.lease_id for row in rows))
        self._aside |= {lease_id: _Queue() for lease_id in leases}
        for row in chain(rows, common.empty()):
            self._queue_of(row.lease_id).put([row])
        self._limit()
        return leases

    def restore(self, lease_id: int) -> None:
        """A socket that was set aside has nothing waiting any more: it is one of all again."""
        queue = self._aside.pop(lease_id)
        queue.has_room.set()
        queue.has_ebbed.set()
        self._limit()

    def oldest_received_at(self) -> dict[int, str]:
        """When the oldest row of each socket that is not yet committed was received (ISO text), by lease; rows under
        reserved numbers were asked for, and are passed over.
        """
        oldest: dict[int, str] = {}
        for queue in (self._common, *self._aside.values()):
            for row in chain(queue.in_hand, queue.rows):
                if not row.is_reserved:
                    oldest.setdefault(row.lease_id, row.received_at)
        return oldest

    async def arrival(self) -> None:
        """Wait until there is a row in the common queue."""
        await self._common.has_some.wait()

    async def room(self, lease_id: int) -> None:
        """Wait until there is room for a socket's rows."""
        await self._queue_of(lease_id).has_room.wait()
        await self._queue_of(lease_id).room_of(self._organizations.get(lease_id)).wait()

    async def ebb(self, lease_id: int) -> None:
        """Wait until few rows wait with a socket's: what is not urgent then never holds up what sockets hear for long,
        nor fills the queue.
        """
        await self._queue_of(lease_id).has_ebbed.wait()

    async def written(self, lease_id: int, *, poll_seconds: float = 0.01) -> None:
        """Wait until all rows that a socket has put so far are committed or refused."""
        count = self._put[lease_id]
        while self._ended[lease_id] < count:
            await asyncio.sleep(poll_seconds)

    async def drained(self) -> None:
        """Wait until every row is committed or refused (at shutdown)."""
        for lease_id in list(self._put):
            await self.written(lease_id)

    def _named(self, lease_id: int | None) -> "_Queue":
        return self._common if lease_id is None else self._aside[lease_id]

    def _queue_of(self, lease_id: int) -> "_Queue":
        return self._aside.get(lease_id, self._common)

    def _limit(self) -> None:
        """Open and close the queues for more."""
        self._common.limit(rows=self._max_rows, size=self._max_bytes)
        if self._aside:
            left = self._max_bytes - sum(queue.size for queue in self._aside.values())
            for queue in self._aside.values():
                queue.limit(rows=ASIDE_ROWS, size=max(left, 0) + queue.size)


class _Queue:
    """Rows that wait, and those that were taken from them last. An organization has room while its rows take less than
    `share` bytes.
    """

    def __init__(self, *, share: int | None = None) -> None:
        self.rows: deque[Row | BadRow] = deque()
        self.size = 0
        self._share, self._sizes = share, Counter[int]()
        self._rooms: dict[int | None, asyncio.Event] = {}
        self.in_hand: list[Row | BadRow] = []
        self.has_some, self.has_room, self.has_ebbed = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self.has_room.set()
        self.has_ebbed.set()

    def put(self, rows: Sequence[Row | BadRow]) -> None:
        self.rows.extend(rows)
        self._count(rows)

    def put_first(self, rows: Sequence[Row | BadRow]) -> None:
        self.rows.extendleft(reversed(rows))
        self._count(rows)

    def empty(self) -> Iterable[Row | BadRow]:
        """Give up all rows that wait."""
        rows, self.rows, self.size = self.rows, deque(), 0
        self._sizes.clear()
        for room in self._rooms.values():
            room.set()
        self.has_some.clear()
        return rows

    def room_of(self, organization: int | None) -> asyncio.Event:
        """Set while the organization's rows leave room for more."""
        if (room := self._rooms.get(organization)) is None:
            room = self._rooms[organization] = asyncio.Event()
            room.set()
        return room

    def _count(self, rows: Sequence[Row | BadRow]) -> None:
        for row in rows:
            self.size += row.size
            self._sizes[row.organization_id] += row.size
            if self._share is not None and self._sizes[row.organization_id] >= self._share:
                self.room_of(row.organization_id).clear()
        self.has_some.set()

    def take(self, limit: int) -> list[Row | BadRow]:
        batch = self.ahead(limit)
        for row in batch:
            self.rows.popleft()
            self.size -= row.size
            self._sizes[row.organization_id] -= row.size
            if self._share is not None and self._sizes[row.organization_id] <= self._share // 2:
                self.room_of(row.organization_id).set()
        self.in_hand = batch
        if not self.rows:
            self.has_some.clear()
        return batch

    def ahead(self, limit: int) -> list[Row | BadRow]:
        batch: list[Row | BadRow] = []
        size = 0
        for row in islice(self.rows, limit):
            size += row.size
            if batch and (size > BATCH_BYTES or not _goes_with(batch[0], row)):
                break
            batch.append(row)
        return batch

    def limit(self, *, rows: int, size: int) -> None:
        """Closed from a bound on, until it is half empty."""
        if len(self.rows) >= rows or self.size >= size:
            self.has_room.clear()
        elif len(self.rows) < rows // 2 and self.size < size // 2:
            self.has_room.set()
        if len(self.rows) >= rows // EBB or self.size >= size // EBB:
            self.has_ebbed.clear()
        else:
            self.has_ebbed.set()


def _goes_with(first: Row | BadRow, other: Row | BadRow) -> bool:
    if first.is_difference or other.is_difference:
        return first.is_difference == other.is_difference and first.lease_id == other.lease_id
    return True
