"""What workers do with plans about money or risk whose rows come from mirrors that may be old.

Large plans are in their hands whatever the mirrors are (large_plans.py).

The rows are read of the platform, outside any transaction, and compared with what the preview showed. A plan that was
confirmed starts if they are as shown, is renewed if they are not, and is held where they cannot be read: it is looked
at again, less often while the same fault lasts, until the mirrors are fresh, or somebody cancels it. A preview is
checked once, so that people see true values.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from datetime import datetime, timedelta

import structlog
from django.db import DataError
from django.db.models import Window
from django.db.models.functions import RowNumber

from vendor_admin.errors import Conflict, InvalidFields, Refused
from vendor_admin.mirrors.readings import Ask, Readings
from vendor_admin.operations.engine import after_restore
from vendor_admin.operations.models import Plan
from vendor_admin.operations.plan_work import large_plans, platform_rows, unseen_plans
from vendor_admin.operations.plan_work.claims import WORKED_ON, ClaimLost, claim, claimed_step, give_back, is_free
from vendor_admin.operations.plan_work.platform_reader import Fault, NotRead
from vendor_admin.operations.plans import authors, fresh_rows, interrupted_plans
from vendor_admin.operations.plans import targets as plan_targets
from vendor_admin.operations.plans import verbs as plans
from vendor_admin.operations.plans.start import renew, renewed_if_moved, start
from vendor_admin.operations.store import wakeups
from vendor_admin.operations.store.queue import step
from vendor_admin.organizations.actors import WORKER
from vendor_admin.organizations.models import Organization
from vendor_admin.organizations.tenancy import database_clock
from vendor_admin.organizations.tenancy.scope import organization_scope

log = structlog.get_logger(__name__)

CHECKED = (Plan.State.PREVIEW, Plan.State.HELD, Plan.State.RUNNING)
"""In these states a plan waits for its rows to be compared."""
FIRST_PAUSE = timedelta(seconds=20)
LONGEST_PAUSE = timedelta(minutes=10)
LASTING = frozenset({Fault.NOT_ALLOWED, Fault.TOO_MANY_CALLS})
"""What will hardly be otherwise in a few seconds."""
MOST_WOKEN = 50
MOST_WOKEN_OF_ONE = 4
MOST_LOOKED_AT = 1_000
OWN_FAULT = "An error of this service kept the rows from being checked; it is in the log."
UNREADABLE = "What the platform answered cannot be compared with what is known here."
OLD_AGAIN = "It took so long to read the rows that what was read first may be old again."


def pause_after(fault: Fault, *, failures: int) -> timedelta:
    """How long to wait before the rows are read again, after so many failures in a row for the same reason."""
    if fault in LASTING:
        return LONGEST_PAUSE
    doubled: int = 2 ** min(failures - 1, 10)
    return min(LONGEST_PAUSE, FIRST_PAUSE * doubled)


def wake_due(*, now: datetime | None = None) -> int:
    """Nudge plans whose rows are to be looked at, a few of each organization. Returns their number.

    What waits for a later look is due at once where the mirrors it depends on are fresh by now.
    """
    now = now or database_clock.now()
    with organization_scope(*Organization.objects.values_list("id", flat=True)):
        _look_at_once_where_fresh(now)
        place = Window(RowNumber(), partition_by="organization_id", order_by=["checks_failed", "check_at"])
        due = Plan.objects.filter(is_free(now), state__in=WORKED_ON, check_at__lte=now).annotate(place=place)
        few = due.filter(place__lte=MOST_WOKEN_OF_ONE)
        found = list(few.order_by("checks_failed", "check_at").values_list("organization_id", "pk")[:MOST_WOKEN])
        for organization_id, plan_id in found:
            wakeups.check_soon(organization_id, plan_id)
    return len(found)


def check(*, organization_id: int, plan_id: int) -> None:
    """Look at one plan whose rows may be old, or that is large. Safe to run at any time, by any number of workers."""
    now = database_clock.now()
    if after_restore.settled_incarnation(now=now) is None:
        return
    with step(organization_id):
        if not claim(organization_id, plan_id, now=now):
            return
        plan = Plan.objects.get(pk=plan_id)
    why = ""
    try:
        if plan.state == Plan.State.DRAFTING:
            large_plans.draft(plan)
        elif plan.state == Plan.State.CANCELLED:
            large_plans.cancel_rest(plan)
        elif plan.state == Plan.State.PREVIEW and plan.starts_unseen:
            # Where its rows may be old it is held, and they are read then.
            with claimed_step(plan) as held:
                unseen_plans.confirm(held, now=database_clock.now())
        else:
            with step(organization_id):
                # The types alone tell most of the time; the entities take all rows.
                asks = _asks_of(plan, now=now) if fresh_rows.age_of(plan, now=now).why else ()
                why = fresh_rows.why_old(organization_id, asks, now=now)
                go_on = _go_on if not plan_targets.is_large(plan) else _GO_ON_WITH_LARGE[plan.state]
            readings = platform_rows.read(organization_id, asks, now=now) if why else None
            with readings.in_force() if readings is not None else nullcontext():
                go_on(plan, readings)
    except ClaimLost:
        with step(organization_id):
            if give_back(plan):
                wakeups.check_soon(organization_id, plan_id)
    except NotRead as missing:
        _wait(plan, why, str(missing), missing.fault, until=missing.until)
    except DataError:
        log.exception("operations.rows_not_compared", plan=plan_id)
        _wait(plan, why, UNREADABLE, Fault.NOT_COMPARED)
    except (Conflict, InvalidFields, Refused) as problem:
        _give_up(plan, problem.text)
    except Exception:
        log.exception("operations.rows_not_checked", plan=plan_id)
        _wait(plan, why, OWN_FAULT, Fault.OWN)


def _asks_of(plan: Plan, *, now: datetime) -> Sequence[Ask]:
    """What is to be read; of a plan that is too large to be read, what its first rows depend on tells that much."""
    first = fresh_rows.targets_to_change(plan, most=platform_rows.MOST_IDS + 1)
    asks = fresh_rows.asks_of(plan, first, now=now)
    if len(first) <= platform_rows.MOST_IDS or platform_rows.calls_of(asks) > platform_rows.MOST_CALLS:
        return asks
    return fresh_rows.asks_of(plan, fresh_rows.targets_to_change(plan), now=now)


def _go_on(claimed: Plan, readings: Readings | None) -> None:
    """Compare the rows with what was read, or with mirrors that are fresh by now, and do what follows."""
    with step(claimed.organization_id):
        plan = Plan.objects.select_for_update(of=("self",)).select_related("organization").get(pk=claimed.pk)
        now = database_clock.now()
        if plan.check_claimed_until != claimed.check_claimed_until:
            return
        _refuse_old(readings, now=now)
        if plan.state in CHECKED and plan.check_at is not None:
            _act_on(plan, readings, now=now)
        Plan.objects.filter(pk=plan.pk).update(check_claimed_until=None, checks_failed=0, check_fault="")


def _refuse_old(readings: Readings | None, *, now: datetime) -> None:
    if readings is not None and now - readings.at >= fresh_rows.READ_GOOD_FOR:
        raise NotRead(OLD_AGAIN, Fault.TOO_LONG)


def _go_on_with_large_at_work(plan: Plan, readings: Readings | None) -> None:
    """The same for a large plan that was interrupted at work, in short transactions."""
    if _pause_without_authors(plan):
        return
    compared_at = large_plans.leave_out_moved(plan)
    with claimed_step(plan) as held:
        _refuse_old(readings, now=database_clock.now())
        interrupted_plans.go_on(held, compared_at=compared_at, readings=readings)
        Plan.objects.filter(pk=plan.pk).update(checks_failed=0, check_fault="")


def _go_on_with_large(plan: Plan, readings: Readings | None) -> None:
    """The same for a large plan that has not started, in short transactions."""
    is_held = plan.state == Plan.State.HELD
    if is_held and _pause_without_authors(plan):
        return
    compared_at = database_clock.now()  # before the first rows are: what is missed from then on counts
    is_as_shown = large_plans.store_start(plan) if is_held else not large_plans.has_moved(plan)
    with claimed_step(plan) as held:
        now = database_clock.now()
        _refuse_old(readings, now=now)
        if is_as_shown:
            _note_compared(held, readings, now=compared_at, check_at=None)
        else:
            renew(held, now=now)
        if is_as_shown and is_held:
            large_plans.set_going(held)
        Plan.objects.filter(pk=plan.pk).update(checks_failed=0, check_fault="")


_GO_ON_WITH_LARGE: dict[str, Callable[[Plan, Readings | None], None]] = {
    Plan.State.PREVIEW: _go_on_with_large,
    Plan.State.HELD: _go_on_with_large,
    Plan.State.RUNNING: _go_on_with_large_at_work,
}


def _pause_without_authors(plan: Plan) -> bool:
    """Pause a plan whose authors may no longer do what it does. False where they all may."""
    with claimed_step(plan) as held:
        lost = authors.lost_by([held]).get(held.pk)
        if lost:
            plans.pause_for_want_of_authors(plan=held, why=lost)
    return bool(lost)


def _act_on(plan: Plan, readings: Readings | None, *, now: datetime) -> None:
    lost = authors.lost_by([plan]).get(plan.pk) if plan.state != Plan.State.PREVIEW else None
    if lost:
        plans.pause_for_want_of_authors(plan=plan, why=lost)
    elif plan.is_interrupted:
        interrupted_plans.leave_out_moved(plan, fresh_rows.rows_to_change(plan), actor=WORKER, now=now)
        interrupted_plans.go_on(plan, compared_at=now, readings=readings)
    elif renewed_if_moved(plan, now=now) is None:
        _note_compared(plan, readings, now=now, check_at=None)
        if plan.state == Plan.State.HELD:
            start(plan, actor=WORKER, now=now, action="plan started", request_id=plan.request_id)


def _note_compared(plan: Plan, readings: Readings | None, *, now: datetime, check_at: datetime | None) -> None:
    plan.read_at, plan.check_at, plan.wait_why = readings.at if readings is not None else None, check_at, ""
    plan.compared_at = plan.read_at or now
    plan.save(update_fields=["read_at", "compared_at", "check_at", "wait_why"])


def _wait(plan: Plan, why_old: str, missing: str, fault: Fault, *, until: datetime | None = None) -> None:
    """Say why the rows could not be read. A plan that was confirmed is looked at again; a preview when it is."""
    now = database_clock.now()
    failures = plan.checks_failed + 1 if plan.check_fault == fault else 1
    look_at = max(now + pause_after(fault, failures=failures), until or now)
    why = f"{why_old}. {missing}" if why_old else missing
    log.info("operations.rows_not_read", plan=plan.pk, fault=str(fault), failures=failures, why=why)
    with step(plan.organization_id):
        of_plan = Plan.objects.filter(pk=plan.pk)
        if not give_back(plan, check_fault=fault, checks_failed=min(failures, 1_000)):
            return
        held = of_plan.filter(state__in=(Plan.State.HELD, Plan.State.DRAFTING))
        held.update(wait_why=why[:500], check_at=look_at)
        of_plan.filter(state=Plan.State.CANCELLED).update(check_at=look_at)
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
        if not give_back(plan, check_fault="", checks_failed=0):
            return
        of_plan.filter(state=Plan.State.PREVIEW).update(wait_why=why[:500], check_at=None)
        of_plan.filter(state=Plan.State.RUNNING, check_at__isnull=False).update(
            wait_why=interrupted_plans.waits_because("", why), check_at=database_clock.now() + LONGEST_PAUSE
        )
        if of_plan.filter(state__in=(Plan.State.HELD, Plan.State.DRAFTING)).exists():
            plans.cancel(plan=plan, actor=WORKER, now=database_clock.now(), reason=why)


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
