"""A database connection that is lost in a request spoils that request, and none after it in the same thread."""

from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock
from wsgiref.util import setup_testing_defaults

import psycopg
import pytest
from django.db import DEFAULT_DB_ALIAS, OperationalError, connection, connections, transaction

from vendor_admin.listing import lists
from vendor_admin.organizations.models import Organization
from vendor_admin.wsgi import application


@pytest.fixture
def end_backend(committed_db: None, admin_connection: psycopg.Connection) -> Iterator[Callable[[], None]]:
    """Ends the server's side of this thread's connection, as a restart of the server does."""

    def end() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            (pid,) = cursor.fetchone()
        admin_connection.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])

    yield end
    connection.close()


def get(address: str) -> str:
    """The status that gunicorn would send for a request that this thread serves."""
    environ: dict[str, Any] = {"PATH_INFO": address, "REQUEST_METHOD": "GET"}
    setup_testing_defaults(environ)
    environ["HTTP_HOST"] = "localhost"
    said: list[str] = []

    def start_response(status: str, headers: Any, exc_info: Any = None, /) -> Callable[[bytes], object]:
        said.append(status)
        return print

    answer: Any = application(environ, start_response)
    answer.close()
    return said[0]


def test_a_request_after_the_connection_was_lost_between_requests_works(end_backend: Callable[[], None]) -> None:
    assert get("/admin/login/") == "200 OK"
    end_backend()

    assert get("/admin/login/") == "200 OK"


def test_a_request_after_a_time_without_a_server_works(end_backend: Callable[[], None]) -> None:
    end_backend()
    with mock.patch.object(connections[DEFAULT_DB_ALIAS], "get_new_connection", side_effect=OperationalError("away")):
        assert get("/admin/login/") == "500 Internal Server Error"

    assert get("/admin/login/") == "200 OK"


def test_a_query_with_a_time_out_that_loses_its_connection_at_its_end_leaves_no_transaction(
    end_backend: Callable[[], None],
) -> None:
    def lose_it(execute: Any, sql: str, parameters: Any, many: bool, context: Any) -> Any:
        if sql == "SET LOCAL statement_timeout = 0":
            end()
        return execute(sql, parameters, many, context)

    def end() -> None:
        wrappers, connection.execute_wrappers[:] = connection.execute_wrappers[:], []
        end_backend()
        connection.execute_wrappers[:] = wrappers

    with pytest.raises(OperationalError), connection.execute_wrapper(lose_it), transaction.atomic():
        lists.capped_count(Organization.objects.all())

    assert not connection.in_atomic_block
    assert lists.capped_count(Organization.objects.all()) == "0"


@pytest.mark.parametrize("is_lost", [True, False])
def test_a_request_in_a_thread_that_was_left_inside_a_transaction_works(
    end_backend: Callable[[], None], is_lost: bool
) -> None:
    transaction.atomic().__enter__()
    if is_lost:
        end_backend()

    assert get("/admin/login/") == "200 OK"
    assert not connection.in_atomic_block
