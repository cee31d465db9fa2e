"""Which addresses a request goes to, and why it got no answer: was it not sent, or may it have been processed?

Reasons are written by us and name the host only: an exception of the HTTP library shows the whole address.
"""

import socket
import ssl
import traceback
from collections.abc import Callable, Iterator, Sequence

import requests
from urllib3.exceptions import NameResolutionError, NewConnectionError, ProxyError

from vendor_admin.tradovate.enums import NotSentKind
from vendor_admin.tradovate.outcomes import NotSent, Unknown

Resolve = Callable[[str], Sequence[str]]
"""Gives the addresses that calls of a host may go to. Raises HostNotAllowed, or socket.gaierror for unknown names."""


Judge = Callable[[str], None]
"""Raises HostNotAllowed for a host whose very name may not be called: all that can be judged where a proxy looks names
up."""


class HostNotAllowed(OSError):
    """This host may not be called. The text is for people, and tells no address."""


def anywhere(host: str) -> list[str]:
    """The addresses of any host, as the system knows them."""
    return [str(answer[4][0]) for answer in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)]


def any_name(host: str) -> None:
    """Let every host be called."""


def outcome_of_transport_error(
    error: requests.RequestException, *, host: str, timeout: tuple[float, float]
) -> NotSent | Unknown:
    """Sort one exception of requests. Only what happens before the request is on its way is NotSent."""
    if isinstance(error, requests.exceptions.ConnectTimeout):
        return NotSent(NotSentKind.TIMEOUT, f"no connection to {host} within {timeout[0]:g} s")
    if isinstance(error, requests.exceptions.ReadTimeout):
        return Unknown(f"no answer from {host} within {timeout[1]:g} s")
    if isinstance(error, requests.exceptions.InvalidURL):
        return NotSent(NotSentKind.DNS, f"{host} is not a host name")
    causes = list(causes_of(error))
    for cause in causes:
        if isinstance(cause, HostNotAllowed):
            return NotSent(NotSentKind.REFUSED, str(cause))
    for cause in causes:
        if isinstance(cause, NameResolutionError):
            return NotSent(NotSentKind.DNS, f"the name {host} is not known")
        if isinstance(cause, NewConnectionError | ProxyError):
            return NotSent(NotSentKind.REFUSED, f"no connection to {host}: {_system_text(cause)}")
        if isinstance(cause, ssl.SSLCertVerificationError):
            return NotSent(NotSentKind.TLS, f"{host} shows a certificate that is not trusted: {cause.verify_message}")
        if isinstance(cause, ssl.SSLError) and _is_of_handshake(cause):
            return NotSent(NotSentKind.TLS, f"no secure connection to {host}: {cause.reason or 'TLS failed'}")
    return Unknown(f"the connection to {host} broke before an answer came")


def causes_of(error: BaseException) -> Iterator[BaseException]:
    """Walk down what an exception was made from, outermost first: arguments, `reason`, cause and context."""
    seen: set[int] = set()
    waiting: list[object] = [error]
    while waiting:
        current = waiting.pop(0)
        if not isinstance(current, BaseException) or id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        waiting += [*current.args, getattr(current, "reason", None), current.__cause__, current.__context__]


def _is_of_handshake(error: ssl.SSLError) -> bool:
    """Whether TLS failed while the connection was made. Later the same errors come after the request, which may have
    been read; only the place they were raised at tells both apart."""
    return any(frame.f_code.co_name == "do_handshake" for frame, _ in traceback.walk_tb(error.__traceback__))


def _system_text(error: BaseException) -> str:
    """Find what the system said ("Connection refused") below an exception of the HTTP library."""
    for cause in causes_of(error):
        if isinstance(cause, OSError) and cause.strerror:
            return cause.strerror
    return "it could not be made"
