"""Receivers that must not be called, cannot be reached or cannot be believed."""

import datetime as dt
import ipaddress
import json
import socket
import ssl
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from django.db import connection as database
from django.utils import timezone

from tests.notices.notice_desk import NOW, SECRET, Desk, Receiver, at, deliver, fail_a_plan, look, receiving
from vendor_admin.errors import Conflict, InvalidFields
from vendor_admin.notices import channels, delivery, http_post
from vendor_admin.organizations.actors import Actor
from vendor_admin.organizations.encryption import encrypt
from vendor_admin.organizations.platform_access import network_policy


@pytest.fixture
def alpha(committed_db: None, hub_connection: psycopg.Connection, settings: Any) -> Desk:
    settings.DEBUG = True  # plain http to this machine
    return Desk(hub_connection, "alpha")


def test_redirects_are_not_followed(alpha: Desk) -> None:
    with receiving(Receiver(answers=[302])) as receiver:
        alpha.webhook(receiver.url)
        fail_a_plan(alpha)
        look(0)
        deliver(0)
    assert len(receiver.got) == 1
    assert "Redirects are not followed" in alpha.deliveries()[0].outcome


def test_a_receiver_that_dribbles_is_cut_off_and_delays_nobody_elses_message(
    alpha: Desk, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_post, "ALL_SECONDS", 1.0)
    with dribbling() as url:
        alpha.webhook(url)
        alpha.webhook(receiver.url)
        for number in range(3):
            fail_a_plan(alpha, f"Plan {number}")
        look(0)
        began = timezone.now()
        delivery.deliver_due(now=at(0))
        assert timezone.now() - began < dt.timedelta(seconds=5)
        deliver(0)
    assert len(receiver.got) == 3
    outcomes = {one.outcome for one in alpha.deliveries() if one.state == "waiting"}
    assert len(outcomes) == 1
    assert outcomes.pop().startswith("No answer from 127.0.0.1: nothing came within 1 s")


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://hooks.example.com/x", "must begin with https://"),
        ("ftp://hooks.example.com/x", "must begin with https://"),
        ("https:///x", "name a host"),
        ("https://user:word@hooks.example.com/x", "user name or password"),
        ("https://hooks.example.com/x#part", "must not hold #"),
        ("https://hooks.example.com:port/x", "cannot be read"),
        ("https://hooks.example.com/a b", "without spaces"),
        ("https://hooks.example.com/" + "x" * 500, "500 plain letters"),
        ("https://127.0.0.1/x", "this machine or into a private network"),
        ("https://[::1]/x", "this machine or into a private network"),
        ("https://localhost/x", "this machine or into a private network"),
        ("https://2130706433/x", "this machine or into a private network"),
        ("https://10.1.2.3/x", "this machine or into a private network"),
        ("https://169.254.169.254/latest", "this machine or into a private network"),
        ("https://inside.example.com/x", "this machine or into a private network"),
    ],
)
def test_a_url_that_is_not_public_https_is_refused(
    alpha: Desk, settings: Any, monkeypatch: pytest.MonkeyPatch, url: str, said: str
) -> None:
    settings.DEBUG = settings.ALLOW_INTERNAL_PLATFORM_HOSTS = False
    really = network_policy.addresses_of
    known = {"hooks.example.com": ["93.184.216.34"], "inside.example.com": ["93.184.216.34", "192.168.0.9"]}
    monkeypatch.setattr(network_policy, "addresses_of", lambda host: known.get(host) or really(host))
    with alpha.scope(), pytest.raises(InvalidFields, match=said):
        channels.add_webhook(
            organization=alpha.organization, url=url, kinds=["locked"], actor=Actor.staff("owner"), now=NOW
        )


def test_a_name_that_changes_its_mind_after_it_was_stored_leads_nowhere(
    alpha: Desk, receiver: Receiver, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = receiver.url.split(":")[2].split("/")[0]
    alpha.webhook(f"https://rebind.example.com:{port}/hook")
    settings.DEBUG = settings.ALLOW_INTERNAL_PLATFORM_HOSTS = False
    monkeypatch.setattr(network_policy, "addresses_of", lambda host: ["127.0.0.1"])
    fail_a_plan(alpha)
    look(0)
    deliver(0)
    assert receiver.got == []
    assert "private network" in alpha.deliveries()[0].outcome


def test_the_connection_goes_to_the_address_that_was_looked_at_and_its_certificate_is_of_the_name(
    alpha: Desk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    certificate = self_signed(tmp_path, "hooks.example.com")
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    monkeypatch.setattr(network_policy, "addresses_of", lambda host: ["127.0.0.1"])
    with receiving(Receiver(), wrap=serving_tls(certificate)) as receiver:
        port = receiver.url.split(":")[2]
        alpha.webhook(f"https://hooks.example.com:{port}")
        alpha.webhook(f"https://other.example.com:{port}")
        fail_a_plan(alpha)
        look(0)
        deliver(0)
    ((headers, _),) = receiver.got
    assert headers["host"].startswith("hooks.example.com:")
    good, bad = sorted(alpha.deliveries(), key=lambda one: one.channel_id)
    assert good.state == "sent"
    assert "its certificate is not good" in bad.outcome


@pytest.mark.parametrize(("url", "said"), [("https://nobody.invalid/x", "is not known"), ("", "takes no connection")])
def test_who_cannot_be_reached_is_told_in_words(alpha: Desk, url: str, said: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and does not listen
        alpha.webhook(url or f"http://127.0.0.1:{taken.getsockname()[1]}/x")
        fail_a_plan(alpha)
        look(0)
        deliver(0)
    assert said in alpha.deliveries()[0].outcome


def test_a_secret_that_no_key_opens_is_told_and_stops_nobody_else(alpha: Desk, receiver: Receiver) -> None:
    lost = alpha.webhook(receiver.url)
    alpha.webhook(receiver.url)
    with alpha.scope(), database.cursor() as cursor:
        sealed = "x" + encrypt({"current": SECRET})
        cursor.execute("UPDATE notices_noticechannel SET secret = %s WHERE id = %s", [sealed, lost.pk])
    fail_a_plan(alpha)
    look(0)
    deliver(0)
    assert len(receiver.got) == 1
    assert [one.outcome for one in alpha.deliveries() if one.channel_id == lost.pk] == [delivery.UNREADABLE]


def test_a_test_message_is_tried_once_also_where_the_channel_is_off(alpha: Desk) -> None:
    with receiving(Receiver(answers=[404])) as receiver:
        channel = alpha.webhook(receiver.url)
        with alpha.scope():
            channels.switch_off(channel=channel, actor=Actor.staff("owner"))
            channels.send_test(channel=channel, actor=Actor.staff("owner"), now=at(0))
            with pytest.raises(Conflict, match="on its way already"):
                channels.send_test(channel=channel, actor=Actor.staff("owner"), now=at(0))
        assert deliver(0) == 1
        assert deliver(90_000) == 0
    assert alpha.told() == [("test", "failed")]
    assert json.loads(receiver.got[0][1])["type"] == "notice.test"
    assert "404 Not Found" in alpha.deliveries()[0].outcome


def self_signed(folder: Path, name: str) -> Path:
    """A certificate of a name with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    today = dt.datetime.now(dt.UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today - dt.timedelta(days=1))
        .not_valid_after(today + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "certificate.pem"
    sealed = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(sealed + built.public_bytes(serialization.Encoding.PEM))
    return path


def serving_tls(certificate: Path) -> Callable[[Any], Any]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return lambda plain: context.wrap_socket(plain, server_side=True)


class dribbling:  # noqa: N801 - reads as what it does
    """A receiver that sends a letter every 50 ms and never ends."""

    def __enter__(self) -> str:
        self._stop = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()
        return f"http://{ipaddress.ip_address('127.0.0.1')}:{self._listener.getsockname()[1]}/"

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        self._listener.close()

    def _serve(self) -> None:
        self._listener.settimeout(0.05)
        talking: list[socket.socket] = []
        while not self._stop.wait(0.05):
            try:
                talking.append(self._listener.accept()[0])
                talking[-1].sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
            except TimeoutError:
                pass
            for one in list(talking):
                try:
                    one.sendall(b"x")
                except OSError:
                    talking.remove(one)
                    one.close()
        for one in talking:
            one.close()
