"""Calls over REST against a real server on the loopback, and against no server."""

import datetime as dt
import gzip
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from decimal import Decimal
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.support.scripted_server import ScriptedServer, running_server
from vendor_admin.tradovate.enums import NotSentKind
from vendor_admin.tradovate.operations import Operation, entity_operation
from vendor_admin.tradovate.outcomes import NotSent, Penalized, Rejected, Success, Unknown
from vendor_admin.tradovate.rest.client import RestClient
from vendor_admin.tradovate.rest.transport import HostNotAllowed

PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "NO_PROXY", "no_proxy")
WRITE = Operation(path="order/placeorder", method="POST")
READ = entity_operation("order", "list")


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with running_server() as running:
        yield running


@pytest.fixture
def client(server: ScriptedServer) -> Iterator[RestClient]:
    client = RestClient(base_url=server.url, timeout=(2.0, 0.3))
    yield client
    client.close()


def break_off(handler: BaseHTTPRequestHandler) -> None:
    handler.close_connection = True
    handler.connection.shutdown(socket.SHUT_RDWR)


def answer_half(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}")
    break_off(handler)


def break_off_in_the_headers(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Ty")
    break_off(handler)


def say_nothing(handler: BaseHTTPRequestHandler) -> None:
    handler.close_connection = True
    handler.connection.settimeout(5)
    handler.connection.recv(1)  # until the client gives up


def test_a_call_sends_token_parameters_and_body(server, client):
    server.will_answer(200, {"orderId": 5})
    outcome = client.call(WRITE, token="the-token", params={"ids": [1, 2]}, body={"price": Decimal("1.50"), "qty": 1})
    assert outcome == Success({"orderId": 5}, 200)
    (seen,) = server.seen
    assert (seen.method, seen.path) == ("POST", "/demo/v1/order/placeorder?ids=1,2")
    assert seen.headers["Authorization"] == "Bearer the-token"
    assert seen.headers["Content-Type"] == "application/json"
    assert seen.body == b'{"price":1.50,"qty":1}'


def test_without_a_token_nothing_is_taken_from_netrc(server, client, tmp_path, monkeypatch):
    netrc = Path(tmp_path) / "netrc"
    netrc.write_text("machine 127.0.0.1 login a password b\n")
    monkeypatch.setenv("NETRC", str(netrc))
    server.will_answer(200, [])
    client.call(READ)
    assert "Authorization" not in server.seen[0].headers


def test_a_penalty_ticket_joins_the_same_body(server, client):
    server.will_answer(200, {"p-ticket": "t1", "p-time": 1})
    penalized = client.call(WRITE, body={"qty": 1})
    assert isinstance(penalized, Penalized)
    client.call(WRITE, body={"qty": 1}, penalty_ticket=penalized.ticket)
    assert server.seen[1].json == {"qty": 1, "p-ticket": "t1"}


def test_a_penalty_ticket_of_a_read_goes_into_the_address(server, client):
    server.will_answer(200, [])
    client.call(READ, penalty_ticket="t 1")
    assert server.seen[0].path == "/demo/v1/order/list?p-ticket=t%201"


def test_a_redirect_is_not_followed(server, client):
    server.will_answer(302)
    assert isinstance(client.call(READ, token="t"), Rejected)
    assert len(server.seen) == 1


@pytest.mark.parametrize("misbehave", [break_off, break_off_in_the_headers, answer_half, say_nothing])
def test_a_write_without_an_answer_is_unknown_and_never_repeated(server, client, misbehave):
    server.answers = [misbehave]
    assert isinstance(client.call(WRITE, body={}), Unknown)
    assert len(server.seen) == 1


@pytest.mark.parametrize("misbehave", [break_off, break_off_in_the_headers, answer_half, say_nothing])
def test_a_read_without_an_answer_is_tried_once_more(server, client, misbehave):
    server.answers = [misbehave, (200, b"[]")]
    assert client.call(READ) == Success([], 200)
    server.answers = [misbehave]
    assert isinstance(client.call(READ), Unknown)
    assert len(server.seen) == 4


@pytest.mark.parametrize("is_packed", [False, True])
def test_an_answer_that_is_too_long_is_not_kept(server, is_packed):
    body = b" " * 3_000_000

    def send_much(handler: BaseHTTPRequestHandler) -> None:
        content = gzip.compress(body) if is_packed else body
        packed = b"Content-Encoding: gzip\r\n" if is_packed else b""
        handler.close_connection = True
        with suppress(OSError):
            handler.wfile.write(b"HTTP/1.1 200 OK\r\n%bContent-Length: %d\r\n\r\n" % (packed, len(content)))
            handler.wfile.write(content)

    server.answers = [send_much]
    client = RestClient(base_url=server.url, most_bytes=2**20)
    assert client.call(READ) == Unknown("127.0.0.1 answered with more than 1 MiB, which are not read")
    assert len(server.seen) == 1
    client.close()


def test_an_answer_with_an_error_status_is_not_tried_again(server, client):
    server.will_answer(500, b"busy")
    assert isinstance(client.call(READ), Unknown)
    assert len(server.seen) == 1


def test_a_closed_port_is_refused():
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        outcome = RestClient(base_url=f"http://127.0.0.1:{closed.getsockname()[1]}/v1").call(WRITE)
    assert isinstance(outcome, NotSent)
    assert outcome.kind is NotSentKind.REFUSED
    assert "Connection refused" in outcome.reason


def test_an_unknown_host_is_a_matter_of_names():
    with mock.patch("socket.getaddrinfo", side_effect=socket.gaierror(-2, "Name or service not known")):
        outcome = RestClient(base_url="http://nowhere.invalid/v1").call(WRITE)
    assert outcome == NotSent(NotSentKind.DNS, "the name nowhere.invalid is not known")


def test_a_call_goes_to_the_addresses_that_were_judged_for_it_anew_at_each_connection(server):
    answers = [["127.0.0.2", "127.0.0.1"], ["127.0.0.2"]]  # nobody listens at the former
    asked = []

    def resolve(host: str) -> list[str]:
        asked.append(host)
        return answers.pop(0)

    def answer_and_close(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n[]")
        handler.close_connection = True

    server.answers = [answer_and_close]
    client = RestClient(base_url=server.url.replace("127.0.0.1", "platform.test"), resolve=resolve)
    assert client.call(READ) == Success([], 200)
    outcome = client.call(READ)
    client.close()
    assert isinstance(outcome, NotSent)
    assert asked == ["platform.test", "platform.test"]
    (seen,) = server.seen
    assert seen.headers["Host"].startswith("platform.test:")


@pytest.mark.parametrize(
    ("error", "kind", "reason"),
    [
        (HostNotAllowed("platform.test leads astray"), NotSentKind.REFUSED, "platform.test leads astray"),
        (socket.gaierror(-2, "Name unknown"), NotSentKind.DNS, "the name platform.test is not known"),
    ],
)
def test_a_host_that_may_not_be_called_is_sent_nothing(server, error, kind, reason):
    def resolve(host: str) -> list[str]:
        raise error

    client = RestClient(base_url=server.url.replace("127.0.0.1", "platform.test"), resolve=resolve)
    assert client.call(WRITE, token="t", body={}) == NotSent(kind, reason)
    assert server.seen == []


def test_the_certificate_is_of_the_name_wherever_it_leads(tmp_path, monkeypatch):
    context = self_signed(tmp_path)  # of 127.0.0.1
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "certificate.pem"))
    with running_server(tls=context) as server:
        server.will_answer(200, [])
        assert RestClient(base_url=server.url, resolve=lambda host: ["127.0.0.1"]).call(READ) == Success([], 200)
        other = server.url.replace("127.0.0.1", "platform.test")
        outcome = RestClient(base_url=other, resolve=lambda host: ["127.0.0.1"]).call(READ)
    assert isinstance(outcome, NotSent)
    assert outcome.kind is NotSentKind.TLS


def test_only_a_list_may_be_long(server, client):
    server.will_answer(200, b'[{"id":1,"name":"%b"}]' % (b"x" * 2**20))
    assert isinstance(client.call(READ), Success)
    assert client.call(WRITE, body={}) == Unknown("127.0.0.1 answered with more than 1 MiB, which are not read")


def test_a_connection_that_takes_too_long_was_not_sent():
    session = requests.Session()
    with mock.patch.object(session, "send", side_effect=requests.exceptions.ConnectTimeout()):
        outcome = RestClient(base_url="http://127.0.0.1/v1", session=session).call(WRITE)
    assert outcome == NotSent(NotSentKind.TIMEOUT, "no connection to 127.0.0.1 within 3.05 s")


def test_tls_to_a_port_that_speaks_none_was_not_sent(server):
    outcome = RestClient(base_url=server.url.replace("http:", "https:")).call(WRITE)
    assert isinstance(outcome, NotSent)
    assert outcome.kind is NotSentKind.TLS


def test_a_certificate_nobody_trusts_was_not_sent(tmp_path):
    with running_server(tls=self_signed(tmp_path)) as server:
        outcome = RestClient(base_url=server.url).call(WRITE, token="t")
        assert server.seen == []
    assert isinstance(outcome, NotSent)
    assert outcome.kind is NotSentKind.TLS
    assert "not trusted" in outcome.reason


def test_tls_that_breaks_after_the_request_leaves_a_write_unknown(tmp_path, monkeypatch):
    context = self_signed(tmp_path)
    with running_server(tls=context) as server:
        server.answers = [break_off]
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "certificate.pem"))
        outcome = RestClient(base_url=server.url).call(WRITE)
        assert len(server.seen) == 1
    assert isinstance(outcome, Unknown)


def test_a_tls_peer_that_just_went_away_may_have_read_the_request():
    went_away = requests.exceptions.SSLError(ssl.SSLEOFError(8, "EOF occurred in violation of protocol"))
    session = requests.Session()
    with mock.patch.object(session, "send", side_effect=went_away):
        assert isinstance(RestClient(base_url="https://127.0.0.1/v1", session=session).call(WRITE), Unknown)


def test_tls_that_fails_after_the_handshake_may_have_carried_the_request():
    """The same error while the connection is made was not sent: the test before the last but one."""
    broken = ssl.SSLError(1, "[SSL: DECRYPTION_FAILED_OR_BAD_RECORD_MAC]")
    broken.reason = "DECRYPTION_FAILED_OR_BAD_RECORD_MAC"
    session = requests.Session()
    with mock.patch.object(session, "send", side_effect=requests.exceptions.SSLError(broken)):
        assert isinstance(RestClient(base_url="https://127.0.0.1/v1", session=session).call(WRITE), Unknown)


@pytest.mark.parametrize("address", ["", "demo.tradovateapi.com/v1", "ftp://x/v1", "http:///v1"])
def test_an_address_that_is_none_is_refused_at_once(address):
    with pytest.raises(ValueError, match="not an http"):
        RestClient(base_url=address)


def test_reasons_do_not_show_token_or_address(server, client):
    server.answers = [break_off]
    outcome = client.call(READ, token="the-token", params={"x": "private"})
    assert "the-token" not in repr(outcome)
    assert "private" not in repr(outcome)


def self_signed(folder: Path) -> ssl.SSLContext:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "certificate.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_text = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "key.pem").write_bytes(key_text)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "certificate.pem", folder / "key.pem")
    return context


def test_a_refusal_that_repeats_what_was_sent_holds_no_secret_of_it(server, client):
    server.will_answer(400, {"errorText": "no: quiet herons, s-e-c-r-e-t, the-token of JANE, ticket-77"})
    body = {"users": [{"name": "JANE", "password": "quiet herons"}], "sec": "s-e-c-r-e-t"}
    outcome = client.call(WRITE, token="the-token", body=body, penalty_ticket="ticket-77")
    assert isinstance(outcome, Rejected)
    assert outcome.error_text == "no: ********, ********, ******** of JANE, ********"


@pytest.mark.parametrize("beginning", [b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 200 OK\r\n\r\n"], ids=["header", "body"])
def test_a_host_that_goes_on_talking_is_cut_off_when_the_time_is_up(server, beginning):
    has_ended = threading.Event()

    def drip(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(beginning)
        with suppress(OSError):
            for _ in range(400):
                handler.wfile.write(b"1")
                if has_ended.wait(0.05):
                    break
        handler.close_connection = True

    server.answers.append(drip)
    client = RestClient(base_url=server.url, total_seconds=0.3)
    started = time.monotonic()
    outcome = client.call(READ, token="t")
    lasted = time.monotonic() - started
    has_ended.set()
    client.close()
    assert outcome == Unknown("no whole answer from 127.0.0.1 within 0.3 s")
    assert 0.3 <= lasted < 5


@pytest.mark.parametrize("slow", [1, 2], ids=["judging the name", "connecting"])
def test_a_connection_that_is_made_when_the_time_is_over_is_not_used(server, monkeypatch, slow):
    has_ended, resolve, looked_up = threading.Event(), socket.getaddrinfo, []

    def drip(handler: BaseHTTPRequestHandler) -> None:
        with suppress(OSError):
            for _ in range(400):
                handler.wfile.write(b"1")
                if has_ended.wait(0.05):
                    break
        handler.close_connection = True

    def resolve_slowly(*args: Any, **options: Any) -> Any:
        looked_up.append(args)
        has_ended.wait(0.5 if len(looked_up) == slow else 0)
        return resolve(*args, **options)

    server.answers.append(drip)
    monkeypatch.setattr(socket, "getaddrinfo", resolve_slowly)
    client = RestClient(base_url=server.url, total_seconds=0.1)
    started = time.monotonic()
    outcome = client.call(READ, token="t")
    lasted = time.monotonic() - started
    has_ended.set()
    client.close()
    assert isinstance(outcome, Unknown | NotSent)
    assert lasted < 5


def test_calls_within_their_time_are_answered_as_ever_one_after_the_other(server):
    server.will_answer(200, [])
    client = RestClient(base_url=server.url, total_seconds=20.0)
    assert [client.call(READ, token="t"), client.call(READ, token="t")] == [Success([], 200)] * 2
    client.close()


def test_a_client_that_connects_again_and_again_keeps_one_connection(server):
    def answer_and_close(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n[]")
        handler.close_connection = True

    server.answers.append(answer_and_close)
    client = RestClient(base_url=server.url)
    assert [client.call(READ) for _ in range(2)] == [Success([], 200)] * 2
    before = len(list(Path("/proc/self/fd").iterdir()))
    assert [client.call(READ) for _ in range(20)] == [Success([], 200)] * 20
    assert len(list(Path("/proc/self/fd").iterdir())) < before + 10
    client.close()


class TestProxies:
    """Of this machine's environment: they look names up, so that names are all that can be judged."""

    @pytest.fixture
    def proxy(self, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> ScriptedServer:
        server.will_answer(200, [])
        for name in PROXIES:
            monkeypatch.delenv(name, raising=False)
        for name in ("http_proxy", "https_proxy"):
            monkeypatch.setenv(name, server.url.removesuffix("/demo/v1"))
        return server

    @pytest.mark.parametrize("scheme", ["http", "https"])
    def test_a_proxy_is_given_no_name_that_may_not_be_called(self, proxy: ScriptedServer, scheme: str) -> None:
        def judge(host: str) -> None:
            raise HostNotAllowed(f"{host} is not a host of the platform")

        client = RestClient(base_url=f"{scheme}://elsewhere.example/v1", judge=judge)
        outcome = client.call(READ, token="t")
        client.close()

        assert isinstance(outcome, NotSent)
        assert outcome.kind is NotSentKind.REFUSED
        assert "elsewhere.example is not a host of the platform" in outcome.reason
        assert proxy.seen == []

    def test_a_name_is_judged_at_each_call_and_not_looked_up(self, proxy: ScriptedServer) -> None:
        judged: list[str] = []
        client = RestClient(base_url="http://demo.example/v1", judge=judged.append)
        for _ in range(2):
            assert isinstance(client.call(READ, token="t"), Success)
        client.close()

        assert judged == ["demo.example"] * 2
        assert [seen.path for seen in proxy.seen] == ["http://demo.example/v1/order/list"] * 2
