"""What the end of a socket is called."""

import socket as sockets
import ssl

import websockets

from vendor_admin.tradovate.api_hosts import host_in_location
from vendor_admin.tradovate.enums import NotSentKind
from vendor_admin.tradovate.events import PeerClosed, PeerSilent, Penalty, Refused, Shutdown
from vendor_admin.tradovate.socket.reconnect import ConnectionLost, Ending, SignInFailed

TOO_LONG = 1009
"""The code of a socket's end for a message that one side found too long (RFC 6455)."""
MOVED = "moved"
"""What the platform gives as the reason of closing a socket whose organization has another host now."""


def loss_of(error: Exception) -> ConnectionLost | PeerClosed | Refused:
    """What a failed or broken connection is called."""
    if isinstance(error, websockets.ConnectionClosed):
        received = error.rcvd
        if received is not None:
            return PeerClosed(received.code, received.reason)
        return ConnectionLost("a message was too long" if is_too_long(error) else "it broke without a word")
    if isinstance(error, websockets.InvalidStatus):
        points_to = host_in_location("".join(error.response.headers.get_all("Location")[:1]))
        text = "the address answered without opening a socket" + (f" and pointed to {points_to}" if points_to else "")
        return Refused("connect", error.response.status_code, text, points_to)
    kinds: list[tuple[type[BaseException], NotSentKind]] = [
        (sockets.gaierror, NotSentKind.DNS),
        (ssl.SSLError, NotSentKind.TLS),
        (TimeoutError, NotSentKind.TIMEOUT),
        (OSError, NotSentKind.REFUSED),
    ]
    kind = next((kind for one, kind in kinds if isinstance(error, one)), None)
    return ConnectionLost(str(error) or type(error).__name__, kind)


def is_too_long(error: websockets.ConnectionClosed) -> bool:
    """Whether a message was too long for us, or for the platform."""
    return any(close is not None and close.code == TOO_LONG for close in (error.rcvd, error.sent))


def in_words(ending: Ending) -> str:
    """An ending as the reason of a gap."""
    match ending:
        case Shutdown():
            return f"shutdown: {ending.reason_code}"
        case PeerSilent():
            return f"silent for {ending.silent_seconds:.0f} s"
        case PeerClosed(reason=reason) if reason.casefold() == MOVED:
            return "the platform closed the socket: the organization moved to another host"
        case PeerClosed():
            return f"closed by the platform ({ending.code} {ending.reason})".replace(" )", ")")
        case ConnectionLost():
            return f"connection lost: {ending.reason}"
        case Refused(status=0):
            return f"refused: no answer at {ending.step}"
        case Refused():
            return f"refused: {ending.status} at {ending.step}"
        case Penalty(captcha=True):
            return f"a captcha was asked for at {ending.step}"
        case Penalty():
            return f"a penalty of {ending.wait_seconds:g} s at {ending.step}"
        case SignInFailed():
            return f"signing in failed: {type(ending.outcome).__name__.lower()}"
