"""Retries, reverts and resumptions of plans of many rows: workers prepare them bit by bit, and never twice."""

from datetime import datetime
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.operations.plan_work.large_desk import (
    Large,
    RevokeAndBack,
    RevokeAndBackTogether,
    RevokeInSteps,
    large_desk,
    lost_at,
)
from vendor_admin.operations.models import Operation, Plan, PlanRow
from vendor_admin.operations.pages import plan_buttons
from vendor_admin.operations.pages.plan_buttons import REVERT
from vendor_admin.operations.plans import follow_ups, fresh_rows
from vendor_admin.operations.plans import verbs as plans
from vendor_admin.organizations.actors import Actor
from vendor_admin.organizations.tenancy import database_clock
from vendor_admin.sync import freshness


@pytest.fixture
def desk(db: None, monkeypatch: pytest.MonkeyPatch) -> Large:
    return large_desk(monkeypatch)


@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """The mirrors are live."""
    monkeypatch.setattr(freshness.Sockets, "why_old", lambda *_: "")
    monkeypatch.setattr(freshness.Sockets, "has_missed_since", lambda *_: False)


def ended(desk: Large, *ids: int, state: str, kind: str = RevokeAndBack.name) -> Plan:
    """A plan of which every row came to this."""
    plan = desk.checked(desk.confirmed(*ids, kind=kind))
    with desk.scope():
        Operation.objects.filter(plan=plan).update(state=state)
        PlanRow.objects.filter(plan=plan).update(state=state, is_locking=False)
        Plan.objects.filter(pk=plan.pk).update(state=Plan.State.FINISHED)
    return desk.reload(plan)


def again(desk: Large, plan: Plan, verb: str) -> Plan:
    with desk.scope():
        if verb == "retry":
            return plans.retry_failed(plan=plan, actor=Actor.staff(desk.actor), now=timezone.now())
        return plans.revert(plan=plan, actor=Actor.staff(desk.actor), reason="a mistake", now=timezone.now())


BOTH = pytest.mark.parametrize(("verb", "state"), [("retry", "rejected"), ("revert", "succeeded")])


@BOTH
def test_of_many_rows_no_more_than_a_few_are_looked_at_before_a_worker_comes(
    desk: Large, fresh: None, verb: str, state: str
) -> None:
    plan = ended(desk, *range(1, 8), state=state)
    with CaptureQueriesContext(connection) as queries:
        back = again(desk, plan, verb)

    assert (back.state, back.work_total, desk.rows(back)) == (Plan.State.DRAFTING, 7, [])
    assert (back.retries_id or back.reverts_id) == plan.pk
    of_rows = [one["sql"] for one in queries if "operations_planrow" in one["sql"]]
    assert of_rows
    assert all("LIMIT" in sql or "COUNT(*)" in sql for sql in of_rows)


@BOTH
@pytest.mark.parametrize("time", [1, 2, 3])
def test_after_a_lost_worker_another_goes_on_and_no_row_is_made_twice(
    desk: Large, fresh: None, verb: str, state: str, time: int
) -> None:
    back = again(desk, ended(desk, *range(1, 8), state=state), verb)
    with lost_at("INSERT INTO operations_planrow", time=time):
        desk.checked(back)
    desk.end_claim(back)

    back = desk.checked(back)
    assert back.state == Plan.State.PREVIEW
    assert [(row.position, row.target_id) for row in desk.rows(back)] == [(one, one) for one in range(1, 8)]
    assert back.calls_needed == 7


@BOTH
def test_what_another_plan_has_begun_with_is_left_out_and_where_that_is_all_the_plan_says_so(
    desk: Large, fresh: None, verb: str, state: str
) -> None:
    plan = ended(desk, *range(1, 8), state=state)
    first = desk.checked(again(desk, plan, verb))
    with desk.scope():
        PlanRow.objects.filter(plan=first, position__in=[2, 5]).update(state=PlanRow.State.SKIPPED)
    assert desk.checked(desk.confirm(first)).state == Plan.State.RUNNING
    with desk.scope():
        PlanRow.objects.filter(plan=first).update(is_locking=False)

    assert [row.target_id for row in desk.rows(desk.checked(again(desk, plan, verb)))] == [2, 5]
    with desk.scope():
        PlanRow.objects.filter(plan=first).update(state=PlanRow.State.SUCCEEDED)
    nothing = desk.checked(again(desk, plan, verb))
    assert nothing.state == Plan.State.CANCELLED
    assert nothing.wait_why.startswith(f"Plan {first.pk} has {'retried' if verb == 'retry' else 'reverted'} this")


@BOTH
def test_what_was_begun_for_many_rows_is_offered_for_what_was_skipped_alone(
    desk: Large, fresh: None, verb: str, state: str
) -> None:
    plan = ended(desk, *range(1, 8), state=state, kind=RevokeInSteps.name)

    def offered() -> object:
        with desk.scope():
            return follow_ups.count_left(plan, of=7) if verb == "retry" else plan_buttons.way_back_of(plan)

    first = desk.checked(again(desk, plan, verb))
    assert offered() == (7 if verb == "retry" else REVERT)
    with desk.scope():
        PlanRow.objects.filter(plan=first, position__in=[2, 5]).update(state=PlanRow.State.SKIPPED)
    desk.checked(desk.confirm(first))
    assert offered() == (2 if verb == "retry" else REVERT)
    with desk.scope():
        PlanRow.objects.filter(plan=first).update(is_locking=False)
    second = desk.checked(again(desk, plan, verb))
    assert len(desk.rows(second)) == 2
    desk.confirm(second)
    assert offered() == (0 if verb == "retry" else "")


def test_rows_with_one_way_back_are_reverted_together_wherever_they_stand(
    desk: Large, fresh: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for one, status in enumerate("AABBCACDEE", start=1):
        monkeypatch.setitem(RevokeAndBackTogether.status, one, status)
    plan = ended(desk, *range(1, 11), state="succeeded", kind=RevokeAndBackTogether.name)

    back = desk.checked(again(desk, plan, "revert"))
    assert [row.wanted["ids"] for row in desk.rows(back)] == [[1, 2, 6], [3, 4], [5, 7], [8], [9, 10]]
    assert [row.position for row in desk.rows(back)] == [1, 2, 3, 4, 5]


def test_many_rows_are_reverted_where_the_first_of_them_have_no_way_back(
    desk: Large, fresh: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for one in range(1, 8):
        monkeypatch.setitem(RevokeAndBackTogether.status, one, "Final")
    monkeypatch.setitem(RevokeAndBackTogether.status, 7, "A")
    plan = ended(desk, *range(1, 8), state="succeeded", kind=RevokeAndBackTogether.name)

    back = desk.checked(again(desk, plan, "revert"))
    assert [row.wanted["ids"] for row in desk.rows(back)] == [[7]]


def test_a_few_rows_of_a_large_plan_are_previewed_at_once(desk: Large, fresh: None) -> None:
    plan = ended(desk, *range(1, 8), state="succeeded")
    with desk.scope():
        PlanRow.objects.filter(plan=plan, position__gt=5).update(state=PlanRow.State.REJECTED)

    assert [row.target_id for row in desk.rows(again(desk, plan, "retry"))] == [6, 7]


def test_what_a_broken_off_start_had_done_is_not_offered_to_be_retried(desk: Large) -> None:
    first, _ = desk.two_retries(1, 2, 3, 4)
    with lost_at("INSERT INTO operations_operation", time=2):
        desk.checked(first)
    with desk.scope():  # as reading showed after a restore
        Plan.objects.filter(pk=first.pk).update(state=Plan.State.STALE, check_at=None)
        PlanRow.objects.filter(plan=first).update(is_locking=False)
        earlier = Plan.objects.get(retried_by=first)
    desk.change(desk.operations(first)[0], state=Operation.State.SUCCEEDED)

    third = desk.checked(again(desk, earlier, "retry"))
    assert [row.target_id for row in desk.rows(third)] == [2, 3, 4]
    with desk.scope():
        rows = list(follow_ups.rows_again(earlier, "retries"))
        targets = follow_ups.targets_again(earlier, rows, "retries")
        left, begun_by = follow_ups.split_off_begun(targets, earlier=earlier, link="retries")
    assert ([one.entity_id for one in left], begun_by) == ([2, 3, 4], first.pk)


def paused(desk: Large, *ids: int) -> Plan:
    plan = desk.checked(desk.confirmed(*ids, kind=RevokeAndBack.name))
    with desk.scope():
        return plans.pause(plan=plan, actor=Actor.staff(desk.actor))


def resumed(desk: Large, plan: Plan) -> Plan:
    with desk.scope():
        return plans.resume(plan=plan, actor=Actor.staff(desk.actor), now=timezone.now())


def test_the_rows_of_a_large_plan_that_is_resumed_are_compared_by_a_worker_before_any_begins(
    desk: Large, fresh: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = paused(desk, *range(1, 8))
    monkeypatch.setitem(RevokeAndBack.status, 5, "Declined")
    plan = resumed(desk, plan)

    assert (plan.state, plan.is_interrupted) == (Plan.State.RUNNING, True)
    assert set(desk.states(plan)) == {PlanRow.State.QUEUED}
    plan = desk.checked(plan)
    assert (plan.state, plan.is_interrupted, plan.work_total) == (Plan.State.RUNNING, False, 0)
    assert [row.target_id for row in desk.rows(plan) if row.state == PlanRow.State.CANCELLED] == [5]


def test_what_was_missed_while_the_rows_of_a_large_plan_were_compared_at_its_start_is_noticed(
    desk: Large, fresh: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = desk.confirmed(*range(1, 8), kind=RevokeAndBack.name)
    gaps_ended_at: list[datetime] = []
    drafts_of = RevokeAndBack.drafts

    def drafts(self: RevokeAndBack, request: Any) -> Any:
        drafts = drafts_of(self, request)
        gaps_ended_at.append(database_clock.now())
        return drafts

    monkeypatch.setattr(RevokeAndBack, "drafts", drafts)
    monkeypatch.setattr(freshness.Sockets, "has_missed_since", lambda *given: gaps_ended_at[0] > given[-1])

    plan = desk.checked(plan)
    assert (plan.state, len(gaps_ended_at)) == (Plan.State.RUNNING, 3)
    with desk.scope():
        assert fresh_rows.age_of(plan, now=timezone.now()).must_be_compared


def test_after_a_lost_worker_another_compares_the_rows_of_a_resumed_plan(
    desk: Large, fresh: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = paused(desk, *range(1, 8))
    for one in (1, 4, 7):
        monkeypatch.setitem(RevokeAndBack.status, one, "Declined")
    plan = resumed(desk, plan)
    with lost_at("UPDATE operations_planrow", time=2):
        desk.checked(plan)
    assert desk.reload(plan).is_interrupted
    desk.end_claim(plan)

    plan = desk.checked(plan)
    assert not plan.is_interrupted
    assert [row.target_id for row in desk.rows(plan) if row.state == PlanRow.State.CANCELLED] == [1, 4, 7]
    assert [one.state for one in desk.operations(plan)].count(Operation.State.QUEUED) == 4


def test_a_resumed_plan_that_is_paused_again_while_its_rows_are_compared_stays_paused(
    desk: Large, fresh: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = resumed(desk, paused(desk, *range(1, 8)))
    drafts_of = RevokeAndBack.drafts

    def drafts(self: RevokeAndBack, request: Any) -> Any:
        Plan.objects.filter(pk=plan.pk, state=Plan.State.RUNNING).update(state=Plan.State.PAUSED, check_at=None)
        return drafts_of(self, request)

    monkeypatch.setattr(RevokeAndBack, "drafts", drafts)
    assert desk.checked(plan).state == Plan.State.PAUSED
