"""Ends plans that hold passwords and have stood still for longer than passwords are kept."""

from contextlib import suppress
from datetime import datetime

import structlog
from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.functions import Coalesce

from vendor_admin.operations import plans
from vendor_admin.operations.models import Plan, PlanRow
from vendor_admin.operations.plan_states import WORKER, PlanProblem, locked
from vendor_admin.operations.queue import step
from vendor_admin.operations.wiping import KEPT_FOR, OPEN_ROWS
from vendor_admin.organizations.models import Organization

log = structlog.get_logger(__name__)

STANDING = (Plan.State.WAITING, Plan.State.HELD, Plan.State.PAUSED)
WHY = (
    f"It held passwords, which are kept for {KEPT_FOR.days} days; it stood still for longer, so they were wiped. "
    "What was not done has to be made anew, with passwords."
)


def end_with_old_secrets(*, now: datetime) -> int:
    """Cancel those that were confirmed, or had begun, before that time, each in a transaction. Returns their number."""
    count = 0
    for organization_id in Organization.objects.order_by("id").values_list("id", flat=True):
        with step(organization_id):
            old = list(_old(organization_id, now=now).order_by("id"))
        for plan in old:
            with suppress(PlanProblem), step(organization_id):
                _end(plan, now=now)
                count += 1
    return count


def _old(organization_id: int, *, now: datetime) -> QuerySet[Plan]:
    with_secrets = PlanRow.objects.filter(plan=OuterRef("pk")).exclude(secrets="")
    since = Coalesce("started_at", "confirmed_at", "created_at")
    standing = Plan.objects.filter(organization_id=organization_id, state__in=STANDING)
    return standing.alias(since=since).filter(Exists(with_secrets), since__lt=now - KEPT_FOR)


def _end(plan: Plan, *, now: datetime) -> None:
    """What is being sent or is unknown keeps its password until that is known."""
    plan = locked(plan, states=STANDING, doing="ended")
    plan = plans.cancel(plan=plan, actor=WORKER, now=now, reason=WHY)
    plan.rows.exclude(secrets="").exclude(state__in=OPEN_ROWS).update(secrets={})
    log.info("operations.standing_plan_ended", plan=plan.pk)
