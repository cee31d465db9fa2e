"""Ends plans that hold passwords and have stood still for longer than passwords are kept."""

from datetime import datetime

import structlog
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce

from vendor_admin.operations.models import Operation, Plan, PlanRow
from vendor_admin.operations.plans import verbs as plans
from vendor_admin.operations.plans.wiping import KEPT_FOR, OPEN_ROWS
from vendor_admin.operations.store.queue import step
from vendor_admin.organizations.actors import WORKER
from vendor_admin.organizations.models import Organization

log = structlog.get_logger(__name__)

STANDING = (Plan.State.WAITING, Plan.State.HELD, Plan.State.PAUSED)
INTERRUPTED = Q(state=Plan.State.RUNNING, check_at__isnull=False)
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
            try:
                with step(organization_id):
                    count += _end(plan, now=now)
            except Exception:
                log.exception("operations.standing_plan_not_ended", plan=plan.pk)
    return count


def _old(organization_id: int, *, now: datetime) -> QuerySet[Plan]:
    with_secrets = PlanRow.objects.filter(plan=OuterRef("pk")).exclude(secrets="")
    since = Coalesce("started_at", "confirmed_at", "created_at")
    sent = Operation.objects.filter(plan=OuterRef("pk"), sent_at__gte=now - KEPT_FOR)
    is_standing = Q(state__in=STANDING) | INTERRUPTED & ~Exists(sent)
    standing = Plan.objects.filter(is_standing, organization_id=organization_id)
    return standing.alias(since=since).filter(Exists(with_secrets), since__lt=now - KEPT_FOR)


def _end(plan: Plan, *, now: datetime) -> bool:
    """False where somebody moved it a moment ago. What is being sent or is unknown keeps its password until that is
    known."""
    if not _old(plan.organization_id, now=now).select_for_update(of=("self",)).filter(pk=plan.pk).exists():
        return False
    plan = plans.cancel(plan=plan, actor=WORKER, now=now, reason=WHY)
    plan.rows.exclude(secrets="").exclude(state__in=OPEN_ROWS).update(secrets={})
    log.info("operations.standing_plan_ended", plan=plan.pk)
    return True
