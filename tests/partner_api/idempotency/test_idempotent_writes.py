"""A write runs once, however often its request comes (the cases of clients that repeat)."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import override_settings
from django.utils import timezone

from tests.partner_api.idempotency import notes
from tests.partner_api.idempotency.notes import NOTES, notes_of
from tests.support.partner_api.program import ApiProgram
from vendor_admin.organizations.models import Organization
from vendor_admin.organizations.tenancy.scope import organization_scope
from vendor_admin.partner_api import retention
from vendor_admin.partner_api.models import LONGEST_IDEMPOTENCY_KEY, SavedAnswer


@pytest.fixture
def addresses() -> Iterator[None]:
    with override_settings(ROOT_URLCONF=notes.__name__):
        yield


@pytest.fixture
def program(alpha: Organization, addresses: None) -> ApiProgram:
    return ApiProgram.of(alpha)


def write(program: ApiProgram, key: str = "key-1", text: Any = "hello", **more: Any) -> Any:
    return program.post(more.pop("path", NOTES), {"text": text}, headers={"Idempotency-Key": key}, **more)


def problem(answer: Any, status: int, code: str) -> dict[str, Any]:
    body: dict[str, Any] = answer.json()
    assert (answer.status_code, body["code"]) == (status, code), body
    return body


def test_a_repeat_gets_the_saved_answer_and_changes_nothing(program: ApiProgram, alpha: Organization) -> None:
    first, second = write(program), write(program)
    assert first.status_code == second.status_code == 202
    assert first.content == second.content
    assert first["Location"] == second["Location"]
    assert first["Content-Type"] == second["Content-Type"]
    assert "Idempotent-Replayed" not in first
    assert second["Idempotent-Replayed"] == "true"
    assert first["X-Request-ID"] != second["X-Request-ID"]
    assert notes_of(alpha) == ["hello"]
    write(program, key="key-2")
    assert notes_of(alpha) == ["hello", "hello"]


def test_the_body_is_compared_as_json_and_not_as_text(program: ApiProgram, alpha: Organization) -> None:
    def send(body: str) -> Any:
        headers = {"Idempotency-Key": "k", "Authorization": f"Bearer {program.text}"}
        return program.client.post(NOTES, body, content_type="application/json; charset=utf-8", headers=headers)

    first = send('{"text": "x", "amount": 250.00, "id": 1}')
    again = send('{ "id":1.0 ,\n"amount":250.0 , "text":"\\u0078"}')
    assert again["Idempotent-Replayed"] == "true"
    assert again.content == first.content
    for other in ('{"text": "x", "amount": 250.01, "id": 1}', '{"text": "x", "amount": "250.00", "id": 1}'):
        problem(send(other), 422, "idempotency_key_reused")
    assert notes_of(alpha) == ["x"]


def test_a_key_belongs_to_one_method_path_query_and_body(program: ApiProgram, alpha: Organization) -> None:
    write(program)
    headers = {"Idempotency-Key": "key-1"}
    others = [
        write(program, text="other"),
        write(program, path=f"{NOTES}/1"),
        write(program, path=f"{NOTES}?dry_run=true"),
        program.patch(NOTES, {"text": "hello"}, headers=headers),
    ]
    for other in others:
        problem(other, 422, "idempotency_key_reused")
    assert notes_of(alpha) == ["hello"]


def test_keys_are_each_organizations_own(program: ApiProgram, alpha: Organization, beta: Organization) -> None:
    elsewhere = ApiProgram.of(beta)
    write(program)
    assert "Idempotent-Replayed" not in write(elsewhere)
    assert (notes_of(alpha), notes_of(beta)) == (["hello"], ["hello"])
    assert notes_of(alpha) == ["hello"]
    another = ApiProgram.of(alpha, name="Another program", scopes=("members:write",))
    problem(write(another), 422, "idempotency_key_reused")
    assert notes_of(alpha) == ["hello"], "a program is not told what another one was answered"


def test_what_was_refused_is_not_saved_and_the_mended_request_runs(program: ApiProgram, alpha: Organization) -> None:
    refused = write(program, text=None)
    assert problem(refused, 422, "invalid")["errors"][0]["pointer"] == "/text"
    assert write(program, text="refused").status_code == 409, "an answer of the view's own"
    assert notes_of(alpha) == [], "what it wrote before is taken back"
    assert write(program, text="mended").status_code == 202
    assert notes_of(alpha) == ["mended"]


def test_a_write_that_breaks_leaves_nothing_and_runs_when_it_is_repeated(
    program: ApiProgram, alpha: Organization
) -> None:
    program.client.raise_request_exception = False
    assert problem(write(program, text="broken"), 500, "server_error")["detail"]
    assert notes_of(alpha) == []
    assert write(program).status_code == 202


def test_a_write_without_a_usable_key_is_refused(program: ApiProgram, alpha: Organization) -> None:
    problem(program.post(NOTES, {"text": "x"}), 400, "idempotency_key_required")
    problem(write(program, key="  "), 400, "idempotency_key_required")
    for key in ("x" * (LONGEST_IDEMPOTENCY_KEY + 1), "two words", "für", "a\x00b"):
        problem(write(program, key=key), 400, "invalid_idempotency_key")
    assert notes_of(alpha) == []
    assert write(program, key="x" * LONGEST_IDEMPOTENCY_KEY).status_code == 202
    assert program.get(NOTES).status_code == 200, "reading needs none"


def test_rights_are_asked_for_before_a_saved_answer_is_given(program: ApiProgram, alpha: Organization) -> None:
    write(program)
    reader = ApiProgram.of(alpha, scopes=("members:read",))
    problem(write(reader), 403, "insufficient_scope")
    assert write(ApiProgram(program.key, "vak_live_1_" + "x" * 43)).status_code == 401


def test_an_answer_is_kept_for_two_days_and_deleted_then(program: ApiProgram, alpha: Organization) -> None:
    write(program)
    now = timezone.now()
    with time_machine.travel(now + timedelta(hours=47, minutes=59), tick=False):
        assert "Idempotent-Replayed" in write(program)
    retention.forget_old(now=now + timedelta(hours=47, minutes=59))
    with time_machine.travel(now + timedelta(hours=48, minutes=1), tick=False):
        assert write(program, text="anything").status_code == 202, "the key is free again"
    retention.forget_old(now=now + timedelta(hours=97))
    with organization_scope(alpha.pk):
        assert not SavedAnswer.objects.exists()


def test_what_is_kept_of_an_answer_is_encrypted(program: ApiProgram, alpha: Organization) -> None:
    write(program, text="whsec_shown_once")
    with organization_scope(alpha.pk), connection.cursor() as cursor:
        cursor.execute("SELECT row_to_json(s)::text FROM partner_api_savedanswer s")
        (stored,) = cursor.fetchone()
    assert "whsec_shown_once" not in stored
    assert "whsec_shown_once" in json.loads(write(program, text="whsec_shown_once").content)["text"]
