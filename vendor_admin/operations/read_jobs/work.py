"""What workers do with read jobs: one call after the other, within the budgets of readings, until all is answered.

Each answer is stored in a short transaction of its own, under the worker's claim. A call without an answer is made
again: it changes nothing. An answered error counts against its row. Where no call can be made or none is answered, the
job waits, longer each time, and says why; after a day it ends with that reason.
"""

import time
from contextlib import closing
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db.models import Q, QuerySet

from vendor_admin.operations.kinds import Question, read_kind_of
from vendor_admin.operations.plan_work.platform_reader import Fault, NotRead, PlatformReader
from vendor_admin.operations.read_job_models import ReadJob, ReadJobRow
from vendor_admin.operations.read_jobs.ending import end
from vendor_admin.operations.store import wakeups
from vendor_admin.operations.store.queue import step
from vendor_admin.organizations.models import Organization
from vendor_admin.organizations.tenancy import database_clock
from vendor_admin.organizations.tenancy.scope import organization_scope
from vendor_admin.tradovate.masking import storable
from vendor_admin.tradovate.outcomes import Rejected, Success, Unknown

log = structlog.get_logger(__name__)

CLAIM_TTL = timedelta(seconds=60)  # longer than the longest call
MOST_ERRORS = 3
FIRST_PAUSE = timedelta(seconds=1)
LONGEST_PAUSE = timedelta(minutes=5)
LONGEST_LIFE = timedelta(days=1)
MOST_WOKEN = 50
OWN_FAULT = "An error of this service, which is in its log."
TOKEN_WAS_DEAD = "The platform no longer took the access token: the next call signs in."  # noqa: S105 - no secret
TOO_OLD = "It was not answered within a day. {}"


def pause_after(failures: int) -> timedelta:
    """How long a job waits after so many failures in a row."""
    doubled: int = 2 ** min(failures - 1, 20)
    return min(LONGEST_PAUSE, FIRST_PAUSE * doubled)


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
            return _ask_all(job, platform, ends_at=ends_at)
    except NotRead as missing:
        _put_off(job, why=str(missing), until=missing.until)
    except Exception:
        log.exception("operations.read_job_failed", job=job_id)
        _put_off(job, why=OWN_FAULT)
    return False


def wake_due() -> int:
    """Nudge jobs in which something is due, whatever became of the message that said so. Returns their number."""
    now = database_clock.now()
    with organization_scope(*Organization.objects.values_list("id", flat=True)):
        due = ReadJob.objects.filter(_is_free(now), due_at__lte=now).order_by("due_at")[:MOST_WOKEN]
        jobs = list(due.values_list("organization_id", "id", "is_long"))
        for organization_id, job_id, is_long in jobs:
            wake = wakeups.read_on if is_long else wakeups.read_soon
            wake(organization_id, job_id)
    return len(jobs)


def _is_free(now: datetime) -> Q:
    return Q(claimed_until=None) | Q(claimed_until__lte=now)


def _claim(organization_id: int, job_id: int, *, now: datetime) -> ReadJob | None:
    with step(organization_id):
        due = ReadJob.objects.filter(_is_free(now), pk=job_id, due_at__lte=now)
        if not due.update(claimed_until=now + CLAIM_TTL):
            return None
        return ReadJob.objects.get(pk=job_id)


def _ask_all(job: ReadJob, platform: PlatformReader, *, ends_at: float) -> bool:
    """Ask about one row after the other. Returns whether more is due at once; raises NotRead where the job has to
    wait.
    """
    while (row := _next_row(job)) is not None:
        if time.monotonic() >= ends_at:
            return _give_back(job, due_at=database_clock.now(), is_long=True)
        try:
            is_ours = _ask(job, row, platform)
        except NotRead:
            raise
        except Exception:
            _store_nothing_read(job, row, why=OWN_FAULT, is_error=True)
            raise
        if not is_ours:
            return False
    _finish(job)
    return False


def _next_row(job: ReadJob) -> ReadJobRow | None:
    """What got the fewest calls without an answer goes first."""
    with step(job.organization_id):
        waiting = ReadJobRow.objects.filter(job=job, state=ReadJobRow.State.WAITING)
        return waiting.order_by("attempts", "position").first()


def _ask(job: ReadJob, row: ReadJobRow, platform: PlatformReader) -> bool:
    """Ask about one row, and store what came of it. False where the claim was lost; raises NotRead where the job has to
    wait.
    """
    write, request = read_kind_of(job.kind).call(Question(row.target_id, row.asked))
    outcome = platform.call(write.operation, body=write.body(request))
    said = write.outcomes(request, outcome)[0] if isinstance(outcome, Success | Rejected | Unknown) else outcome
    if isinstance(said, Success):
        return _store(job, row, state=ReadJobRow.State.ANSWERED, answer=storable(said.body))
    if isinstance(said, Rejected):
        return _store(job, row, state=ReadJobRow.State.REFUSED, why=storable(said.error_text))
    if platform.is_token_dead(outcome):
        missing = NotRead(TOKEN_WAS_DEAD, Fault.NO_TOKEN)
    else:
        missing = platform.not_read(write.operation, outcome, row.label)
    if _store_nothing_read(job, row, why=str(missing), is_error=missing.fault is Fault.ERROR):
        return True
    raise missing


def _store_nothing_read(job: ReadJob, row: ReadJobRow, *, why: str, is_error: bool) -> bool:
    """Count a call that brought nothing. True where the row is over, since it was one error too many."""
    errors = row.errors + is_error
    counted: dict[str, Any] = {"attempts": row.attempts + 1, "errors": errors}
    if errors >= MOST_ERRORS:
        return _store(job, row, state=ReadJobRow.State.REFUSED, why=why, **counted)
    with step(job.organization_id):
        if _ours(job).exists():
            ReadJobRow.objects.filter(pk=row.pk, state=ReadJobRow.State.WAITING).update(**counted)
    return False


def _store(job: ReadJob, row: ReadJobRow, **said: Any) -> bool:
    """Store how a row ended, and keep the claim. False where another worker has taken the job meanwhile."""
    now = database_clock.now()
    with step(job.organization_id):
        if not _ours(job).update(claimed_until=now + CLAIM_TTL, wait_why="", failures=0):
            return False
        ReadJobRow.objects.filter(pk=row.pk, state=ReadJobRow.State.WAITING).update(read_at=now, **said)
    job.claimed_until, job.failures = now + CLAIM_TTL, 0  # only once it is committed
    return True


def _put_off(job: ReadJob, *, why: str, until: datetime | None = None) -> None:
    """Have the job wait, longer than the last time, or end where it is a day old."""
    now = database_clock.now()
    if now >= job.created_at + LONGEST_LIFE:
        _finish(job, why=TOO_OLD.format(why))
        return
    failures = job.failures + 1
    due_at = max(until or now, now + pause_after(failures))
    _give_back(job, due_at=due_at, wait_why=why[:500], failures=min(failures, 1_000))


def _give_back(job: ReadJob, *, due_at: datetime, **said: Any) -> bool:
    with step(job.organization_id):
        return bool(_ours(job).update(**{"claimed_until": None, "due_at": due_at, "wait_why": ""} | said))


def _finish(job: ReadJob, *, why: str = "") -> None:
    """End the job; rows that still wait are not answered, for this reason."""
    now = database_clock.now()
    with step(job.organization_id):
        end(_ours(job), job=job, why=why, now=now)


def _ours(job: ReadJob) -> QuerySet[ReadJob]:
    """The job, as long as no other worker has taken it and nobody has cancelled it."""
    return ReadJob.objects.filter(pk=job.pk, claimed_until=job.claimed_until)
