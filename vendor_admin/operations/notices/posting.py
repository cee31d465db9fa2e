"""Sends one webhook. The URL is somebody else's word.

It may lead to public addresses only, and the connection goes to the very address that was looked at, so that a name
which changes its mind leads nowhere else. Redirects are not followed, nothing of the answer but its status is read,
and a peer that goes on talking is cut off.
"""

import http.client
import socket
import ssl
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

import certifi
from django.conf import settings
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError, NewConnectionError

from vendor_admin.operations.notices.answers import Answer
from vendor_admin.operations.notices.webhooks import problem_of_place, schemes
from vendor_admin.organizations import places

STEP_SECONDS = 5.0
ALL_SECONDS = 10.0
MOST_ADDRESSES = 2
GONE = 410


def post(url: str, *, headers: Mapping[str, str], body: str) -> Answer:
    """Send once, and tell in words what the receiver answered. Takes ALL_SECONDS at most. Never raises."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme not in schemes():
        return Answer(False, "The URL does not begin with https://.")
    found = places.addresses_of(host)
    if not found:
        return Answer(False, f"The name {host} is not known.")
    if problem := problem_of_place(host, found):
        return Answer(False, problem)
    began = time.monotonic()
    try:
        with _Deadline(ALL_SECONDS) as deadline:
            status = _exchange(parts, found, deadline, headers=headers, body=body.encode())
    except (HTTPError, OSError, http.client.HTTPException, ValueError) as error:
        return Answer(False, f"No answer from {host}: {_in_words(error, seconds=time.monotonic() - began)}.")
    return _answer_of(status, milliseconds=1000 * (time.monotonic() - began))


def _answer_of(status: int, *, milliseconds: float) -> Answer:
    name = http.client.responses.get(status, "")
    said = f"The receiver answered {status} {name}".strip() + f" after {milliseconds:.0f} ms."
    if 200 <= status < 300:
        return Answer(True, said)
    if 300 <= status < 400:
        return Answer(False, f"{said} Redirects are not followed: give the URL that it leads to.")
    if status == GONE:
        return Answer(False, f"{said} That means that it wants no more messages.", is_gone=True)
    return Answer(False, said)


def _in_words(error: Exception, *, seconds: float) -> str:
    if isinstance(error, TimeoutError) or "timed out" in str(error) or seconds > STEP_SECONDS:
        return f"nothing came within {seconds:.0f} s"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not good ({error.verify_message})"
    if isinstance(error, ssl.SSLError):
        return "it does not speak HTTPS as it should"
    if isinstance(error, NewConnectionError):
        return "it takes no connection"
    return "the connection broke, or what came was no HTTP"


def _exchange(
    parts: SplitResult, addresses: list[str], deadline: "_Deadline", *, headers: Mapping[str, str], body: bytes
) -> int:
    """The status of the answer."""
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    given = {
        **headers,
        "Host": parts.netloc,
        "Content-Type": "application/json",
        "User-Agent": f"Vendor-Admin/{settings.APP_VERSION}",
    }
    connection = _connected(parts, addresses, deadline)
    try:
        connection.request("POST", target, body=body, headers=given, preload_content=False)
        status = connection.getresponse().status
    finally:
        connection.close()
    if deadline.has_passed:  # what was cut off may look like an answer
        raise TimeoutError
    return status


@dataclass(slots=True)
class _Deadline:
    """Ends a connection after so many seconds, however slowly its peer goes on talking."""

    seconds: float
    connection: HTTPConnection | None = None
    timer: threading.Timer | None = None
    has_passed: bool = False

    def __enter__(self) -> "_Deadline":
        self.timer = threading.Timer(self.seconds, self._end)
        self.timer.daemon = True
        self.timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.timer is not None:
            self.timer.cancel()

    def _end(self) -> None:
        self.has_passed = True
        held = self.connection.sock if self.connection is not None else None
        if held is not None:
            try:
                held.shutdown(socket.SHUT_RDWR)
            except OSError:
                return


def _connected(parts: SplitResult, addresses: list[str], deadline: _Deadline) -> HTTPConnection:
    """A connection to the first of these addresses that takes one; the certificate has to be of the host's name."""
    failed: Exception = OSError("no address")
    for address in list(dict.fromkeys(addresses))[:MOST_ADDRESSES]:
        connection = _connection_to(address, parts)
        deadline.connection = connection
        try:
            connection.connect()
        except (HTTPError, OSError) as error:
            connection.close()
            failed = error
        else:
            return connection
    raise failed


def _connection_to(address: str, parts: SplitResult) -> HTTPConnection:
    host = parts.hostname or ""
    if parts.scheme == "http":
        return HTTPConnection(address, parts.port or 80, timeout=STEP_SECONDS)
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return HTTPSConnection(
        address,
        parts.port or 443,
        timeout=STEP_SECONDS,
        server_hostname=host,
        ssl_context=context,
        cert_reqs="CERT_REQUIRED",
    )
