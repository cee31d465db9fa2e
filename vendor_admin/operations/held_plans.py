"""What workers do with plans about money or risk whose rows come from mirrors that may be old.

The rows are read of the platform, outside any transaction, and compared with what the preview showed. A plan that was
confirmed starts if they are as shown, is renewed if they are not, and is held where they cannot be read: it is looked
at again until the mirrors are fresh, or somebody cancels it. A preview is checked once, so that people see true values.
"""

from contextlib import nullcontext
from datetime import timedelta

import structlog
from django.db import DataError

from vendor_admin.mirrors.readings import Readings
from vendor_admin.operations import after_restore, authors, fresh_rows, interrupted_plans, plans, platform_rows
from vendor_admin.operations.models import Plan
from vendor_admin.operations.plan_start import renewed_if_moved, start
from vendor_admin.operations.plan_states import WORKER
from vendor_admin.operations.plans import InvalidPlan, NotAllowed, PlanProblem
from vendor_admin.operations.platform_rows import NotRead
from vendor_admin.operations.queue import step
from vendor_admin.organizations import database_clock

log = structlog.get_logger(__name__)

CHECKED = (Plan.State.PREVIEW, Plan.State.HELD, Plan.State.RUNNING)
CHECK_AGAIN = timedelta(seconds=20)
CLAIM_TTL = timedelta(minutes=5)  # longer than the longest reading
OWN_FAULT = "An error of this service kept the rows from being checked; it is in the log."
UNREADABLE = "What the platform answered cannot be compared with what is known here."


def check(*, organization_id: int, plan_id: int) -> None:
    """Look at one plan whose rows may be old. Safe to run at any time, by any number of workers."""
    now = database_clock.now()
    if after_restore.settled_incarnation(now=now) is None:
        return
    with step(organization_id):
        due = Plan.objects.filter(pk=plan_id, state__in=CHECKED, check_at__lte=now)
        if not due.update(check_at=now + CLAIM_TTL):
            return
        plan = Plan.objects.get(pk=plan_id)
        asks = fresh_rows.asks_of(plan, fresh_rows.targets_to_change(plan), now=now)
        why = fresh_rows.why_old(organization_id, asks, now=now)
    try:
        readings = platform_rows.read(organization_id, asks, now=now) if why else None
        with step(organization_id), readings.in_force() if readings is not None else nullcontext():
            _go_on(plan_id, readings)
    except NotRead as missing:
        _wait(plan, why, str(missing))
    except DataError:
        log.exception("operations.rows_not_compared", plan=plan_id)
        _wait(plan, why, UNREADABLE)
    except (PlanProblem, NotAllowed, InvalidPlan) as problem:
        _give_up(plan, str(problem))
    except Exception:
        log.exception("operations.rows_not_checked", plan=plan_id)
        _wait(plan, why, OWN_FAULT)


def _go_on(plan_id: int, readings: Readings | None) -> None:
    """Compare the rows with what was read, or with mirrors that are fresh by now, and do what follows."""
    now = database_clock.now()
    # With the organization's row, as every verb that starts a plan: two that start at once never wait for each other.
    plan = Plan.objects.select_for_update().select_related("organization").get(pk=plan_id)
    if plan.state not in CHECKED or plan.check_at is None:
        return
    lost = authors.lost_by([plan]).get(plan_id) if plan.state != Plan.State.PREVIEW else None
    if lost:
        plans.pause_for_want_of_authors(plan=plan, why=lost)
    elif plan.is_interrupted:
        interrupted_plans.go_on(plan, actor=WORKER, now=now, readings=readings)
    elif renewed_if_moved(plan, now=now) is None:
        plan.read_at, plan.check_at, plan.wait_why = readings.at if readings is not None else None, None, ""
        plan.save(update_fields=["read_at", "check_at", "wait_why"])
        if plan.state == Plan.State.HELD:
            start(plan, actor=WORKER, now=now, action="plan started", request_id=plan.request_id)


def _wait(plan: Plan, why_old: str, missing: str) -> None:
    """Say why the rows could not be read. A plan that was confirmed is looked at again; a preview when it is."""
    why = f"{why_old}. {missing}" if why_old else missing
    log.info("operations.rows_not_read", plan=plan.pk, why=why)
    with step(plan.organization_id):
        of_plan = Plan.objects.filter(pk=plan.pk)
        of_plan.filter(state=Plan.State.HELD).update(wait_why=why[:500], check_at=database_clock.now() + CHECK_AGAIN)
        of_plan.filter(state=Plan.State.RUNNING, check_at__isnull=False).update(
            wait_why=interrupted_plans.waits_because(why_old, missing), check_at=database_clock.now() + CHECK_AGAIN
        )
        of_plan.filter(state=Plan.State.PREVIEW).update(wait_why=why[:500], check_at=None)


def _give_up(plan: Plan, why: str) -> None:
    """End a plan that cannot start as it is. A preview only says why: whoever confirms it is told as well."""
    with step(plan.organization_id):
        of_plan = Plan.objects.filter(pk=plan.pk)
        of_plan.filter(state=Plan.State.PREVIEW).update(wait_why=why[:500], check_at=None)
        if of_plan.filter(state=Plan.State.HELD).exists():
            plans.cancel(plan=plan, actor=WORKER, now=database_clock.now(), reason=why)
