"""One open connection of a socket: reads what arrives into rows, keeps heartbeats and deadlines, asks look-ups."""

import asyncio
import math
import time
from collections.abc import Awaitable, Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from itertools import islice
from typing import Protocol, TypeVar

import websockets
from websockets.asyncio.client import ClientConnection

from vendor_admin.sync.leases import Held, Status
from vendor_admin.sync.log.entity_reader import snapshot_order
from vendor_admin.sync.log.inbox import Inbox
from vendor_admin.sync.log.rows import BadRow, Row
from vendor_admin.sync.models import Kind
from vendor_admin.sync.socket.endings import is_too_long
from vendor_admin.sync.socket.intake import Intake
from vendor_admin.sync.socket.lookups import Fetched, Question, Questions, read_entities
from vendor_admin.sync.socket.opening import expect_no_more_snapshot
from vendor_admin.tradovate.answers import read_answer
from vendor_admin.tradovate.enums import SessionState
from vendor_admin.tradovate.events import (
    Answered,
    EntityReceived,
    Malformed,
    PeerClosed,
    PeerSilent,
    Penalty,
    Refused,
    SessionEvent,
    Shutdown,
    SnapshotPart,
    SnapshotSettled,
    SyncAccepted,
)
from vendor_admin.tradovate.socket.reconnect import Ending
from vendor_admin.tradovate.socket.sync_session import SyncSession

T = TypeVar("T")

SNAPSHOT_CHUNK = 500
STALL_SECONDS = 0.5
KINDS = {"Created": int(Kind.CREATED), "Updated": int(Kind.UPDATED), "Deleted": int(Kind.DELETED)}


class Owner(Protocol):
    """Whose connection it is (socket.py). `ending` is how it ended, set by whoever learns it first."""

    lease: Held
    intake: Intake
    status: Status
    is_first_load: bool
    ending: Ending | None

    async def accepted(self) -> None:
        """The platform sends events from now on."""

    def settled(self) -> None:
        """The snapshot is there."""


class Listening:
    """Listens until there is an ending. That nobody listens while we wait for our own database is no silence."""

    def __init__(self, *, owner: Owner, inbox: Inbox, session: SyncSession, connection: ClientConnection) -> None:
        self._owner, self._inbox, self._session, self._connection = owner, inbox, session, connection
        self._intake, self._lease_id = owner.intake, owner.lease.id
        self._questions = Questions()
        self._wakes_at, self._wakes_earlier = math.inf, asyncio.Event()

    async def run(self) -> None:
        """Read until the owner has an ending. Raises ConnectionClosed where the connection ended by itself."""
        session, ticker = self._session, asyncio.create_task(self.tick())
        try:
            while self._owner.ending is None:
                data = await self._connection.recv(decode=False)
                self._intake.received_at = self._owner.status.last_frame_at = datetime.now(UTC)
                await self.handle(session.receive(data, now=time.monotonic()))
                for text in session.data_to_send():
                    await self._connection.send(text)
                if (session.next_deadline() or math.inf) < self._wakes_at:
                    self._wakes_earlier.set()
                if self._inbox.is_full(self._lease_id):
                    await self._away(self._inbox.room(self._lease_id))
        except websockets.ConnectionClosed as error:
            self._questions.drop(is_too_long=is_too_long(error))
            raise
        finally:
            ticker.cancel()
            self._questions.drop()
            if session.state is not SessionState.CLOSED:
                session.close(now=time.monotonic())

    async def tick(self) -> None:
        """Heartbeats and deadlines; they go on while reading waits for room."""
        session, connection = self._session, self._connection
        while self._owner.ending is None:
            deadline = session.next_deadline()
            if deadline is None:
                break
            self._wakes_at = deadline
            self._wakes_earlier.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(max(deadline - time.monotonic(), 0.005)):
                    await self._wakes_earlier.wait()
                    continue
            if time.monotonic() - deadline > STALL_SECONDS:
                await asyncio.sleep(STALL_SECONDS)  # this process stood still: hear what waits before judging silence
            await self.handle(session.tick(now=time.monotonic()))
            with suppress(OSError, websockets.ConnectionClosed):  # whoever reads the socket hears how it ended
                for text in session.data_to_send():
                    await connection.send(text)
        if isinstance(self._owner.ending, PeerSilent):
            connection.transport.abort()  # nobody is there to answer a closing handshake
        else:
            await connection.close()

    async def ask(self, question: Question, *, parameters: Mapping[str, object]) -> Fetched:
        """Send a look-up, and wait for its answer, whose entities are queued as it arrives."""
        return await self._questions.ask(
            question, session=self._session, connection=self._connection, parameters=parameters
        )

    async def close(self) -> None:
        """Close the connection; `run` then ends."""
        await self._connection.close()

    async def _away(self, work: Awaitable[T]) -> T:
        """Wait for something of our own. That nobody listens meanwhile is no silence of the platform."""
        self._session.pause(now=time.monotonic())
        try:
            return await work
        finally:
            self._session.resume(now=time.monotonic())

    async def handle(self, events: list[SessionEvent]) -> None:
        """Queue the rows of events, and do what others say."""
        rows: list[Row | BadRow] = []
        for event in events:
            if type(event) is EntityReceived:
                rows.append(self._intake.row(event.entity_type, event.entity, kind=KINDS.get(event.event_type, 2)))
            elif type(event) is Malformed:
                rows.append(self._intake.bad_row(event.entity_type or "", event.raw, event.reason))
            else:
                if rows:
                    self._inbox.put(rows)
                    rows = []
                await self._handle_other(event)
        if rows:
            self._inbox.put(rows)
            self._owner.status.last_event_at = self._intake.received_at

    async def _handle_other(self, event: SessionEvent) -> None:
        match event:
            case SnapshotPart():
                kind = Kind.SNAPSHOT if self._owner.is_first_load else Kind.RESYNC
                for entity_type, entities in sorted(event.collections, key=lambda one: snapshot_order(one[0])):
                    await self._put_differences(entity_type, entities, kind=kind)
            case SyncAccepted():
                await self._away(self._owner.accepted())
            case SnapshotSettled():
                self._owner.settled()
                expect_no_more_snapshot(self._connection)
            case Answered():
                await self._take_answer(event)
            case Refused() | Penalty() | Shutdown() | PeerClosed() | PeerSilent():
                self._owner.ending = self._owner.ending or event

    async def _take_answer(self, event: Answered) -> None:
        question = self._questions.get(event.request_id)
        if question is None:
            return
        question.has_arrived.set()
        outcome = read_answer(question.operation, status=event.status, body=event.body)
        fetched, entities = read_entities(outcome, event.body or b"")
        ids = await self._put_differences(question.entity_type, entities, kind=question.kind)
        fetched.ids = {one for one in ids if one is not None}
        fetched.count = len(fetched.ids)
        if None in ids:
            fetched.note_unreadable()
        question.answer(fetched)

    async def _put_differences(self, entity_type: str, entities: Iterable[bytes], *, kind: Kind) -> list[int | None]:
        """Queue entities that are stored only where the mirror differs, a few hundred at a time, as there is room.
        Returns their ids; None for one that is unreadable.
        """
        ids: list[int | None] = []
        rest = iter(entities)
        while chunk := list(islice(rest, SNAPSHOT_CHUNK)):
            rows = [self._intake.row(entity_type, one, kind=int(kind), is_difference=True) for one in chunk]
            ids += [row.entity_id for row in rows]
            if self._inbox.is_full(self._lease_id):
                await self._away(self._inbox.room(self._lease_id))
            self._inbox.put(rows)
        return ids
