"""The sockets: the platform's text protocol over a WebSocket, one `Socket` a connection."""

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from vendor_admin.sandbox.calls import Answer, Call, read_query
from vendor_admin.sandbox.faults import CallFault, SocketFaults
from vendor_admin.sandbox.ledger import Line
from vendor_admin.sandbox.platform import Platform, epoch_now
from vendor_admin.sandbox.sessions import Session, TokenState
from vendor_admin.sandbox.wire.frames import (
    Message,
    Request,
    answer_message,
    array_frame,
    other_message,
    read_request,
    snapshot_message,
)
from vendor_admin.sandbox.wire.snapshot import BadSyncRequestError, Scope, parts, read_scope
from vendor_admin.sandbox.world.state import Organization
from vendor_admin.tradovate.enums import Environment

# ASGI messages, whose values are text, bytes or numbers.
ASGIMessage = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[ASGIMessage]]
Send = Callable[[ASGIMessage], Awaitable[None]]

NAP_SECONDS = 0.05
LISTEN_SECONDS = 0.5
MISDIRECTED = 421
SPOILT_KINDS = frozenset({"event", "snapshot"})


class Socket:
    """One connection: reads requests, sends frames in order, beats, and closes for the platform's reasons."""

    def __init__(
        self,
        platform: Platform,
        environment: Environment,
        *,
        number: int,
        address: str,
        host: str,
        send: Send,
        abort: Callable[[], None],
    ) -> None:
        self.platform = platform
        self.environment = environment
        self.number = number
        self.address = address
        self.host = host
        self.opened_at = epoch_now()
        self.authorized_at: float | None = None
        self.organization: Organization | None = None
        self.session: Session | None = None
        self.scope: Scope | None = None
        self.faults = SocketFaults()
        self.frames_sent = 0
        self.messages_sent = 0
        self.is_closing = False
        self._send = send
        self._abort = abort
        self._pending: deque[Message | str] = deque()
        self._wake = asyncio.Event()
        self._held: tuple[list[Message], str] | None = None
        self._line = Line(number, "", environment.value, host)
        self._tasks: set[asyncio.Task[None]] = set()
        self._close_with: tuple[int, str] | None = None

    def enqueue(self, message: Message | str) -> None:
        """Send a message after all others; a `str` is a whole frame as it stands."""
        if self.is_closing:
            return
        if len(self._pending) >= self.platform.configuration.pending_messages:
            self.abort("too slow")
            return
        self._pending.append(message)
        self._wake.set()

    @property
    def pending(self) -> int:
        """Messages that wait to be sent."""
        return len(self._pending)

    @property
    def member_id(self) -> int | None:
        """The member whose delegated token authorized this connection."""
        return self.session.member_id if self.session else None

    def shut_down(self, reason_code: str, reason: str = "") -> None:
        """Announce the end, then close."""
        body = {"reasonCode": reason_code} | ({"reason": reason} if reason else {})
        self.enqueue(other_message("shutdown", body))
        self.close(1000, reason_code)

    def close(self, code: int, reason: str) -> None:
        """Close once everything that waits has been sent."""
        self._close_with = self._close_with or (code, reason)
        self._wake.set()

    def abort(self, why: str) -> None:
        """Drop the connection without a word."""
        self.is_closing = True
        self.platform.ledger.note(self._line, direction="sent", kind="lifecycle", text=f"dropped: {why}")
        self._abort()

    async def run(self, receive: Receive) -> None:
        """Live until either side ends it."""
        self.platform.ledger.note(self._line, direction="received", kind="lifecycle", text="opened")
        self.enqueue("o")
        sender = asyncio.create_task(self._send_loop())
        reader = asyncio.create_task(self._read_loop(receive))
        try:
            await asyncio.wait({sender, reader}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self.is_closing = True
            self._leave()
            everything = {sender, reader, *self._tasks}
            for task in everything:
                task.cancel()
            await asyncio.gather(*everything, return_exceptions=True)
            self.platform.ledger.note(self._line, direction="received", kind="lifecycle", text="closed")

    def _leave(self) -> None:
        if self.organization is not None:
            channel = self.platform.channels.get((self.environment, self.organization.id), [])
            if self in channel:
                channel.remove(self)

    async def _send_loop(self) -> None:
        configuration = self.platform.configuration
        loop = asyncio.get_running_loop()
        last_sent = loop.time()
        while True:
            if self.faults.is_half_open:
                await asyncio.sleep(NAP_SECONDS)
                continue
            if not self._pending:
                if self._close_with is not None:
                    await self._close_now(*self._close_with)
                    return
                self._wake.clear()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout_at(last_sent + configuration.heartbeat_seconds):
                        await self._wake.wait()
                if self._pending or loop.time() < last_sent + configuration.heartbeat_seconds:
                    continue
                last_sent = loop.time()
                if not self.faults.skips_heartbeats:
                    self._pending.append("h")
                continue
            await self._transmit(*self._next_frame(configuration.events_per_frame))
            last_sent = loop.time()

    def _next_frame(self, most: int) -> tuple[list[Message], str]:
        first = self._pending.popleft()
        if isinstance(first, str):
            return [], first
        messages = [first]
        while self._pending and len(messages) < most and first.kind == "event":
            following = self._pending[0]
            if isinstance(following, str) or following.kind != "event":
                break
            messages.append(following)
            self._pending.popleft()
        return messages, array_frame(messages)

    async def _transmit(self, messages: list[Message], text: str) -> None:
        faults = self.faults
        if not messages or messages[0].kind not in SPOILT_KINDS:
            await self._hand_over(messages, text)
            return
        if faults.delay_seconds:
            await asyncio.sleep(faults.delay_seconds)
        if faults.drop > 0:
            faults.drop -= 1
            self._record(messages, text, direction="dropped")
            return
        if faults.reorder > 0 and self._held is None:
            faults.reorder -= 1
            self._held = (messages, text)
            return
        await self._hand_over(messages, text)
        if faults.duplicate > 0:
            faults.duplicate -= 1
            await self._hand_over(messages, text)
        if self._held is not None:
            held, self._held = self._held, None
            await self._hand_over(*held)

    async def _hand_over(self, messages: list[Message], text: str) -> None:
        await self._send({"type": "websocket.send", "text": text})
        self.frames_sent += 1
        self.messages_sent += len(messages)
        self._record(messages, text, direction="sent")

    def _record(self, messages: list[Message], text: str, *, direction: str) -> None:
        ledger = self.platform.ledger
        if not messages or messages[0].kind == "frame":
            ledger.note(self._line, direction=direction, kind="frame", text=text, frame=self.frames_sent)
            return
        for message in messages:
            ledger.entities(
                self._line,
                message.items,
                direction=direction,
                kind=message.kind,
                frame=self.frames_sent,
                endpoint=message.endpoint,
            )

    async def _close_now(self, code: int, reason: str) -> None:
        self.is_closing = True
        self.platform.ledger.note(self._line, direction="sent", kind="lifecycle", text=f"close {code} {reason}")
        await self._send({"type": "websocket.close", "code": code, "reason": reason})

    async def _read_loop(self, receive: Receive) -> None:
        heard_at = self.opened_at
        while True:
            message = await self._next_message(receive)
            if message is None:
                limit = self._patience(heard_at)
                if limit:
                    self.abort(limit)
                    return
                continue
            heard_at = epoch_now()
            if message["type"] == "websocket.disconnect":
                return
            text = message.get("text")
            if text is not None:
                await self._received(text)

    async def _next_message(self, receive: Receive) -> ASGIMessage | None:
        """What the client sent, or None after a moment without; a half-open connection hears nothing."""
        if self.faults.is_half_open:
            await asyncio.sleep(NAP_SECONDS)
            return None
        try:
            return await asyncio.wait_for(receive(), LISTEN_SECONDS)
        except TimeoutError:
            return None

    def _patience(self, heard_at: float) -> str:
        """Why the platform gives the client up now, or nothing."""
        configuration, now = self.platform.configuration, epoch_now()
        if self.authorized_at is None:
            return "not authorized" if now > self.opened_at + configuration.unauthorized_seconds else ""
        return "silent" if now > heard_at + configuration.silence_seconds else ""

    async def _received(self, text: str) -> None:
        if text == "[]":
            self.platform.ledger.note(self._line, direction="received", kind="frame", text=text)
            return
        request = read_request(text)
        if request is None:
            self.enqueue(answer_message(0, 400, "Invalid frame"))
            return
        is_authorize = request.endpoint.lower() == "authorize"
        self.platform.ledger.note(
            self._line,
            direction="received",
            kind="frame",
            text="(token)" if is_authorize else request.body or request.query,
            endpoint=request.endpoint,
        )
        now = epoch_now()
        call = Call(
            environment=self.environment,
            endpoint="authorize" if is_authorize else request.endpoint,
            query=read_query(request.query),
            body="" if is_authorize else request.body,
            address=self.address,
            organization=self._owner_of(request.body, now) if is_authorize else self.organization,
            token=next(reversed(self.session.tokens)) if self.session else "",
            member_id=self._member_of(request.body) if is_authorize else self.member_id,
            host=self.host,
            is_on_open_socket=not is_authorize,
        )
        blocked, rule = self.platform.judge(call, now=now)
        if rule is not None and rule.fault is CallFault.SLOW:
            await asyncio.sleep(rule.seconds)
        if blocked is not None:
            self._answer(request, blocked)
            if blocked.status == MISDIRECTED:
                self.close(1000, "Misdirected")
        elif is_authorize:
            self._authorize(request, now=now)
        elif self.organization is None:
            self._answer(request, Answer(401, "Access is denied"))
        elif request.endpoint.lower() == "user/syncrequest":
            self._synchronize(request, call, self.organization, now=now)
        else:
            await self._deliver(request, self.platform.perform(call, now=now))
        if rule is not None and rule.fault is CallFault.CUT:
            self.abort("cut by rule")

    def _owner_of(self, token: str, now: float) -> Organization | None:
        """Whose call an `authorize` is, for the limits of its user."""
        return self.platform.organization_of(token.strip(), now=now)[0]

    def _member_of(self, token: str) -> int | None:
        return self.platform.sessions.member_of(token.strip())

    async def _deliver(self, request: Request, answer: Answer) -> None:
        """Answer in the way the answer asks for: late, or not at all."""
        if answer.delivery is not None:
            if answer.delivery.is_cut:
                return
            await asyncio.sleep(answer.delivery.wait_seconds)
        self._answer(request, answer)

    def _answer(self, request: Request, answer: Answer) -> None:
        """A 429 has no leading `a` and no body, as seen in the field."""
        if answer.status == 429:
            self.enqueue(f'{{"s":429,"i":{request.number}}}')
            return
        self.enqueue(answer_message(request.number, answer.status, answer.body, endpoint=request.endpoint))

    def _authorize(self, request: Request, *, now: float) -> None:
        token = request.body.strip()
        state, session = self.platform.sessions.look_up(token, now=now)
        if state is not TokenState.GOOD or session is None:
            texts = {TokenState.EXPIRED: '"Expired Access Token"', TokenState.EVICTED: "The session was closed"}
            status = 408 if state is TokenState.EVICTED else 401
            self._answer(request, Answer(status, texts.get(state, "Invalid access token")))
            return
        self.session, self.organization, self.authorized_at = session, session.organization, now
        self._line = Line(self.number, session.organization.name, self.environment.value, self.host)
        self.platform.ledger.note(self._line, direction="received", kind="lifecycle", text="authorized")
        self._answer(request, Answer(200))
        self._close_the_oldest(session.organization)

    def _close_the_oldest(self, organization: Organization) -> None:
        """Over the limit of connections the oldest one is closed and its token revoked."""
        mine = [
            socket
            for socket in self.platform.sockets.values()
            if socket.organization is organization and socket.member_id == self.member_id and not socket.is_closing
        ]
        if len(mine) > self.platform.configuration.sockets_per_user:
            oldest = min(mine, key=lambda socket: socket.number)
            if oldest.session is not None:
                oldest.session.ended = TokenState.EVICTED
            oldest.shut_down("ConnectionQuotaReached", "Too many connections")

    def _synchronize(self, request: Request, call: Call, organization: Organization, *, now: float) -> None:
        if self.scope is not None:
            self._answer(request, Answer(400, "Only one user/syncrequest on a connection"))
            return
        blocked = self.platform.check_endpoint(call, now=now)
        if blocked is not None:
            self._answer(request, blocked)
            return
        self.platform.limits.count(call.name, self.address, succeeded=True, now=now)
        is_member = self.member_id is not None
        if not organization.has_scopes and not is_member:
            self._answer(request, Answer(401, "Access is denied"))
            return
        try:
            scope = read_scope(
                self.platform.read_object(request.body),
                admin_user_id=organization.admin_user_id,
                member_id=self.member_id,
            )
        except BadSyncRequestError as error:
            self._answer(request, Answer(400, str(error)))
            return
        if organization.is_vendor and not is_member and not scope.split:
            self.abort("vendor without splitResponses")
            return
        self.scope = scope
        self.platform.channels.setdefault((self.environment, organization.id), []).append(self)
        task = asyncio.create_task(self._send_snapshot(request.number, scope, organization))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _send_snapshot(self, number: int, scope: Scope, organization: Organization) -> None:
        """Each part is read when it is queued, so a part is never older than an event sent before it."""
        configuration = self.platform.configuration
        view = self.platform.world.view(self.environment, organization.id)
        whole = not scope.split or organization.id in self.platform.whole_snapshots
        size = 0 if whole else configuration.snapshot_part
        for part in parts(view, self.environment, scope, size=size):
            self.enqueue(snapshot_message(number, part))
            while len(self._pending) > 1_000 and not self.is_closing:
                await asyncio.sleep(0.01)
            await asyncio.sleep(configuration.snapshot_pause_seconds)
