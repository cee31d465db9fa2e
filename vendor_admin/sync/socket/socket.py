"""One sync socket: opens it, tells how it stands, and decides when and how to come back.

While a connection is open, `listening.py` reads it; between two, `pause.py` waits.
"""

import asyncio
import math
import random
import time
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import islice

import structlog
import websockets
from websockets.asyncio.client import ClientConnection

from vendor_admin.sync.leases import Held, Status, UnheldReason
from vendor_admin.sync.log.inbox import Inbox
from vendor_admin.sync.models import Kind, SyncState
from vendor_admin.sync.socket import maintenance
from vendor_admin.sync.socket.access import Access
from vendor_admin.sync.socket.endings import in_words, loss_of
from vendor_admin.sync.socket.intake import Intake, Reserved
from vendor_admin.sync.socket.listening import SNAPSHOT_CHUNK, Listening
from vendor_admin.sync.socket.lookups import Fetched, Question, nothing_fetched
from vendor_admin.sync.socket.opening import connecting, sync_request
from vendor_admin.sync.socket.pause import Pause
from vendor_admin.tradovate.events import Malformed, Refused
from vendor_admin.tradovate.operations import Operation
from vendor_admin.tradovate.socket.reconnect import (
    ConnectionLost,
    Ending,
    Reconnect,
    counts_as_life,
    decide_reconnect,
    held_by_maintenance,
    slowed_down,
)
from vendor_admin.tradovate.socket.short_lives import MANY, SHORT_LIFE_SECONDS, short_lives_after
from vendor_admin.tradovate.socket.sync_session import SyncSession

log = structlog.get_logger(__name__)

SILENCE_SECONDS = 9.5


class Socket:
    """The holder's side of one lease. `run` lives until cancelled; `status` is what the hub reports when it renews.

    `has_settled` is set while a settled snapshot stands; `stirred` wakes who waits for a change of that.
    `gap_id` is the gap to be settled, `lost` the types of which received rows could not be stored: they are to be read.
    `unheld_because` is why nobody listened before: the reason of the gap until it is live.
    """

    def __init__(
        self,
        *,
        lease: Held,
        inbox: Inbox,
        access: Access,
        quiet_seconds: float,
        unheld_because: UnheldReason = UnheldReason.NO_WORKER,
    ) -> None:
        self.lease = lease
        self.status = Status(
            id=lease.id, fence=lease.fence, epoch=lease.epoch, state=SyncState.CONNECTING, state_since=_now()
        )
        self.has_settled = asyncio.Event()
        self.stirred = asyncio.Event()
        self.gap_id: int | None = None
        self.lost: set[str] = set()
        self.differences = 0
        self.is_first_load = lease.settled_at is None
        self.user_name = ""
        self._inbox, self._access, self._quiet_seconds = inbox, access, quiet_seconds
        self.intake = Intake(lease)
        self._attempt = 0
        self._is_taken_over, self._unheld_because = True, unheld_because
        self._refused_fresh_tokens = 0
        self._short_lives_before, self._opened_at = lease.short_lives, math.inf
        self._random = random.Random()
        self._listening: Listening | None = None
        self.ending: Ending | None = None
        self._penalty_ticket: str | None = None
        self._pause = Pause(access=access, status=self.status, held=lambda: self.held)

    async def run(self) -> None:
        """Hold the socket: connect, listen, and come back by the rules of reconnect.py. Ends only by cancellation."""
        try:
            await self._hold()
        finally:  # a connection that we close ourselves is no short life
            self._short_lives_before = min(self._short_lives_before, self.short_lives())
            self._opened_at = math.inf

    async def _hold(self) -> None:
        await self._go_on_waiting()
        while True:
            self.ending = None
            decision = await self._one_life()
            self._penalty_ticket = decision.penalty_ticket or self._penalty_ticket
            self._pause.forget_requests()
            if decision.stops:
                self.say(SyncState.FAILED, decision.reason, decision.advice)
                log.error("sync.stopped", lease=self.lease.id, reason=decision.reason)
            else:
                self._say_waiting(decision)
                log.warning(
                    "sync.reconnecting", lease=self.lease.id, reason=decision.reason, seconds=decision.delay_seconds
                )
            await self._pause.wait(decision)

    async def _go_on_waiting(self) -> None:
        """After many short lives the pause outlasts the worker that began it, which perhaps died of them."""
        lease = self.lease
        if lease.short_lives < MANY or self._unheld_because is not UnheldReason.NO_WORKER or not self._is_taken_over:
            return
        decision = slowed_down(
            Reconnect(0.0, "", ""), short_lives=lease.short_lives, lived_seconds=None, random=self._random
        )
        left = decision.delay_seconds - (lease.opened_seconds_ago or 0.0)
        if left > 0:
            await self._access.note_gap(lease, started_at=None, reason=self._unheld_because.value, grows=True)
            decision = replace(decision, delay_seconds=left)
            self._say_waiting(decision)
            await self._pause.wait(decision)

    def try_now(self) -> None:
        """End a wait early: somebody asked for it. What the platform locked is still refused by the budgets."""
        log.info("sync.retry_requested", lease=self.lease.id, state=self.status.state)
        self._pause.end()

    def say(self, state: SyncState, reason: str = "", advice: str = "") -> None:
        """Set what people are told about this socket."""
        if (self.status.state, self.status.reason) != (state, reason):
            self.status.state_since = _now()
        self.status.state, self.status.reason, self.status.advice = state, reason, advice
        self.status.next_try_at = self.status.locked_until = None
        if state is not SyncState.LIVE:
            self.status.connected_since = None
            self.has_settled.clear()
            self.stirred.set()

    def _say_waiting(self, decision: Reconnect) -> None:
        self.say(SyncState.WAITING, decision.reason, decision.advice)
        now = _now()
        self.status.next_try_at = now + timedelta(seconds=decision.delay_seconds)
        if decision.locked_seconds:
            self.status.locked_until = now + timedelta(seconds=decision.locked_seconds)

    @property
    def held(self) -> Held:
        """The lease, with the epoch of the present or last connection, and the short lives before the next."""
        return replace(self.lease, epoch=self.intake.epoch, short_lives=self._short_lives_before)

    def short_lives(self) -> int:
        """How many connections in a row ended at once, with the present one until it has lasted for a while."""
        if self._opened_at == math.inf:
            return self._short_lives_before
        return short_lives_after(self._short_lives_before, lived_seconds=time.monotonic() - self._opened_at)

    def stored(self, count: int, lag_ms: int, is_difference: bool) -> None:
        """The writer committed rows of this socket."""
        self.status.newly_stored += count
        if is_difference:
            self.differences += count
        else:
            self.status.lag_ms = lag_ms

    def lost_rows(self, gap_id: int, entity_types: set[str]) -> None:
        """The writer could not store rows of these types, and noted a gap for them."""
        self.gap_id = gap_id
        self.lost |= entity_types
        self.stirred.set()

    async def fetch(self, operation: Operation, *, entity_type: str, kind: Kind, **parameters: object) -> Fetched:
        """Send a look-up over this socket and have what it finds stored as `kind` where the mirror differs.

        Differences are queued as the answer arrives: behind the events before it, ahead of those after it, so that an
        answer never replaces what is newer.
        """
        if self._listening is None:
            return nothing_fetched("the socket is not open")
        return await self._listening.ask(Question(operation, entity_type, kind), parameters=parameters)

    async def end(self, ending: Ending) -> None:
        """Close the connection for a reason that was learned behind its back; `run` goes on as after any such end."""
        self.ending = self.ending or ending
        if self._listening is not None:
            await self._listening.close()

    def reserve(self, count: int, *, entity_type: str = "") -> Reserved:
        """Set arrival numbers aside, for `put_vanished` and `put_listed`: whatever arrives from now on is newer."""
        return self.intake.reserve(count, entity_type=entity_type)

    async def put_listed(
        self, entities: Iterable[bytes | Malformed], *, kind: Kind, reserved: Reserved, first_place: int
    ) -> list[int | None] | None:
        """Queue entities of a list that was asked for elsewhere, once few rows wait, under reserved numbers from a
        place on. Returns their ids, None for one that is unreadable; None instead where the socket has ended.
        """
        ids: list[int | None] = []
        rest = iter(entities)
        while chunk := list(islice(rest, SNAPSHOT_CHUNK)):
            await self._inbox.ebb(self.lease.id)
            if reserved.epoch != self.intake.epoch or not self.has_settled.is_set():
                return None
            rows = [
                self.intake.listed_row(reserved.entity_type, one, kind=int(kind), reserved=reserved, place=place)
                for place, one in enumerate(chunk, first_place + len(ids))
            ]
            ids += [row.entity_id for row in rows]
            self._inbox.put([row for row in rows if row.entity_id not in reserved.ended])
        return ids

    async def put_vanished(self, entity_type: str, entity_ids: Iterable[tuple[int, int]], reserved: Reserved) -> None:
        """Queue entities that the platform no longer lists, each with the place of its number among those reserved.

        Nothing is queued once another connection has begun: its snapshot knows better.
        """
        ids = iter(entity_ids)
        while chunk := list(islice(ids, SNAPSHOT_CHUNK)):
            await self._inbox.room(self.lease.id)
            if reserved.epoch != self.intake.epoch:
                return
            self._inbox.put(
                [self.intake.vanished_row(entity_type, one, reserved=reserved, place=place) for place, one in chunk]
            )

    async def _one_life(self) -> Reconnect:
        self._attempt += 1
        self.say(SyncState.CONNECTING, self.status.reason, self.status.advice)
        access = await self._access.open_socket(
            self.held, is_taken_over=self._is_taken_over, reason=self._unheld_because.value
        )
        has_hours = maintenance.keeps_its_hours(self.lease.rest_url)
        if isinstance(access, Reconnect):
            if not (has_hours and access.is_away):
                return access
            return held_by_maintenance(access, attempt=self._attempt, now=_now(), random=self._random)
        self._is_taken_over = False
        self.lease = replace(self.lease, platform_host=access.platform_host)
        token, is_fresh, self.user_name = access.token, access.is_fresh, access.user_name
        self.intake.start_epoch(access.epoch)
        self._opened_at, was_opened = time.monotonic(), False
        try:
            async with connecting(self.lease.websocket_url_in_use) as connection:
                was_opened = True
                await self._listen(connection, token)
        except (OSError, websockets.WebSocketException, TimeoutError) as error:
            self.ending = self.ending or loss_of(error)
        except Exception:
            log.exception("sync.socket_failed", lease=self.lease.id)
            self.ending = self.ending or ConnectionLost("an error of this service, which is in its log")
        was_live = self.status.connected_since is not None
        ending = self.ending or ConnectionLost("the connection ended without a word")
        lived_seconds, short_lives = time.monotonic() - self._opened_at, 0
        if was_opened and counts_as_life(ending, was_live=was_live):
            short_lives, self._short_lives_before = self._count_life(lived_seconds)
        self._opened_at = math.inf
        if was_live:
            if lived_seconds > SHORT_LIFE_SECONDS:
                self._attempt = 1
            self._refused_fresh_tokens = 0
            await self._note_gap(ending, short_lives)
        elif isinstance(ending, Refused) and ending.status in (401, 403) and is_fresh:
            self._refused_fresh_tokens += 1
        decision = decide_reconnect(
            ending,
            attempt=self._attempt,
            now=_now(),
            random=self._random,
            refused_fresh_tokens=self._refused_fresh_tokens,
            lock_seconds=self._access.lock_seconds,
            short_lives=short_lives,
            lived_seconds=lived_seconds,
            has_maintenance_hours=has_hours,
        )
        await self._access.after(self.lease, ending, decision, token=token)
        if decision.seeks_host and isinstance(ending, Refused):
            return await self._access.seek_host(self.lease, ending, decision)
        if isinstance(ending, ConnectionLost) and ending.kind is not None:
            return await self._access.fall_back(self.lease, ending, decision)
        return decision

    def _count_life(self, lived_seconds: float) -> tuple[int, int]:
        """How many short lives in a row this makes (0 if it was none itself), and how many are remembered."""
        before = self._short_lives_before
        after = short_lives_after(before, lived_seconds=lived_seconds)
        return (after if after > before else 0), after

    async def _note_gap(self, ending: Ending, short_lives: int) -> None:
        """From the tenth short life in a row on they are one gap, which grows."""
        grows, reason = short_lives >= MANY, in_words(ending)
        if grows:
            reason = f"{short_lives} connections in a row ended within a minute, the last: {reason}"
        await self._access.note_gap(self.held, started_at=self.status.last_frame_at, reason=reason, grows=grows)

    async def _listen(self, connection: ClientConnection, token: str) -> None:
        ticket, self._penalty_ticket = self._penalty_ticket, None
        session = SyncSession(
            access_token=token,
            sync_request=sync_request(self.lease, penalty_ticket=ticket),
            now=time.monotonic(),
            silence_seconds=SILENCE_SECONDS,
            quiet_seconds=self._quiet_seconds,
        )
        self._listening = Listening(owner=self, inbox=self._inbox, session=session, connection=connection)
        self.say(SyncState.SYNCING)
        try:
            await self._listening.run()
        finally:
            self._listening = None

    async def accepted(self) -> None:
        """The platform sends events from now on: the gap has ended."""
        self.status.connected_since = self.intake.received_at
        self.gap_id = await self._access.end_gap(self.held, at=self.intake.received_at)
        await self._access.host_works(self.lease)
        self.say(SyncState.LIVE)
        log.info("sync.live", lease=self.lease.id, environment=self.lease.environment, epoch=self.intake.epoch)

    def settled(self) -> None:
        """The snapshot is there: what it left out may be compared."""
        self.has_settled.set()


def _now() -> datetime:
    return datetime.now(UTC)
