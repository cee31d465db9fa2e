"""After a wait that the platform demanded one login goes alone, and the others hear what it came to. Over real HTTP."""

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest
from django.db import connection as database

from tests.organizations.conftest import CREDENTIALS
from tests.support.scripted_server import ScriptedServer, running_server
from vendor_admin.organizations.models import Connection, RateLock
from vendor_admin.organizations.platform_access import login_failures, tokens
from vendor_admin.organizations.platform_access.tokens import TokenUnavailable
from vendor_admin.organizations.tenancy import database_clock

TOKEN = {"accessToken": "t", "expirationTime": "2099-01-01T00:00:00Z", "userId": 1, "name": "n"}
SECONDS = 1.0


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedServer]:
    monkeypatch.setattr(login_failures, "WAIT_MARGIN", login_failures.WAIT_MARGIN / 5)
    with running_server() as running:
        yield running


def penalty(ticket: str) -> dict[str, Any]:
    return {"p-ticket": ticket, "p-time": SECONDS, "p-captcha": False}


def sign_in(connection: Connection) -> threading.Thread:
    """Have a token asked for in a thread of its own, as patiently as a worker does."""

    def ask() -> None:
        try:
            tokens.access_token(
                connection_id=connection.pk, organization_id=connection.organization_id, now=database_clock.now()
            )
        except TokenUnavailable:
            pass
        finally:
            database.close()

    thread = threading.Thread(target=ask)
    thread.start()
    return thread


def asked(server: ScriptedServer) -> list[tuple[str, str | None]]:
    """Who logged in with which ticket, in order."""
    return [(seen.json["name"], seen.json.get("p-ticket")) for seen in server.seen]


def wait_for_calls(server: ScriptedServer, count: int) -> None:
    deadline = time.monotonic() + 30
    while len(server.seen) < count:
        assert time.monotonic() < deadline, f"{len(server.seen)} of {count} logins came"
        time.sleep(0.02)


def wait_for_lock() -> None:
    """Until it is stored what the first answer closed: a login that began before would go out as well."""
    deadline = time.monotonic() + 30
    while not RateLock.objects.exists():
        assert time.monotonic() < deadline, "no lock was stored"
        time.sleep(0.02)


def test_after_a_penalty_the_login_with_the_ticket_goes_alone_and_the_others_wait_for_what_it_comes_to(
    committed_db, make_connection, server: ScriptedServer
):
    credentials = CREDENTIALS | {"name": "beta-admin", "device_id": "device-2"}
    alpha = make_connection(rest_url=server.url)
    beta = make_connection(slug="beta", rest_url=server.url, credentials=credentials)
    server.will_answer(200, penalty("first"))
    server.will_answer(200, penalty("second"))
    server.will_answer(200, TOKEN)
    threads = [sign_in(alpha)]
    wait_for_lock()
    threads.append(sign_in(beta))
    for thread in threads:
        thread.join(30)
    assert asked(server) == [
        ("alpha-admin", None),
        ("alpha-admin", "first"),
        ("alpha-admin", "second"),
        ("beta-admin", None),
    ]


def test_a_login_that_goes_alone_keeps_others_away_until_it_is_answered(
    committed_db, make_connection, server: ScriptedServer
):
    alpha = make_connection(rest_url=server.url)
    beta = make_connection(
        slug="beta", rest_url=server.url, credentials=CREDENTIALS | {"name": "beta-admin", "device_id": "device-2"}
    )
    may_answer = threading.Event()

    def answer_late(handler: BaseHTTPRequestHandler) -> None:
        may_answer.wait(20)
        handler.send_response(503)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    server.will_answer(200, penalty("ticket"))
    server.answers.append(answer_late)
    server.will_answer(200, TOKEN)
    first = sign_in(alpha)
    wait_for_calls(server, 2)
    with pytest.raises(TokenUnavailable) as caught:
        tokens.access_token(
            connection_id=beta.pk, organization_id=beta.organization_id, now=database_clock.now(), patience_seconds=0.0
        )
    assert caught.value.kind == "busy"
    assert "goes first" in caught.value.reason
    may_answer.set()
    first.join(20)
    sign_in(beta).join(20)
    assert asked(server) == [("alpha-admin", None), ("alpha-admin", "ticket"), ("beta-admin", None)]
