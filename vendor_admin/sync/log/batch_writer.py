"""Writes batches over one connection, each in one transaction, until it is stored or it is known that it cannot be.

A batch that the database refuses for its data, or on which our own code fails, is split until the bad row stands alone,
which goes to quarantine (and to the log, where the log can take it). What not even quarantine takes is shown as a gap.
After a lost connection the ledger tells whether the last COMMIT happened, so nothing is written twice.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import psycopg
import structlog

from vendor_admin.sync import backends, metrics
from vendor_admin.sync.log import batch_parameters as parameters
from vendor_admin.sync.log import gaps, statements
from vendor_admin.sync.log.ahead import Ahead
from vendor_admin.sync.log.flush import StaleFenceError, connect, write_batch
from vendor_admin.sync.log.rows import BadRow, Row, by_lease, quarantined

__all__ = ["BatchWriter", "StuckError", "UnwritableError", "write_batch"]

log = structlog.get_logger(__name__)

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


class StuckError(Exception):
    """The database answers, and yet a batch could not be written: a lock, a full disk, a missing right. It is certain
    that nothing of it was.
    """


class BatchWriter:
    """One connection, called `name` at the server, and what was wrong with it last: `trouble` is empty while it writes.

    For `fence_of`, `on_stored` and `on_lost` see Writer. `ahead` makes the statements of the next batch.
    """

    def __init__(
        self,
        *,
        url: str,
        name: str,
        fence_of: Callable[[int, int], int | None],
        on_stored: Callable[[int, int, int, bool], None],
        on_lost: Callable[[int, int, set[str]], None],
        ahead: Ahead | None = None,
    ) -> None:
        self.trouble = ""
        self._url, self._name, self._fence_of, self._on_stored, self._ahead = url, name, fence_of, on_stored, ahead
        self._on_lost = on_lost
        self._connection: psycopg.AsyncConnection | None = None

    async def write(self, rows: Sequence[Row | BadRow], *, patience: int) -> list[Row | BadRow]:
        """Write a batch. Whatever goes wrong, it does not raise, and what was lost is shown.

        Returns the last rows of the batch if they failed `patience` times although the database answers: it is certain
        that nothing of them is written.
        """
        left: list[Row | BadRow] = []
        try:
            lost, left = await self._write(rows, patience=patience)
        except Exception:
            log.exception("sync.batch_failed", rows=len(rows))
            lost = list(rows)
        try:
            await self._note_loss(lost)
        except Exception:
            log.exception("sync.loss_not_noted", rows=len(lost))
        return left

    async def close(self) -> None:
        if self._connection is not None:
            connection, self._connection = self._connection, None
            await connection.close()

    async def _write(
        self, rows: Sequence[Row | BadRow], *, patience: int
    ) -> tuple[list[Row | BadRow], list[Row | BadRow]]:
        """Write rows in their order; if they are refused in ever smaller parts, until the bad row stands alone.

        Returns the rows that nothing could take, and those from which on the database could not be written.
        """
        lost: list[Row | BadRow] = []
        parts: list[Sequence[Row | BadRow]] = [rows]
        while parts:
            part = parts.pop()
            try:
                try:
                    await self._commit(part, tries=TRIES if part is rows else 1, patience=patience)
                except (*_DATA_ERRORS, UnwritableError) as error:
                    half = len(part) // 2
                    if half:
                        parts += [part[half:], part[:half]]
                    elif not await self._quarantine(part[0], _plainly(error), patience=patience):
                        lost.append(part[0])
            except StuckError:
                return lost, [*part, *(row for rest in reversed(parts) for row in rest)]
        return lost, []

    async def _quarantine(self, row: Row | BadRow, reason: str, *, patience: int) -> bool:
        """Keep an entity that the mirror refused: in the log if the log can take it, and in quarantine either way."""
        if isinstance(row, BadRow):
            return False
        log.warning("sync.quarantined", entity_type=row.entity_type, entity_id=row.entity_id, reason=reason)
        bad = quarantined(row, reason)
        ways: list[tuple[list[Row | BadRow], bool]] = [([row, bad], True), ([bad], False)]
        for rows, in_log_only in ways:
            try:
                await self._commit(rows, in_log_only=in_log_only, patience=patience)
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
                    gap_id = await gaps.note_loss(
                        connection,
                        lease_id=lease_id,
                        fence=fence,
                        epoch=epoch,
                        started_at=min(times),
                        ended_at=max(times),
                        reason=reason,
                    )
                    if gap_id is not None:
                        self._on_lost(lease_id, gap_id, {row.entity_type for row in group})
                    break
                except _OUTAGES as error:
                    log.warning("sync.loss_not_noted_yet", error=str(error).strip())
                    await self.close()
                    await asyncio.sleep(RETRY_SECONDS[1])

    async def _commit(
        self, rows: Sequence[Row | BadRow], *, patience: int, in_log_only: bool = False, tries: int = 1
    ) -> None:
        """One transaction, retried until it is committed or its leases are lost, for as long as the database is away.

        Raises data errors; UnwritableError when our own code has failed on it `tries` times; StuckError when the
        database has failed on it `patience` times.
        """
        pause, may_be_committed, is_stale = RETRY_SECONDS[0], False, False
        failure: Exception | None = None
        while rows := self._still_held(rows):
            is_tried = False
            try:
                connection = await self._connected()
                if is_stale:
                    rows, is_stale = await self._drop_stale(connection, rows), False
                    continue
                if may_be_committed and await is_committed(connection, rows):
                    self._stored(rows, 0)
                    return
                if failure is not None and tries <= 0:
                    raise UnwritableError(f"{type(failure).__name__}: {failure}") from failure
                if patience <= 0:
                    raise StuckError(self.trouble)
                is_tried = may_be_committed = True
                await self._flush(connection, rows, in_log_only=in_log_only)
                return
            except StaleFenceError:
                may_be_committed, is_stale = False, True
            except psycopg.errors.UniqueViolation as error:
                if error.diag.table_name != "sync_batch":
                    raise
                self._stored(rows, 0)  # an earlier COMMIT, whose answer was lost, has come through meanwhile
                return
            except psycopg.errors.CheckViolation as error:
                if not (error.diag.table_name or "").startswith("sync_entityevent"):
                    raise
                log.info("sync.month_made_meanwhile", rows=len(rows))  # what was on its way to the default partition
                may_be_committed = False
            except (*_DATA_ERRORS, UnwritableError, StuckError):
                raise
            except _OUTAGES as error:
                self.trouble = _plainly(error)
                log.warning("sync.write_failed", error=str(error).strip(), rows=len(rows), again_in=pause)
                patience -= is_tried
                await self.close()
                await asyncio.sleep(pause)
                pause = min(pause * 2, RETRY_SECONDS[1])
            except Exception as error:
                log.exception("sync.write_went_wrong", rows=len(rows))
                failure, tries = error, tries - 1
                await self.close()

    async def _flush(
        self, connection: psycopg.AsyncConnection, rows: Sequence[Row | BadRow], *, in_log_only: bool
    ) -> None:
        started = time.perf_counter()
        rendered = None if in_log_only or self._ahead is None else self._ahead.statements_for(rows)
        count = await write_batch(
            connection,
            rows,
            fences=self._fences(rows),
            in_log_only=in_log_only,
            rendered=rendered,
            meanwhile=None if self._ahead is None else self._ahead.look,
        )
        metrics.flush_seconds.observe(time.perf_counter() - started)
        self._stored(rows, count)

    def _still_held(self, rows: Sequence[Row | BadRow]) -> Sequence[Row | BadRow]:
        held = [row for row in rows if self._fence_of(row.lease_id, row.epoch) is not None]
        if len(held) < len(rows):
            self._refused(len(rows) - len(held))
        return held

    def _fences(self, rows: Sequence[Row | BadRow]) -> dict[int, int]:
        """The fences of the leases of which all these rows may be written. The others were lost since `_still_held`."""
        fences: dict[int, int] = {}
        lost = set()
        for lease_id, epoch in {(row.lease_id, row.epoch) for row in rows}:
            if (fence := self._fence_of(lease_id, epoch)) is None:
                lost.add(lease_id)
            else:
                fences[lease_id] = fence
        return {lease_id: fence for lease_id, fence in fences.items() if lease_id not in lost}

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
        self.trouble = ""
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
        """The connection. Before a new one is used, the one before has ended at the server, and with it what was under
        way there.
        """
        if self._connection is None or self._connection.closed:
            self._connection = await connect(self._url, name=self._name)
            if not await backends.end(self._connection, names=[self._name]):
                await self.close()
                raise TimeoutError("the last connection has not ended at the server yet")
        return self._connection


async def is_committed(connection: psycopg.AsyncConnection, rows: Sequence[Row | BadRow]) -> bool:
    """Whether the ledger knows this batch. A batch is one transaction, so one of its rows answers for all."""
    cursor = await connection.execute(statements.COMMITTED, [parameters.ledger_parameter(rows)])
    found = await cursor.fetchone()
    return bool(found and found[0])


def _plainly(error: Exception) -> str:
    """The server's sentence, without its context lines."""
    primary = error.diag.message_primary if isinstance(error, psycopg.Error) else None
    return (primary or str(error)).strip()
