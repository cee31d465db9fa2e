"""One flush: a transaction that checks fences, notes itself in the ledger, appends to the log and updates mirrors."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress

import psycopg
from psycopg.adapt import Dumper
from psycopg.pq import Format

from vendor_admin.sync import batch as parameters
from vendor_admin.sync import statements
from vendor_admin.sync.rows import BadRow, Row

STALE_FENCE = "VA001"


class StaleFenceError(Exception):
    """A lease of the batch was taken over by another hub; nothing of the batch was written."""


class _JsonDumper(Dumper):
    format = Format.TEXT
    oid = psycopg.adapters.types["jsonb"].oid

    def dump(self, obj: bytes) -> bytes:
        return obj


async def connect(url: str) -> psycopg.AsyncConnection:
    """A connection for the writer: never left waiting in a transaction, and sending JSON parameters as they are."""
    connection = await psycopg.AsyncConnection.connect(
        url,
        autocommit=True,
        connect_timeout=5,
        application_name="vendor-admin hub",
        options="-c idle_in_transaction_session_timeout=5s -c lock_timeout=5s -c timezone=UTC",
        prepare_threshold=2,
        keepalives_idle=10,
        keepalives_interval=5,
        keepalives_count=3,
        tcp_user_timeout=20_000,
    )
    connection.adapters.register_dumper(parameters.JsonParameter, _JsonDumper)
    return connection


async def write_batch(
    connection: psycopg.AsyncConnection,
    rows: Sequence[Row | BadRow],
    *,
    fences: dict[int, int],
    in_log_only: bool = False,
    log_rows: bool = True,
) -> int:
    """Write rows of one kind (all live, or all differences) in one transaction. Returns the number of log rows.

    `fences` maps each lease of the batch to the fence it is held under. With `in_log_only` the mirrors are left alone.
    Raises StaleFenceError, or psycopg's error with nothing written.
    """
    entities = [row for row in rows if isinstance(row, Row)]
    bad = [row for row in rows if isinstance(row, BadRow)]
    appended: list[psycopg.AsyncCursor] = []
    try:
        async with _one_transaction(connection):
            await connection.execute(statements.HOLD_FENCES, [parameters.fence_parameter(fences)])
            await connection.execute(statements.LEDGER, [parameters.ledger_parameter(rows)])
            if entities and log_rows and (in_log_only or not entities[0].is_difference):
                appended.append(await connection.execute(statements.LOG, parameters.log_parameters(entities)))
            if entities and not in_log_only:
                appended += await _write_mirrors(connection, entities)
            for row in bad:
                values = _quarantine_values(row, is_in_log=in_log_only)
                await connection.execute(statements.QUARANTINE, values)
    except psycopg.DatabaseError as error:
        if error.sqlstate == STALE_FENCE:
            raise StaleFenceError from None
        raise
    return sum(max(one.rowcount, 0) for one in appended)


@asynccontextmanager
async def _one_transaction(connection: psycopg.AsyncConnection) -> AsyncIterator[None]:
    """One transaction in one round trip; `connection.transaction()` inside a pipeline waits for BEGIN and for COMMIT.

    After an error the server skips the rest, COMMIT included, and the transaction is rolled back here.
    """
    try:
        async with connection.pipeline():
            await connection.execute("BEGIN")
            yield
            await connection.execute("COMMIT")
    except BaseException:
        with suppress(psycopg.Error):
            await connection.rollback()
        raise


async def _write_mirrors(connection: psycopg.AsyncConnection, rows: Sequence[Row]) -> list[psycopg.AsyncCursor]:
    appended = []
    for mirror, values, deletions in parameters.by_mirror(rows):
        if values and values[0].is_difference:
            both = parameters.mirror_parameters(mirror, values) | parameters.log_parameters(values)
            appended.append(await connection.execute(mirror.upsert_differences, both))
        elif values:
            await connection.execute(mirror.upsert, parameters.mirror_parameters(mirror, values))
        if deletions and deletions[0].is_difference:
            both = parameters.deletion_parameters(deletions) | parameters.log_parameters(deletions)
            appended.append(await connection.execute(mirror.mark_vanished, both))
        elif deletions:
            await connection.execute(mirror.mark_deleted, parameters.deletion_parameters(deletions))
    return appended


def _quarantine_values(row: BadRow, *, is_in_log: bool) -> tuple[object, ...]:
    return (
        row.organization_id,
        row.lease_id,
        row.environment,
        row.epoch,
        row.seq,
        row.received_at,
        storable(row.entity_type),
        row.entity_id,
        storable(row.reason),
        is_in_log,
        row.raw,
    )


def storable(text: str) -> str:
    """Text without what PostgreSQL cannot hold: NUL and lone surrogates."""
    return text.encode("utf-8", "backslashreplace").decode().replace("\x00", "\\0")
