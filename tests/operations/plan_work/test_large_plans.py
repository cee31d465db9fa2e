"""Plans of many rows: workers preview, start and cancel them bit by bit, and whoever comes after a lost one goes on."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.operations.plan_work.large_desk import Large, RevokeAtAPrice, RevokeWhatIsThere, large_desk, lost_at
from tests.support.stored_plans import adjustment
from vendor_admin.errors import Conflict
from vendor_admin.operations.engine import after_restore, sweep
from vendor_admin.operations.models import Operation, Plan, PlanRow, PlanTargets
from vendor_admin.operations.plan_work.held_plans import wake_due
from vendor_admin.operations.plans import fresh_rows, progress, wiping
from vendor_admin.operations.plans import verbs as plans
from vendor_admin.organizations import incarnations
from vendor_admin.organizations.actors import Actor
from vendor_admin.organizations.models import Incarnation, StaffRole

QUEUED, CANCELLED = Operation.State.QUEUED, Operation.State.CANCELLED


@pytest.fixture
def desk(db: None, monkeypatch: pytest.MonkeyPatch) -> Large:
    return large_desk(monkeypatch)


def mark_restored() -> None:
    """The workers have looked at a database that was restored."""
    restored = incarnations.present(now=timezone.now())
    Incarnation.objects.filter(pk=restored.pk).update(settled_at=None)
    assert after_restore.mark_unfinished(restored, now=timezone.now()) is not None


def test_a_large_preview_is_made_by_a_worker_and_says_what_a_small_one_says(desk: Large) -> None:
    plan = desk.revoking(1, 2, 3, 4, 2, 5, 6, 1)

    assert (plan.state, plan.work_total, desk.rows(plan)) == (Plan.State.DRAFTING, 8, [])
    plan = desk.checked(plan)
    assert (plan.state, plan.check_at, plan.check_claimed_until) == (Plan.State.PREVIEW, None, None)
    rows = desk.rows(plan)
    assert [row.position for row in rows] == [1, 2, 3, 4, 5, 6, 7, 8]
    assert [row.target_id for row in rows if row.why == "It stands in this plan already."] == [2, 1]
    assert (plan.calls_needed, plan.calls_by_path) == (6, {"demo user/revoketradingpermission": 6})
    with desk.scope():
        assert not PlanTargets.objects.exists()


def test_passwords_of_a_large_preview_are_kept_encrypted_until_its_rows_are_made(desk: Large) -> None:
    plan = desk.preview([adjustment(one, {"password": f"secret-{one}"}) for one in range(1, 5)])

    with desk.scope(), connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(asked, '') FROM operations_plantargets")
        assert "secret-1" not in cursor.fetchone()[0]
    assert [row.secrets for row in desk.rows(desk.checked(plan))][3] == {"password": "secret-4"}


def test_a_preview_that_its_maker_may_not_make_ends_and_says_why(desk: Large) -> None:
    plan = desk.revoking(1, 2, 3, 4, kind=RevokeAtAPrice.name)
    StaffRole.objects.filter(organization=desk.organization, user__username=desk.actor).update(role="viewer")

    plan = desk.checked(plan)
    assert plan.state == Plan.State.CANCELLED
    assert plan.wait_why.startswith(f"What it costs is not known, and {desk.actor} may not ")
    assert set(desk.states(desk.checked(plan))) == {PlanRow.State.CANCELLED}


@pytest.mark.parametrize("time", [1, 2, 3])
def test_after_a_lost_worker_another_goes_on_with_the_preview_and_makes_no_row_twice(desk: Large, time: int) -> None:
    plan = desk.revoking(*range(1, 8))
    with lost_at("INSERT INTO operations_planrow", time=time):
        desk.checked(plan)

    assert desk.checked(plan).state == Plan.State.DRAFTING  # the lost one may still be at it
    desk.end_claim(plan)
    plan = desk.checked(plan)
    assert plan.state == Plan.State.PREVIEW
    assert [row.target_id for row in desk.rows(plan)] == list(range(1, 8))
    assert plan.calls_needed == 7


def test_a_large_plan_is_started_once_however_often_it_is_confirmed_and_checked(desk: Large) -> None:
    plan = desk.checked(desk.revoking(*range(1, 8)))

    held = desk.confirm(plan)
    assert (held.state, held.is_being_prepared, desk.operations(plan)) == (Plan.State.HELD, True, [])
    with pytest.raises(Conflict, match="cannot be confirmed now"):
        desk.confirm(plan)
    started = desk.checked(held)
    desk.checked(held)
    assert (started.state, started.check_claimed_until, started.work_total) == (Plan.State.RUNNING, None, 0)
    assert started.started_at is not None
    assert [one.state for one in desk.operations(plan)] == [QUEUED] * 7 == [QUEUED] * plan.calls_needed
    assert [row.operation_id for row in desk.rows(plan)] == [one.pk for one in desk.operations(plan)]
    assert all(row.is_locking for row in desk.rows(plan))


@pytest.mark.parametrize("time", [1, 2, 3])
@pytest.mark.parametrize("statement", ["UPDATE operations_planrow", "INSERT INTO operations_operation"])
def test_after_a_lost_worker_another_goes_on_with_the_start_and_stores_no_call_twice(
    desk: Large, statement: str, time: int
) -> None:
    plan = desk.confirmed(*range(1, 8))
    with lost_at(statement, time=time):
        desk.checked(plan)

    assert desk.reload(plan).state == Plan.State.HELD
    desk.end_claim(plan)
    assert desk.checked(plan).state == Plan.State.RUNNING
    assert [row.operation_id for row in desk.rows(plan)] == [one.pk for one in desk.operations(plan)]
    assert len({one.idempotency_key for one in desk.operations(plan)}) == 7


def test_a_plan_whose_rows_moved_since_a_worker_was_lost_is_renewed_and_what_was_stored_is_never_sent(
    desk: Large,
) -> None:
    plan = desk.confirmed(*range(1, 8), kind=RevokeWhatIsThere.name)
    with lost_at("INSERT INTO operations_operation", time=2):
        desk.checked(plan)
    RevokeWhatIsThere.status[1] = "Declined"
    desk.end_claim(plan)

    assert desk.checked(plan).state == Plan.State.STALE
    assert {one.state for one in desk.operations(plan)} == {CANCELLED}
    assert not any(row.is_locking or row.operation_id for row in desk.rows(plan))
    with desk.scope():
        renewed = Plan.objects.get(renewed_from=plan)
    assert renewed.state == Plan.State.DRAFTING
    assert [row.old["status"] for row in desk.rows(desk.checked(renewed))][:2] == ["Declined", "Accepted"]


@pytest.mark.parametrize("time", [1, 2, 3])
def test_a_start_that_was_taken_back_in_part_can_be_begun_again(desk: Large, time: int) -> None:
    plan = desk.confirmed(*range(1, 8), kind=RevokeWhatIsThere.name)
    with lost_at("INSERT INTO operations_operation", time=3):
        desk.checked(plan)
    RevokeWhatIsThere.status[1] = "Declined"
    desk.end_claim(plan)
    with lost_at('UPDATE "operations_planrow"', time=time):
        desk.checked(plan)
    RevokeWhatIsThere.status.clear()
    desk.end_claim(plan)

    plan = desk.checked(plan)
    assert (plan.state, plan.calls_needed) == (Plan.State.RUNNING, 7)
    queued = {one.pk for one in desk.operations(plan) if one.state == QUEUED}
    assert {row.operation_id for row in desk.rows(plan)} == queued
    assert len(queued) == 7
    assert all(row.is_locking for row in desk.rows(plan))


def test_what_is_compared_before_a_start_is_gone_on_with_are_all_rows_that_will_change(desk: Large) -> None:
    plan = desk.confirmed(*range(1, 8))
    with lost_at("INSERT INTO operations_operation", time=2):
        desk.checked(plan)

    with desk.scope():
        assert [one.entity_id for one in fresh_rows.targets_to_change(plan)] == list(range(1, 8))


def test_what_a_restore_left_of_a_start_is_found_and_cancelled_once_it_was_read_and_its_targets_are_free(
    desk: Large,
) -> None:
    plan = desk.confirmed(*range(1, 8))
    with lost_at("INSERT INTO operations_operation", time=2):
        desk.checked(plan)
    mark_restored()
    assert desk.reload(plan).state == Plan.State.STALE
    for one in desk.operations(plan):
        desk.change(one, state=QUEUED)  # as it was not done

    assert sweep.wake_due_lanes() == 1
    progress.finish_plans(desk.organization.pk, now=timezone.now())
    assert {one.state for one in desk.operations(plan)} == {CANCELLED}
    assert not any(row.is_locking or row.state == PlanRow.State.QUEUED for row in desk.rows(plan))
    assert sweep.wake_due_lanes() == 0
    assert desk.checked(desk.confirmed(*range(1, 8))).state == Plan.State.RUNNING


def test_of_two_large_plans_that_share_a_target_the_second_ends_and_says_why_and_takes_nothing(desk: Large) -> None:
    first, second = desk.confirmed(*range(1, 6)), desk.confirmed(*range(9, 3, -1))

    assert desk.checked(first).state == Plan.State.RUNNING
    second = desk.checked(second)
    assert second.state == Plan.State.CANCELLED
    assert second.wait_why.startswith("Another plan has begun to change some of the same targets.")
    assert desk.checked(second).check_at is None
    assert desk.operations(second) == []
    assert not any(row.is_locking for row in desk.rows(second))
    assert all(row.is_locking for row in desk.rows(first))


def test_a_plan_that_shares_a_target_with_one_that_is_being_started_is_not_started_though_nobody_has_it_yet(
    desk: Large,
) -> None:
    first, second = desk.confirmed(*range(1, 8)), desk.confirmed(7, 8, 9)
    with lost_at("INSERT INTO operations_operation", time=2):
        desk.checked(first)

    assert desk.checked(second).wait_why.startswith("Another plan has begun to change some of the same targets.")
    desk.end_claim(first)
    assert desk.checked(first).state == Plan.State.RUNNING


def test_a_small_plan_takes_no_target_of_a_large_one_that_is_being_started(desk: Large) -> None:
    large, small = desk.confirmed(*range(1, 8)), desk.revoking(7, 8)
    with lost_at("INSERT INTO operations_operation", time=2):
        desk.checked(large)

    with pytest.raises(Conflict, match="Another plan has begun to change some of the same targets"):
        desk.confirm(small)
    desk.end_claim(large)
    assert desk.checked(large).state == Plan.State.RUNNING


def test_every_row_is_read_and_stored_once_when_a_large_plan_starts(desk: Large) -> None:
    plan = desk.confirmed(*range(1, 8))
    with CaptureQueriesContext(connection) as queries:
        desk.checked(plan)

    sent = [one["sql"].strip() for one in queries]
    assert len([sql for sql in sent if sql.startswith('SELECT "operations_planrow"."id", ')]) == 3
    assert (
        len([sql for sql in sent if sql.startswith(("UPDATE operations_planrow", 'UPDATE "operations_planrow"'))]) <= 4
    )


def test_calls_of_many_rows_are_cancelled_a_few_at_a_time(desk: Large) -> None:
    plan = desk.running(*range(1, 8))
    first, *others = desk.operations(plan)
    with desk.scope():  # as where one call is for several rows
        PlanRow.objects.filter(plan=plan).update(operation=first)
        Operation.objects.filter(id__in=[one.pk for one in others[1:]]).update(state=CANCELLED)
    desk.cancel(plan)
    with lost_at('UPDATE "operations_operation"', time=2):
        desk.checked(plan)

    assert [one.state for one in desk.operations(plan)[:2]] == [CANCELLED, QUEUED]


def test_of_two_retries_of_the_same_the_second_is_not_started(desk: Large) -> None:
    first, second = desk.two_retries(1, 2, 3, 4)
    assert desk.checked(first).state == Plan.State.RUNNING
    desk.checked(desk.cancel(first))

    assert desk.checked(second).wait_why.startswith(f"Plan {first.pk} has begun with some of the same")


def test_a_retry_that_was_cancelled_while_it_was_being_started_stands_in_nobodys_way(desk: Large) -> None:
    first, second = desk.two_retries(1, 2, 3, 4)
    with lost_at("INSERT INTO operations_operation", time=2):
        desk.checked(first)
    desk.checked(desk.cancel(first))

    assert desk.checked(second).state == Plan.State.RUNNING


def test_what_a_retry_had_done_before_the_database_was_restored_is_not_done_again(desk: Large) -> None:
    first, second = desk.two_retries(1, 2, 3, 4)
    with lost_at("INSERT INTO operations_operation", time=2):
        desk.checked(first)
    with desk.scope():  # as reading showed after the restore
        Plan.objects.filter(pk=first.pk).update(state=Plan.State.STALE, check_at=None)
        PlanRow.objects.filter(plan=first).update(is_locking=False)
    desk.change(desk.operations(first)[0], state=Operation.State.SUCCEEDED)

    assert desk.checked(second).wait_why.startswith(f"Plan {first.pk} has begun with some of the same")


def test_a_worker_waits_for_other_starts_before_it_holds_the_plan_that_it_retries(desk: Large) -> None:
    """As whoever confirms a plan does: each would wait for the other else."""
    first, _ = desk.two_retries(1, 2, 3, 4)
    with CaptureQueriesContext(connection) as queries:
        desk.checked(first)

    sent = [one["sql"] for one in queries]
    holds = [at for at, sql in enumerate(sent) if f'"operations_plan"."id" = {first.retries_id}' in sql]
    waits = [at for at, sql in enumerate(sent) if "operations start" in sql]
    assert waits[0] < next(at for at in holds if "FOR UPDATE" in sent[at])


def test_a_large_plan_that_is_cancelled_sends_nothing_more_at_once_and_a_worker_cancels_its_rows(desk: Large) -> None:
    plan = desk.running(*range(1, 8))
    cancelled = desk.cancel(plan)

    assert cancelled.state == Plan.State.CANCELLED
    assert set(desk.states(plan)) == {PlanRow.State.QUEUED}
    with desk.scope(), pytest.raises(Conflict, match="still being cancelled"):
        plans.retry_failed(plan=cancelled, actor=Actor.staff(desk.actor), now=timezone.now())
    with lost_at('UPDATE "operations_operation"', time=2):
        desk.checked(plan)
    desk.end_claim(plan)
    plan = desk.checked(plan)
    assert (plan.check_at, plan.check_claimed_until) == (None, None)
    assert set(desk.states(plan)) == {PlanRow.State.CANCELLED}
    assert {one.state for one in desk.operations(plan)} == {CANCELLED}
    assert not any(row.is_locking for row in desk.rows(plan))


def test_a_plan_that_is_cancelled_while_it_is_being_started_is_not_sent(desk: Large) -> None:
    plan = desk.confirmed(*range(1, 8))
    with lost_at("INSERT INTO operations_operation", time=2):
        desk.checked(plan)
    plan = desk.checked(desk.cancel(plan))

    assert (plan.state, plan.started_at, plan.check_at) == (Plan.State.CANCELLED, None, None)
    assert set(desk.states(plan)) == {PlanRow.State.CANCELLED}
    assert {one.state for one in desk.operations(plan)} == {CANCELLED}


def test_rows_whose_calls_alone_were_cancelled_are_cancelled_unless_their_first_step_is_on_its_way(desk: Large) -> None:
    plan = desk.running(*range(1, 8))
    first, second, *_ = desk.operations(plan)
    with desk.scope():
        Operation.objects.filter(plan=plan).update(state=CANCELLED)
        Operation.objects.filter(pk=first.pk).update(state=Operation.State.SENDING)
        Operation.objects.filter(pk=second.pk).update(after=first)
    desk.checked(desk.cancel(plan))

    assert desk.states(plan) == [PlanRow.State.QUEUED] * 2 + [PlanRow.State.CANCELLED] * 5
    assert [row.is_locking for row in desk.rows(plan)] == [True] * 2 + [False] * 5


def test_what_comes_back_of_a_cancelled_plan_is_cancelled_a_bit_at_a_time(desk: Large) -> None:
    plan = desk.running(*range(1, 8))
    desk.checked(desk.cancel(plan))
    for one in desk.operations(plan):
        desk.change(one, state=QUEUED)

    progress.finish_plans(desk.organization.pk, now=timezone.now())
    assert [one.state for one in desk.operations(plan)] == [CANCELLED] * 3 + [QUEUED] * 4


def test_what_a_worker_is_cancelling_bit_by_bit_is_left_to_it(desk: Large) -> None:
    plan = desk.running(*range(1, 8))
    desk.cancel(plan)

    progress.finish_plans(desk.organization.pk, now=timezone.now())
    assert {one.state for one in desk.operations(plan)} == {QUEUED}


def test_a_preview_can_be_thrown_away_while_it_is_being_made(desk: Large) -> None:
    plan = desk.revoking(*range(1, 8))
    with lost_at("INSERT INTO operations_planrow", time=2):
        desk.checked(plan)
    with desk.scope():
        plans.discard(plan=plan, actor=Actor.staff(desk.actor), now=timezone.now())
        assert not PlanTargets.objects.exists()

    assert desk.checked(plan).state == Plan.State.CANCELLED
    assert len(desk.rows(plan)) == 3


def test_a_preview_that_no_worker_made_in_a_week_is_given_up_with_its_passwords(desk: Large) -> None:
    plan = desk.preview([adjustment(one, {"password": "secret"}) for one in range(1, 5)])
    with lost_at("INSERT INTO operations_planrow", time=2):
        desk.checked(plan)
    assert [row.secrets for row in desk.rows(plan)] == [{"password": "secret"}] * 3
    wiping.wipe_old_secrets(now=timezone.now() + timedelta(days=8))

    assert desk.reload(plan).state == Plan.State.CANCELLED
    assert [row.secrets for row in desk.rows(plan)] == [{}] * 3
    with desk.scope():
        assert not PlanTargets.objects.exists()


def test_beat_finds_large_plans_whose_worker_was_lost(desk: Large) -> None:
    plan = desk.revoking(1, 2, 3)
    with lost_at("INSERT INTO operations_planrow", time=1):
        desk.checked(plan)

    assert wake_due(now=timezone.now()) == 0
    assert wake_due(now=timezone.now() + timedelta(minutes=6)) == 1


def test_a_plan_of_few_rows_is_previewed_started_and_cancelled_at_once(desk: Large) -> None:
    plan = desk.confirm(desk.revoking(1, 2))

    assert plan.state == Plan.State.RUNNING
    assert desk.cancel(plan).check_at is None
    assert desk.states(plan) == [PlanRow.State.CANCELLED] * 2
