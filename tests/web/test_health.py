"""What the health addresses answer while the database is away, and whom they answer at all."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from unittest import mock

import pytest
from django.db import DEFAULT_DB_ALIAS, OperationalError, connections
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families

from vendor_admin.organizations.tenancy import database_clock
from vendor_admin.queues import QUEUES
from vendor_admin.sync import queue_workers
from vendor_admin.sync.status import SocketStatus
from vendor_admin.web.figures import text_of

PRIVATE = ("/syncz", "/metrics")
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
def status() -> SocketStatus:
    """A live socket that was last heard two and a half seconds before NOW."""
    heard_at = NOW - timedelta(seconds=2.5)
    return SocketStatus(
        organization="alpha",
        environment="demo",
        shard=0,
        lease=1,
        state="live",
        state_since=heard_at,
        reason="",
        advice="",
        next_try_at=None,
        holder="hub-1",
        fence=1,
        connected_since=heard_at,
        last_frame_at=heard_at,
        last_event_at=heard_at,
        events_stored=7,
        lag_ms=5,
        waiting_ms=1_250,
        gaps=1,
        quarantined=2,
        left_out=3,
    )


@pytest.fixture
def no_database() -> Iterator[mock.Mock]:
    """A database that refuses every connection."""
    refusal = OperationalError("connection refused")
    with mock.patch.object(connections[DEFAULT_DB_ALIAS], "ensure_connection", side_effect=refusal) as asked:
        yield asked


@pytest.fixture
def caller() -> Client:
    return Client(raise_request_exception=False)


def test_livez_answers_without_asking_the_database(no_database: mock.Mock, caller: Client) -> None:
    assert caller.get("/livez").status_code == 200
    assert not no_database.called


def test_readyz_says_no_without_a_database(no_database: mock.Mock, caller: Client) -> None:
    answer = caller.get("/readyz")
    assert (answer.status_code, answer.content) == (503, b"the database does not answer\n")


def test_syncz_says_why_it_is_not_healthy_without_a_database(no_database: mock.Mock, caller: Client) -> None:
    answer = caller.get("/syncz")
    assert answer.status_code == 503
    assert answer.json() == {"healthy": False, "reason": "The database does not answer.", "sockets": []}


def test_metrics_answer_503_without_a_database(no_database: mock.Mock, caller: Client) -> None:
    assert caller.get("/metrics").status_code == 503


@pytest.fixture
def workers(db: None) -> None:
    """One worker takes all queues."""
    queue_workers.say(name="all@here", queues=QUEUES, now=database_clock.now())


def test_syncz_tells_of_queues_without_a_worker_and_what_does_not_go_on(workers: None, client: Client) -> None:
    assert client.get("/syncz").json()["queues_without_worker"] == []
    a_minute_ago = database_clock.now() - timedelta(minutes=1)
    queue_workers.say(name="all@here", queues=QUEUES, now=a_minute_ago)
    queue_workers.say(name="most@here", queues=QUEUES[1:], now=database_clock.now())
    answer = client.get("/syncz")
    assert answer.status_code == 503
    assert answer.json()["queues_without_worker"] == [{"queue": "urgent", "means": queue_workers.WORK["urgent"]}]
    figures = client.get("/metrics").content.decode()
    assert 'vendor_admin_queue_workers{queue="urgent"} 0.0' in figures
    assert 'vendor_admin_queue_workers{queue="operations"} 1.0' in figures


@pytest.mark.parametrize("path", PRIVATE)
def test_a_caller_on_this_machine_may_look(workers: None, client: Client, path: str) -> None:
    assert client.get(path).status_code == 200


@pytest.mark.parametrize("path", PRIVATE)
@pytest.mark.parametrize(
    "headers", [{"X-Forwarded-For": "203.0.113.9"}, {"Forwarded": "for=203.0.113.9"}, {"Via": "1.1 proxy"}]
)
def test_a_forwarded_request_needs_the_token(workers: None, client: Client, settings, path: str, headers: dict) -> None:
    settings.SYNCZ_TOKEN = "the-token"
    assert client.get(path, headers=headers).status_code == 401
    assert client.get(path, headers=headers | {"Authorization": "Bearer wrong"}).status_code == 401
    assert client.get(path, headers=headers | {"Authorization": "Bearer the-token"}).status_code == 200


@pytest.mark.parametrize("path", PRIVATE)
def test_behind_a_proxy_that_adds_no_header_everybody_needs_the_token(
    workers: None, client: Client, settings, path: str
) -> None:
    settings.BEHIND_PROXY, settings.SYNCZ_TOKEN = True, "the-token"
    assert client.get(path).status_code == 401
    assert client.get(path, headers={"Authorization": "Bearer the-token"}).status_code == 200


@pytest.mark.parametrize("path", PRIVATE)
def test_without_a_token_other_machines_see_nothing(db: None, client: Client, settings, path: str) -> None:
    settings.SYNCZ_TOKEN = ""
    assert client.get(path, REMOTE_ADDR="203.0.113.9").status_code == 401
    assert client.get(path, REMOTE_ADDR="203.0.113.9", headers={"Authorization": "Bearer "}).status_code == 401


def test_alive_and_ready_are_for_everybody(db: None, client: Client) -> None:
    for path in ("/livez", "/readyz"):
        assert client.get(path, REMOTE_ADDR="203.0.113.9").status_code == 200


def test_the_figures_are_those_of_the_sockets_in_prometheus_own_reading(status: SocketStatus) -> None:
    odd = 'a "b" \\ c\nd'
    others = status | {"organization": "quiet", "state": "paused", "last_frame_at": None, "gaps": 12_345_678}
    text = text_of([status | {"organization": odd}, others], workers_of_queues={"urgent": 2}, now=NOW)
    families = {family.name: family for family in text_string_to_metric_families(text)}
    read = {
        (sample.name.removeprefix("vendor_admin_socket_"), sample.labels["organization"]): sample.value
        for name, family in families.items()
        for sample in family.samples
        if name.startswith("vendor_admin_socket_")
    }
    assert len(read) == 18
    assert {(family.type, bool(family.documentation)) for family in families.values()} == {("gauge", True)}
    assert (read["live", odd], read["enabled", odd]) == (1.0, 1.0)
    assert (read["live", "quiet"], read["enabled", "quiet"]) == (0.0, 0.0)
    assert (read["silence_seconds", odd], read["silence_seconds", "quiet"]) == (2.5, -1.0)
    assert (read["oldest_waiting_seconds", odd], read["gaps", "quiet"]) == (1.25, 12_345_678.0)
    (sample,) = families["vendor_admin_queue_workers"].samples
    assert (sample.labels, sample.value) == ({"queue": "urgent"}, 2.0)
