"""Leases without sockets, rows as a socket would make them, and a writer that writes them."""

import asyncio
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import psycopg

from vendor_admin.sync import writer
from vendor_admin.sync.inbox import Inbox
from vendor_admin.sync.models import Kind
from vendor_admin.sync.reading import Accounts, read_entity
from vendor_admin.sync.rows import BadRow, Row

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
            connection = await writer.connect(self.url)
            try:
                fences = {row.lease_id: self.fences[row.lease_id] for row in rows}
                return await writer.write_batch(connection, rows, fences=fences, **options)
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
                writer.Writer(
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
    number, account_id, extra = read_entity(entity_type, entity, Accounts())
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
    )
