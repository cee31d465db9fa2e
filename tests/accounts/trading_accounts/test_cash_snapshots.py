"""Looking at an account's cash at the platform."""

from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from accounts.trading_accounts.cash_snapshot import CashSnapshots, request_cash_snapshot, snapshot_of
from tests.support.running_hub import wait_until
from tests.support.scene import Scene
from vendor_admin.errors import Conflict, NotAllowed
from vendor_admin.operations.kinds import Question
from vendor_admin.operations.models import Operation, ReadJob, ReadJobRow
from vendor_admin.operations.plan_work.platform_reader import PlatformReader
from vendor_admin.operations.read_jobs import work
from vendor_admin.operations.read_jobs.verbs import ask
from vendor_admin.organizations.actors import Actor
from vendor_admin.organizations.models import AuditEntry, BudgetUse
from vendor_admin.organizations.platform_access import budgets
from vendor_admin.tradovate.outcomes import Unknown

pytestmark = pytest.mark.demo_alone

SNAPSHOT = "cashBalance/getcashbalancesnapshot"


def look(scene: Scene, account_id: int) -> ReadJob:
    with scene.scope():
        return request_cash_snapshot(
            organization=scene.organization, account_id=account_id, actor=Actor.staff(scene.actor), now=timezone.now()
        )


def look_at_many(scene: Scene, ids: list[int]) -> ReadJob:
    with scene.scope():
        return ask(
            organization=scene.organization,
            kind=CashSnapshots(),
            questions=[Question(id_) for id_ in ids],
            environment="demo",
            actor=Actor.staff(scene.actor),
            now=timezone.now(),
        )


def reload(scene: Scene, job: ReadJob) -> ReadJob:
    with scene.scope():
        return ReadJob.objects.get(pk=job.pk)


def rows_of(scene: Scene, job: ReadJob) -> list[ReadJobRow]:
    with scene.scope():
        return list(ReadJobRow.objects.filter(job=job).order_by("position"))


def read(scene: Scene, job: ReadJob, *, seconds: float = 20.0) -> bool:
    return work.read(organization_id=scene.organization.pk, job_id=job.pk, seconds=seconds)


def read_until_over(scene: Scene, job: ReadJob) -> ReadJob:
    """Read as often as beat would."""

    def is_over() -> bool:
        read(scene, job)
        return reload(scene, job).state == ReadJob.State.FINISHED

    wait_until(is_over, seconds=20, what="the end of a reading")
    return reload(scene, job)


def test_a_look_brings_the_platforms_own_figures_and_is_not_repeated_within_seconds(scene: Scene) -> None:
    first, second = scene.account_ids(2)
    job = look(scene, first)
    with scene.scope():
        assert snapshot_of(job) is None
    assert look(scene, first).pk == job.pk
    other = look(scene, second)
    assert other.pk != job.pk
    for one in (job, other):
        read(scene, one)
    with scene.scope():
        found = snapshot_of(job)
    assert found is not None
    assert found.total_cash_value == found.net_liq == scene.balance(first)
    assert found.open_pnl == Decimal(0)
    assert reload(scene, job).state == ReadJob.State.FINISHED
    assert look(scene, first).pk == job.pk
    assert sum(scene.writes(SNAPSHOT).values()) == 2
    with scene.scope():
        assert not Operation.objects.exists()
        assert (
            AuditEntry.objects.filter(action="platform asked", actor=scene.actor, subject_kind="reading").count() == 2
        )


def test_a_look_that_got_no_answer_is_asked_again_and_no_person_is_bothered(scene: Scene) -> None:
    (id_,) = scene.account_ids(1)
    scene.sandbox.control("write", fault="no-answer", path=SNAPSHOT)
    job = read_until_over(scene, look(scene, id_))
    with scene.scope():
        found = snapshot_of(job)
    assert found is not None
    assert found.total_cash_value == scene.balance(id_)
    (row,) = rows_of(scene, job)
    assert row.attempts == 1


def test_an_account_that_only_gets_errors_is_refused_with_the_reason_and_others_are_answered(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    silent, other = scene.account_ids(2)
    call = PlatformReader.call

    def call_or_nothing(self: Any, operation: Any, *, body: dict[str, Any]) -> Any:
        return Unknown("an error", status=500) if body["accountId"] == silent else call(self, operation, body=body)

    monkeypatch.setattr(PlatformReader, "call", call_or_nothing)
    monkeypatch.setattr(work, "FIRST_PAUSE", work.FIRST_PAUSE * 0)
    job = read_until_over(scene, look_at_many(scene, [silent, other]))
    refused, answered = rows_of(scene, job)
    assert (refused.state, refused.attempts, refused.answer) == ("refused", work.MOST_ERRORS, None)
    assert "answered with an error (500)" in refused.why
    assert answered.state == "answered"


def test_while_the_platform_is_locked_a_look_waits_and_says_until_when(scene: Scene) -> None:
    (id_,) = scene.account_ids(1)
    scene.sandbox.control("write", fault="429", path=SNAPSHOT, seconds=60)
    job = look(scene, id_)
    assert not read(scene, job)
    job = reload(scene, job)
    assert job.state == ReadJob.State.RUNNING
    assert "takes no calls" in job.wait_why
    assert job.due_at is not None
    assert job.due_at > timezone.now()
    assert not read(scene, job)
    assert sum(scene.writes(SNAPSHOT).values()) == 1


def test_with_the_hours_calls_for_readings_used_up_a_look_waits(scene: Scene) -> None:
    (id_,) = scene.account_ids(1)
    user = budgets.user_subject(user=scene.vendor["credentials"]["name"], url=scene.sandbox.rest_url("demo"))
    key = budgets.key_of(budget=budgets.READING_CALLS, subject=user)
    used_at = timezone.now()
    BudgetUse.objects.bulk_create(BudgetUse(key=key, used_at=used_at) for _ in range(budgets.READING_CALLS.limit))
    job = look(scene, id_)
    read(scene, job)
    assert "used up" in reload(scene, job).wait_why
    assert scene.writes(SNAPSHOT) == {}


def test_a_job_goes_on_where_its_time_ended_and_where_a_worker_was_lost(scene: Scene) -> None:
    ids = scene.account_ids(3)
    job = look_at_many(scene, ids)
    assert read(scene, job, seconds=0)
    with scene.scope():
        ReadJob.objects.filter(pk=job.pk).update(claimed_until=timezone.now() + work.CLAIM_TTL)
    assert not read(scene, job)
    assert scene.writes(SNAPSHOT) == {}
    with scene.scope():
        ReadJob.objects.filter(pk=job.pk).update(claimed_until=timezone.now())
    assert work.wake_due() == 1
    read_until_over(scene, job)
    assert {row.state for row in rows_of(scene, job)} == {"answered"}
    assert scene.writes(SNAPSHOT) == {"unchanged": 3}


def test_a_look_at_an_account_of_nobody_here_is_refused(scene: Scene) -> None:
    with pytest.raises(Conflict, match="skipped"):
        look(scene, 424242)


def test_who_may_not_ask_for_comparisons_may_not_look_at_cash(scene: Scene) -> None:
    (id_,) = scene.account_ids(1)
    with pytest.raises(NotAllowed), scene.scope():
        request_cash_snapshot(
            organization=scene.organization, account_id=id_, actor=Actor.staff("nobody"), now=timezone.now()
        )
