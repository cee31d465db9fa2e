"""Leases without sockets, rows as a socket would make them, and a writer that writes them."""

import asyncio
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from typing import Any

import psycopg

from vendor_admin.sync.leases import Held
from vendor_admin.sync.log import flush
from vendor_admin.sync.log.entity_reader import Accounts, read_entity, snapshot_order
from vendor_admin.sync.log.inbox import Inbox
from vendor_admin.sync.log.rows import BadRow, Row
from vendor_admin.sync.log.writer import Writer
from vendor_admin.sync.models import Kind
from vendor_admin.sync.socket.intake import Intake
from vendor_admin.sync.socket.listening import KINDS
from vendor_admin.tradovate.socket.sync_session import EntityReceived, Malformed, SnapshotPart, SyncSession

RECEIVED_AT = "2026-11-20T12:00:00+00:00"


@dataclass
class Desk:
    """`fences` maps each lease to the fence this hub believes to hold; lease n belongs to organization n."""

    url: str
    admin: psycopg.Connection
    fences: dict[int, int] = field(default_factory=dict)
    stored: list[tuple[int, int]] = field(default_factory=list)

    def add_lease(self, lease_id: int = 1, *, fence: int = 1) -> None:
        self.admin.execute("SET session_replication_role = replica")
        self.admin.execute(
            "INSERT INTO sync_lease (id, organization_id, connection_id, fence, environment, shard, holder, epoch,"
            " state, reason, advice, events_stored, lag_ms)"
            " VALUES (%s, %s, %s, %s, 'demo', 0, 'me', 1, 'live', '', '', 0, 0)",
            [lease_id, lease_id, lease_id, fence],
        )
        self.fences[lease_id] = fence

    def take_over(self, lease_id: int = 1) -> None:
        """Another hub takes the lease; this one does not know yet."""
        self.admin.execute("UPDATE sync_lease SET fence = fence + 1, holder = 'other' WHERE id = %s", [lease_id])

    def flush(self, rows: Sequence[Row | BadRow], **options: Any) -> int:
        """Write one batch at once by the product's function; returns the number of log rows."""

        async def run() -> int:
            connection = await flush.connect(self.url)
            try:
                fences = {row.lease_id: self.fences[row.lease_id] for row in rows}
                return await flush.write_batch(connection, rows, fences=fences, **options)
            finally:
                await connection.close()

        return asyncio.run(run())

    def write(
        self,
        rows: Iterable[Row | BadRow],
        *,
        url: str = "",
        meanwhile: Callable[[], object] = lambda: None,
        fence_of: Callable[[int, int], int | None] | None = None,
    ) -> None:
        """Let the hub's writer write rows to the end; `meanwhile` runs in a thread beside it."""

        async def run() -> None:
            inbox = Inbox()
            writing = asyncio.create_task(
                Writer(
                    url=url or self.url,
                    name="desk",
                    inbox=inbox,
                    fence_of=fence_of or (lambda lease_id, _epoch: self.fences.get(lease_id)),
                    on_stored=lambda lease_id, count, _lag_ms, _is_difference: self.stored.append((lease_id, count)),
                ).run()
            )
            inbox.put(list(rows))
            beside = asyncio.create_task(asyncio.to_thread(meanwhile))
            async with asyncio.timeout(60):
                await inbox.drained()
                await beside
            writing.cancel()
            await asyncio.gather(writing, return_exceptions=True)

        asyncio.run(run())


class Ear:
    """One socket's life without the socket: frames become rows as they do there, of lease 1 and organization 1."""

    def __init__(self, *, epoch: int = 1, at: str = RECEIVED_AT) -> None:
        lease = Held(1, 1, 1, "demo", 0, 1, epoch, None, None, 1, "", "")
        self.intake = Intake(lease)
        self.intake.received_at = datetime.fromisoformat(at)
        self.session = SyncSession(access_token="t", sync_request={}, now=0.0)
        for frame in (b"o", b'a[{"s":200,"i":1}]', b'a[{"s":200,"i":2,"d":{}}]'):
            self.session.receive(frame, now=0.0)

    def rows(self, *frames: bytes) -> list[Row | BadRow]:
        """What a socket would queue for frames, in its order."""
        return [row for frame in frames for event in self.session.receive(frame, now=0.0) for row in self._of(event)]

    def _of(self, event: object) -> Iterable[Row | BadRow]:
        match event:
            case EntityReceived(entity_type, event_type, entity):
                yield self.intake.row(entity_type, entity, kind=KINDS[event_type])
            case Malformed(raw, reason, entity_type):
                yield self.intake.bad_row(entity_type or "", raw, reason)
            case SnapshotPart(collections):
                for entity_type, entities in sorted(collections, key=lambda one: snapshot_order(one[0])):
                    for entity in entities:
                        yield self.intake.row(entity_type, entity, kind=int(Kind.RESYNC), is_difference=True)


def by_kind(rows: Iterable[Row | BadRow]) -> list[list[Row | BadRow]]:
    """Batches as the inbox cuts them: live rows or differences."""
    return [list(part) for _, part in groupby(rows, key=lambda one: one.is_difference)]


def row(
    seq: int,
    entity_id: int = 5,
    *,
    entity_type: str = "account",
    kind: Kind = Kind.UPDATED,
    lease_id: int = 1,
    epoch: int = 1,
    is_difference: bool = False,
    **fields: Any,
) -> Row:
    """A row as a socket makes it of an entity with these fields of the platform."""
    entity = json.dumps({"id": entity_id, **fields}, separators=(",", ":")).encode()
    number, account_id, extra, oddity = read_entity(entity_type, entity, Accounts())
    return Row(
        lease_id,
        "demo",
        lease_id,
        epoch,
        seq,
        RECEIVED_AT,
        int(kind),
        entity_type,
        number,
        account_id,
        entity,
        extra,
        is_difference,
        oddity,
    )
