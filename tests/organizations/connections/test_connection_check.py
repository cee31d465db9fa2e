"""The check against the real sandbox, whose ledger and control door show what was asked."""

import socket
import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.utils import timezone

from vendor_admin.organizations.actors import Actor
from vendor_admin.organizations.connections import check as connection_check
from vendor_admin.organizations.connections import verbs as connections
from vendor_admin.organizations.connections.check import Finding
from vendor_admin.organizations.models import Connection
from vendor_admin.organizations.platform_access import budgets, tokens
from vendor_admin.organizations.tasks import check_connection as check_connection_task
from vendor_admin.organizations.tenancy.scope import organization_scope
from vendor_admin.sandbox.running import RunningSandbox
from vendor_admin.tradovate.enums import Environment

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def sandbox() -> Iterator[RunningSandbox]:
    with RunningSandbox("--seed", "7", "--organizations", "2", "--users", "5", "--rate", "0") as running:
        yield running


@pytest.fixture
def vendor(sandbox: RunningSandbox) -> Iterator[dict]:
    yield sandbox.organizations()[0]
    sandbox.control("key", organization=sandbox.organizations()[0]["name"], is_vendor=True, has_scopes=True)
    sandbox.control("clear-limits")


def connected(sandbox: RunningSandbox, vendor: dict, *, environment: str = "demo", **credentials: str) -> Connection:
    connection, _ = connections.connect_organization(
        slug="alpha",
        environment=environment,
        actor=Actor.staff("test"),
        rest_url=sandbox.rest_url(environment),
        websocket_url=sandbox.websocket_url(environment),
        credentials=vendor["credentials"] | credentials,
    )
    return connection


def checked(connection: Connection) -> dict[str, Finding]:
    findings = connection_check.check_connection(connection=connection, now=timezone.now())
    return {finding.step: finding for finding in findings}


@pytest.mark.parametrize("environment", list(Environment))
def test_a_sound_connection_passes_every_step_and_the_report_is_stored(sandbox, vendor, environment):
    connection = connected(sandbox, vendor, environment=environment)
    found = checked(connection)
    assert [finding.says for finding in found.values() if not finding.ok] == []
    assert len(found) >= 8
    assert ("identity" in found) is (environment == "live")
    with organization_scope(connection.organization_id):
        stored = Connection.objects.get(id=connection.pk)
    assert stored.checked_at is not None
    assert [entry["step"] for entry in stored.check_report] == list(found)


def test_checking_again_and_again_signs_in_once(sandbox, vendor):
    connection = connected(sandbox, vendor)
    first = tokens.access_token(
        connection_id=connection.pk, organization_id=connection.organization_id, now=timezone.now()
    )
    for _ in range(3):
        assert checked(connection)["key and password"].ok
    again = tokens.access_token(
        connection_id=connection.pk, organization_id=connection.organization_id, now=timezone.now()
    )
    assert again == first


@pytest.mark.parametrize(
    ("credentials", "words"),
    [({"password": "wrong-password"}, "Incorrect username"), ({"sec": "wrong-secret"}, "not registered")],
)
def test_a_wrong_key_or_password_is_named_once_and_not_tried_again(sandbox, vendor, credentials, words):
    connection = connected(sandbox, vendor, **credentials)
    for _ in range(3):
        found = checked(connection)
        finding = found["key and password"]
        assert not finding.ok
        assert words in finding.says
        assert finding.advice
        assert list(found)[-1] == "key and password"
        assert not any(secret in str(found) for secret in credentials.values())
    subject = budgets.address_subject(connection.rest_url)
    left = budgets.uses_left(budget=budgets.LOGIN, subject=subject, now=timezone.now())
    assert left == 4


def test_a_key_without_scopes_is_told_apart_from_a_dead_token(sandbox, vendor):
    sandbox.control("key", organization=vendor["name"], has_scopes=False)
    found = checked(connected(sandbox, vendor))
    assert found["key and password"].ok
    failed = [finding for finding in found.values() if not finding.ok]
    assert failed
    assert "401" in failed[0].says
    assert "scopes" in failed[0].advice


def test_a_user_who_is_no_vendor_administrator_is_noticed(sandbox, vendor):
    sandbox.control("key", organization=vendor["name"], is_vendor=False)
    finding = checked(connected(sandbox, vendor))["vendor"]
    assert not finding.ok
    assert "vendor flag" in finding.advice


def test_the_wrong_host_shows_as_404_for_the_own_user(sandbox, vendor):
    sandbox.control("call", endpoint="user/item", fault="404")
    finding = checked(connected(sandbox, vendor))["host"]
    assert not finding.ok
    assert "wrong host" in finding.says


def test_a_revoked_token_is_replaced_during_the_check(sandbox, vendor):
    connection = connected(sandbox, vendor)
    assert checked(connection)["host"].ok
    sandbox.control("revoke", organization=vendor["name"])
    assert checked(connection)["host"].ok


def test_the_check_goes_to_the_host_that_the_platform_named_and_tells_it(sandbox, vendor):
    connection, home = connected(sandbox, vendor), sandbox.view("hosts")["shared"]
    new = sandbox.control("move", organization=vendor["name"], environment="demo", moves_authentication=False)["host"]
    try:
        found = checked(connection)
        assert [finding.says for finding in found.values() if not finding.ok] == []
        assert f"Calls and sockets go to {new}; the configured host is {home}." in found["hosts"].says
        assert f"reach {new} (socket)" in found
        sandbox.control("api-hosts", organization=vendor["name"], value={"demo": "collector.example"})
        tokens.renew_now(connection_id=connection.pk, organization_id=connection.organization_id, now=timezone.now())
        refused = checked(connection)["refused hosts"]
        assert not refused.ok
        assert "collector.example" in refused.says
    finally:
        sandbox.control("api-hosts", organization=vendor["name"])
        sandbox.control("move", organization=vendor["name"], environment="demo", host=home)


def test_the_check_says_so_when_the_host_does_not_serve_the_organization(sandbox, vendor):
    connection = connected(sandbox, vendor)
    sandbox.control("call", endpoint="user/item", fault="307", location="https://collector.example/v1/user/item")
    finding = checked(connection)["host"]
    assert not finding.ok
    assert "collector.example" in finding.says


def test_a_lock_met_on_the_way_closes_the_user_for_an_hour(sandbox, vendor):
    connection = connected(sandbox, vendor)
    sandbox.control("call", endpoint="account/items", fault="429")
    assert not checked(connection)["locked"].ok
    key = budgets.user_subject(user=connection.credentials["name"], url=connection.rest_url)
    until = budgets.locked_until(keys=[key], now=timezone.now())
    assert until
    assert until > timezone.now() + timedelta(minutes=59)
    assert not checked(connection)["locked"].ok


def test_a_port_where_nobody_listens_is_named(sandbox, vendor):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"127.0.0.1:{free.getsockname()[1]}"
    connection = connected(sandbox, vendor)
    moved = connections.repoint_connection(
        connection=connection,
        rest_url=f"http://{url}/demo/v1",
        websocket_url=f"ws://{url}/demo/v1/websocket",
        credentials=connection.credentials,
        actor=Actor.staff("t"),
    )
    found = checked(moved)
    assert "refused" in found[f"reach {url}"].says.lower()
    assert len(found) == 2


def test_a_name_that_does_not_exist_is_named(make_connection, settings):
    settings.PLATFORM_HOSTS = ("invalid",)
    host = "demo.does-not-exist.invalid"
    connection = make_connection(rest_url=f"https://{host}/v1", websocket_url=f"wss://{host}/v1/websocket")
    finding = checked(connection)[f"reach {host}:443"]
    assert not finding.ok
    assert "not known" in finding.says


def test_a_port_that_does_not_speak_tls_is_named(make_connection):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

        def answer_in_plain_text() -> None:
            peer, _ = server.accept()
            with peer:
                peer.recv(1024)
                peer.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        thread = threading.Thread(target=answer_in_plain_text)
        thread.start()
        connection = make_connection(
            rest_url=f"https://127.0.0.1:{port}/demo/v1", websocket_url=f"wss://127.0.0.1:{port}/demo/v1/websocket"
        )
        finding = checked(connection)[f"reach 127.0.0.1:{port}"]
        thread.join(10)
    assert not finding.ok
    assert "TLS" in finding.says


def test_a_check_of_a_slow_host_ends_in_time_with_what_was_found(sandbox, vendor, monkeypatch):
    monkeypatch.setattr(connection_check, "CHECK_SECONDS", 0.0)
    connection = connected(sandbox, vendor)
    with organization_scope(connection.organization_id):
        Connection.objects.update(check_requested_at=timezone.now(), version=connection.version + 1)
    addresses, time = checked(connection).values()
    assert (addresses.ok, time.ok) == (True, False)
    with organization_scope(connection.organization_id):
        assert Connection.objects.get(id=connection.pk).check_requested_at is None


def test_the_task_checks_and_forgets_what_was_requested(sandbox, vendor):
    connection = connected(sandbox, vendor)
    with organization_scope(connection.organization_id):
        Connection.objects.update(check_requested_at=timezone.now())
    check_connection_task(connection.pk, connection.organization_id)
    check_connection_task(connection.pk + 1000, connection.organization_id)
    with organization_scope(connection.organization_id):
        stored = Connection.objects.get(id=connection.pk)
    assert stored.check_requested_at is None
    assert stored.check_report


def test_a_penalty_of_the_platform_is_answered_with_its_ticket(sandbox, vendor):
    sandbox.control("call", endpoint="auth/accesstokenrequest", fault="penalty", seconds=1)
    found = checked(connected(sandbox, vendor))
    assert found["key and password"].ok
