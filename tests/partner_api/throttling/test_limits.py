"""Limits of keys and organizations, over the real addresses."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection, connections
from django.test import override_settings
from django.test.utils import CaptureQueriesContext
from django.urls import include, path
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from tests.partner_api.idempotency import notes
from tests.partner_api.idempotency.notes import NOTES
from tests.support.partner_api.program import ApiProgram
from vendor_admin.organizations.models import Organization
from vendor_admin.organizations.tenancy.scope import organization_scope
from vendor_admin.partner_api import retention
from vendor_admin.partner_api.models import RequestCount

ME = "/api/v1/me"
NOON = datetime(2026, 12, 1, 12, 0, 0, tzinfo=UTC)
inside, go_on = threading.Event(), threading.Event()


class Slow(APIView):
    required_scopes = ()

    def get(self, request: Request) -> Response:
        inside.set()
        assert go_on.wait(timeout=30)
        return Response({})


urlpatterns = [path("api/v1/slow", Slow.as_view()), path("", include("vendor_admin.urls"))]


@pytest.fixture
def limits(settings: Any) -> Any:
    settings.PARTNER_API_REQUESTS_A_MINUTE = 5
    settings.PARTNER_API_ORGANIZATION_REQUESTS_A_MINUTE = 8
    return settings


@pytest.fixture
def travel() -> Iterator[Any]:
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


@pytest.fixture
def program(limits: Any, travel: Any, alpha: Organization) -> ApiProgram:
    return ApiProgram.of(alpha)


def statuses(program: ApiProgram, count: int) -> list[int]:
    return [program.get(ME).status_code for _ in range(count)]


def test_every_answer_says_what_is_left(program: ApiProgram) -> None:
    answer = program.get(ME)
    assert answer["RateLimit-Policy"] == '"key";q=5;w=60, "organization";q=8;w=60'
    assert answer["RateLimit"] == '"key";r=4;t=60, "organization";r=7;t=60'
    assert program.get("/api/v1/nothing")["RateLimit"] == '"key";r=3;t=60, "organization";r=6;t=60'


def test_a_key_that_sends_too_much_is_refused_until_it_has_waited(program: ApiProgram, travel: Any) -> None:
    assert statuses(program, 5) == [200] * 5
    refused = program.get(ME)
    problem = refused.json()
    assert (refused.status_code, problem["code"]) == (429, "too_many_requests")
    assert refused["Content-Type"] == "application/problem+json"
    assert refused["RateLimit"].startswith('"key";r=0;')
    assert refused["Retry-After"] == str(problem["retry_after"])
    wait = int(refused["Retry-After"])
    assert wait == 72, "one of five has left the last sixty seconds"
    travel.move_to(NOON + timedelta(seconds=wait - 1))
    assert program.get(ME).status_code == 429
    travel.move_to(NOON + timedelta(seconds=wait))
    assert program.get(ME).status_code == 200, "what was refused did not count"


def test_the_turn_of_a_minute_gives_no_second_quota(program: ApiProgram, travel: Any) -> None:
    travel.move_to(NOON + timedelta(seconds=59))
    assert statuses(program, 5) == [200] * 5
    travel.move_to(NOON + timedelta(seconds=61))
    assert program.get(ME).status_code == 429


def test_the_keys_of_an_organization_share_its_limit_and_no_other_organizations(
    program: ApiProgram, alpha: Organization, beta: Organization
) -> None:
    other, elsewhere = ApiProgram.of(alpha, name="Second"), ApiProgram.of(beta)
    assert statuses(program, 5) == [200] * 5
    assert statuses(other, 4) == [200, 200, 200, 429]
    assert elsewhere.get(ME).status_code == 200


def test_repeats_cost_nothing(program: ApiProgram) -> None:
    with override_settings(ROOT_URLCONF=notes.__name__):
        sent = [program.post(NOTES, {"text": "x"}, headers={"Idempotency-Key": "k"}) for _ in range(8)]
        assert [answer.status_code for answer in sent] == [202] * 8
        assert [answer.headers.get("Idempotent-Replayed") for answer in sent] == [None] + ["true"] * 7
        assert program.get(ME)["RateLimit"].startswith('"key";r=3;')


def test_nobody_is_counted_for_a_key_that_is_unknown(program: ApiProgram, alpha: Organization) -> None:
    stranger = ApiProgram(program.key, f"vak_live_{alpha.pk}_{'x' * 43}")
    assert {stranger.get(ME).status_code for _ in range(10)} == {401}
    with organization_scope(alpha.pk):
        assert not RequestCount.objects.exists()


def test_a_read_takes_three_trips_to_the_server_beside_its_own_transaction(program: ApiProgram) -> None:
    program.get(ME)  # notes that the key is used, once a minute
    with CaptureQueriesContext(connection) as queries:
        program.get(ME).close()
    statements = [query["sql"] for query in queries]
    # Who calls; the count; the view, which asks nothing here; the log.
    told = ["partner_api_apikey", "partner_api_requestcount", "BEGIN", "app.orgs", "COMMIT", "partner_api_requestlog"]
    assert len(statements) == len(told)
    assert all(word in statement for word, statement in zip(told, statements, strict=True))


def test_counting_is_one_statement(program: ApiProgram) -> None:
    with CaptureQueriesContext(
        connection,
    ) as queries:
        program.get(ME)
    counting = [query["sql"] for query in queries if "partner_api_requestcount" in query["sql"]]
    assert len(counting) == 1


def test_requests_of_one_key_do_not_wait_for_each_other(alpha: Organization) -> None:
    program = ApiProgram.of(alpha)
    inside.clear()
    go_on.clear()

    def wait_inside() -> int:
        try:
            answer = ApiProgram(program.key, program.text).get("/api/v1/slow")
            return int(answer.status_code)
        finally:
            connections.close_all()

    with override_settings(ROOT_URLCONF=__name__), ThreadPoolExecutor(1) as threads:
        slow = threads.submit(wait_inside)
        try:
            assert inside.wait(timeout=30)
            with connection.cursor() as cursor:
                cursor.execute("SET statement_timeout = '5s'")  # a wait would end as an error
            assert program.get(ME).status_code == 200
            assert not slow.done()
        finally:
            go_on.set()
            with connection.cursor() as cursor:
                cursor.execute("SET statement_timeout = 0")
        assert slow.result(timeout=30) == 200


def test_counts_are_deleted_when_no_page_needs_them(program: ApiProgram, alpha: Organization) -> None:
    program.get(ME)
    retention.forget_old(now=NOON + timedelta(hours=24))
    with organization_scope(alpha.pk):
        assert RequestCount.objects.count() == 2
    retention.forget_old(now=NOON + timedelta(hours=26))
    with organization_scope(alpha.pk):
        assert not RequestCount.objects.exists()
