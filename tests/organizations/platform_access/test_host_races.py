"""Two processes that learn about one connection's hosts at the same moment."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from typing import Any

import pytest
from django.db import connection as database
from django.db import connections

from tests.organizations.conftest import FakeSignIn
from vendor_admin.organizations.connections import host_search
from vendor_admin.organizations.connections.host_search import Found
from vendor_admin.organizations.models import Connection, PlatformHosts
from vendor_admin.organizations.platform_access import host_fallback, host_holds, platform_hosts
from vendor_admin.organizations.tenancy.scope import organization_scope
from vendor_admin.tradovate.api_hosts import read_api_hosts
from vendor_admin.tradovate.outcomes import WrongHost

SHARED, ALPHA7, ALPHA8 = "demo.tradovateapi.com", "demo-alpha7.ninjatrader.com", "demo-alpha8.ninjatrader.com"
WAITING = "SELECT pid FROM pg_locks WHERE NOT granted"


@pytest.fixture
def connection(committed_db: None, make_connection: Callable[..., Connection], platform: FakeSignIn) -> Connection:
    return make_connection(rest_url=f"https://{SHARED}/v1", websocket_url=f"wss://{SHARED}/v1/websocket")


@pytest.fixture
def elsewhere() -> Iterator[Callable[..., Future[Any]]]:
    """Begins a call in another thread and returns once it has ended or waits for a lock."""
    with ThreadPoolExecutor(1) as threads:

        def begin(function: Callable[..., Any], **values: Any) -> Future[Any]:
            begun = threads.submit(function, **values)
            deadline = time.monotonic() + 30
            with database.cursor() as cursor:
                while not begun.done() and not cursor.execute(WAITING).fetchall():
                    assert time.monotonic() < deadline
                    time.sleep(0.01)
            return begun

        yield begin
        threads.submit(connections.close_all).result()  # the thread's own


def ids(connection: Connection) -> dict[str, int]:
    return {"connection_id": connection.pk, "organization_id": connection.organization_id}


def learn(connection: Connection, host: str, now: datetime) -> None:
    named = read_api_hosts({"apiHosts": {"demo": host}})
    with organization_scope(connection.organization_id):
        platform_hosts.learn(connection_id=connection.pk, version=connection.version, api_hosts=named, now=now)


def in_use(connection: Connection) -> str:
    with organization_scope(connection.organization_id):
        return platform_hosts.host_in_use(Connection.objects.get(pk=connection.pk))


def test_a_wrong_host_is_not_left_for_one_that_another_process_has_just_replaced(connection, now, elsewhere):
    learn(connection, ALPHA7, now)
    host_fallback.fall_back(**ids(connection), host=ALPHA7, why="connection refused", now=now)
    answer = WrongHost(307, "collector.example")
    with organization_scope(connection.organization_id):
        Connection.objects.select_for_update().get(pk=connection.pk)
        found = elsewhere(host_search.find_host, **ids(connection), asked=connection.rest_url, answer=answer, now=now)
        learn(connection, ALPHA8, now)
    assert found.result(timeout=30).found is Found.MOVED
    assert in_use(connection) == ALPHA8


def test_a_wrong_host_that_is_noted_while_hosts_are_learned_stays_noted(connection, now, elsewhere, monkeypatch):
    learn(connection, SHARED, now)
    noted, really = [], host_holds.release

    def note() -> None:
        with organization_scope(connection.organization_id):
            answer = WrongHost(307, ALPHA7)
            platform_hosts.note_wrong_host(connection_id=connection.pk, answer=answer, host=SHARED, now=now)

    def release(*arguments: Any, **values: Any) -> None:
        noted.append(elsewhere(note))
        really(*arguments, **values)

    monkeypatch.setattr(host_holds, "release", release)
    learn(connection, SHARED, now)
    noted[0].result(timeout=30)
    with organization_scope(connection.organization_id):
        hosts = PlatformHosts.objects.get(connection=connection)
    assert (hosts.wrong_host, hosts.points_to) == (SHARED, ALPHA7)
