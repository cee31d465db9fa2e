"""What the health addresses answer while the database is away, and whom they answer at all."""

from collections.abc import Iterator
from unittest import mock

import pytest
from django.db import DEFAULT_DB_ALIAS, OperationalError, connections
from django.test import Client

PRIVATE = ("/syncz", "/metrics")


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


@pytest.mark.parametrize("path", PRIVATE)
def test_a_caller_on_this_machine_may_look(db: None, client: Client, path: str) -> None:
    assert client.get(path).status_code == 200


@pytest.mark.parametrize("path", PRIVATE)
@pytest.mark.parametrize(
    "headers", [{"X-Forwarded-For": "203.0.113.9"}, {"Forwarded": "for=203.0.113.9"}, {"Via": "1.1 proxy"}]
)
def test_a_forwarded_request_needs_the_token(db: None, client: Client, settings, path: str, headers: dict) -> None:
    settings.SYNCZ_TOKEN = "the-token"
    assert client.get(path, headers=headers).status_code == 401
    assert client.get(path, headers=headers | {"Authorization": "Bearer wrong"}).status_code == 401
    assert client.get(path, headers=headers | {"Authorization": "Bearer the-token"}).status_code == 200


@pytest.mark.parametrize("path", PRIVATE)
def test_behind_a_proxy_that_adds_no_header_everybody_needs_the_token(
    db: None, client: Client, settings, path: str
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
