"""Notices by e-mail: what a mail says, and what happens without a mail server."""

import socket
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.notices.notice_desk import NOW, Desk, at, deliver, fail_a_plan, look
from vendor_admin.errors import InvalidFields
from vendor_admin.notices import channels, email
from vendor_admin.organizations.actors import Actor


@pytest.fixture
def alpha(committed_db: None, hub_connection: psycopg.Connection, settings: Any) -> Desk:
    settings.DEBUG = True  # plain http to this machine
    return Desk(hub_connection, "alpha")


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
            organization=alpha.organization,
            addresses=["a@example.com"],
            kinds=["locked"],
            actor=Actor.staff("owner"),
            now=NOW,
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
            organization=alpha.organization, addresses=addresses, kinds=["locked"], actor=Actor.staff("owner"), now=NOW
        )
