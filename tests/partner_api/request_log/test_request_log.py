"""The log of requests: what is written of each, who reads it, and how long it is kept."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from django.test import override_settings
from django.utils import timezone

from tests.partner_api.idempotency import notes
from tests.partner_api.idempotency.notes import NOTES
from tests.support.partner_api.program import ApiProgram
from vendor_admin.organizations.models import Organization
from vendor_admin.organizations.tenancy.scope import organization_scope
from vendor_admin.partner_api import retention
from vendor_admin.partner_api.models import RequestLogEntry

ME, REQUESTS = "/api/v1/me", "/api/v1/requests"


@pytest.fixture
def program(alpha: Organization) -> Iterator[ApiProgram]:
    with override_settings(ROOT_URLCONF=notes.__name__):
        yield ApiProgram.of(alpha)


def entries(organization: Organization) -> list[RequestLogEntry]:
    with organization_scope(organization.pk):
        return list(RequestLogEntry.objects.order_by("id"))


def test_each_request_is_written_down_with_its_answer(program: ApiProgram, alpha: Organization) -> None:
    sent = program.post(
        f"{NOTES}?note=a", {"text": "hello", "password": "hunter2"}, headers={"Idempotency-Key": "key-1"}
    )
    (entry,) = entries(alpha)
    assert (entry.request_id, entry.caller) == (sent["X-Request-ID"], program.key.public_id)
    assert (entry.method, entry.path, entry.query) == ("POST", NOTES, "note=a")
    assert (entry.status, entry.code, entry.is_replay) == (202, "", False)
    assert (entry.idempotency_key, entry.version) == ("key-1", program.key.version)
    assert entry.location == sent["Location"]
    assert entry.request_body == '{"text":"hello","password":"••••••"}'
    assert entry.answer_body == sent.content.decode()
    assert entry.address == "127.0.0.1"
    assert timezone.now() - entry.at < timedelta(minutes=1)
    again = program.post(
        f"{NOTES}?note=a", {"text": "hello", "password": "hunter2"}, headers={"Idempotency-Key": "key-1"}
    )
    replayed = entries(alpha)[-1]
    assert (replayed.request_id, replayed.is_replay) == (again["X-Request-ID"], True)


def test_refused_requests_are_written_down_with_their_problem(program: ApiProgram, alpha: Organization) -> None:
    program.client.raise_request_exception = False
    reader = ApiProgram.of(alpha, scopes=("members:read",), name="Reader")
    headers = {"Idempotency-Key": "k"}
    answers = [
        program.get("/api/v1/nothing"),
        program.post(NOTES, {"text": None}, headers=headers),
        program.post(NOTES, {"text": "x"}),
        program.post(NOTES, {"text": "broken"}, headers=headers),
        reader.post(NOTES, {"text": "x"}, headers=headers),
        program.post(NOTES, "{", headers=headers, content_type="application/json"),
    ]
    for entry, answer in zip(entries(alpha), answers, strict=True):
        assert entry.request_id == answer["X-Request-ID"]
        assert (entry.status, entry.code) == (answer.status_code, answer.json()["code"])
        assert entry.code in entry.answer_body
    assert [entry.status for entry in entries(alpha)] == [404, 422, 400, 500, 403, 400]


def test_what_a_known_key_asked_for_after_its_end_is_written_down(program: ApiProgram, alpha: Organization) -> None:
    with organization_scope(alpha.pk):
        program.key.revoked_at = timezone.now()
        program.key.save()
    assert program.get(ME).json()["code"] == "key_revoked"
    (entry,) = entries(alpha)
    assert (entry.status, entry.code, entry.caller) == (401, "key_revoked", program.key.public_id)
    stranger = ApiProgram(program.key, f"vak_live_{alpha.pk}_{'x' * 43}")
    assert stranger.get(ME).status_code == 401
    assert len(entries(alpha)) == 1, "whoever makes a key up writes nothing"


def test_what_was_read_is_not_kept(program: ApiProgram, alpha: Organization) -> None:
    etag = program.get(ME)["ETag"]
    program.get(ME, headers={"If-None-Match": etag, "Accept-Encoding": "gzip"})
    assert [(entry.status, entry.answer_body) for entry in entries(alpha)] == [(200, ""), (304, "")]


def test_a_log_that_cannot_be_written_spoils_no_answer(
    program: ApiProgram, alpha: Organization, owner_connection: psycopg.Connection
) -> None:
    owner_connection.execute("ALTER TABLE partner_api_requestlogentry RENAME TO away")
    try:
        assert program.get(ME).status_code == 200
    finally:
        owner_connection.execute("ALTER TABLE away RENAME TO partner_api_requestlogentry")
    assert program.get(ME).status_code == 200
    assert len(entries(alpha)) == 1


def test_a_program_reads_the_requests_of_its_organization_alone(
    program: ApiProgram, alpha: Organization, beta: Organization
) -> None:
    stranger = ApiProgram.of(beta)
    sent = program.post(NOTES, {"text": "hello"}, headers={"Idempotency-Key": "key-1"})
    request_id = sent["X-Request-ID"]
    one = program.get(f"{REQUESTS}/{request_id}").json()
    assert (one["id"], one["key"], one["status"]) == (request_id, program.key.public_id, 202)
    assert one["answer_body"] == sent.content.decode()
    assert one["at"].endswith("Z")
    assert [found["id"] for found in program.get(REQUESTS).json()["data"]][-1] == request_id
    assert stranger.get(f"{REQUESTS}/{request_id}").status_code == 404
    theirs = {found["key"] for found in stranger.get(REQUESTS).json()["data"]}
    assert theirs == {stranger.key.public_id}
    assert program.get(f"{REQUESTS}/nothing").status_code == 404
    reader = ApiProgram.of(alpha, scopes=("members:read",), name="Reader")
    assert reader.get(REQUESTS).status_code == 403


def test_the_log_is_narrowed_by_what_one_looks_for(program: ApiProgram, alpha: Organization) -> None:
    program.get(ME)
    program.get("/api/v1/nothing")
    program.post(NOTES, {"text": None}, headers={"Idempotency-Key": "k"})

    def found(query: str) -> list[int]:
        answer = program.get(f"{REQUESTS}?{query}")
        assert answer.status_code == 200, answer.content
        return [one["status"] for one in answer.json()["data"]]

    assert found("code=invalid") == [422]
    assert found("status=4xx") == [422, 404]
    assert found("path=/api/v1/me&fields=status") == [200]
    assert found("method=POST") == [422]
    assert found("key=nobody") == []
    assert found("before=2020-01-01T00:00:00Z") == []
    assert program.get(f"{REQUESTS}?status=400").json()["errors"][0]["parameter"] == "status"


def test_the_log_is_kept_for_thirty_days(program: ApiProgram, alpha: Organization, settings: Any) -> None:
    program.get(ME)
    now = timezone.now()
    retention.forget_old(now=now + timedelta(days=29))
    assert len(entries(alpha)) == 1
    settings.PARTNER_API_LOG_DAYS = 7
    retention.forget_old(now=now + timedelta(days=8))
    assert entries(alpha) == []
