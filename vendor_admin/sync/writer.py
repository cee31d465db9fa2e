"""Writes what the sockets of a hub received: one transaction per flush, in one pipeline, all or nothing (flush.py).

A batch that the database refuses for its data, or on which our own code fails, is split until the bad row stands alone,
which goes to quarantine (and to the log, where the log can take it). What not even quarantine takes is shown as a gap.
After a lost connection the ledger tells whether the last COMMIT happened, so nothing is written twice.
"""

import asyncio
import operator
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import psycopg
import structlog

from vendor_admin.sync import backends, gaps, metrics, statements
from vendor_admin.sync import batch as parameters
from vendor_admin.sync.flush import StaleFenceError, Statement, connect, statements_of, write_batch
from vendor_admin.sync.inbox import Inbox
from vendor_admin.sync.rows import BadRow, Row, by_lease, quarantined

__all__ = ["FLUSH_SECONDS", "StaleFenceError", "Writer", "connect", "write_batch"]

log = structlog.get_logger(__name__)

FLUSH_SECONDS = 0.050
FLUSH_ROWS = 500
BACKLOG_ROWS = 1_000
RETRY_SECONDS = (0.1, 2.0)
# How often a batch is tried on which our own code fails, before it is split.
TRIES = 2
# What the server answers when a value cannot be stored: data exceptions, broken constraints, program limits, bad JSON.
_DATA_ERRORS = (
    ValueError,
    psycopg.DataError,
    psycopg.IntegrityError,
    psycopg.errors.ProgramLimitExceeded,
    psycopg.NotSupportedError,
)
_OUTAGES = (psycopg.Error, OSError, TimeoutError)


class UnwritableError(Exception):
    """Our own code failed on rows, again and again; nothing of them is written."""


@dataclass(frozen=True)
class _Ahead:
    """The statements of a batch, made before its turn."""

    rows: Sequence[Row | BadRow]
    statements: Sequence[Statement]

    def statements_for(self, rows: Sequence[Row | BadRow]) -> Sequence[Statement] | None:
        """The statements, if they are for just these rows."""
        is_same = len(rows) == len(self.rows) and all(map(operator.is_, rows, self.rows))
        return self.statements if is_same else None


class Writer:
    """The one writer of a hub: takes batches from the inbox and writes them, whatever happens to the database.

    `name` is its hub's. `fence_of` tells the fence under which rows of a lease and epoch may be written, or None when
    that time is over (they are then dropped and counted). After each commit `on_stored` is told the lease, its log
    rows, their lag in ms, and whether they were differences.
    """

    def __init__(
        self,
        *,
        url: str,
        name: str,
        inbox: Inbox,
        fence_of: Callable[[int, int], int | None],
        on_stored: Callable[[int, int, int, bool], None],
    ) -> None:
        self._url, self._inbox, self._fence_of, self._on_stored = url, inbox, fence_of, on_stored
        self._name = backends.application_name(name, "writer")
        self._connection: psycopg.AsyncConnection | None = None
        self._ahead: _Ahead | None = None

    async def run(self) -> None:
        """Write until cancelled."""
        try:
            while True:
                await self._inbox.arrival()
                if len(self._inbox) < FLUSH_ROWS:
                    await asyncio.sleep(FLUSH_SECONDS - self._inbox.waited_seconds(now=datetime.now(UTC)))
                await self._see_through(self._inbox.take(BACKLOG_ROWS if len(self._inbox) > FLUSH_ROWS else FLUSH_ROWS))
                self._inbox.done()
        finally:
            await self._disconnect()

    async def _see_through(self, batch: Sequence[Row | BadRow]) -> None:
        """Write a batch. Whatever goes wrong, the writer goes on, and what was lost is shown."""
        try:
            lost = await self._write(batch, tries=TRIES)
        except Exception:
            log.exception("sync.batch_failed", rows=len(batch))
            lost = list(batch)
        try:
            await self._note_loss(lost)
        except Exception:
            log.exception("sync.loss_not_noted", rows=len(lost))

    async def _write(self, rows: Sequence[Row | BadRow], *, tries: int = 1) -> list[Row | BadRow]:
        """Write rows in their order; if they are refused in ever smaller parts, until the bad row stands alone.

        Returns the rows that nothing could take.
        """
        try:
            await self._commit(rows, tries=tries)
            return []
        except (*_DATA_ERRORS, UnwritableError) as error:
            if len(rows) > 1:
                half = len(rows) // 2
                return await self._write(rows[:half]) + await self._write(rows[half:])
            is_kept = isinstance(rows[0], Row) and await self._quarantine(rows[0], _plainly(error))
            return [] if is_kept else list(rows)

    async def _quarantine(self, row: Row, reason: str) -> bool:
        """Keep an entity that the mirror refused: in the log if the log can take it, and in quarantine either way."""
        log.warning("sync.quarantined", entity_type=row.entity_type, entity_id=row.entity_id, reason=reason)
        bad = quarantined(row, reason)
        ways: list[tuple[list[Row | BadRow], bool]] = [([row, bad], True), ([bad], False)]
        for rows, in_log_only in ways:
            try:
                await self._commit(rows, in_log_only=in_log_only)
                return True
            except (*_DATA_ERRORS, UnwritableError) as error:
                log.warning("sync.quarantine_refused", is_in_log=in_log_only, error=_plainly(error))
        return False

    async def _note_loss(self, rows: Sequence[Row | BadRow]) -> None:
        """Show the time in which rows arrived that nothing could take as a gap of their socket."""
        for (lease_id, epoch), group in by_lease(rows).items():
            metrics.lost_rows.inc(len(group))
            log.error("sync.rows_lost", lease=lease_id, rows=len(group))
            times = [datetime.fromisoformat(row.received_at) for row in group]
            reason = f"{len(group)} received rows could not be stored; the worker's log says why"
            while (fence := self._fence_of(lease_id, epoch)) is not None:
                try:
                    connection = await self._connected()
                    await gaps.note_loss(
                        connection,
                        lease_id=lease_id,
                        fence=fence,
                        epoch=epoch,
                        started_at=min(times),
                        ended_at=max(times),
                        reason=reason,
                    )
                    break
                except _OUTAGES as error:
                    log.warning("sync.loss_not_noted_yet", error=str(error).strip())
                    await self._disconnect()
                    await asyncio.sleep(RETRY_SECONDS[1])

    async def _commit(self, rows: Sequence[Row | BadRow], *, in_log_only: bool = False, tries: int = 1) -> None:
        """One transaction, retried until it is committed or its leases are lost. Raises data errors, and
        UnwritableError when our own code has failed on it `tries` times.
        """
        pause, may_be_committed, is_stale = RETRY_SECONDS[0], False, False
        failure: Exception | None = None
        while rows := self._still_held(rows):
            try:
                connection = await self._connected()
                if is_stale:
                    rows, is_stale = await self._drop_stale(connection, rows), False
                    continue
                if may_be_committed and await _is_committed(connection, rows):
                    self._stored(rows, 0)
                    return
                if failure is not None and tries <= 0:
                    raise UnwritableError(f"{type(failure).__name__}: {failure}") from failure
                may_be_committed = True
                started = time.perf_counter()
                rendered = None if in_log_only or self._ahead is None else self._ahead.statements_for(rows)
                count = await write_batch(
                    connection,
                    rows,
                    fences=self._fences(rows),
                    in_log_only=in_log_only,
                    rendered=rendered,
                    meanwhile=self._look_ahead,
                )
                metrics.flush_seconds.observe(time.perf_counter() - started)
                self._stored(rows, count)
                return
            except StaleFenceError:
                may_be_committed, is_stale = False, True
            except psycopg.errors.UniqueViolation as error:
                if error.diag.table_name != "sync_batch":
                    raise
                self._stored(rows, 0)  # an earlier COMMIT, whose answer was lost, has come through meanwhile
                return
            except (*_DATA_ERRORS, UnwritableError):
                raise
            except _OUTAGES as error:
                log.warning("sync.write_failed", error=str(error).strip(), waiting=len(self._inbox), again_in=pause)
                await self._disconnect()
                await asyncio.sleep(pause)
                pause = min(pause * 2, RETRY_SECONDS[1])
            except Exception as error:
                log.exception("sync.write_went_wrong", rows=len(rows))
                failure, tries = error, tries - 1
                await self._disconnect()

    def _look_ahead(self) -> None:
        """Make the statements of the next batch while the server works on this one, if its rows are there already."""
        self._ahead = None
        if len(self._inbox) < BACKLOG_ROWS:
            return
        rows = self._inbox.ahead(BACKLOG_ROWS)
        try:
            self._ahead = _Ahead(rows, list(statements_of(rows)))
        except Exception:
            log.exception("sync.not_made_ahead")  # when its turn has come, the batch is split

    def _still_held(self, rows: Sequence[Row | BadRow]) -> Sequence[Row | BadRow]:
        held = [row for row in rows if self._fence_of(row.lease_id, row.epoch) is not None]
        if len(held) < len(rows):
            self._refused(len(rows) - len(held))
        return held

    def _fences(self, rows: Sequence[Row | BadRow]) -> dict[int, int]:
        fences = {row.lease_id: self._fence_of(row.lease_id, row.epoch) for row in rows}
        return {lease_id: fence for lease_id, fence in fences.items() if fence is not None}

    async def _drop_stale(
        self, connection: psycopg.AsyncConnection, rows: Sequence[Row | BadRow]
    ) -> list[Row | BadRow]:
        """Keep the rows whose lease is still ours in the database."""
        held = self._fences(rows)
        cursor = await connection.execute("SELECT id, fence FROM sync_lease WHERE id = ANY (%s)", [list(held)])
        ours = {lease_id for lease_id, fence in await cursor.fetchall() if held.get(lease_id) == fence}
        kept = [row for row in rows if row.lease_id in ours]
        self._refused(len(rows) - len(kept))
        return kept

    def _refused(self, count: int) -> None:
        metrics.refused_batches.inc()
        metrics.refused_rows.inc(count)
        log.warning("sync.batch_refused", rows=count, why="another hub holds the lease")

    def _stored(self, rows: Sequence[Row | BadRow], log_rows: int) -> None:
        now = datetime.now(UTC)
        metrics.stored_rows.inc(log_rows)
        for (lease_id, _), group in by_lease(rows).items():
            is_difference = group[0].is_difference
            lag_ms = int((now - datetime.fromisoformat(group[0].received_at)).total_seconds() * 1000)
            stored = log_rows if is_difference else sum(isinstance(row, Row) for row in group)
            try:
                self._on_stored(lease_id, stored, lag_ms, is_difference)
            except Exception:
                log.exception("sync.not_told", lease=lease_id)  # it is committed all the same

    async def _connected(self) -> psycopg.AsyncConnection:
        if self._connection is None or self._connection.closed:
            connection = await connect(self._url, name=self._name)
            if not await backends.end(connection, names=[self._name]):
                await connection.close()
                raise TimeoutError("the last connection has not ended at the server yet")
            self._connection = connection
        return self._connection

    async def _disconnect(self) -> None:
        if self._connection is not None:
            connection, self._connection = self._connection, None
            await connection.close()


async def _is_committed(connection: psycopg.AsyncConnection, rows: Sequence[Row | BadRow]) -> bool:
    """Whether the ledger knows this batch. A batch is one transaction, so one of its rows answers for all."""
    cursor = await connection.execute(statements.COMMITTED, [parameters.ledger_parameter(rows)])
    found = await cursor.fetchone()
    return bool(found and found[0])


def _plainly(error: Exception) -> str:
    """The server's sentence, without its context lines."""
    primary = error.diag.message_primary if isinstance(error, psycopg.Error) else None
    return (primary or str(error)).strip()
