"""A list read over REST while it arrives, from a real server on the loopback."""

import gzip
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from tests.support.scripted_server import ScriptedServer, running_server
from vendor_admin.tradovate.operations import entity_operation
from vendor_admin.tradovate.outcomes import (
    Locked,
    NotSent,
    Outcome,
    Penalized,
    Rejected,
    Success,
    Unauthorized,
    Unknown,
    WrongHost,
)
from vendor_admin.tradovate.rest.list_stream import ListStream

LIST = entity_operation("account", "list")
ENTITIES = [{"id": number, "name": f"[{{é{number}"} for number in range(1, 4001)]


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with running_server() as running:
        yield running


def read(server: ScriptedServer, **values: Any) -> tuple[list[object], Outcome | None]:
    stream = ListStream(base_url=server.url, operation=LIST, token="the-token", params={"p-ticket": "T"}, **values)
    found: list[object] = []
    while stream.outcome is None:
        found += stream.read()
    assert stream.read() == []
    stream.close()
    return found, stream.outcome


def chunked(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.send_header("Content-Encoding", "gzip")
    handler.end_headers()
    body = gzip.compress(json.dumps(ENTITIES).encode())
    for start in range(0, len(body), 701):
        piece = body[start : start + 701]
        handler.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
    handler.wfile.write(b"0\r\n\r\n")


def test_a_list_is_read_with_the_token_and_comes_as_it_was_sent(server: ScriptedServer) -> None:
    server.will_answer(200, ENTITIES)
    found, outcome = read(server)
    assert isinstance(outcome, Success)
    assert found == [json.dumps(entity).encode() for entity in ENTITIES]
    assert server.seen[0].headers["Authorization"] == "Bearer the-token"
    assert server.seen[0].path.endswith("/account/list?p-ticket=T")


def test_a_compressed_list_in_pieces_is_the_same(server: ScriptedServer) -> None:
    server.answers.append(chunked)
    found, outcome = read(server)
    assert isinstance(outcome, Success)
    assert len(found) == len(ENTITIES)


def test_an_empty_list_is_whole(server: ScriptedServer) -> None:
    server.will_answer(200, b" []\n")
    assert read(server) == ([], Success([]))


@pytest.mark.parametrize("has_length", [True, False])
def test_a_list_that_breaks_off_is_not_read(server: ScriptedServer, has_length: bool) -> None:
    def break_off(handler: BaseHTTPRequestHandler) -> None:
        length = b"Content-Length: 5000\r\n" if has_length else b""
        handler.wfile.write(b'HTTP/1.1 200 OK\r\n%b\r\n[{"id":1},{"id":2},{"id"' % length)
        handler.close_connection = True
        handler.connection.shutdown(socket.SHUT_RDWR)

    server.answers.append(break_off)
    found, outcome = read(server)
    assert isinstance(outcome, Unknown)
    assert found == [b'{"id":1}', b'{"id":2}']


def test_a_list_with_something_behind_it_is_not_read(server: ScriptedServer) -> None:
    server.will_answer(200, b'[{"id":1}]{"errorText":"too many"}')
    found, outcome = read(server)
    assert (found, isinstance(outcome, Unknown)) == ([b'{"id":1}'], True)


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (200, b'{"p-ticket":"T-1","p-time":3,"p-captcha":false}', Penalized),
        (200, b'{"errorText":"no"}', Rejected),
        (200, b'"[]"', Unknown),
        (200, b"", Unknown),
        (200, b"<html>", Unknown),
        (202, b'[{"id":1}]', Unknown),
        (401, b"Access is denied", Unauthorized),
        (403, b'[{"id":1}]', Unauthorized),
        (404, b"Not found", Rejected),
        (404, b"", WrongHost),
        (308, b"", WrongHost),
        (423, b"", Locked),
        (429, b"", Locked),
        (500, b'[{"id":1}]', Unknown),
    ],
)
def test_an_answer_that_is_no_list_is_judged_as_any_other(
    server: ScriptedServer, status: int, body: bytes, kind: type
) -> None:
    server.will_answer(status, body)
    found, outcome = read(server)
    assert (found, isinstance(outcome, kind)) == ([], True), outcome


def test_a_server_that_falls_silent_is_not_waited_for(server: ScriptedServer) -> None:
    def fall_silent(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n[{"id":1},')
        handler.close_connection = True
        handler.connection.settimeout(5)
        handler.connection.recv(1)

    server.answers.append(fall_silent)
    found, outcome = read(server, idle_seconds=0.2)
    assert (found, isinstance(outcome, Unknown)) == ([b'{"id":1}'], True)


def test_a_server_that_drips_has_no_more_than_the_time_of_a_list(server: ScriptedServer) -> None:
    def drip(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n[")
        handler.close_connection = True
        handler.connection.settimeout(0.05)
        for _ in range(100):
            handler.wfile.write(b" ")
            try:
                if not handler.connection.recv(1):
                    return
            except OSError:
                continue

    server.answers.append(drip)
    found, outcome = read(server, idle_seconds=2.0, list_seconds=0.3)
    assert found == []
    assert outcome == Unknown("the list did not come to its end within 0 seconds")


def unpack_to_nothing(handler: BaseHTTPRequestHandler) -> None:
    """A compressed stream that goes on for ever and says nothing."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n")
    drip_on(handler, gzip.compress(b""))


def begin_without_end(handler: BaseHTTPRequestHandler) -> None:
    """Headers without end."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    drip_on(handler, b"x")


def drip_on(handler: BaseHTTPRequestHandler, drop: bytes) -> None:
    handler.close_connection = True
    handler.connection.settimeout(0.02)
    for _ in range(300):
        try:
            handler.wfile.write(drop)
            if not handler.connection.recv(1):
                return
        except TimeoutError:
            continue
        except OSError:
            return


@pytest.mark.parametrize("misbehave", [begin_without_end, unpack_to_nothing])
def test_what_never_comes_to_a_list_has_no_more_time(
    server: ScriptedServer, misbehave: Callable[[BaseHTTPRequestHandler], None]
) -> None:
    server.answers.append(misbehave)
    began = time.monotonic()
    found, outcome = read(server, idle_seconds=2.0, list_seconds=0.3)
    assert (found, isinstance(outcome, Unknown)) == ([], True)
    assert time.monotonic() - began < 3


@pytest.mark.parametrize("misbehave", [begin_without_end, unpack_to_nothing])
def test_a_list_that_nobody_wants_any_more_ends_at_once(
    server: ScriptedServer, misbehave: Callable[[BaseHTTPRequestHandler], None]
) -> None:
    server.answers.append(misbehave)
    stream = ListStream(base_url=server.url, operation=LIST, token="x")
    reading = threading.Thread(target=stream.read)
    reading.start()
    while not server.seen:
        time.sleep(0.01)
    began = time.monotonic()
    stream.close()
    reading.join(10)
    assert time.monotonic() - began < 3
    assert isinstance(stream.outcome, Unknown)


def test_a_closed_port_is_told() -> None:
    stream = ListStream(base_url="http://127.0.0.1:9/v1", operation=LIST, token="x")
    assert stream.read() == []
    assert isinstance(stream.outcome, NotSent)
    stream.close()


def test_a_list_that_was_closed_is_not_read_on(server: ScriptedServer) -> None:
    server.will_answer(200, ENTITIES)
    stream = ListStream(base_url=server.url, operation=LIST, token="x")
    stream.read()
    stream.close()
    assert stream.read() == []
    assert isinstance(stream.outcome, Unknown)
