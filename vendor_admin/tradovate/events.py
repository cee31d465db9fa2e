"""What a sync socket tells its holder, in the order in which it arrived.

The structs are made by the thousand a second, so they are kept out of the garbage collector's sight
(`gc=False`: none of them can be part of a reference cycle). All bytes are the sender's own.
"""

import msgspec


class EntityReceived(msgspec.Struct, gc=False, frozen=True):
    """One entity changed. `event_type` is Created, Updated or Deleted; `entity` is one JSON object."""

    entity_type: str
    event_type: str
    entity: bytes


class Malformed(msgspec.Struct, gc=False, frozen=True):
    """One message (or the unreadable rest of a frame) for quarantine; its neighbours are delivered."""

    raw: bytes
    reason: str
    entity_type: str | None = None


class Authorized(msgspec.Struct, gc=False, frozen=True):
    """The platform accepted the access token."""


class SyncAccepted(msgspec.Struct, gc=False, frozen=True):
    """The first answer 200 to the sync request came; the socket is live."""


class SnapshotPart(msgspec.Struct, gc=False, frozen=True):
    """A part of the initial data: (entity type in the singular, JSON object of each entity)."""

    collections: list[tuple[str, list[bytes]]]


class SnapshotSettled(msgspec.Struct, gc=False, frozen=True):
    """No further part came for the quiet period. The platform sends no end marker, so this is a judgement."""


class Answered(msgspec.Struct, gc=False, frozen=True):
    """The answer to a request made with `SyncSession.request`; `body` is its JSON, None if there was none."""

    request_id: int
    status: int
    body: bytes | None


class OtherEvent(msgspec.Struct, gc=False, frozen=True):
    """An event that is not about an entity: md, chart, clock, or a name we do not know. `data` is JSON."""

    name: str
    data: bytes


class Shutdown(msgspec.Struct, gc=False, frozen=True):
    """The platform is about to close the socket. See `enums.ShutdownReason`; other codes may come."""

    reason_code: str
    reason: str


class Refused(msgspec.Struct, gc=False, frozen=True):
    """The platform said no to `step`: connect, authorize, user/syncrequest, or session (an answer to nothing we asked).

    `status` is like HTTP's; 200 when the refusal hides in the body, 0 when no answer came in time. `points_to` is the
    host that the answer to a handshake led to, which is not followed.
    """

    step: str
    status: int
    text: str
    points_to: str = ""

    @property
    def is_of_wrong_host(self) -> bool:
        """Whether a host answered that does not serve the organization, or sent the handshake elsewhere."""
        if self.step == "connect":
            return 300 <= self.status < 400 or self.status in (404, 421)
        return self.step == "authorize" and self.status == 421


class Penalty(msgspec.Struct, gc=False, frozen=True):
    """A penalty ticket instead of an answer: wait, then send the same request with the ticket."""

    step: str
    ticket: str
    wait_seconds: float
    captcha: bool

    def __repr__(self) -> str:
        return f"Penalty(step={self.step!r}, wait_seconds={self.wait_seconds!r}, captcha={self.captcha!r})"


class PeerClosed(msgspec.Struct, gc=False, frozen=True):
    """The platform closed with a `c` frame. `code` is None when it could not be read."""

    code: int | None
    reason: str


class PeerSilent(msgspec.Struct, gc=False, frozen=True):
    """Nothing came for so long that the peer must be taken for dead."""

    silent_seconds: float


SessionEvent = (
    EntityReceived
    | Malformed
    | Authorized
    | SyncAccepted
    | SnapshotPart
    | SnapshotSettled
    | Answered
    | OtherEvent
    | Shutdown
    | Refused
    | Penalty
    | PeerClosed
    | PeerSilent
)
