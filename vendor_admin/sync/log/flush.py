"""One flush: a transaction that checks fences, notes itself in the ledger, appends to the log and updates mirrors."""

from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import NamedTuple

import psycopg
from psycopg.adapt import Dumper
from psycopg.pq import Format

from vendor_admin.sync import backends
from vendor_admin.sync.log import batch_parameters as parameters
from vendor_admin.sync.log import statements
from vendor_admin.sync.log.rows import BadRow, Row, quarantined

STALE_FENCE = "VA001"


class StaleFenceError(Exception):
    """A lease of the batch is not held, or was taken over by another hub; nothing of the batch was written."""


class _JsonDumper(Dumper):
    format = Format.TEXT
    oid = psycopg.adapters.types["jsonb"].oid

    def dump(self, obj: bytes) -> bytes:
        return obj


async def connect(url: str, *, name: str = "vendor-admin hub") -> psycopg.AsyncConnection:
    """A connection for writing, called `name` at the server, that sends JSON parameters as they are."""
    connection = await backends.connect(url, name=name)
    connection.adapters.register_dumper(parameters.JsonParameter, _JsonDumper)
    return connection


class Statement(NamedTuple):
    """One statement of a flush with its parameters, and whether its rows are rows of the log."""

    sql: str
    parameters: parameters.Parameters
    is_log: bool = False


async def write_batch(
    connection: psycopg.AsyncConnection,
    rows: Sequence[Row | BadRow],
    *,
    fences: dict[int, int],
    in_log_only: bool = False,
    log_rows: bool = True,
    rendered: Iterable[Statement] | None = None,
    meanwhile: Callable[[], None] | None = None,
) -> int:
    """Write rows of one kind (all live, or all differences) in one transaction. Returns the number of log rows.

    `fences` maps each lease of the batch to the fence it is held under; without one, its rows must not be written. With
    `in_log_only` the mirrors are left alone. `rendered` are the batch's `statements_of` where they were made before;
    `meanwhile` is called while the server works. Raises StaleFenceError, or psycopg's error with nothing written.
    """
    if not {row.lease_id for row in rows} <= fences.keys():
        raise StaleFenceError
    appended: list[psycopg.AsyncCursor] = []
    try:
        async with _one_transaction(connection):
            await connection.execute(statements.HOLD_FENCES, [parameters.fence_parameter(fences)])
            for one in rendered or statements_of(rows, in_log_only=in_log_only, log_rows=log_rows):
                cursor = await connection.execute(one.sql, one.parameters)
                if one.is_log:
                    appended.append(cursor)
            await connection.execute("COMMIT")
            if meanwhile is not None:
                meanwhile()
    except psycopg.DatabaseError as error:
        if error.sqlstate == STALE_FENCE:
            raise StaleFenceError from None
        raise
    return sum(max(one.rowcount, 0) for one in appended)


def statements_of(
    rows: Sequence[Row | BadRow], *, in_log_only: bool = False, log_rows: bool = True
) -> Iterator[Statement]:
    """What writes a batch, in order, one by one: the server works on the first while the next is made."""
    entities = [row for row in rows if isinstance(row, Row)]
    yield Statement(statements.LEDGER, [parameters.ledger_parameter(rows)])
    if entities and log_rows and (in_log_only or not entities[0].is_difference):
        yield Statement(statements.LOG, parameters.log_parameters(entities), is_log=True)
    if not in_log_only:
        yield from _of_mirrors(entities)
    # In the order of leases, as whoever deletes old messages: each socket's count is a row, locked until the end.
    for row in sorted(rows, key=lambda row: row.lease_id):
        if isinstance(row, BadRow):
            yield Statement(statements.QUARANTINE, quarantine_values(row, is_in_log=in_log_only))
        elif row.oddity is not None and row.oddity.reason and not in_log_only:
            bad = quarantined(row, row.oddity.reason)
            yield Statement(statements.QUARANTINE, quarantine_values(bad, is_in_log=not row.is_difference))


@asynccontextmanager
async def _one_transaction(connection: psycopg.AsyncConnection) -> AsyncIterator[None]:
    """One transaction in one round trip, which its user ends by COMMIT.

    `connection.transaction()` inside a pipeline waits for BEGIN and for COMMIT.

    After an error the server skips the rest, COMMIT included, and the transaction is rolled back here.
    """
    try:
        async with connection.pipeline():
            await connection.execute("BEGIN")
            yield
    except BaseException:
        with suppress(psycopg.Error):
            await connection.rollback()
        raise


def _of_mirrors(rows: Sequence[Row]) -> Iterator[Statement]:
    for mirror, part, is_end in parameters.by_mirror(rows):
        own = parameters.deletion_parameters(part) if is_end else parameters.mirror_parameters(mirror, part)
        if part[0].is_difference:
            sql = mirror.mark_vanished if is_end else mirror.upsert_differences
            yield Statement(sql, own | parameters.log_parameters(part), is_log=True)
        else:
            yield Statement(mirror.mark_deleted if is_end else mirror.upsert, own)


def quarantine_values(row: BadRow, *, is_in_log: bool) -> dict[str, object]:
    """Return the columns of a message that could not be read. `is_in_log`: its event was stored all the same."""
    return {
        "organization_id": row.organization_id,
        "lease_id": row.lease_id,
        "environment": row.environment,
        "epoch": row.epoch,
        "seq": row.seq,
        "received_at": row.received_at,
        "entity_type": storable(row.entity_type),
        "entity_id": row.entity_id,
        "reason": storable(row.reason),
        "is_in_log": is_in_log,
        "raw": row.raw,
        "full_size": row.full_size,
    }


def storable(text: str) -> str:
    """Text without what PostgreSQL cannot hold: NUL and lone surrogates."""
    return text.encode("utf-8", "backslashreplace").decode().replace("\x00", "\\0")
