"""What follows once a snapshot has settled: load what snapshots leave out, repair gaps, and reconcile the mirrors.

A type whose read fails is tried again soon, by itself: the first load, a gap or a reconciliation is done only when all
its types are read. Shard 0 of a connection loads and reconciles for all shards; each repairs its own gaps.
"""

import asyncio
import time
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime

import structlog
from django.db import Error as DjangoDatabaseError

from vendor_admin.mirrors.columns import mirror_models
from vendor_admin.mirrors.models.base import Source
from vendor_admin.sync import leases
from vendor_admin.sync.comparison import records as comparisons
from vendor_admin.sync.comparison.dependents import Dependents, is_read_by_masters
from vendor_admin.sync.comparison.type_comparison import Compared, TypeComparison
from vendor_admin.sync.comparison.unread import Unread
from vendor_admin.sync.database import Database
from vendor_admin.sync.log import gaps
from vendor_admin.sync.log.inbox import Inbox
from vendor_admin.sync.models import Kind
from vendor_admin.sync.rolling import CHOSEN
from vendor_admin.sync.socket.access import DATABASE_ERRORS, Access
from vendor_admin.sync.socket.socket import Socket

log = structlog.get_logger(__name__)

# The platform's own logs: what happened inside a gap can be read from them (as long as the platform keeps them).
LOGS = ("fill", "executionReport", "commandReport")
# Kept, although they have no mirror of their own: signatures of agreements come this way, and are told once.
SIGNALS = ("adminAlertSignal",)
NOT_STORED = "received rows could not be stored"
PAUSE_SECONDS = 1.0
LONG_PAUSE_SECONDS = 60.0
OTHER_SHARDS_SECONDS = 60.0


class Reconciliation:
    """Looks after one socket for as long as it is held."""

    def __init__(self, *, socket: Socket, access: Access, database: Database, inbox: Inbox) -> None:
        self._was_asked = asyncio.Event()
        self._asked_at: datetime | None = None
        self._socket, self._database = socket, database
        self._comparison = TypeComparison(socket=socket, access=access, database=database, inbox=inbox)
        self._dependents = Dependents(socket=socket, database=database, comparison=self._comparison)
        self._unread = Unread()
        self._problems: dict[str, str] = {}
        self._refused: set[str] = set()
        self._epoch = self._settled_epoch = 0
        self._is_loading = socket.is_first_load
        self._compared_since: datetime | None = None
        self._found_since_gap = 0

    async def run(self) -> None:
        """Wait for snapshots to settle, then care. Ends only by cancellation."""
        socket = self._socket
        while True:
            await socket.has_settled.wait()
            try:
                await self._after_snapshot()
                await self._while_settled()
                continue
            except (*DATABASE_ERRORS, DjangoDatabaseError) as error:
                log.warning("sync.care_postponed", lease=socket.lease.id, error=str(error))
            except Exception:
                log.exception("sync.care_failed", lease=socket.lease.id)
            await asyncio.sleep(PAUSE_SECONDS)

    def request_reconciliation(self, asked_at: datetime) -> None:
        """Beat or staff asked for a reconciliation at that time; a request already served, or under way, is no news."""
        served = [one for one in (self._asked_at, self._compared_since) if one is not None]
        if not served or asked_at > max(served):
            self._asked_at = asked_at
            self._was_asked.set()
            self._socket.stirred.set()

    def _stands(self) -> bool:
        """Whether the snapshot that this began with is still the newest."""
        return self._socket.has_settled.is_set() and self._socket.held.epoch == self._epoch

    async def _after_snapshot(self) -> None:
        socket = self._socket
        self._epoch, gap_id = socket.held.epoch, socket.gap_id
        self._begin_anew()
        await self._comparison.committed()
        if not self._stands():
            return
        await self._dependents.begin()
        if gap_id is not None:
            await self._dependents.mark(gap_id)
        if gap_id is not None and not socket.lost:
            await self._database.call(gaps.settle_gap, lease=socket.held, gap_id=gap_id, differences=socket.differences)
        socket.differences = 0
        if self._is_loading and socket.lease.shard == 0:
            await self._wait_for_other_shards()
            self._compared_since = await self._database.call(comparisons.database_now)
            if self._asked_at is None or self._asked_at <= self._compared_since:
                self._was_asked.clear()  # what was asked for while this waited is served by it
        elif self._is_loading:
            await self._database.call(leases.request_reconciliation, lease=socket.held)
        if gap_id is not None:
            await self._read((*LOGS, *_left_out_by_snapshots()), Kind.RESYNC)
        elif self._is_loading and socket.lease.shard == 0:
            await self._read(_left_out_by_snapshots(), Kind.SNAPSHOT)
        if self._stands():
            socket.is_first_load = False
        await self._conclude()

    def _begin_anew(self) -> None:
        """Another snapshot has settled: what was not read to its end before is read, or asked for, again."""
        self._unread.clear()
        self._problems.clear()
        self._found_since_gap = 0
        if self._compared_since is not None and not self._is_loading:
            self._was_asked.set()
        self._compared_since = None

    async def _wait_for_other_shards(self) -> None:
        """Their snapshots' entities lead to what is loaded. A shard that comes too late has all compared again."""
        lease = self._socket.held
        waits_until = time.monotonic() + OTHER_SHARDS_SECONDS
        while self._stands() and not await self._database.call(leases.have_others_settled, lease=lease):
            if time.monotonic() > waits_until:
                log.warning("sync.shards_are_late", lease=lease.id)
                break
            await asyncio.sleep(0.5)

    async def _while_settled(self) -> None:
        """Serve requests, and try failed reads again, until the socket ends."""
        stirred = self._socket.stirred
        while self._stands():
            stirred.clear()
            await self._look_for_lost()
            if self._was_asked.is_set():
                self._was_asked.clear()
                await self._compare_all()
            elif due := self._unread.due(now=time.monotonic()):
                await self._read(due, Kind.SNAPSHOT if self._is_loading else Kind.RESYNC)
                await self._conclude()
            else:
                await self._go_round()

    async def _go_round(self) -> None:
        """Read on where the platform lists by masters alone; wait where nothing is due."""
        try:
            seconds, is_news = await self._dependents.go_on()
        except (*DATABASE_ERRORS, DjangoDatabaseError) as error:
            log.warning("sync.reading_postponed", lease=self._socket.lease.id, error=str(error))
            seconds, is_news = PAUSE_SECONDS, False
        except Exception:
            log.exception("sync.reading_failed", lease=self._socket.lease.id)
            seconds, is_news = LONG_PAUSE_SECONDS, False
        if is_news:
            await self._conclude()
        if seconds == 0.0 or not self._stands():
            return
        waits = [one for one in (seconds, self._unread.seconds_left(now=time.monotonic())) if one is not None]
        with suppress(TimeoutError):
            async with asyncio.timeout(min(waits, default=None)):
                await self._socket.stirred.wait()

    async def _look_for_lost(self) -> None:
        """Have types read anew of which rows could not be stored; all, where a row did not even tell its type."""
        lost, chosen = self._socket.lost, self._socket.lease.entity_types
        names = {one for one in (*mirror_models(), *SIGNALS) if not chosen or one in chosen}
        if not lost <= names:
            lost.intersection_update(names)
            lost |= names
        if lost and self._socket.gap_id is not None:
            by_masters = {one for one in lost if is_read_by_masters(one)}
            await self._dependents.mark(self._socket.gap_id, by_masters)
            lost -= by_masters.difference(CHOSEN)
        for entity_type in sorted(lost):
            if entity_type not in self._unread:
                self._problems[entity_type] = NOT_STORED
                self._unread.note_failure(entity_type, now=time.monotonic())

    async def _compare_all(self) -> None:
        """Serve a request. What is known by it is as of its start, by the database's time, which tells how old rows
        are.
        """
        try:
            self._compared_since = await self._database.call(comparisons.database_now)
        except BaseException:
            self._was_asked.set()
            raise
        await self._read((*mirror_models(), *SIGNALS), Kind.RESYNC)
        await self._conclude()

    async def _read(self, entity_types: Iterable[str], kind: Kind) -> None:
        """Compare types one after the other; those that fail are noted as unread."""
        chosen = self._socket.lease.entity_types
        for entity_type in entity_types:
            if chosen and entity_type not in chosen:
                continue
            if not self._stands():
                return
            was_lost = entity_type in self._socket.lost
            self._socket.lost.discard(entity_type)
            compared = await self._compare(entity_type, kind)
            if entity_type in self._socket.lost:
                compared = Compared(is_read=False, differences=compared.differences, problem=NOT_STORED)
            elif was_lost and not compared.is_read:
                self._socket.lost.add(entity_type)
            self._found_since_gap += compared.differences
            if compared.is_read:
                self._unread.note_read(entity_type)
                self._problems.pop(entity_type, None)
                (self._refused.add if compared.is_refused else self._refused.discard)(entity_type)
            else:
                self._problems[entity_type] = compared.problem
                self._unread.note_failure(entity_type, now=time.monotonic(), at_least_seconds=compared.wait_seconds)

    async def _compare(self, entity_type: str, kind: Kind) -> Compared:
        """An error of our own is a failed read as well: one type never stops the others."""
        try:
            if not is_read_by_masters(entity_type):
                return await self._comparison.compare(entity_type, kind)
            if (master := mirror_models()[entity_type].master) in self._unread:
                return Compared(is_read=False, differences=0, problem=f"{master} has to be read first")
            return await self._dependents.compare(entity_type, kind)
        except (*DATABASE_ERRORS, DjangoDatabaseError) as error:
            log.warning("sync.read_postponed", lease=self._socket.lease.id, type=entity_type, error=str(error))
            return Compared(is_read=False, differences=0, problem="the service's own database did not answer")
        except Exception:
            log.exception("sync.read_failed", lease=self._socket.lease.id, type=entity_type)
            return Compared(is_read=False, differences=0, problem="an error of this service, which is in its log")

    async def _conclude(self) -> None:
        """Tell what is done. Loaded, repaired and reconciled count only when no type is left to be read."""
        if not self._stands():
            return
        await self._look_for_lost()
        socket, is_read = self._socket, not self._unread
        is_done = is_read and not await self._dependents.is_short_of()
        if socket.gap_id is not None or self._compared_since is not None:
            socket.status.refused_types = sorted(self._refused | self._dependents.refused)
        if socket.gap_id is not None and (is_read or not socket.lost):
            await self._tell_of_gap(socket.gap_id, is_read=is_read)
        elif socket.lease.shard_count > 1:
            await self._dependents.tell()
        if is_done and self._compared_since is not None:
            socket.status.reconciled_at = self._compared_since
            self._asked_at = max(self._asked_at or self._compared_since, self._compared_since)
            self._compared_since = None
        self._is_loading = self._is_loading and not is_done
        if not self._is_loading and self._settled_epoch != self._epoch:
            settled_at = await self._database.call(comparisons.database_now)
            self._settled_epoch, socket.status.settled_at = self._epoch, settled_at

    async def _tell_of_gap(self, gap_id: int, *, is_read: bool) -> None:
        """Add what was found since the last time to the gap, and say what is still to be read."""
        found, self._found_since_gap = self._found_since_gap, 0
        problems = "; ".join(f"{entity_type}: {problem}" for entity_type, problem in self._problems.items())
        await self._database.call(
            gaps.settle_gap,
            lease=self._socket.held,
            gap_id=gap_id,
            differences=found,
            is_read=is_read,
            note="" if is_read else f"Not all could be read. {problems}"[:1000],
        )
        repaired = await self._dependents.tell()
        if repaired.get(gap_id) and self._socket.gap_id == gap_id:
            self._socket.gap_id = None


def _left_out_by_snapshots() -> list[str]:
    """Types that no snapshot tells, masters before what depends on them."""
    mirrored = [name for name, model in mirror_models().items() if model.source is not Source.SNAPSHOT]
    return [*mirrored, *SIGNALS]
