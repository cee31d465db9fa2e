"""A door between a worker and PostgreSQL that can keep answers or requests back and cut the connections."""

import socket
import threading
from contextlib import suppress
from typing import Self
from urllib.parse import urlsplit, urlunsplit


class CuttingProxy:
    """Forwards connections to the server of `url`; `url` afterwards names the proxy."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._target = (parts.hostname or "127.0.0.1", parts.port or 5432)
        self._listener = socket.create_server(("127.0.0.1", 0))
        login = parts.netloc.rpartition("@")[0]
        self.url = urlunsplit(parts._replace(netloc=f"{login}@127.0.0.1:{self._listener.getsockname()[1]}"))
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._may_answer = threading.Event()
        self._may_answer.set()
        self._stops_behind = b""
        self._abandoned: set[socket.socket] = set()
        threading.Thread(target=self._accept, daemon=True).start()

    def hold_answers(self) -> None:
        """From now on the server hears everything, and nobody hears the server."""
        self._may_answer.clear()

    def stop_behind(self, text: bytes) -> None:
        """The first connection that sends this text (in a longer request) breaks for the worker, and stands still for
        the server, which hears nothing more and is told nothing.
        """
        self._stops_behind = text

    @property
    def has_stopped(self) -> bool:
        """Whether a connection was left standing so."""
        return bool(self._abandoned)

    def cut(self) -> None:
        """Cut every connection with what was held back; new ones are forwarded as usual."""
        pairs, self._pairs = self._pairs, []
        for pair in pairs:
            _close(*pair)
        self._may_answer.set()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(self._target)
                self._pairs.append((client, server))
                threading.Thread(target=self._forward, args=(client, server, False), daemon=True).start()
                threading.Thread(target=self._forward, args=(server, client, True), daemon=True).start()

    def _forward(self, source: socket.socket, sink: socket.socket, are_answers: bool) -> None:
        with suppress(OSError):
            while data := source.recv(1 << 16):
                if are_answers:
                    self._may_answer.wait()
                sink.sendall(data)
                if not are_answers and self._stops_behind and self._stops_behind in data:
                    self._stops_behind = b""
                    self._abandoned.add(sink)
                    break
        _close(*({source, sink} - self._abandoned))


def _close(*ends: socket.socket) -> None:
    for end in ends:
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
        end.close()
