"""How notices get out: signed webhooks to a real receiver, mails, retries, crashes, and where they may not go."""

import datetime as dt
import ipaddress
import json
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
import pytest
import time_machine
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from django.db import connection as database
from django.utils import timezone
from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError

from tests.notices.notice_desk import NOW, SECRET, Desk, Receiver, at, deliver, look, receiving
from tests.support.database import ROOT
from vendor_admin.errors import Conflict, InvalidFields
from vendor_admin.notices import channels, delivery, email, http_post
from vendor_admin.notices.answers import BACK_OFF
from vendor_admin.notices.models import Delivery, NoticeChannel
from vendor_admin.organizations.encryption import encrypt
from vendor_admin.organizations.models import AuditEntry
from vendor_admin.organizations.platform_access import network_policy

KILLED = -9


@pytest.fixture
def alpha(committed_db: None, hub_connection: psycopg.Connection, settings: Any) -> Desk:
    settings.DEBUG = True  # plain http to this machine
    return Desk(hub_connection, "alpha")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving(Receiver()) as served:
        yield served


def fail_a_plan(desk: Desk, title: str = "Revoke 3 permissions") -> None:
    desk.rows(desk.plan(title), "rejected")


@time_machine.travel(NOW, tick=True)
def test_a_webhook_arrives_signed_and_is_verified_by_the_standard_library(
    alpha: Desk, receiver: Receiver, settings: Any
) -> None:
    settings.SITE_URL = "https://admin.example.com"
    alpha.webhook(receiver.url + "?key=1")
    fail_a_plan(alpha, "Revoke 3 permissions of “José”")
    look(0)
    assert deliver(0) == 1
    ((headers, body),) = receiver.got
    message = Webhook(SECRET).verify(body, headers)
    assert message["type"] == "notice.opened"
    assert message["timestamp"] == "2026-11-20T15:00:00Z"
    data = message["data"]
    assert (data["organization"], data["kind"], data["is_demo_data"]) == ("alpha", "plan_failed", False)
    assert data["title"] == "“Revoke 3 permissions of “José”” failed in 1 of 1 row"
    assert data["url"].startswith("https://admin.example.com/admin/operations/plan/")
    assert headers["content-type"] == "application/json"
    with pytest.raises(WebhookVerificationError):
        Webhook("whsec_" + "A" * 32).verify(body, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(body.replace(b"alpha", b"bravo"), headers)
    (sent,) = alpha.deliveries()
    assert (sent.state, sent.attempts, sent.sent_at) == ("sent", 1, NOW)
    assert sent.outcome.startswith("The receiver answered 200 OK after ")


@time_machine.travel(NOW, tick=True)
def test_for_a_day_after_a_new_secret_both_verify(alpha: Desk, receiver: Receiver) -> None:
    channel = alpha.webhook(receiver.url)
    with alpha.scope():
        new = channels.renew_secret(channel=channel, actor="owner", now=at(-60))
    fail_a_plan(alpha)
    look(0)
    deliver(0)
    headers, body = receiver.got[0]
    assert Webhook(SECRET).verify(body, headers)
    assert Webhook(new).verify(body, headers)
    with alpha.scope():
        NoticeChannel.objects.update(secret_changed_at=at(-90_000))
        channels.send_test(channel=NoticeChannel.objects.get(), actor="owner", now=at(0))
    deliver(0)
    headers, body = receiver.got[1]
    assert Webhook(new).verify(body, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(body, headers)


def test_a_worker_killed_between_sending_and_storing_sends_it_again_under_the_same_id(
    alpha: Desk, receiver: Receiver, child_environment: dict[str, str]
) -> None:
    alpha.webhook(receiver.url)
    fail_a_plan(alpha)
    look(0)
    now = timezone.now()
    with alpha.scope():
        Delivery.objects.update(not_before=now)
    child = subprocess.run(
        [sys.executable, "-m", "tests.notices.crashing_delivery"],
        env=child_environment | {"DEBUG": "1"},
        cwd=ROOT,
        timeout=90,
        check=False,
        capture_output=True,
    )
    assert child.returncode == KILLED, child.stderr.decode()
    assert len(receiver.got) == 1
    (left,) = alpha.deliveries()
    assert (left.state, left.attempts) == ("waiting", 1)
    assert delivery.deliver_due(now=timezone.now()) == 0  # the claim still stands
    assert delivery.deliver_due(now=timezone.now() + delivery.CLAIM_LASTS) == 1
    assert len(receiver.got) == 2
    assert len(set(receiver.ids)) == 1
    assert receiver.got[0][1] == receiver.got[1][1]
    assert alpha.told() == [("opened", "sent")]


def test_eight_workers_at_once_send_each_message_once(alpha: Desk, receiver: Receiver) -> None:
    alpha.webhook(receiver.url)
    for number in range(6):
        fail_a_plan(alpha, f"Plan {number}")
    look(0)

    def work(_: int) -> None:
        try:
            for _ in range(6):
                delivery.deliver_due(now=at(1))
        finally:
            database.close()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    deliver(1)
    assert len(receiver.ids) == len(set(receiver.ids)) == 6


def test_no_transaction_is_open_while_a_message_is_on_its_way(
    alpha: Desk, admin_connection: psycopg.Connection
) -> None:
    open_ones: list[int] = []

    def count() -> None:
        query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND xact_start IS NOT NULL"
        row = admin_connection.execute(query + " AND pid <> pg_backend_pid() AND backend_type = 'client backend'")
        open_ones.extend(row.fetchone() or ())

    with receiving(Receiver(meanwhile=count)) as receiver:
        alpha.webhook(receiver.url)
        fail_a_plan(alpha)
        look(0)
        deliver(0)
    assert open_ones == [0]


def test_a_dead_receiver_is_tried_with_growing_pauses_and_then_given_up(alpha: Desk) -> None:
    with receiving(Receiver(answers=[500])) as receiver:
        alpha.webhook(receiver.url)
        fail_a_plan(alpha)
        look(0)
        seconds, waits = 0.0, []
        while deliver(seconds):
            (one,) = alpha.deliveries()
            waits.append(one.not_before - at(seconds))
            assert deliver(seconds) == 0
            seconds = (one.not_before - NOW).total_seconds()
            if one.state == Delivery.State.FAILED:
                break
    assert tuple(waits[: len(BACK_OFF)]) == BACK_OFF
    assert len(receiver.got) == len(BACK_OFF) + 1
    assert len(set(receiver.ids)) == 1
    (one,) = alpha.deliveries()
    assert one.state == "failed"
    assert one.outcome.startswith("The receiver answered 500 Internal Server Error")
    with alpha.scope():
        channel = NoticeChannel.objects.get()
    assert channel.failing_since == at(0)
    assert "500" in channel.problem


def test_a_receiver_that_is_back_gets_what_it_missed_at_once_and_in_order(alpha: Desk) -> None:
    with receiving(Receiver(answers=[503, 503, 503, 503, 200])) as receiver:
        alpha.webhook(receiver.url)
        for number in range(2):
            fail_a_plan(alpha, f"Plan {number}")
        look(0)
        assert deliver(0) == 2
        assert deliver(5) == 2
        fail_a_plan(alpha, "Plan 2")
        look(60)
        assert deliver(60) == 3  # the new one goes through, and takes the older ones along
    assert alpha.told() == [("opened", "sent")] * 3
    with alpha.scope():
        channel = NoticeChannel.objects.get()
    assert (channel.problem, channel.failing_since) == ("", None)


def test_the_end_of_a_notice_waits_for_its_beginning(alpha: Desk) -> None:
    with receiving(Receiver(answers=[503, 200])) as receiver:
        alpha.webhook(receiver.url)
        plan = alpha.plan("Big", state="waiting")
        look(0)
        deliver(0)
        with alpha.scope():
            type(plan).objects.filter(pk=plan.pk).update(state="running")
        look(1)
        with alpha.scope():
            Delivery.objects.filter(event="resolved").update(not_before=at(2))
        assert deliver(3) == 0
        assert deliver(5) == 2
    assert [json.loads(body)["type"] for _, body in receiver.got] == [
        "notice.opened",
        "notice.opened",
        "notice.resolved",
    ]


def test_who_answers_410_wants_no_more_and_is_switched_off(alpha: Desk) -> None:
    with receiving(Receiver(answers=[410])) as receiver:
        alpha.webhook(receiver.url)
        fail_a_plan(alpha)
        fail_a_plan(alpha, "Another")
        look(0)
        assert deliver(0) == 1
    assert alpha.told() == [("opened", "failed"), ("opened", "superseded")]
    with alpha.scope():
        assert not NoticeChannel.objects.get().is_enabled
        assert "410 Gone" in AuditEntry.objects.get(action="notice channel switched off").reason


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
        channels.add_webhook(organization=alpha.organization, url=url, kinds=["locked"], actor="owner", now=NOW)


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
            channels.switch_off(channel=channel, actor="owner")
            channels.send_test(channel=channel, actor="owner", now=at(0))
            with pytest.raises(Conflict, match="on its way already"):
                channels.send_test(channel=channel, actor="owner", now=at(0))
        assert deliver(0) == 1
        assert deliver(90_000) == 0
    assert alpha.told() == [("test", "failed")]
    assert json.loads(receiver.got[0][1])["type"] == "notice.test"
    assert "404 Not Found" in alpha.deliveries()[0].outcome


def test_a_mail_says_what_happened_what_to_do_and_where(alpha: Desk, settings: Any, mailoutbox: list[Any]) -> None:
    settings.EMAIL_URL, settings.SITE_URL = "memorymail://", "https://admin.example.com"
    alpha.mail("risk@alpha.example", "it@alpha.example")
    fail_a_plan(alpha, "Line\r\nBcc: all@example.com")
    look(0)
    deliver(0)
    (mail,) = mailoutbox
    assert mail.to == ["risk@alpha.example", "it@alpha.example"]
    assert mail.subject == "[Alpha] “Line Bcc: all@example.com” failed in 1 of 1 row"
    assert "What to do: Correct what it complains about" in mail.body
    assert "https://admin.example.com/admin/operations/plan/" in mail.body
    (sent,) = alpha.deliveries()
    assert mail.extra_headers["Message-ID"] == f"<msg_{sent.message_id.hex}@admin.example.com>"
    assert mail.message()["Auto-Submitted"] == "auto-generated"


def test_without_a_mail_server_nobody_believes_that_mail_was_sent(alpha: Desk, mailoutbox: list[Any]) -> None:
    alpha.mail("risk@alpha.example")
    fail_a_plan(alpha)
    look(0)
    deliver(0)
    assert mailoutbox == []
    assert [(one.state, one.outcome) for one in alpha.deliveries()] == [("failed", email.NO_MAIL_SERVER)]
    with alpha.scope(), pytest.raises(InvalidFields, match="no mail server"):
        channels.add_email_channel(
            organization=alpha.organization, addresses=["a@example.com"], kinds=["locked"], actor="owner", now=NOW
        )


def test_a_mail_server_that_is_away_is_tried_again(alpha: Desk, settings: Any) -> None:
    settings.EMAIL_URL = "smtp://127.0.0.1:1"
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        settings.EMAIL_HOST, settings.EMAIL_PORT = taken.getsockname()
        alpha.mail("risk@alpha.example")
        fail_a_plan(alpha)
        look(0)
        deliver(0)
    (one,) = alpha.deliveries()
    assert (one.state, one.not_before) == ("waiting", at(5))
    assert one.outcome == "The mail server could not be reached or used: ConnectionRefusedError."


def test_mails_to_files_say_so(alpha: Desk, settings: Any, tmp_path: Path) -> None:
    settings.EMAIL_URL = "filemail:///somewhere"
    settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    settings.EMAIL_FILE_PATH = str(tmp_path)
    alpha.mail("risk@alpha.example")
    fail_a_plan(alpha)
    look(0)
    deliver(0)
    (written,) = tmp_path.iterdir()
    assert "To: risk@alpha.example" in written.read_text()
    assert "sends no real mail" in alpha.deliveries()[0].outcome


@pytest.mark.parametrize(
    ("addresses", "said"),
    [([], "between one and 10"), (["nobody"], "not an e-mail"), (["a@b.example\nBcc: c@d.example"], "not an e-mail")],
)
def test_addresses_that_are_none_are_refused(alpha: Desk, settings: Any, addresses: list[str], said: str) -> None:
    settings.EMAIL_URL = "memorymail://"
    with alpha.scope(), pytest.raises(InvalidFields, match=said):
        channels.add_email_channel(
            organization=alpha.organization, addresses=addresses, kinds=["locked"], actor="owner", now=NOW
        )


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
