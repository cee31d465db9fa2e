"""What workers do with plans about money or risk whose rows come from mirrors that may be old.

The rows are read of the platform, outside any transaction, and compared with what the preview showed. A plan that was
confirmed starts if they are as shown, is renewed if they are not, and is held where they cannot be read: it is looked
at again, less often while the same fault lasts, until the mirrors are fresh, or somebody cancels it. A preview is
checked once, so that people see true values.
"""

from collections import defaultdict
from collections.abc import Sequence
from contextlib import nullcontext
from datetime import datetime, timedelta

import structlog
from django.db import DataError, connection
from django.db.models import Q, Window
from django.db.models.functions import RowNumber

from vendor_admin.mirrors.readings import Ask, Readings
from vendor_admin.operations import after_restore, authors, fresh_rows, interrupted_plans, nudges, plans, platform_rows
from vendor_admin.operations.models import Plan
from vendor_admin.operations.plan_start import renewed_if_moved, start
from vendor_admin.operations.plan_states import WORKER
from vendor_admin.operations.plans import InvalidPlan, NotAllowed, PlanProblem
from vendor_admin.operations.platform_rows import Fault, NotRead
from vendor_admin.operations.queue import step
from vendor_admin.organizations import database_clock
from vendor_admin.organizations.models import Organization
from vendor_admin.organizations.scope import organization_scope

log = structlog.get_logger(__name__)

CHECKED = (Plan.State.PREVIEW, Plan.State.HELD, Plan.State.RUNNING)
FIRST_PAUSE = timedelta(seconds=20)
LONGEST_PAUSE = timedelta(minutes=10)
LASTING = frozenset({Fault.NOT_ALLOWED, Fault.TOO_MANY_CALLS})
"""What will hardly be otherwise in a few seconds."""
CLAIM_TTL = timedelta(minutes=5)  # longer than the longest reading
MOST_WOKEN = 50
MOST_WOKEN_OF_ONE = 4
MOST_READ_OF_ONE = 2  # at once: a slow platform leaves threads to other organizations
MOST_LOOKED_AT = 1_000
OWN_FAULT = "An error of this service kept the rows from being checked; it is in the log."
UNREADABLE = "What the platform answered cannot be compared with what is known here."
OLD_AGAIN = "It took so long to read the rows that what was read first may be old again."


def pause_after(fault: Fault, *, failures: int) -> timedelta:
    """How long to wait before the rows are read again, after so many failures in a row for the same reason."""
    if fault in LASTING:
        return LONGEST_PAUSE
    return min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(failures - 1, 10))


def wake_due(*, now: datetime | None = None) -> int:
    """Nudge plans whose rows are to be looked at, a few of each organization. Returns their number.

    What waits for a later look is due at once where the mirrors it depends on are fresh by now.
    """
    now = now or database_clock.now()
    with organization_scope(*Organization.objects.values_list("id", flat=True)):
        _look_at_once_where_fresh(now)
        place = Window(RowNumber(), partition_by="organization_id", order_by=["checks_failed", "check_at"])
        due = Plan.objects.filter(_is_free(now), state__in=CHECKED, check_at__lte=now).annotate(place=place)
        few = due.filter(place__lte=MOST_WOKEN_OF_ONE)
        found = list(few.order_by("checks_failed", "check_at").values_list("organization_id", "pk")[:MOST_WOKEN])
        for organization_id, plan_id in found:
            nudges.check_soon(organization_id, plan_id)
    return len(found)


def check(*, organization_id: int, plan_id: int) -> None:
    """Look at one plan whose rows may be old. Safe to run at any time, by any number of workers."""
    now = database_clock.now()
    if after_restore.settled_incarnation(now=now) is None:
        return
    with step(organization_id):
        if not _claim(organization_id, plan_id, now=now):
            return
        plan = Plan.objects.get(pk=plan_id)
    why = ""
    try:
        with step(organization_id):
            asks = _asks_of(plan, now=now)
            why = fresh_rows.why_old(organization_id, asks, now=now)
        readings = platform_rows.read(organization_id, asks, now=now) if why else None
        with step(organization_id), readings.in_force() if readings is not None else nullcontext():
            _go_on(plan, readings)
    except NotRead as missing:
        _wait(plan, why, str(missing), missing.fault, until=missing.until)
    except DataError:
        log.exception("operations.rows_not_compared", plan=plan_id)
        _wait(plan, why, UNREADABLE, Fault.NOT_COMPARED)
    except (PlanProblem, NotAllowed, InvalidPlan) as problem:
        _give_up(plan, str(problem))
    except Exception:
        log.exception("operations.rows_not_checked", plan=plan_id)
        _wait(plan, why, OWN_FAULT, Fault.OWN)


def _claim(organization_id: int, plan_id: int, *, now: datetime) -> bool:
    """Whether nobody looks at the plan, it is due, and only few others of the organization are being looked at."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"readings {organization_id}"])
    if Plan.objects.filter(check_at__isnull=False, check_claimed_until__gt=now).count() >= MOST_READ_OF_ONE:
        return False
    due = Plan.objects.filter(_is_free(now), pk=plan_id, state__in=CHECKED, check_at__lte=now)
    return bool(due.update(check_claimed_until=now + CLAIM_TTL))


def _is_free(now: datetime) -> Q:
    """Whether no worker looks at a plan."""
    return Q(check_claimed_until=None) | Q(check_claimed_until__lte=now)


def _asks_of(plan: Plan, *, now: datetime) -> Sequence[Ask]:
    """What is to be read; of a plan that is too large to be read, what its first rows depend on tells that much."""
    first = fresh_rows.targets_to_change(plan, most=platform_rows.MOST_IDS + 1)
    asks = fresh_rows.asks_of(plan, first, now=now)
    if len(first) <= platform_rows.MOST_IDS or platform_rows.calls_of(asks) > platform_rows.MOST_CALLS:
        return asks
    return fresh_rows.asks_of(plan, fresh_rows.targets_to_change(plan), now=now)


def _go_on(claimed: Plan, readings: Readings | None) -> None:
    """Compare the rows with what was read, or with mirrors that are fresh by now, and do what follows."""
    plan = Plan.objects.select_for_update(of=("self",)).select_related("organization").get(pk=claimed.pk)
    now = database_clock.now()
    if plan.check_claimed_until != claimed.check_claimed_until:
        return
    if readings is not None and now - readings.at >= fresh_rows.READ_GOOD_FOR:
        raise NotRead(OLD_AGAIN, Fault.TOO_LONG)
    if plan.state in CHECKED and plan.check_at is not None:
        _act_on(plan, readings, now=now)
    Plan.objects.filter(pk=plan.pk).update(check_claimed_until=None, checks_failed=0, check_fault="")


def _act_on(plan: Plan, readings: Readings | None, *, now: datetime) -> None:
    lost = authors.lost_by([plan]).get(plan.pk) if plan.state != Plan.State.PREVIEW else None
    if lost:
        plans.pause_for_want_of_authors(plan=plan, why=lost)
    elif plan.is_interrupted:
        interrupted_plans.go_on(plan, actor=WORKER, now=now, readings=readings)
    elif renewed_if_moved(plan, now=now) is None:
        plan.read_at, plan.check_at, plan.wait_why = readings.at if readings is not None else None, None, ""
        plan.compared_at = plan.read_at or now
        plan.save(update_fields=["read_at", "compared_at", "check_at", "wait_why"])
        if plan.state == Plan.State.HELD:
            start(plan, actor=WORKER, now=now, action="plan started", request_id=plan.request_id)


def _wait(plan: Plan, why_old: str, missing: str, fault: Fault, *, until: datetime | None = None) -> None:
    """Say why the rows could not be read. A plan that was confirmed is looked at again; a preview when it is."""
    now = database_clock.now()
    failures = plan.checks_failed + 1 if plan.check_fault == fault else 1
    look_at = max(now + pause_after(fault, failures=failures), until or now)
    why = f"{why_old}. {missing}" if why_old else missing
    log.info("operations.rows_not_read", plan=plan.pk, fault=str(fault), failures=failures, why=why)
    with step(plan.organization_id):
        of_plan = Plan.objects.filter(pk=plan.pk)
        if not _give_back(plan, check_fault=fault, checks_failed=min(failures, 1_000)):
            return
        of_plan.filter(state=Plan.State.HELD).update(wait_why=why[:500], check_at=look_at)
        of_plan.filter(state=Plan.State.RUNNING, check_at__isnull=False).update(
            wait_why=interrupted_plans.waits_because(why_old, missing), check_at=look_at
        )
        of_plan.filter(state=Plan.State.PREVIEW).update(wait_why=why[:500], check_at=None)


def _give_up(plan: Plan, why: str) -> None:
    """End a plan that cannot start as it is. A preview only says why: whoever confirms it is told as well.

    One that runs is looked at again.
    """
    with step(plan.organization_id):
        of_plan = Plan.objects.filter(pk=plan.pk)
        if not _give_back(plan, check_fault="", checks_failed=0):
            return
        of_plan.filter(state=Plan.State.PREVIEW).update(wait_why=why[:500], check_at=None)
        of_plan.filter(state=Plan.State.RUNNING, check_at__isnull=False).update(
            wait_why=interrupted_plans.waits_because("", why), check_at=database_clock.now() + LONGEST_PAUSE
        )
        if of_plan.filter(state=Plan.State.HELD).exists():
            plans.cancel(plan=plan, actor=WORKER, now=database_clock.now(), reason=why)


def _give_back(plan: Plan, **said: str | int) -> bool:
    """End the claim on a plan, and store what its reading came to. False where another worker, or a person, has taken
    the plan meanwhile; else its row is held until the transaction ends."""
    claimed = Plan.objects.filter(pk=plan.pk, check_claimed_until=plan.check_claimed_until)
    return bool(claimed.update(check_claimed_until=None, **said))


def _look_at_once_where_fresh(now: datetime) -> None:
    """What kept rows from being read no longer matters once the mirrors are fresh. Three queries for each organization
    with plans that wait.
    """
    later = Plan.objects.filter(state__in=CHECKED, check_at__gt=now, checks_failed__gt=0).exclude(check_fault=Fault.OWN)
    waiting = defaultdict(list)
    for plan in later.order_by("check_at")[:MOST_LOOKED_AT]:
        waiting[plan.organization_id].append(plan)
    for of_one in waiting.values():
        fresh = [plan_id for plan_id, age in fresh_rows.ages_of(of_one, now=now).items() if not age.why]
        Plan.objects.filter(pk__in=fresh, check_at__gt=now).update(check_at=now)
