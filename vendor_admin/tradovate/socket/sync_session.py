"""One sync socket as a state machine: bytes and the time go in, events, text to send and a deadline come out.

There is no socket, clock or thread here, and nothing the platform sends makes it raise. The holder of the socket
feeds `receive` with each text frame, calls `tick` no later than `next_deadline`, and after either sends what
`data_to_send` drains. `now` is any clock that only goes forward, in seconds.

    opening ──o──> authorizing ──200──> syncing ──first 200──> live
       any state ──shutdown, refusal, penalty──> closing ──closed by either side, or silence──> closed
"""

from collections.abc import Mapping

import msgspec

from vendor_admin.tradovate.bodies import decode_body, penalty_ticket_of, text_of
from vendor_admin.tradovate.catalogue.json_bodies import encode_body
from vendor_admin.tradovate.enums import SessionState
from vendor_admin.tradovate.errors import RequestNotPossible
from vendor_admin.tradovate.events import (
    Answered,
    Authorized,
    EntityReceived,
    Malformed,
    OtherEvent,
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
from vendor_admin.tradovate.masking import without
from vendor_admin.tradovate.operations import SYNC_REQUEST
from vendor_admin.tradovate.socket import frames
from vendor_admin.tradovate.socket.snapshot import read_snapshot

__all__ = [
    "Answered",
    "Authorized",
    "EntityReceived",
    "Malformed",
    "OtherEvent",
    "PeerClosed",
    "PeerSilent",
    "Penalty",
    "Refused",
    "SessionEvent",
    "SessionState",
    "Shutdown",
    "SnapshotPart",
    "SnapshotSettled",
    "SyncAccepted",
    "SyncSession",
]

AUTHORIZE = "authorize"
SESSION = "session"

_AUTHORIZE_ID = 1
_SYNC_ID = 2
_WAITING = (SessionState.AUTHORIZING, SessionState.SYNCING)
_CARRIES_REQUESTS = (SessionState.SYNCING, SessionState.LIVE)
_LOCKS_THE_SESSION = (401, 423, 429)


class SyncSession:
    """The protocol of one sync socket, from the opening frame to the end.

    `sync_request` is the body of the one `user/syncrequest`. A peer is silent when no frame came for
    `silence_seconds`; an answer to authorize or syncrequest that stays out for `answer_seconds` counts as refused.
    """

    def __init__(
        self,
        *,
        access_token: str,
        sync_request: Mapping[str, object],
        now: float,
        heartbeat_seconds: float = 2.5,
        silence_seconds: float = 10.0,
        quiet_seconds: float = 2.0,
        answer_seconds: float = 60.0,
    ) -> None:
        self.state = SessionState.OPENING
        self._access_token = access_token
        self._sync_request = dict(sync_request)
        self._heartbeat_seconds = heartbeat_seconds
        self._silence_seconds = silence_seconds
        self._quiet_seconds = quiet_seconds
        self._answer_seconds = answer_seconds
        self._outbox: list[str] = []
        self._last_request_id = _SYNC_ID
        self._now = now
        self._heard_at = now
        self._sent_at = now
        self._asked_at = now
        self._part_at: float | None = None
        self._is_paused = False

    def __repr__(self) -> str:
        return f"<SyncSession {self.state}>"

    def receive(self, data: bytes, *, now: float) -> list[SessionEvent]:
        """Take one text frame (its payload as UTF-8 bytes) and return what it means, in order."""
        if self.state is SessionState.CLOSED:
            return []
        self._now = self._heard_at = now
        events: list[SessionEvent] = []
        for frame in frames.decode_frame(data):
            if type(frame) is EntityReceived or type(frame) is Malformed:
                events.append(frame)
            else:
                events += self._handle(frame)
        return events

    def tick(self, *, now: float) -> list[SessionEvent]:
        """Let time pass: queue a heartbeat when we were silent, notice a silent peer or a settled snapshot."""
        if self.state is SessionState.CLOSED:
            return []
        self._now = now
        events: list[SessionEvent] = []
        if not self._is_paused:
            if now >= self._heard_at + self._silence_seconds:
                self.state = SessionState.CLOSED
                self._outbox.clear()
                return [PeerSilent(now - self._heard_at)]
            if self._part_at is not None and now >= self._part_at + self._quiet_seconds:
                self._part_at = None
                events.append(SnapshotSettled())
            if self.state in _WAITING and now >= self._asked_at + self._answer_seconds:
                events.append(self._refuse(self._step(), 0, f"no answer within {self._answer_seconds:g} seconds"))
        if self.state is not SessionState.OPENING and now >= self._sent_at + self._heartbeat_seconds:
            self._send(frames.HEARTBEAT)
        return events

    def next_deadline(self) -> float | None:
        """Return when `tick` must be called at the latest; None once the session is over."""
        if self.state is SessionState.CLOSED:
            return None
        deadlines = []
        if self.state is not SessionState.OPENING:
            deadlines.append(self._sent_at + self._heartbeat_seconds)
        if not self._is_paused:
            deadlines.append(self._heard_at + self._silence_seconds)
            if self._part_at is not None:
                deadlines.append(self._part_at + self._quiet_seconds)
            if self.state in _WAITING:
                deadlines.append(self._asked_at + self._answer_seconds)
        return min(deadlines, default=None)

    def data_to_send(self) -> list[str]:
        """Return the text frames to send now, in order, and forget them."""
        outbox, self._outbox = self._outbox, []
        return outbox

    def pause(self, *, now: float) -> None:
        """Say that nobody reads the socket for a while: the peer's silence tells nothing until `resume`."""
        self._now = now
        self._is_paused = True

    def resume(self, *, now: float) -> None:
        """Say that the socket is read again. Every wait for the peer begins anew."""
        if not self._is_paused:
            return
        self._is_paused = False
        self._now = self._heard_at = now
        self._asked_at = now
        if self._part_at is not None:
            self._part_at = now

    def close(self, *, now: float) -> list[SessionEvent]:
        """End the session from our side. Frames that still come are ignored, nothing more is sent."""
        self._now = now
        self.state = SessionState.CLOSED
        self._outbox.clear()
        return []

    def request(self, endpoint: str, *, query: str = "", body: object = None) -> int:
        """Queue another operation; its answer comes as Answered with the number returned here.

        `query` holds look-up parameters (`ids=1,2`), `body` any value JSON can hold, amounts as Decimals. Raises
        RequestNotPossible before the platform accepted the token, after the end, and for a second user/syncrequest.
        """
        if endpoint.lower().strip("/") in (SYNC_REQUEST.path, AUTHORIZE):
            raise RequestNotPossible(f"{endpoint} is sent by the session itself, once per socket")
        if self.state not in _CARRIES_REQUESTS:
            raise RequestNotPossible(f"no requests while the session is {self.state}")
        self._last_request_id += 1
        text = "" if body is None else encode_body(body).decode()
        self._send(frames.encode_request(endpoint, self._last_request_id, query=query, body=text))
        return self._last_request_id

    def _handle(self, frame: frames.Frame) -> list[SessionEvent]:
        match frame:
            case frames.Opened():
                self._authorize()
            case frames.Reply():
                return self._handle_reply(frame)
            case frames.Notice():
                return [self._handle_notice(frame)]
            case PeerClosed():
                self.state = SessionState.CLOSED
                self._outbox.clear()
                return [frame]
        return []

    def _authorize(self) -> None:
        if self.state is not SessionState.OPENING:
            return
        self.state = SessionState.AUTHORIZING
        self._asked_at = self._now
        self._send(frames.encode_request(AUTHORIZE, _AUTHORIZE_ID, body=self._access_token))

    def _handle_reply(self, reply: frames.Reply) -> list[SessionEvent]:
        request_id = reply.request_id
        if request_id is None:
            if self.state not in _WAITING:
                return [self._handle_stray(reply)]
            request_id = _AUTHORIZE_ID if self.state is SessionState.AUTHORIZING else _SYNC_ID
        if request_id not in (_AUTHORIZE_ID, _SYNC_ID):
            return [Answered(request_id, reply.status, reply.body)]
        if request_id == _SYNC_ID and self.state in (SessionState.OPENING, SessionState.AUTHORIZING):
            return [Malformed(reply.body or b"", "an answer to a syncrequest that was not sent")]
        no = self._refusal(AUTHORIZE if request_id == _AUTHORIZE_ID else SYNC_REQUEST.path, reply)
        if no is not None:
            return [no]
        return self._handle_authorized() if request_id == _AUTHORIZE_ID else self._handle_snapshot(reply.body)

    def _handle_authorized(self) -> list[SessionEvent]:
        if self.state is not SessionState.AUTHORIZING:
            return []
        self.state = SessionState.SYNCING
        self._asked_at = self._now
        body = msgspec.json.encode(self._sync_request).decode()
        self._send(frames.encode_request(SYNC_REQUEST.path, _SYNC_ID, body=body))
        return [Authorized()]

    def _handle_snapshot(self, body: bytes | None) -> list[SessionEvent]:
        events: list[SessionEvent] = []
        if self.state is SessionState.SYNCING:
            self.state = SessionState.LIVE
            events.append(SyncAccepted())
        self._part_at = self._now
        return events + read_snapshot(body)

    def _handle_stray(self, reply: frames.Reply) -> SessionEvent:
        text = text_of(decode_body(reply.body))
        if reply.status in _LOCKS_THE_SESSION:
            return self._refuse(SESSION, reply.status, text)
        return Malformed(reply.body or b"", f"an answer {reply.status} without a request number")

    def _handle_notice(self, notice: frames.Notice) -> SessionEvent:
        if notice.name != "shutdown":
            return OtherEvent(notice.name, notice.body or b"null")
        self.state = SessionState.CLOSING
        said = decode_body(notice.body)
        if not isinstance(said, dict):
            return Shutdown("", text_of(said))
        return Shutdown(text_of(said.get("reasonCode")), text_of(said.get("reason")))

    def _refusal(self, step: str, reply: frames.Reply) -> Penalty | Refused | None:
        """Look for a no in an answer to one of our two steps; 200 alone does not mean yes."""
        if not 200 <= reply.status < 300:
            return self._refuse(step, reply.status, text_of(decode_body(reply.body)))
        if reply.body is None or (b'"p-' not in reply.body and b'"errorText"' not in reply.body):
            return None
        said = decode_body(reply.body)
        ticket = penalty_ticket_of(said)
        if ticket is not None:
            self.state = SessionState.CLOSING
            return Penalty(step, ticket.ticket, ticket.wait_seconds, ticket.captcha)
        if isinstance(said, dict) and said.get("errorText"):
            return self._refuse(step, reply.status, text_of(said))
        return None

    def _refuse(self, step: str, status: int, text: str) -> Refused:
        self.state = SessionState.CLOSING
        return Refused(step, status, without([self._access_token], text))

    def _step(self) -> str:
        return AUTHORIZE if self.state is SessionState.AUTHORIZING else SYNC_REQUEST.path

    def _send(self, text: str) -> None:
        self._outbox.append(text)
        self._sent_at = self._now
