"""After a restore or a fail-over: whatever was unfinished is read from the platform before anything is sent.

What waited when the backup was made may have been sent since, and a preview may have been confirmed. So every
unfinished operation becomes unknown, which settlement.py clears, and every preview has to be made again. Until
all that is marked no lane works.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import structlog
from django.conf import settings
from django.db.models import F
from django.db.models.functions import Coalesce, Greatest

from vendor_admin.operations.models import Operation, Plan, PlanRow, PlanTargets
from vendor_admin.operations.store.queue import step
from vendor_admin.organizations import audit, incarnations
from vendor_admin.organizations.actors import RESTORE
from vendor_admin.organizations.models import Incarnation, Organization

log = structlog.get_logger(__name__)

AT_ONCE = 2_000
# A worker that still talks to the database that was lost may have calls on their way for so long.
CALLS_LAST = timedelta(seconds=45)
ADVICE = "The database was restored, or a standby took over: the result is being read before anything is sent."
STALE = "The database was restored after this was made, so it may have been carried out since. Make a new preview."
_PREVIEWS = (Plan.State.DRAFTING, Plan.State.PREVIEW, Plan.State.WAITING, Plan.State.HELD)


@dataclass(frozen=True, slots=True)
class Marked:
    """How many operations became unknown, and how many previews, and plans that waited to start, out of date."""

    operations: int = 0
    previews: int = 0


def settled_incarnation(*, now: datetime) -> Incarnation | None:
    """The life of the database that lanes may work in; None while what was unfinished in an earlier one is being
    marked by somebody else. Must not run inside a transaction."""
    found = incarnations.present(now=now)
    if found.settled_at is None and mark_unfinished(found, now=now) is None:
        return None
    return found


def mark_unfinished(incarnation: Incarnation, *, now: datetime) -> Marked | None:
    """Mark what was unfinished, in short transactions, and settle this life of the database.

    None where another process is at it. One that was broken off is gone on with: nothing is marked twice.
    """
    lost_at = _last_beat_before(incarnation)
    total = Marked()
    for organization in Organization.objects.order_by("id"):
        marked = _mark_organization(organization, incarnation, lost_at=lost_at, now=now)
        if marked is None:
            return None
        total = Marked(total.operations + marked.operations, total.previews + marked.previews)
    incarnation.settled_at = now
    Incarnation.objects.filter(pk=incarnation.pk).update(settled_at=now)
    log.warning("operations.marked_after_restore", operations=total.operations, previews=total.previews)
    return total


def _last_beat_before(incarnation: Incarnation) -> datetime | None:
    """Until when at least the restored state had gone on: what waits in it was not carried out before.

    None where that is not known: this very database may have beaten since it was restored.
    """
    before = Incarnation.objects.filter(pk__lt=incarnation.pk).order_by("-pk").first()
    is_other = before is not None and incarnations.identity_of(before) != incarnations.identity_of(incarnation)
    return before.beat_at if before is not None and is_other else None


def _mark_organization(
    organization: Organization, incarnation: Incarnation, *, lost_at: datetime | None, now: datetime
) -> Marked | None:
    with step(organization.pk):
        unfinished = Operation.objects.filter(organization=organization, state__in=Operation.UNFINISHED)
        operation_ids = list(unfinished.order_by("id").values_list("id", flat=True))
        previews = Plan.objects.filter(organization=organization, state__in=_PREVIEWS)
        plan_ids = list(previews.order_by("id").values_list("id", flat=True))
    mark = partial(_mark_operations, lost_at=lost_at, now=now)
    operations = _in_steps(organization.pk, operation_ids, incarnation, mark)
    ended = _in_steps(organization.pk, plan_ids, incarnation, partial(_end_previews, now=now))
    if operations is None or ended is None:
        return None
    if operations or ended:
        with step(organization.pk):
            _record(organization, incarnation, Marked(operations, ended))
    return Marked(operations, ended)


def _in_steps(
    organization_id: int, ids: Sequence[int], incarnation: Incarnation, mark: Callable[[Sequence[int]], int]
) -> int | None:
    """Mark AT_ONCE of them a transaction; returns how many were marked, or None where another process is at it."""
    count = 0
    for start in range(0, len(ids), AT_ONCE):
        with step(organization_id):
            if not _hold(incarnation):
                return None
            count += mark(ids[start : start + AT_ONCE])
    return count


def _hold(incarnation: Incarnation) -> bool:
    """Keep others from marking at the same time, until this transaction ends."""
    waiting = Incarnation.objects.select_for_update(skip_locked=True).filter(pk=incarnation.pk, settled_at=None)
    return waiting.exists()


def _mark_operations(ids: Sequence[int], *, lost_at: datetime | None, now: datetime) -> int:
    """Those that wait or are being sent become unknown; those that are being read are given patience anew."""
    found = Operation.objects.filter(id__in=ids)
    ended_at = now + CALLS_LAST
    found.filter(state=Operation.State.UNKNOWN, needs_person=False).update(call_ended_at=ended_at)
    waiting = found.filter(state__in=(Operation.State.QUEUED, Operation.State.SENDING))
    # Held, so that what a worker stores meanwhile, at last, is not overwritten.
    waiting_ids = list(waiting.select_for_update().values_list("id", flat=True))
    sent_at = Coalesce(F("sent_at"), F("created_at"))
    Operation.objects.filter(id__in=waiting_ids, state=Operation.State.QUEUED).update(
        sent_at=sent_at if lost_at is None else Greatest(sent_at, lost_at)
    )
    Operation.objects.filter(id__in=waiting_ids).update(
        state=Operation.State.UNKNOWN,
        call_ended_at=ended_at,
        claimed_until=None,
        not_before=ended_at + timedelta(seconds=settings.OPERATION_PATIENCE_SECONDS),  # one reading each will do
        settle_attempts=0,
        reading_since=None,
        wait_reason="",
        penalty_ticket="",
        error_text="",
        advice=ADVICE,
    )
    rows = PlanRow.objects.filter(operation_id__in=waiting_ids, state=PlanRow.State.QUEUED)
    rows.update(state=PlanRow.State.UNKNOWN)
    return len(waiting_ids)


def _end_previews(ids: Sequence[int], *, now: datetime) -> int:
    """Previews may have been confirmed since: to be on the safe side they are made anew."""
    open_plans = Plan.objects.filter(id__in=ids, state__in=_PREVIEWS)
    open_ids = list(open_plans.select_for_update().values_list("id", flat=True))
    PlanRow.objects.filter(plan_id__in=open_ids).exclude(secrets="").update(secrets={})
    PlanRow.objects.filter(plan_id__in=open_ids, state=PlanRow.State.PLANNED, is_locking=True).update(is_locking=False)
    PlanTargets.objects.filter(plan_id__in=open_ids).delete()
    return Plan.objects.filter(id__in=open_ids).update(
        state=Plan.State.STALE, finished_at=now, wait_why=STALE, check_at=None
    )


def _record(organization: Organization, incarnation: Incarnation, marked: Marked) -> None:
    audit.record(
        organization=organization,
        actor=RESTORE,
        action="unfinished operations marked unknown",
        subject="database",
        new={"operations": marked.operations, "previews": marked.previews},
        reason=incarnation.why,
    )
