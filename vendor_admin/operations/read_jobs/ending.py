"""Ends read jobs: all is answered, they are too old, or somebody cancels them. Old ones are forgotten."""

from datetime import datetime, timedelta

import structlog
from django.db.models import QuerySet

from vendor_admin.errors import Conflict
from vendor_admin.operations.kinds import read_kind_of
from vendor_admin.operations.plans import authors
from vendor_admin.operations.read_job_models import ReadJob, ReadJobRow
from vendor_admin.organizations import audit
from vendor_admin.organizations.actors import Actor
from vendor_admin.organizations.models import Organization
from vendor_admin.organizations.tenancy.scope import organization_scope

log = structlog.get_logger(__name__)

KEPT_FOR = timedelta(days=30)
IS_OVER = "This is over already: nothing of it is asked any more."
_AT_ONCE = 50


def end(jobs: QuerySet[ReadJob], *, job: ReadJob, why: str, now: datetime) -> bool:
    """End a job, if it is still among these; rows that wait are not answered, for this reason.

    Must run inside a transaction of the organization.
    """
    is_ended = jobs.filter(state=ReadJob.State.RUNNING).update(
        state=ReadJob.State.FINISHED, due_at=None, claimed_until=None, wait_why="", finished_at=now
    )
    if is_ended:
        waiting = ReadJobRow.objects.filter(job=job, state=ReadJobRow.State.WAITING)
        waiting.update(state=ReadJobRow.State.REFUSED, why=why)
    return bool(is_ended)


def cancel(*, job: ReadJob, actor: Actor, now: datetime, request_id: str = "") -> None:
    """Ask nothing more; what was answered stays. A call that is on the wire is not stored.

    Must run inside a transaction of the organization. Raises NotAllowed where the actor may not ask, and Conflict where
    the job is over.
    """
    authors.require(actor, read_kind_of(job.kind).right, organization_id=job.organization_id)
    if not end(ReadJob.objects.filter(pk=job.pk), job=job, why=f"Cancelled by {actor}.", now=now):
        raise Conflict(IS_OVER)
    audit.record(
        organization=job.organization,
        actor=actor,
        action="asking cancelled",
        subject=f"reading {job.pk}: {job.title}",
        subject_kind="reading",
        subject_id=job.pk,
        request_id=request_id,
    )


def forget_old_read_jobs(*, now: datetime) -> int:
    """Delete jobs that ended KEPT_FOR ago, with what was answered. Returns their number.

    A transaction takes a few of one organization, since each may have thousands of rows.
    """
    count = 0
    for organization_id in Organization.objects.order_by("id").values_list("id", flat=True):
        while True:
            with organization_scope(organization_id):
                old = ReadJob.objects.filter(organization_id=organization_id, finished_at__lt=now - KEPT_FOR)
                ids = list(old.order_by("id").values_list("id", flat=True)[:_AT_ONCE])
                ReadJobRow.objects.filter(job__in=ids).delete()
                ReadJob.objects.filter(id__in=ids).delete()
            count += len(ids)
            if len(ids) < _AT_ONCE:
                break
    if count:
        log.info("operations.read_jobs_forgotten", jobs=count)
    return count
