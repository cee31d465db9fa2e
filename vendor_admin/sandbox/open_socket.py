"""What the platform and the control door know of a connection: its state, and how to send on it and end it."""

from typing import Protocol

from vendor_admin.sandbox.faults import SocketFaults
from vendor_admin.sandbox.sessions import Session
from vendor_admin.sandbox.wire.frames import Message
from vendor_admin.sandbox.wire.snapshot import Scope
from vendor_admin.sandbox.world.state import Organization
from vendor_admin.tradovate.enums import Environment


class OpenSocket(Protocol):
    """One connection to the platform's text protocol. `Socket` is it, over a WebSocket."""

    environment: Environment
    number: int
    host: str
    opened_at: float
    authorized_at: float | None
    organization: Organization | None
    session: Session | None
    scope: Scope | None
    faults: SocketFaults
    frames_sent: int
    messages_sent: int
    is_closing: bool

    @property
    def member_id(self) -> int | None:
        """The member whose delegated token authorized this connection."""

    @property
    def pending(self) -> int:
        """Messages that wait to be sent."""

    def enqueue(self, message: Message | str) -> None:
        """Send a message after all others; a `str` is a whole frame as it stands."""

    def shut_down(self, reason_code: str, reason: str = "") -> None:
        """Announce the end, then close."""

    def close(self, code: int, reason: str) -> None:
        """Close once everything that waits has been sent."""

    def abort(self, why: str) -> None:
        """Drop the connection without a word."""
