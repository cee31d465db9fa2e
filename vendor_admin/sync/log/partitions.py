"""The months of the event log: made ahead of time, dropped when they are old, one a transaction.

No step waits for a lock for more than 0.2 s, since what writes the log would wait behind it: while somebody reads the
log for long (a backup, a report), it is tried again, in this run and in the next. Runs as the app role.
"""

import time
from datetime import date, datetime, timedelta

import structlog
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, connection
from psycopg import errors

from vendor_admin.sync.log.retention import problem_of_retention
from vendor_admin.sync.models import PartitionTrouble

log = structlog.get_logger(__name__)

MONTHS_AHEAD = 3
TRIES = 5
PAUSE_SECONDS = 5.0
# Somebody who reads for longer holds more than a backup.
LONGEST_WAIT = timedelta(days=1)
LEAST_AHEAD = timedelta(days=30)
_LOCKED = (errors.LockNotAvailable, errors.DeadlockDetected)

Step = tuple[str, date]


def keep_partitions(*, now: datetime) -> list[str]:
    """Make and drop partitions of the log. Returns what was done, e.g. "make 2026-12"; notes what could not be.

    Raises ImproperlyConfigured for a retention that is too short: workers start without the system checks.
    """
    if problem := problem_of_retention("EVENT_RETENTION_DAYS", settings.EVENT_RETENTION_DAYS):
        raise ImproperlyConfigured(problem)
    done, failed, due = [], dict[Step, Exception](), _steps()
    for attempt in range(TRIES):
        if attempt and due:
            time.sleep(PAUSE_SECONDS)
        locked: list[Step] = []
        for step in due:
            try:
                _take(step)
                done.append(_name(step))
                failed.pop(step, None)
            except DatabaseError as error:
                failed[step] = error
                if isinstance(error.__cause__, _LOCKED):
                    locked.append(step)
        due = locked
    _note({_name(step): error for step, error in failed.items()}, now=now)
    if done:
        log.info("sync.partitions_kept", done=done)
    return done


def trouble_with_partitions(*, now: datetime) -> str:
    """What is wrong with the log's upkeep, as a sentence; empty when nothing is. Two queries."""
    problems = [
        f"{one.step}: {one.error}"
        for one in PartitionTrouble.objects.order_by("since", "step")
        if not one.is_lock or now - one.since > LONGEST_WAIT
    ]
    newest = _newest_month()
    if newest is None or newest - now < LEAST_AHEAD:
        problems.append("no month after this one was made")
    return "; ".join(problems)


def _steps() -> list[Step]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT step, month FROM sync_partition_steps(%s, %s)", [MONTHS_AHEAD, settings.EVENT_RETENTION_DAYS]
        )
        steps: list[Step] = cursor.fetchall()
    return steps


def _take(step: Step) -> None:
    kind, month = step
    with connection.cursor() as cursor:
        if kind == "make":
            cursor.execute("SELECT sync_make_partition(%s)", [month])
        else:
            cursor.execute("SELECT sync_drop_partition(%s, %s)", [month, settings.EVENT_RETENTION_DAYS])


def _name(step: Step) -> str:
    return f"{step[0]} {step[1]:%Y-%m}"


def _note(failed: dict[str, Exception], *, now: datetime) -> None:
    """Keep since when each step fails, and forget those that do not any more."""
    PartitionTrouble.objects.exclude(step__in=failed).delete()
    for name, error in failed.items():
        log.error("sync.partition_not_kept", step=name, error=str(error).strip())
        told = {"error": str(error).partition("\n")[0], "is_lock": isinstance(error.__cause__, _LOCKED)}
        PartitionTrouble.objects.update_or_create(step=name, defaults=told, create_defaults=told | {"since": now})


def _newest_month() -> datetime | None:
    """When the last month ends for which there is a partition."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT (to_date(max(right(c.relname, 7)), 'YYYY_MM') + interval '1 month') AT TIME ZONE 'UTC'"
            " FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
            " WHERE i.inhparent = 'sync_entityevent'::regclass AND c.relname ~ '_[0-9]{4}_[0-9]{2}$'"
        )
        row = cursor.fetchone()
    return row[0] if row else None
