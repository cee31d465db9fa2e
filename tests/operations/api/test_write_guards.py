"""What a write is refused for before anything is previewed, and what a program's plan does not do by itself."""

from contextlib import ExitStack
from types import SimpleNamespace
from typing import Any

import pytest
from django.utils import timezone

from tests.support.partner_api.program import EVERY_SCOPE, ApiProgram
from vendor_admin.operations.api.making import LONGEST_REASON, MOST_ROWS
from vendor_admin.operations.api.waiting import LONGEST_WAIT, WAITING_AT_ONCE, seconds_of, wait_for
from vendor_admin.operations.models import Operation, Plan
from vendor_admin.operations.plans.start import renew
from vendor_admin.organizations import web_turns
from vendor_admin.organizations.models import Organization
from vendor_admin.organizations.tenancy.scope import organization_scope

CHANGE = {"change": "250.00", "reason": "Goodwill"}
ONE, NOBODY = "/api/v1/accounts/10001/balance-changes", "/api/v1/accounts/10009/balance-changes"
PLANS = "/api/v1/plans"


@pytest.fixture
def program(alpha: Organization, trading_day: Any) -> ApiProgram:
    trading_day(1)
    return ApiProgram.of(alpha)


def plan(**more: Any) -> dict[str, Any]:
    return {"kind": "change_balances", "rows": [{"account": "10001", "change": "1"}], "reason": "Goodwill"} | more


def test_what_a_body_must_not_hold_is_named_by_its_place(program: ApiProgram) -> None:
    long, lines = "x" * (LONGEST_REASON + 1), "two\nlines"
    for path, body, fault in (
        (ONE, CHANGE | {"account": "10001"}, ("/account", "unknown_field")),
        (ONE, CHANGE | {"colour": "red"}, ("/colour", "unknown_field")),
        (ONE, CHANGE | {"reason": long}, ("/reason", "too_long")),
        (ONE, CHANGE | {"reason": lines}, ("/reason", "wrong_type")),
        (ONE, CHANGE | {"reason": 5}, ("/reason", "wrong_type")),
        (PLANS, plan(colour="red"), ("/colour", "unknown_field")),
        (PLANS, plan(reason=long), ("/reason", "too_long")),
        (PLANS, plan(rows=[{}] * (MOST_ROWS + 1)), ("/rows", "too_many")),
        (PLANS, plan(rows=[]), ("/rows", "required")),
        (PLANS, plan(kind=["change_balances"]), ("/kind", "unknown_value")),
        (PLANS, plan(kind={"name": "change_balances"}), ("/kind", "unknown_value")),
        (f"{PLANS}/1/confirm", {"colour": "red"}, ("/colour", "unknown_field")),
    ):
        answer = program.post(path, body, headers={"Idempotency-Key": "k"})
        assert answer.status_code == 422, (path, answer.content)
        assert fault in [(one["pointer"], one["code"]) for one in answer.json()["errors"]], (path, answer.content)
    assert program.post(f"{PLANS}?dry_run=true", plan(rows=[{}] * MOST_ROWS)).json()["errors"][0]["pointer"] != "/rows"


def test_a_dry_run_needs_no_idempotency_key_and_whatever_changes_something_does(
    program: ApiProgram, alpha: Organization
) -> None:
    for path, body in ((ONE, CHANGE), (PLANS, plan())):
        assert program.post(f"{path}?dry_run=true", body).status_code == 200
        answer = program.post(path, body)
        assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key_required")
    assert program.post(f"{ONE}?dry_run=perhaps", CHANGE).json()["code"] == "invalid_parameter"
    with organization_scope(alpha.pk):
        assert set(Plan.objects.values_list("state", flat=True)) == {"preview"}
        assert not Operation.objects.exists()


def test_whoever_may_not_change_it_is_not_told_what_there_is(alpha: Organization, program: ApiProgram) -> None:
    reader = ApiProgram.of(alpha, scopes=tuple(one for one in EVERY_SCOPE if one != "balances:write"))
    for path, body in ((ONE, CHANGE), (NOBODY, CHANGE), (ONE, {"colour": "red"}), (PLANS, plan(rows=["odd"]))):
        answer = reader.post(path, body, headers={"Idempotency-Key": "k"})
        assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed"), answer.content


def test_a_preview_that_moves_again_and_again_waits_for_somebody_to_look(
    program: ApiProgram, alpha: Organization
) -> None:
    first = program.post(f"{PLANS}?dry_run=true", plan()).json()["id"]
    with organization_scope(alpha.pk):
        moved = Plan.objects.select_related("organization").get(pk=first)
        moved.starts_unseen, unseen = True, []
        for _ in range(3):
            moved = renew(moved, now=timezone.now())
            unseen.append(moved.starts_unseen)
    assert unseen == [True, True, False]


def test_nobody_waits_for_longer_than_half_a_minute() -> None:
    asked: Any = SimpleNamespace(headers={"Prefer": "respond-async, wait=9999"})
    assert seconds_of(asked) == LONGEST_WAIT


def test_whoever_finds_no_turn_to_wait_is_answered_at_once(alpha: Organization) -> None:
    looked: list[dict[str, Any]] = []

    def look() -> dict[str, Any]:
        looked.append({"state": "finished"})
        return looked[-1]

    with ExitStack() as held:
        for _ in range(WAITING_AT_ONCE):
            turn = web_turns.hold("waiting for plans", most=WAITING_AT_ONCE, cause="others", of_cause=WAITING_AT_ONCE)
            held.enter_context(turn)
        assert wait_for(look, organization_id=alpha.pk, seconds=30) is None
        assert not looked
    assert wait_for(look, organization_id=alpha.pk, seconds=30) == looked[0]
