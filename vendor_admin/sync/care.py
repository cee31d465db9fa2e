"""What follows once a snapshot has settled: load what snapshots leave out, repair gaps, and reconcile the mirrors.

The look-ups go over the socket itself, which queues what they find as it arrives, so it is written in order and under
the same fence by the same writer. Shard 0 of a connection loads and reconciles for all shards; each repairs its own
gaps.
"""

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime

import structlog
from django.db import Error as DjangoDatabaseError

from vendor_admin.mirrors.columns import mirror_models
from vendor_admin.mirrors.models.base import Mirror, Source
from vendor_admin.organizations import budgets
from vendor_admin.sync import comparisons, gaps, leases
from vendor_admin.sync.access import DATABASE_ERRORS, Access
from vendor_admin.sync.database import Database
from vendor_admin.sync.inbox import Inbox
from vendor_admin.sync.lookups import Fetched
from vendor_admin.sync.models import Kind
from vendor_admin.sync.socket import Socket
from vendor_admin.tradovate.entities import ids_by_call
from vendor_admin.tradovate.operations import ENTITIES, Operation, entity_operation
from vendor_admin.tradovate.outcomes import Locked, Penalized, Success

log = structlog.get_logger(__name__)

# The platform's own logs: what happened inside a gap can be read from them (as long as the platform keeps them).
REPAIRED_FROM = ("fill", "executionReport", "commandReport", "cashBalanceLog")

LONGEST_WAIT_SECONDS = 30.0
LONGEST_PENALTY_SECONDS = 300.0
_TICKET = "p-ticket"
PAUSE_SECONDS = 1.0
OTHER_SHARDS_SECONDS = 60.0


class Care:
    """Looks after one socket for as long as it is held."""

    def __init__(self, *, socket: Socket, access: Access, database: Database, inbox: Inbox) -> None:
        self._was_asked = asyncio.Event()
        self._asked_at: datetime | None = None
        self._socket, self._access, self._database, self._inbox = socket, access, database, inbox

    async def run(self) -> None:
        """Wait for snapshots to settle, then care. Ends only by cancellation."""
        socket = self._socket
        while True:
            await socket.has_settled.wait()
            try:
                epoch = socket.held.epoch
                if await self._after_snapshot(epoch):
                    await self._reconcile_when_asked(epoch)
                continue
            except (*DATABASE_ERRORS, DjangoDatabaseError) as error:
                log.warning("sync.care_postponed", lease=socket.lease.id, error=str(error))
            except Exception:
                log.exception("sync.care_failed", lease=socket.lease.id)
            await asyncio.sleep(PAUSE_SECONDS)

    def request_reconciliation(self, asked_at: datetime) -> None:
        """Beat or staff asked for a reconciliation at that time; a request already served, or under way, is no news."""
        if self._asked_at is None or asked_at > self._asked_at:
            self._asked_at = asked_at
            self._was_asked.set()
            self._socket.stirred.set()

    def _stands(self, epoch: int) -> bool:
        """Whether the snapshot of this epoch still does: no gap has begun since."""
        return self._socket.has_settled.is_set() and self._socket.held.epoch == epoch

    async def _reconcile_when_asked(self, epoch: int) -> None:
        """Serve requests until the socket ends. One that was not served to its end is still asked for."""
        while self._stands(epoch):
            self._socket.stirred.clear()
            if not self._was_asked.is_set():
                await self._socket.stirred.wait()
                continue
            self._was_asked.clear()
            began_at = None
            try:
                began_at = await self._reconcile_all(Kind.RESYNC, epoch)
            finally:
                if began_at is None:
                    self._was_asked.set()

    async def _after_snapshot(self, epoch: int) -> bool:
        """Settle and repair the gap before it, or load what snapshots leave out. False where the socket ended
        meanwhile: the next snapshot is followed by the same.
        """
        socket = self._socket
        await self._committed()
        if not self._stands(epoch):
            return False
        gap_id, found = socket.gap_id, socket.differences
        if gap_id is not None:
            await self._database.call(gaps.settle_gap, lease=socket.held, gap_id=gap_id, differences=found)
        socket.differences = 0
        if socket.is_first_load:
            await self._load_first(epoch)
        elif gap_id is not None:
            await self._repair(gap_id)
        if socket.gap_id == gap_id:
            socket.gap_id = None
        if not self._stands(epoch):
            return False
        socket.is_first_load = False
        socket.status.settled_at = datetime.now(UTC)
        return True

    async def _load_first(self, epoch: int) -> None:
        """Load what snapshots leave out, once the other shards' snapshots are there, whose entities lead to it.

        A shard that comes too late for that has everything compared again.
        """
        lease = self._socket.held
        if lease.shard != 0:
            await self._database.call(leases.request_reconciliation, lease=lease)
            return
        waits_until = asyncio.get_running_loop().time() + OTHER_SHARDS_SECONDS
        while self._stands(epoch) and not await self._database.call(leases.have_others_settled, lease=lease):
            if asyncio.get_running_loop().time() > waits_until:
                log.warning("sync.shards_are_late", lease=lease.id)
                break
            await asyncio.sleep(0.5)
        began_at = await self._reconcile_all(Kind.SNAPSHOT, epoch)
        if began_at is not None and (self._asked_at is None or self._asked_at <= began_at):
            self._asked_at = began_at
            self._was_asked.clear()  # what was asked for while this waited is served by it

    async def _repair(self, gap_id: int) -> None:
        """Read the platform's own logs after a gap; what we had missed is stored as resync."""
        before = self._socket.differences
        problems = []
        for entity_type in self._wanted(REPAIRED_FROM):
            fetched = await self._load(mirror_models()[entity_type], Kind.RESYNC)
            if fetched.problem:
                problems.append(f"{entity_type}: {fetched.problem}")
        await self._committed()
        found = self._socket.differences - before
        note = (
            f"{found} found in the platform's logs."
            if not problems
            else "Not all logs could be read. " + "; ".join(problems)
        )
        self._socket.differences = 0
        await self._database.call(
            gaps.settle_gap,
            lease=self._socket.held,
            gap_id=gap_id,
            differences=found,
            is_repaired=not problems,
            note=note[:1000],
        )

    async def _reconcile_all(self, kind: Kind, epoch: int) -> datetime | None:
        """Compare every mirror. Returns when that began, by the database's time, which is told with the lease: what is
        known by it is as of then. None, and nothing is told, where the socket ended meanwhile.
        """
        began_at = await self._database.call(comparisons.database_now)
        for entity_type in self._wanted(mirror_models()):
            model = mirror_models()[entity_type]
            if kind is Kind.SNAPSHOT and model.source is Source.SNAPSHOT:
                continue
            if not self._stands(epoch):
                return None
            await self._reconcile(model, kind)
        if not self._stands(epoch):
            return None
        self._socket.status.reconciled_at = began_at
        return began_at

    async def _reconcile(self, model: type[Mirror], kind: Kind) -> None:
        """Compare one mirror with its source; differences are stored, counted and shown.

        What the mirror held before the platform was asked, and is not in its answer, has vanished, unless the socket
        tells news of it meanwhile: those carry higher numbers than the ones reserved here.
        """
        started_at = datetime.now(UTC)
        self._socket.differences = 0
        known: list[int] = []
        if model.absence_means_vanished:
            known = await self._database.call(comparisons.known_ids, model, lease=self._socket.lease, before=started_at)
        reserved = self._socket.reserve(len(known))
        fetched = await self._load(model, kind)
        await self._committed()
        changed, vanished = self._socket.differences, 0
        if fetched.is_whole and known:
            absent = ((place, one) for place, one in enumerate(known) if one not in fetched.ids)
            await self._socket.put_vanished(model.entity_type, absent, reserved)
            await self._committed()
            vanished = self._socket.differences - changed
        self._socket.differences = 0
        if fetched.problem or fetched.ids or vanished:
            await self._database.call(
                comparisons.note_reconciliation,
                lease=self._socket.held,
                entity_type=model.entity_type,
                started_at=started_at,
                platform_count=len(fetched.ids),
                is_first_load=kind is Kind.SNAPSHOT,
                changed=changed,
                vanished=vanished,
                error=fetched.problem,
            )

    async def _load(self, model: type[Mirror], kind: Kind) -> Fetched:
        """Fetch one mirror's content; what differs is queued by the socket. Stops at the first call that fails."""
        if model.source is Source.LDEPS:
            master = mirror_models()[model.master]
            masters = await self._database.call(
                comparisons.known_ids, master, lease=self._socket.lease, before=datetime.now(UTC)
            )
            operation = entity_operation(model.entity_type, "ldeps")
            calls: list[dict[str, object]] = [{"masterids": group} for group in ids_by_call(masters)]
        elif "list" in ENTITIES[model.entity_type].operations:
            operation, calls = entity_operation(model.entity_type, "list"), [{}]
        else:
            return Fetched(Success(None), is_whole=False)
        ids: set[int] = set()
        for parameters in calls:
            fetched = await self._fetch(operation, model.entity_type, kind, **parameters)
            ids |= fetched.ids
            if not fetched.is_whole:
                fetched.ids = ids
                return fetched
        return Fetched(Success(None), is_whole=True, ids=ids)

    async def _fetch(self, operation: Operation, entity_type: str, kind: Kind, **parameters: object) -> Fetched:
        """One look-up over the socket, as soon as the budget of all the user's calls allows it.

        A penalty ticket says that it was not carried out: it is asked once more, with the ticket, when its time is up.
        """
        lease = self._socket.lease
        subject = budgets.user_subject(user=self._socket.user_name, url=lease.rest_url)
        while wait := await self._access.in_thread_with_now(budgets.take, budget=budgets.USER_CALLS, subject=subject):
            await asyncio.sleep(min(wait, LONGEST_WAIT_SECONDS))
        fetched = await self._socket.fetch(operation, entity_type=entity_type, kind=kind, **parameters)
        match fetched.outcome:
            case Locked(status=status):
                reason = f"The platform locked this user ({status}) when {operation.path} was read."
                await self._access.in_thread_with_now(_lock_for_a_window, key=subject, reason=reason)
            case Penalized(captcha=False, ticket=ticket, wait_seconds=seconds):
                if seconds <= LONGEST_PENALTY_SECONDS and _TICKET not in parameters:
                    await asyncio.sleep(seconds)
                    return await self._fetch(operation, entity_type, kind, **parameters, **{_TICKET: ticket})
        return fetched

    async def _committed(self) -> None:
        """Wait until all rows that the socket has queued so far are written."""
        await self._inbox.written(self._socket.lease.id)

    def _wanted(self, entity_types: Iterable[str]) -> list[str]:
        chosen = self._socket.lease.entity_types
        return [one for one in entity_types if not chosen or one in chosen]


def _lock_for_a_window(*, key: str, reason: str, now: datetime) -> None:
    budgets.lock(key=key, until=now + budgets.one_window(), reason=reason)
