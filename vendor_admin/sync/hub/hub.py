"""A hub: one asyncio thread that holds many sockets and one writer.

It takes its fair share of leases, renews them, and closes its sockets before the lease could have passed to another
hub, by its own monotonic clock. It needs Postgres, never the broker. `bootstep.py` runs it inside a Celery worker.
"""

import asyncio
import dataclasses
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec
import structlog

from vendor_admin.organizations.platform_access import host_clocks
from vendor_admin.sync import backends, leases, metrics
from vendor_admin.sync.comparison.reconciliation import Reconciliation
from vendor_admin.sync.database import Database
from vendor_admin.sync.leases import Held, Renewed, Status, UnheldReason
from vendor_admin.sync.log.inbox import Inbox
from vendor_admin.sync.log.writer import Writer
from vendor_admin.sync.models import SyncState
from vendor_admin.sync.socket.access import DATABASE_ERRORS, Access
from vendor_admin.sync.socket.socket import Socket

log = structlog.get_logger(__name__)

# The sockets close this long before the lease runs out.
SAFETY_SECONDS = 1.5
DRAIN_SECONDS = 10.0
FORGET_SECONDS = 600.0
SIDE_CONNECTIONS = 4
CHECK_CLOCK_SECONDS = 30.0
# A flush takes a twentieth of a second. Told at most a tick later.
BEHIND_SECONDS = 5.0
MOST_SECONDS = 14 * 24 * 3600.0  # what fits into 32 bits of milliseconds


@dataclass(frozen=True)
class HubSettings:
    """What a hub is told at its start. Durations in seconds; it looks after its leases every `tick`."""

    name: str
    database_url: str
    lease_ttl: float = 10.0
    renew_every: float = 3.0
    quiet: float = 2.0
    lock: float = 3600.0
    tick: float = 1.0


class Holding:
    """A held lease with its running tasks. `valid_until` is by the monotonic clock.

    Rows of epochs up to `claimed_after` are an earlier holder's (or this hub's, before it lost the lease) and are never
    written under this claim's fence. `retried_at` is the newest request to try again that was served.
    """

    def __init__(
        self, *, socket: Socket, reconciliation: Reconciliation, valid_until: float, claimed_after: int
    ) -> None:
        self.socket, self.reconciliation, self.valid_until, self.claimed_after = (
            socket,
            reconciliation,
            valid_until,
            claimed_after,
        )
        self.retried_at = socket.lease.retry_requested_at
        self.tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        self.tasks = [asyncio.create_task(self.socket.run()), asyncio.create_task(self.reconciliation.run())]

    @property
    def is_running(self) -> bool:
        return bool(self.tasks)

    async def stop(self) -> None:
        """Close the socket; its rows that wait for the writer stay. It counts as running until it has closed."""
        tasks = self.tasks
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self.tasks = []


class Hub:
    """Runs until `stop` is called from any thread."""

    def __init__(self, settings: HubSettings) -> None:
        self._settings = settings
        self._inbox = Inbox()
        name = backends.application_name(settings.name, "side")
        self._leases = Database(settings.database_url, name=name, timeout_seconds=min(2.0, settings.lease_ttl / 4))
        self._side = Database(settings.database_url, name=name, timeout_seconds=10.0, connections=SIDE_CONNECTIONS)
        self._access = Access(name=settings.name, database=self._side, lock_seconds=settings.lock)
        self._holdings: dict[int, Holding] = {}
        self._stop = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._renewed_at = 0.0
        self._told: dict[int, tuple[str, str]] = {}
        self._writer: Writer | None = None

    @property
    def is_running(self) -> bool:
        """Whether it has begun, and can be stopped."""
        return self._loop is not None

    @property
    def is_stopping(self) -> bool:
        """Whether it was asked to end."""
        return self._stop.is_set()

    @property
    def waiting_rows(self) -> int:
        """How many rows have arrived and are not stored yet."""
        return len(self._inbox)

    def stop(self) -> None:
        """Ask the hub to flush, give its leases back and end. Thread-safe."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._stop.set)

    async def run(self) -> None:
        """Hold sockets until stopped."""
        self._loop = asyncio.get_running_loop()
        writer = self._writer = Writer(
            url=self._settings.database_url,
            name=self._settings.name,
            inbox=self._inbox,
            fence_of=self._fence_of,
            on_stored=self._on_stored,
            on_lost=self._on_lost,
        )
        writing = asyncio.create_task(writer.run())
        watches = (self._watch_clock(), self._forget_batches(), self._check_host_clock())
        beside = [asyncio.create_task(one) for one in watches]
        log.info("hub.started", name=self._settings.name)
        try:
            while not self._stop.is_set():
                await self._tick()
                if writing.done():
                    log.error("hub.writer_died", error=repr(writing.exception()))
                    writing = asyncio.create_task(writer.run())
                try:
                    async with asyncio.timeout(self._settings.tick):
                        await self._stop.wait()
                except TimeoutError:
                    continue
        finally:
            for task in beside:
                task.cancel()
            await self._wind_down(writing)

    async def _tick(self) -> None:
        try:
            await self._renew_if_due()
            await self._leases.call(leases.break_locks_of_lapsed, name=self._settings.name)
            share = await self._leases.call(leases.upkeep, name=self._settings.name)
            if len(self._holdings) < share:
                await self._claim(share - len(self._holdings))
        except DATABASE_ERRORS as error:
            log.warning("hub.database_unreachable", error=str(error).strip(), held=len(self._holdings))
        except Exception:
            log.exception("hub.tick_failed")
        metrics.waiting_rows.set(len(self._inbox))

    async def _claim(self, most: int) -> None:
        asked_at = time.monotonic()
        held = await self._leases.call(leases.claim, name=self._settings.name, most=most, ttl=self._settings.lease_ttl)
        for lease in held:
            old = self._holdings.pop(lease.id, None)
            if old is not None:
                await old.stop()
            self._hold(lease, valid_until=asked_at + self._settings.lease_ttl, claimed_after=lease.epoch)
            log.info("hub.lease_taken", lease=lease.id, environment=lease.environment, fence=lease.fence)

    def _hold(
        self,
        lease: Held,
        *,
        valid_until: float,
        claimed_after: int,
        unheld_because: UnheldReason = UnheldReason.NO_WORKER,
    ) -> None:
        socket = Socket(
            lease=lease,
            inbox=self._inbox,
            access=self._access,
            quiet_seconds=self._settings.quiet,
            unheld_because=unheld_because,
        )
        reconciliation = Reconciliation(socket=socket, access=self._access, database=self._side, inbox=self._inbox)
        holding = Holding(
            socket=socket, reconciliation=reconciliation, valid_until=valid_until, claimed_after=claimed_after
        )
        self._holdings[lease.id] = holding
        holding.start()

    async def _renew_if_due(self) -> None:
        now = time.monotonic()
        statuses = self._statuses()
        news = {status.id: (status.state, status.reason) for status in statuses}
        if not self._holdings or (now - self._renewed_at < self._settings.renew_every and news == self._told):
            return
        renewed = await self._renew(statuses)
        if all(answer.is_renewed for answer in renewed.values()):
            self._renewed_at, self._told = now, news
        for lease_id in renewed.keys() & self._holdings.keys():
            if renewed[lease_id].is_renewed:
                self._holdings[lease_id].valid_until = now + self._settings.lease_ttl
        for lease_id, holding in list(self._holdings.items()):
            answer = renewed.get(lease_id)
            if answer is None:
                await self._lose(lease_id)
            elif not answer.is_renewed:
                log.warning("hub.lease_is_locked", lease=lease_id)  # its row, by somebody else: tried again at once
            elif not answer.is_wanted or _is_configured_otherwise(holding.socket.lease, answer):
                # Each change takes a moment in which nothing is renewed; what is left waits for the next renewal.
                if time.monotonic() - now < self._settings.lease_ttl / 4:
                    await self._follow(lease_id, answer)
            else:
                if answer.reconcile_requested_at is not None:
                    holding.reconciliation.request_reconciliation(answer.reconcile_requested_at)
                if answer.retry_requested_at != holding.retried_at:
                    holding.retried_at = answer.retry_requested_at
                    holding.socket.try_now()
                if not holding.is_running:
                    log.info("hub.lease_kept", lease=lease_id)
                    holding.start()

    async def _follow(self, lease_id: int, answer: Renewed) -> None:
        """Do what staff changed."""
        if answer.is_wanted:
            await self._reconfigure(lease_id)
        else:
            await self._give_back(lease_id, reason="Paused by staff.", gap_reason=UnheldReason.PAUSED)

    async def _renew(self, statuses: Sequence[Status]) -> dict[int, Renewed]:
        """Prolong what is held and tell its state. What was stored since the last time is told once."""
        renewed = await self._leases.call(
            leases.renew, name=self._settings.name, statuses=statuses, ttl=self._settings.lease_ttl
        )
        for status in statuses:
            if status.id in renewed and renewed[status.id].is_renewed:
                self._holdings[status.id].socket.status.newly_stored -= status.newly_stored
        return renewed

    def _statuses(self) -> list[Status]:
        """What is told of each lease. A socket whose events have waited too long to be stored is behind, not live."""
        oldest, now = self._inbox.oldest_received_at(), datetime.now(UTC)
        return [self._status(one.socket, oldest.get(lease_id), now=now) for lease_id, one in self._holdings.items()]

    def _status(self, socket: Socket, waits_since: str | None, *, now: datetime) -> Status:
        status = msgspec.structs.replace(socket.status, epoch=socket.held.epoch, short_lives=socket.short_lives())
        if waits_since is None:
            if status.connected_since is not None:
                status.covered_until = status.last_frame_at
            return status
        since = status.covered_until = datetime.fromisoformat(waits_since)
        waits = max((now - since).total_seconds(), 0.0)
        status.waiting_ms = int(min(waits, MOST_SECONDS) * 1000)
        if status.state == SyncState.LIVE and waits > BEHIND_SECONDS:
            trouble = self._writer.trouble_of(status.id) if self._writer is not None else ""
            status.state, status.state_since = SyncState.BEHIND, since
            status.reason = f"Received events cannot be stored: {trouble or 'the database is too slow'}."
            status.advice = "Tell who runs this installation: the sync worker's log says more (sync.write_failed)."
        return status

    async def _watch_clock(self) -> None:
        """Close the sockets of leases that may already belong to another hub. Rows that wait are kept: the fence
        decides.
        """
        while True:
            await asyncio.sleep(0.2)
            limit = time.monotonic() + SAFETY_SECONDS
            held = self._holdings.items()
            late = {lease_id: one for lease_id, one in held if one.is_running and one.valid_until < limit}
            if late:
                log.warning("hub.leases_not_renewed", leases=sorted(late))
                await asyncio.gather(*(holding.stop() for holding in late.values()))
            for holding in late.values():
                reason = "The worker could not renew its lease: its database does not answer."
                holding.socket.say(SyncState.CONNECTING, reason)

    async def _forget_batches(self) -> None:
        """Drop old rows of the ledger, a bounded number at once, beside the renewal of leases and never before it."""
        pause = FORGET_SECONDS
        while True:
            await asyncio.sleep(pause)
            try:
                forgotten = await self._side.call(leases.forget_old_batches, name=self._settings.name)
            except DATABASE_ERRORS as error:
                log.warning("hub.batches_not_forgotten", error=str(error).strip())
                forgotten = 0
            pause = self._settings.tick if forgotten >= leases.FORGOTTEN_AT_ONCE else FORGET_SECONDS

    async def _check_host_clock(self) -> None:
        """Tell where this host's clock is wrong. Leases go by the database's, so its sockets are kept; but arrivals
        are stamped by this one.
        """
        while True:
            try:
                await self._access.in_thread(host_clocks.check)
            except Exception as error:  # noqa: BLE001 - whatever it is, the sockets do not depend on it
                log.warning("hub.clock_not_checked", error=str(error))
            await asyncio.sleep(CHECK_CLOCK_SECONDS)

    async def _lose(self, lease_id: int) -> None:
        holding = self._holdings.pop(lease_id)
        log.warning("hub.lease_lost", lease=lease_id)
        await holding.stop()

    async def _reconfigure(self, lease_id: int) -> None:
        """The connection was changed, or its host: open a new socket by its present configuration."""
        holding = self._holdings[lease_id]
        await holding.stop()
        await self._committed(lease_id)
        fence = holding.socket.lease.fence
        lease = await self._leases.call(leases.read, name=self._settings.name, lease_id=lease_id, fence=fence)
        if lease is None:
            await self._lose(lease_id)
            return
        is_changed = lease.version != holding.socket.lease.version
        log.info("hub.connection_changed", lease=lease_id, version=lease.version, host=lease.platform_host)
        self._hold(
            dataclasses.replace(lease, short_lives=holding.socket.short_lives()),
            valid_until=holding.valid_until,
            claimed_after=holding.claimed_after,
            unheld_because=UnheldReason.CHANGED if is_changed else UnheldReason.MOVED,
        )

    async def _give_back(
        self, lease_id: int, *, reason: str, gap_reason: UnheldReason = UnheldReason.NO_WORKER
    ) -> None:
        holding = self._holdings[lease_id]
        await holding.stop()
        await self._committed(lease_id)
        await self._release([lease_id], reason=reason, gap_reason=gap_reason)

    async def _release(
        self, lease_ids: Iterable[int], *, reason: str, gap_reason: UnheldReason = UnheldReason.NO_WORKER
    ) -> None:
        """Tell the state of all one last time, and let go of some whose sockets are closed."""
        await self._renew(self._statuses())
        held = {lease_id: self._holdings.pop(lease_id) for lease_id in lease_ids}
        given = [holding.socket.held for holding in held.values()]
        name = self._settings.name
        await self._leases.call(leases.release, name=name, held=given, reason=reason, gap_reason=gap_reason)
        log.info("hub.leases_given_back", leases=sorted(held), reason=reason)

    async def _committed(self, lease_id: int) -> None:
        deadline = time.monotonic() + self._settings.lease_ttl / 4  # meanwhile no other lease is renewed
        while lease_id in self._inbox.oldest_received_at() and time.monotonic() < deadline:
            await asyncio.sleep(0.02)

    async def _wind_down(self, writing: asyncio.Task[None]) -> None:
        """Polite shutdown: close the sockets, flush, give the leases back."""
        await asyncio.gather(*(holding.stop() for holding in self._holdings.values()))
        with suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_SECONDS):
                await self._inbox.drained()
        if len(self._inbox):
            log.error("hub.rows_not_written_at_shutdown", rows=len(self._inbox))
        try:
            await self._release(list(self._holdings), reason="Handed over at shutdown.")
            await self._leases.call(leases.retire_hub, name=self._settings.name)
        except DATABASE_ERRORS as error:
            log.warning("hub.not_all_handed_over", error=str(error))
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)
        await self._leases.close()
        await self._side.close()
        await self._access.close()
        log.info("hub.stopped", name=self._settings.name)

    def _fence_of(self, lease_id: int, epoch: int) -> int | None:
        holding = self._holdings.get(lease_id)
        return holding.socket.lease.fence if holding and epoch > holding.claimed_after else None

    def _on_stored(self, lease_id: int, count: int, lag_ms: int, is_difference: bool) -> None:
        holding = self._holdings.get(lease_id)
        if holding is not None:
            holding.socket.stored(count, lag_ms, is_difference)

    def _on_lost(self, lease_id: int, gap_id: int, entity_types: set[str]) -> None:
        holding = self._holdings.get(lease_id)
        if holding is not None:
            holding.socket.lost_rows(gap_id, entity_types)


def _is_configured_otherwise(lease: Held, answer: Renewed) -> bool:
    return answer.version != lease.version or answer.platform_host != lease.platform_host
