"""What workers do with read jobs: one call after the other, within the budgets of readings, until all is answered.

Each answer is stored in a short transaction of its own, under the worker's claim. A call without an answer is made
again: it changes nothing. Where no call can be made, the job waits and says why.
"""

import time
from contextlib import closing
from datetime import datetime, timedelta

import structlog
from django.db.models import Q

from vendor_admin.operations.kinds import ReadKind, read_kind_of
from vendor_admin.operations.plan_work.platform_reader import NotRead, PlatformReader
from vendor_admin.operations.read_job_models import ReadJob, ReadJobRow
from vendor_admin.operations.store import wakeups
from vendor_admin.operations.store.queue import step
from vendor_admin.organizations.models import Organization
from vendor_admin.organizations.tenancy import database_clock
from vendor_admin.organizations.tenancy.scope import organization_scope
from vendor_admin.tradovate.masking import storable
from vendor_admin.tradovate.outcomes import Rejected, Success

log = structlog.get_logger(__name__)

CLAIM_TTL = timedelta(seconds=60)  # longer than the longest call
MOST_ATTEMPTS = 3
PAUSE = timedelta(seconds=1)
"""Before a call without an answer is made again, and as many times that as calls got none."""
LONGEST_PAUSE = timedelta(minutes=1)
MOST_WOKEN = 50


def read(*, organization_id: int, job_id: int, seconds: float) -> bool:
    """Ask what a job has not been answered yet, for at most so many seconds. Returns whether more is due at once.

    Does nothing while another worker is at it. Safe to run at any time, by any number of workers.
    """
    ends_at = time.monotonic() + seconds
    job = _claim(organization_id, job_id, now=database_clock.now())
    if job is None:
        return False
    try:
        with closing(PlatformReader(organization_id, job.environment, now=database_clock.now())) as platform:
            while (row := _next_row(job)) is not None:
                if time.monotonic() >= ends_at:
                    return _give_back(job, due_at=database_clock.now())
                if not _ask(job, row, platform):
                    return False
    except NotRead as missing:
        now = database_clock.now()
        _give_back(job, due_at=max(missing.until or now, now + PAUSE), why=str(missing))
        return False
    except Exception:
        log.exception("operations.read_job_failed", job=job_id)
        _give_back(
            job, due_at=database_clock.now() + LONGEST_PAUSE, why="An error of this service, which is in its log."
        )
        return False
    _finish(job)
    return False


def wake_due() -> int:
    """Nudge jobs in which something is due, whatever became of the message that said so. Returns their number."""
    now = database_clock.now()
    with organization_scope(*Organization.objects.values_list("id", flat=True)):
        due = ReadJob.objects.filter(_is_free(now), due_at__lte=now).order_by("due_at")[:MOST_WOKEN]
        jobs = list(due.values_list("organization_id", "id"))
        for organization_id, job_id in jobs:
            wakeups.read_soon(organization_id, job_id)
    return len(jobs)


def _is_free(now: datetime) -> Q:
    return Q(claimed_until=None) | Q(claimed_until__lte=now)


def _claim(organization_id: int, job_id: int, *, now: datetime) -> ReadJob | None:
    with step(organization_id):
        due = ReadJob.objects.filter(_is_free(now), pk=job_id, due_at__lte=now)
        if not due.update(claimed_until=now + CLAIM_TTL):
            return None
        return ReadJob.objects.get(pk=job_id)


def _next_row(job: ReadJob) -> ReadJobRow | None:
    """What got the fewest calls without an answer goes first."""
    with step(job.organization_id):
        waiting = ReadJobRow.objects.filter(job=job, state=ReadJobRow.State.WAITING)
        return waiting.order_by("attempts", "position").first()


def _ask(job: ReadJob, row: ReadJobRow, platform: PlatformReader) -> bool:
    """Ask about one row, and store what came of it. False where the claim was lost, or the row has to wait."""
    kind: ReadKind = read_kind_of(job.kind)
    write, request = kind.call(row.target_id)
    outcome = platform.call(write.operation, body=write.body(request))
    now = database_clock.now()
    if isinstance(outcome, Success):
        return _store(job, row, now=now, state=ReadJobRow.State.ANSWERED, answer=outcome.body, read_at=now)
    if isinstance(outcome, Rejected):
        return _store(job, row, now=now, state=ReadJobRow.State.REFUSED, why=storable(outcome.error_text), read_at=now)
    missing = platform.not_read(write.operation, outcome, row.label)
    if missing.until is not None:
        raise missing
    row.attempts += 1
    is_last = row.attempts >= MOST_ATTEMPTS
    state = ReadJobRow.State.REFUSED if is_last else ReadJobRow.State.WAITING
    is_ours = _store(job, row, now=now, state=state, attempts=row.attempts, why=str(missing) if is_last else "")
    if is_ours and not is_last:
        _give_back(job, due_at=now + PAUSE * row.attempts, why=str(missing))
        return False
    return is_ours


def _store(job: ReadJob, row: ReadJobRow, *, now: datetime, **said: object) -> bool:
    """Store what came of a call, and keep the claim. False where another worker has taken the job meanwhile."""
    with step(job.organization_id):
        ours = ReadJob.objects.filter(pk=job.pk, claimed_until=job.claimed_until)
        if not ours.update(claimed_until=now + CLAIM_TTL, wait_why=""):
            return False
        job.claimed_until = now + CLAIM_TTL
        ReadJobRow.objects.filter(pk=row.pk, state=ReadJobRow.State.WAITING).update(**said)
    return True


def _give_back(job: ReadJob, *, due_at: datetime, why: str = "") -> bool:
    with step(job.organization_id):
        ours = ReadJob.objects.filter(pk=job.pk, claimed_until=job.claimed_until)
        return bool(ours.update(claimed_until=None, due_at=due_at, wait_why=why[:500]))


def _finish(job: ReadJob) -> None:
    with step(job.organization_id):
        ReadJob.objects.filter(pk=job.pk, claimed_until=job.claimed_until).update(
            state=ReadJob.State.FINISHED,
            due_at=None,
            claimed_until=None,
            wait_why="",
            finished_at=database_clock.now(),
        )
