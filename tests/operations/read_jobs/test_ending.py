"""Read jobs are cancelled, and forgotten after a month."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.trading_accounts.cash_snapshot import CashSnapshots
from tests.support.people import staff_user
from vendor_admin.errors import Conflict, NotAllowed
from vendor_admin.operations.kinds import Question
from vendor_admin.operations.models import ReadJob, ReadJobRow
from vendor_admin.operations.read_jobs import work
from vendor_admin.operations.read_jobs.ending import KEPT_FOR, cancel, forget_old_read_jobs
from vendor_admin.operations.read_jobs.verbs import ask
from vendor_admin.organizations.actors import Actor
from vendor_admin.organizations.models import AuditEntry, Organization
from vendor_admin.organizations.tenancy.scope import organization_scope

ALICE = Actor.staff("alice")


@pytest.fixture
def job(alpha: Organization, trading_day) -> ReadJob:
    """Two accounts are asked about, of which the first was answered."""
    trading_day(2)
    staff_user("alice", alpha, "owner")
    with organization_scope(alpha.pk):
        made = ask(
            organization=alpha,
            kind=CashSnapshots(),
            questions=[Question(10_001), Question(10_002)],
            environment="demo",
            actor=ALICE,
            now=timezone.now(),
        )
        ReadJobRow.objects.filter(job=made, position=1).update(state=ReadJobRow.State.ANSWERED, answer={"netLiq": 5})
    return made


def test_what_is_cancelled_keeps_its_answers_and_asks_nothing_more(job: ReadJob, alpha: Organization) -> None:
    with organization_scope(alpha.pk):
        cancel(job=job, actor=ALICE, now=timezone.now())
        job.refresh_from_db()
        rows = [(row.state, row.why) for row in ReadJobRow.objects.filter(job=job).order_by("position")]
        said = AuditEntry.objects.get(action="asking cancelled", actor="alice")
    assert (said.subject_kind, said.subject_id) == ("reading", str(job.pk))
    assert (job.state, job.due_at) == (ReadJob.State.FINISHED, None)
    assert rows == [("answered", ""), ("refused", "Cancelled by alice.")]
    assert work.wake_due() == 0
    with pytest.raises(Conflict, match="over already"), organization_scope(alpha.pk):
        cancel(job=job, actor=ALICE, now=timezone.now())


def test_who_may_not_ask_may_not_cancel(job: ReadJob, alpha: Organization) -> None:
    with pytest.raises(NotAllowed), organization_scope(alpha.pk):
        cancel(job=job, actor=Actor.staff("nobody"), now=timezone.now())


def test_a_job_is_forgotten_a_month_after_its_end_and_not_before(job: ReadJob, alpha: Organization) -> None:
    now = timezone.now()
    assert forget_old_read_jobs(now=now + KEPT_FOR * 2) == 0
    with organization_scope(alpha.pk):
        cancel(job=job, actor=ALICE, now=now)
    assert forget_old_read_jobs(now=now + KEPT_FOR - timedelta(minutes=1)) == 0
    assert forget_old_read_jobs(now=now + KEPT_FOR + timedelta(minutes=1)) == 1
    with organization_scope(alpha.pk):
        assert not ReadJob.objects.exists()
        assert not ReadJobRow.objects.exists()
