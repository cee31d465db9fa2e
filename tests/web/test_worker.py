"""The web role's worker: what arrives slowly, never ends or is too large keeps no thread and stops nobody."""

import http.client
import json
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.support.database import ROOT
from tests.web.small_site import LONG_ANSWER
from vendor_admin.commands import ROLES
from vendor_admin.embedded import Program, RunningProgram, choose_port
from vendor_admin.web.request_sizes import LARGEST_BODY

HALF_A_HEAD = b"GET /livez HTTP/1.1\r\nHost: localhost\r\nX-Slow: "
HALF_A_BODY = b"POST /livez HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nhalf"
OURS = "vendor_admin.web.worker.BufferingWorker"
MEGABYTE = 1024 * 1024


class Site:
    def __init__(self, folder: Path, *, worker: str, threads: int) -> None:
        self.folder, self.port, self.sockets = folder, choose_port(), ExitStack()
        options = f"--no-control-socket --worker-class {worker} --workers 1 --threads {threads}"
        command = [sys.executable, "-m", "gunicorn", "tests.web.small_site:application", *options.split()]
        program = Program(
            name="site",
            arguments=[*command, "--bind", f"127.0.0.1:{self.port}"],
            folder=ROOT,
            environment={"PATH": "", "SMALL_SITE": str(folder)},
        )
        self.running = RunningProgram(program, log_path=folder / "site.log")
        self.until(lambda: "Booting worker" in self.running.log_path.read_text())

    def until(self, is_so: Callable[[], bool], *, seconds: float = 20) -> None:
        deadline = time.monotonic() + seconds
        while not is_so():
            assert time.monotonic() < deadline, self.running.log_tail()
            time.sleep(0.01)

    def sent(self, data: bytes) -> socket.socket:
        connection = self.sockets.enter_context(socket.create_connection(("127.0.0.1", self.port), timeout=20))
        connection.sendall(data)
        return connection

    def ask(self, path: str, *, method: str = "GET", body: Any = None, **headers: str) -> dict[str, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        connection.request(method, path, body=body, headers=headers)
        told: dict[str, Any] = json.loads(connection.getresponse().read())
        connection.close()
        return told


def assert_answered(connection: socket.socket) -> None:
    """The answer may come in pieces."""
    answer = b""
    while b'"size": 1000' not in answer:
        piece = connection.recv(65536)
        assert piece, answer
        answer += piece


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Site]]:
    started: list[Site] = []

    def make(*, worker: str = OURS, threads: int = 2) -> Site:
        started.append(Site(tmp_path, worker=worker, threads=threads))
        return started[-1]

    yield make
    for site in started:
        site.sockets.close()
        site.running.kill()


def test_the_web_role_is_served_by_this_worker() -> None:
    assert OURS in ROLES["web"]


def test_a_hundred_half_sent_requests_stop_nobody(start) -> None:
    site = start()
    for data in [HALF_A_HEAD, HALF_A_BODY] * 50:
        site.sent(data)
    began = time.monotonic()

    assert site.ask("/livez")["PATH_INFO"] == "/livez"

    assert time.monotonic() - began < 1


def test_a_request_that_comes_in_pieces_is_answered_once_it_is_whole(start) -> None:
    connection = start().sent(HALF_A_BODY)

    connection.sendall(b"x" * 996)

    assert_answered(connection)


def test_what_is_too_large_is_refused_before_it_is_sent(start) -> None:
    size = LARGEST_BODY + 1
    connection = start().sent(f"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: {size}\r\n\r\n".encode())

    assert connection.recv(100).startswith(b"HTTP/1.1 413 ")


def test_the_largest_request_and_one_in_chunks_come_whole(start) -> None:
    site = start()

    assert site.ask("/", method="POST", body=b"x" * LARGEST_BODY)["size"] == LARGEST_BODY
    chunked = site.ask("/", method="POST", body=iter([b"one", b"two"]))
    assert (chunked["size"], chunked["CONTENT_LENGTH"]) == (6, "6")


def test_an_answer_to_head_has_no_body(start) -> None:
    connection = start().sent(b"HEAD / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")

    answer = b"".join(iter(lambda: connection.recv(65536), b""))

    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"Content-Length: " in head
    assert body == b""


def test_no_header_of_a_request_moves_the_site_and_those_of_a_proxy_come_through(start) -> None:
    told = start().ask("/", SCRIPT_NAME="/evil", PATH_INFO="/evil", X_Real="1", **{"X-Forwarded-For": "203.0.113.9"})

    assert (told["SCRIPT_NAME"], told["PATH_INFO"]) == ("", "/")
    assert told["HTTP_X_FORWARDED_FOR"] == "203.0.113.9"
    assert "HTTP_X_REAL" not in told


def test_a_worker_that_stops_answers_what_was_asked(start) -> None:
    site = start()
    answers: list[dict[str, Any]] = []
    asking = threading.Thread(target=lambda: answers.append(site.ask("/wait")))
    asking.start()
    site.until((site.folder / "waits").exists)
    half = site.sent(HALF_A_BODY)
    site.until(lambda: site.ask("/livez") is not None)  # after it, since one loop takes both

    site.running.ask_to_stop()
    half.sendall(b"x" * 996)
    assert_answered(half)
    (site.folder / "go").touch()

    asking.join(20)
    assert answers[0]["PATH_INFO"] == "/wait"
    site.until(lambda: site.running.exit_code is not None)
    assert site.running.exit_code == 0


def test_a_request_that_does_not_come_to_its_end_is_dropped_however_often_a_byte_of_it_comes(start) -> None:
    connection = start(worker="tests.web.small_site.ImpatientWorker").sent(HALF_A_BODY)
    connection.settimeout(0.1)

    def is_dropped() -> bool:
        try:
            connection.sendall(b"x")
            return connection.recv(100) == b""
        except TimeoutError:
            return False
        except OSError:
            return True

    deadline = time.monotonic() + 20
    while not is_dropped():
        assert time.monotonic() < deadline


def test_requests_that_are_on_their_way_take_no_more_than_their_share_of_memory(start) -> None:
    site = start(worker="tests.web.small_site.ImpatientWorker")
    head = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 20000000\r\n\r\n"
    connection = site.sent(head)

    with pytest.raises(OSError):  # noqa: PT012 - some piece of it
        for _ in range(20):
            connection.sendall(b"x" * MEGABYTE)
        assert connection.recv(100) == b""
        raise ConnectionResetError

    assert site.ask("/livez")["PATH_INFO"] == "/livez"


def test_who_does_not_read_a_long_answer_holds_no_thread(start) -> None:
    site = start(worker="tests.web.small_site.ImpatientWorker", threads=1)
    silent = site.sent(b"GET /long HTTP/1.1\r\nHost: localhost\r\n\r\n")

    assert site.ask("/livez")["PATH_INFO"] == "/livez"

    site.until((site.folder / "freed").exists)
    silent.settimeout(20)
    with pytest.raises(OSError):  # noqa: PT012 - at some piece of it
        while silent.recv(MEGABYTE):
            pass
        raise ConnectionResetError


def test_who_reads_a_byte_now_and_then_holds_no_thread_either(start) -> None:
    site = start(worker="tests.web.small_site.ImpatientWorker", threads=1)
    slow = site.sent(b"GET /long HTTP/1.1\r\nHost: localhost\r\n\r\n")

    def is_freed() -> bool:
        slow.recv(1)
        return (site.folder / "freed").exists()

    site.until(is_freed)


def test_who_reads_a_long_answer_gets_all_of_it(start) -> None:
    site = start(worker="tests.web.small_site.ImpatientWorker", threads=1)
    reader = site.sent(b"GET /long HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")

    read = sum(len(piece) for piece in iter(lambda: reader.recv(MEGABYTE), b""))

    assert read > LONG_ANSWER
