"""Calls of hosts that others choose: they go where they may go, and end in time, however slowly the peer goes on.

A name is looked up and judged at each connection, and the connection goes to the very address that was judged: a name
that changes its mind leads nowhere else. A read time-out counts between two bytes only, so the TCP connection is shut
down behind the back of whoever reads.
"""

import socket
import ssl
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.utils import select_proxy
from urllib3 import PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError

from vendor_admin.tradovate.rest.transport import HostNotAllowed, Judge, Resolve, any_name, anywhere

MOST_ADDRESSES = 4
"""Of a host with more, the others are not tried."""


class CuttingAdapter(HTTPAdapter):
    """For a session of its own, to be mounted for http:// and https://; one call at a time.

    `resolve` says where a host's calls go; `ssl_context` trusts others beside the public authorities. A proxy of this
    machine's environment is called without asking, and looks names up itself: `judge` says whether a name may be given
    to it, at each call.
    """

    def __init__(
        self, *, resolve: Resolve = anywhere, judge: Judge = any_name, ssl_context: ssl.SSLContext | None = None
    ) -> None:
        self._resolve, self._judge = resolve, judge
        self._tls: dict[str, Any] = {"ssl_context": ssl_context} if ssl_context is not None else {}
        self._cut = threading.Event()
        self._newest: list[socket.socket] = []
        weakref.finalize(self, _close_all, self._newest)  # who never closes a session leaves nothing open
        super().__init__()

    @property
    def has_cut(self) -> bool:
        """Whether the call was cut."""
        return self._cut.is_set()

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """Cut what is not over after so many seconds. `has_cut` says whether that came to pass."""
        self._cut.clear()
        timer = threading.Timer(seconds, self.cut)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def close(self) -> None:
        """Close all connections."""
        super().close()
        _close_all(self._newest)

    def send(self, request: requests.PreparedRequest, *args: Any, **settings: Any) -> requests.Response:
        """Send one request. Raises requests' errors, of which one has HostNotAllowed for its cause."""
        url = request.url or ""
        if select_proxy(url, settings.get("proxies")):
            try:
                self._judge(urlsplit(url).hostname or "")
            except HostNotAllowed as error:
                raise requests.ConnectionError(error, request=request) from error
        return super().send(request, *args, **settings)

    def init_poolmanager(self, *args: Any, **settings: Any) -> None:
        """Have the connections watched."""
        super().init_poolmanager(*args, **settings | self._tls)
        self._watch(self.poolmanager, resolve=self._resolve)

    def proxy_manager_for(self, proxy: Any, **settings: Any) -> Any:
        """The same through a proxy."""
        manager = super().proxy_manager_for(proxy, **settings)
        self._watch(manager, resolve=anywhere)
        return manager

    def _watch(self, manager: PoolManager, *, resolve: Resolve) -> None:
        newest, cut = self._newest, self._cut

        class Plain(HTTPConnection):
            def _new_conn(self) -> socket.socket:
                return _noted(_connected(self, super()._new_conn, resolve, cut), newest, cut)

        class Secure(HTTPSConnection):
            def _new_conn(self) -> socket.socket:
                return _noted(_connected(self, super()._new_conn, resolve, cut), newest, cut)

        class PlainPool(HTTPConnectionPool):
            ConnectionCls = Plain

        class SecurePool(HTTPSConnectionPool):
            ConnectionCls = Secure

        manager.pool_classes_by_scheme = {"http": PlainPool, "https": SecurePool}

    def cut(self) -> None:
        """Cut what is under way now, from any thread."""
        self._cut.set()
        for one in list(self._newest):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)


def _connected(
    connection: HTTPConnection, connect: Callable[[], socket.socket], resolve: Resolve, cut: threading.Event
) -> socket.socket:
    """Connect to the first address that takes a connection. The name stays what TLS and the server hear."""
    host = connection.host
    try:
        addresses = list(dict.fromkeys(resolve(host)))[:MOST_ADDRESSES]
    except socket.gaierror as error:
        raise NameResolutionError(host, connection, error) from error
    except HostNotAllowed as error:
        raise NewConnectionError(connection, "the host is not allowed") from error
    failed: Exception = NewConnectionError(connection, "no address")
    for address in addresses:
        if cut.is_set():
            break
        connection.host = address
        try:
            return connect()
        except (NewConnectionError, ConnectTimeoutError) as error:
            failed = error
        finally:
            connection.host = host
    raise failed


def _noted(connected: socket.socket, newest: list[socket.socket], cut: threading.Event) -> socket.socket:
    """Of one call at a time only the newest connection is in use. One that is made too late is cut at once."""
    _close_all(newest)
    newest[:] = [connected.dup()]  # TLS takes the first one over
    if cut.is_set():
        with suppress(OSError):
            connected.shutdown(socket.SHUT_RDWR)
    return connected


def _close_all(connections: list[socket.socket]) -> None:
    for one in connections:
        one.close()
