"""Passwords in plans go when nothing can need them any more; a retry finds them for a week."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from tests.support.engine_kinds import register_engine_kinds
from tests.support.stored_plans import Desk, adjustment
from vendor_admin.operations.models import Operation, Plan, PlanRow
from vendor_admin.operations.plan_work import expiry as standing_plans
from vendor_admin.operations.plans import decisions, progress, wiping
from vendor_admin.operations.plans import verbs as plans
from vendor_admin.operations.store import outcome_store
from vendor_admin.operations.store.verdicts import Conclusion, ItemResult
from vendor_admin.organizations.actors import Actor

PASSWORD = {"password": "correct horse"}
WEEK = timedelta(days=7)


@pytest.fixture
def desk(db: None) -> Desk:
    register_engine_kinds()
    return Desk()


def kept(desk: Desk, plan: Plan) -> list[bool]:
    """Which rows of a plan still hold their password."""
    return [bool(row.secrets) for row in desk.rows(plan)]


def end(desk: Desk, plan: Plan, state: str, *, at: datetime) -> None:
    """A plan whose rows all came to this."""
    with desk.scope():
        Operation.objects.filter(plan=plan).update(state=state, finished_at=at)
        PlanRow.objects.filter(plan=plan).update(state=state, is_locking=False)
        Plan.objects.filter(pk=plan.pk).update(state="finished", finished_at=at)


def retry(desk: Desk, plan: Plan) -> Plan:
    with desk.scope():
        return plans.retry_failed(plan=plan, actor=Actor.staff(desk.actor), now=timezone.now())


def test_a_refused_row_keeps_its_password_for_a_retry_and_for_a_week_at_most(desk: Desk) -> None:
    ended_at = timezone.now()
    plan = desk.adjusting(7, 8, secrets=PASSWORD)
    end(desk, plan, "rejected", at=ended_at)
    assert wiping.wipe_old_secrets(now=ended_at + WEEK - timedelta(minutes=1)) == 0
    assert [row.secrets for row in desk.rows(retry(desk, plan))] == [PASSWORD] * 2
    assert wiping.wipe_old_secrets(now=ended_at + WEEK + timedelta(minutes=1)) == 4  # those of the preview as well
    assert kept(desk, plan) == [False, False]
    again = retry(desk, plan)
    assert kept(desk, again) == [False, False]


def test_what_a_retry_has_begun_with_keeps_no_second_copy(desk: Desk) -> None:
    plan = desk.adjusting(7, 8, secrets=PASSWORD)
    end(desk, plan, "rejected", at=timezone.now())
    again = retry(desk, plan)
    with desk.scope():
        again.rows.filter(position=2).update(state="skipped")
    desk.confirm(again)
    assert kept(desk, plan) == [False, True]
    assert kept(desk, again) == [True, False]


def cancel(desk: Desk, plan: Plan) -> None:
    with desk.scope():
        plans.cancel(plan=plan, actor=Actor.staff("riley"), now=timezone.now())


def discard(desk: Desk, plan: Plan) -> None:
    with desk.scope():
        plans.discard(plan=plan, actor=Actor.staff("riley"), now=timezone.now())


def cancel_while_sent(desk: Desk, plan: Plan) -> None:
    """What comes back into the queue is cancelled when the plan is looked at."""
    with desk.scope():
        plan.operations.update(state="sending")
    cancel(desk, plan)
    with desk.scope():
        plan.operations.update(state="queued")
    progress.finish_plans(plan.organization_id, now=timezone.now())


@pytest.mark.parametrize(
    ("state", "verb"), [("running", cancel), ("running", cancel_while_sent), ("waiting", cancel), ("preview", discard)]
)
def test_what_people_end_holds_no_password_any_more(desk: Desk, state: str, verb: Callable[[Desk, Plan], None]) -> None:
    plan = desk.preview([adjustment(7, PASSWORD)])
    plan = desk.confirm(plan) if state == "running" else plan
    with desk.scope():
        Plan.objects.filter(pk=plan.pk).update(state=state)
        Operation.objects.filter(plan=plan).update(sealed_request=PASSWORD)
    verb(desk, plan)
    assert kept(desk, plan) == [False]
    assert [one.sealed_request for one in desk.operations(plan)] in ([], [{}])


@pytest.mark.parametrize("state", ["waiting", "held", "paused"])
def test_a_plan_cancelled_before_it_started_keeps_no_password_of_rows_left_out(desk: Desk, state: str) -> None:
    plan = desk.preview([adjustment(7, PASSWORD), adjustment(8, PASSWORD)])
    with desk.scope():
        plan.rows.filter(position=2).update(state="skipped")
        Plan.objects.filter(pk=plan.pk).update(state=state)
    assert kept(desk, plan) == [True, True]
    cancel(desk, plan)
    assert kept(desk, plan) == [False, False]


@pytest.mark.parametrize("state", ["waiting", "held", "paused"])
def test_a_plan_that_stands_still_with_passwords_is_ended_after_a_week_and_says_so(desk: Desk, state: str) -> None:
    plan = desk.preview([adjustment(7, PASSWORD)])
    if state == "paused":
        plan = desk.confirm(plan)
    made_at = timezone.now()
    with desk.scope():
        Plan.objects.filter(pk=plan.pk).update(state=state)
        Operation.objects.filter(plan=plan).update(sealed_request=PASSWORD)
    assert standing_plans.end_with_old_secrets(now=made_at + WEEK - timedelta(minutes=1)) == 0
    assert kept(desk, plan) == [True]
    assert standing_plans.end_with_old_secrets(now=made_at + WEEK + timedelta(minutes=1)) == 1
    with desk.scope():
        plan = Plan.objects.get(pk=plan.pk)
    assert plan.state == Plan.State.CANCELLED
    assert "made anew" in plan.wait_why
    assert kept(desk, plan) == [False]
    assert [one.sealed_request for one in desk.operations(plan)] in ([], [{}])


def test_a_plan_that_is_interrupted_for_a_week_is_ended_unless_something_of_it_was_sent(desk: Desk) -> None:
    plan, active = desk.adjusting(7, secrets=PASSWORD), desk.adjusting(8, 9, secrets=PASSWORD)
    later = timezone.now() + WEEK + timedelta(minutes=1)
    with desk.scope():
        Plan.objects.update(check_at=later)
    sent, _ = desk.operations(active)
    desk.change(sent, state="succeeded", sent_at=later - timedelta(days=1))
    assert standing_plans.end_with_old_secrets(now=later) == 1
    with desk.scope():
        states = [Plan.objects.get(pk=one.pk).state for one in (plan, active)]
    assert states == [Plan.State.CANCELLED, Plan.State.RUNNING]


def test_a_plan_that_cannot_be_ended_keeps_no_other_from_being_wiped(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, other = desk.adjusting(7, secrets=PASSWORD), desk.adjusting(8, secrets=PASSWORD)
    with desk.scope():
        Plan.objects.update(state="paused")
    as_it_is = plans.cancel

    def cancel_most(*, plan: Plan, **values: Any) -> Plan:
        if plan.pk == broken.pk:
            raise ValueError("odd")
        return as_it_is(plan=plan, **values)

    monkeypatch.setattr(plans, "cancel", cancel_most)
    assert standing_plans.end_with_old_secrets(now=timezone.now() + WEEK + timedelta(minutes=1)) == 1
    assert kept(desk, broken) + kept(desk, other) == [True, False]


def test_a_plan_without_passwords_may_stand_as_long_as_it_likes(desk: Desk) -> None:
    plan = desk.preview([adjustment(7)])
    with desk.scope():
        Plan.objects.filter(pk=plan.pk).update(state="waiting")
    assert standing_plans.end_with_old_secrets(now=timezone.now() + 2 * WEEK) == 0


def test_plans_that_run_or_are_still_to_be_settled_keep_theirs(desk: Desk) -> None:
    running, settled = desk.adjusting(7, secrets=PASSWORD), desk.adjusting(8, secrets=PASSWORD)
    end(desk, settled, "unknown", at=timezone.now())
    assert standing_plans.end_with_old_secrets(now=timezone.now() + 2 * WEEK) == 0
    assert wiping.wipe_old_secrets(now=timezone.now() + 2 * WEEK) == 0
    assert kept(desk, running) + kept(desk, settled) == [True, True]


@pytest.mark.parametrize("was_done", [True, False, None])
def test_a_call_that_ended_in_whatever_way_holds_no_sealed_body(desk: Desk, was_done: bool | None) -> None:
    plan = desk.adjusting(7, secrets=PASSWORD)
    (row,) = desk.operations(plan)
    desk.change(row, state="unknown", needs_person=was_done is not None, sealed_request=PASSWORD, claimed_by="worker")
    now = timezone.now()
    with desk.scope():
        if was_done is None:
            outcome_store.store(desk.lane, [Conclusion(row, [ItemResult(PlanRow.State.REJECTED, "no")])], now=now)
        else:
            decisions.decide(operation=row, was_done=was_done, actor=Actor.staff("sam"), reason="seen", now=now)
    (row,) = desk.operations(plan)
    assert row.finished_at is not None
    assert row.sealed_request == {}
    assert kept(desk, plan) == [not was_done]


def test_a_step_that_is_cancelled_with_the_one_before_it_holds_no_sealed_body(desk: Desk) -> None:
    plan = desk.adjusting(7, 8)
    first, second = desk.operations(plan)
    desk.change(second, after=first, sealed_request=PASSWORD)
    refused = desk.change(first, state="sending", claimed_by="worker")
    with desk.scope():
        results: Any = [ItemResult(PlanRow.State.REJECTED, "no")]
        outcome_store.store(desk.lane, [Conclusion(refused, results)], now=timezone.now())
    assert [(one.state, one.sealed_request) for one in desk.operations(plan)] == [("rejected", {}), ("cancelled", {})]
