"""Gunicorn's worker for the web role: requests are received whole before a thread takes them up.

Gunicorn starts, watches and stops the processes; within each, waitress receives requests and sends answers in one loop.
So people on slow lines, and those who send half a request on purpose, hold a connection and no thread. Gunicorn's own
`gthread` reads in its threads: some forty half-sent requests stop it.
"""

import os
import time
from collections.abc import Callable, Iterable
from typing import Any

from gunicorn.workers.base import Worker
from waitress import wasyncore
from waitress.channel import HTTPChannel
from waitress.server import BaseWSGIServer, create_server

from vendor_admin.garbage import collect_garbage_seldom
from vendor_admin.web.request_sizes import LARGEST_BODY

# Per process. Each takes a file descriptor, two more while a large request or answer waits in a file of its own.
MOST_CONNECTIONS = 400
# Per process: what requests that are arriving, or wait for a thread, may take in memory and temporary files together.
MOST_BYTES_HELD = 256 * 1024 * 1024
# A connection on which nothing is heard; and one whose request does not come to its end.
SILENT_SECONDS, ARRIVAL_SECONDS = 20, 120
# An answer of which its reader takes less than so many bytes in so many seconds is broken off: it may hold a thread.
READ_SECONDS, LEAST_BYTES_READ = 60, 256 * 1024
# What a stopping worker still waits for where a request is on its way in.
LAST_REQUEST_SECONDS = 2.0
LONGEST_HEAD = 64 * 1024


class BufferingWorker(Worker):
    """`--threads` threads answer; `--timeout` and `--graceful-timeout` mean what they mean to gunicorn."""

    def run(self) -> None:
        collect_garbage_seldom()
        self._channels: dict[int, Any] = {}
        create_server(
            _without_bodies_of_head(self.wsgi),
            map=self._channels,
            sockets=[listener.sock for listener in self.sockets],
            threads=self.cfg.threads,
            connection_limit=MOST_CONNECTIONS,
            channel_timeout=SILENT_SECONDS,
            cleanup_interval=5,
            max_request_header_size=LONGEST_HEAD,
            max_request_body_size=LARGEST_BODY + 1,
            # The settings say which of a proxy's headers are believed (BEHIND_PROXY).
            clear_untrusted_proxy_headers=False,
            log_socket_errors=False,
            ident=None,
        )
        self._listeners = [one for one in self._channels.values() if isinstance(one, BaseWSGIServer)]
        for listener in self._listeners:
            listener.channel_class = _Connection
        self._began: dict[Any, float] = {}
        while self.alive and self.ppid == os.getppid():
            self.notify()
            self._turn(seconds=1.0)
        self._finish()

    def _finish(self) -> None:
        """Take no new connections, and answer what has been asked."""
        for listener in self._listeners:
            listener.accepting = False
        began = time.monotonic()
        while (waited := time.monotonic() - began) < self.cfg.graceful_timeout:
            may_still_arrive = waited < LAST_REQUEST_SECONDS
            if not any(_is_busy(one, may_still_arrive=may_still_arrive) for one in self._connections()):
                return
            self.notify()
            self._turn(seconds=0.1)

    def _turn(self, *, seconds: float) -> None:
        """Wait for what the network brings, once, and see to it; end what takes too long or too much."""
        wasyncore.loop(timeout=seconds, use_poll=True, map=self._channels, count=1)
        now = time.monotonic()
        connections = self._connections()
        arriving = [one for one in connections if one.request is not None]
        self._began = {one.request: self._began.get(one.request, now) for one in arriving}
        held = sum(_bytes_of(one) for one in connections)
        for one in sorted(arriving, key=_bytes_of, reverse=True):
            if held > MOST_BYTES_HELD:
                held -= _bytes_of(one)
                one.will_close = True
            elif now - self._began[one.request] > ARRIVAL_SECONDS:
                one.will_close = True
        for one in connections:
            if one.is_hardly_read(now=now):
                one.handle_close()

    def _connections(self) -> list[Any]:
        return [one for listener in self._listeners for one in listener.active_channels.values()]


class _Connection(HTTPChannel):
    """A connection that knows how much of its answers was taken, and since when that is too little."""

    bytes_sent = 0
    _marked_at: float | None = None
    _marked_bytes = 0

    def send(self, data: bytes, do_close: bool = True) -> int:
        sent: int = super().send(data, do_close)
        self.bytes_sent += sent
        return sent

    def is_hardly_read(self, *, now: float) -> bool:
        """Whether an answer waits for its reader, who took less than LEAST_BYTES_READ within READ_SECONDS."""
        if not self.total_outbufs_len:
            self._marked_at = None
        elif self._marked_at is None or self.bytes_sent - self._marked_bytes >= LEAST_BYTES_READ:
            self._marked_at, self._marked_bytes = now, self.bytes_sent
        return self._marked_at is not None and now - self._marked_at > READ_SECONDS


def _is_busy(connection: Any, *, may_still_arrive: bool) -> bool:
    is_arriving = may_still_arrive and connection.request is not None
    return bool(connection.requests or connection.total_outbufs_len or is_arriving)


def _bytes_of(connection: Any) -> int:
    """How much has been received of the bodies that a connection holds."""
    requests = [*connection.requests, *([connection.request] if connection.request else [])]
    return sum(request.body_bytes_received for request in requests)


def _without_bodies_of_head(application: Callable[..., Any]) -> Callable[..., Iterable[bytes]]:
    """Answers to HEAD without their bodies, which Django leaves to the server and waitress to the application."""

    def answer(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        body: Iterable[bytes] = application(environ, start_response)
        if environ["REQUEST_METHOD"] != "HEAD":
            return body
        if close := getattr(body, "close", None):
            close()
        return []

    return answer
