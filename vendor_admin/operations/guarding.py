"""What must still hold while a plan runs. Workers look about once a second, before they send the next calls."""

from contextlib import suppress
from datetime import datetime

import structlog
from django.db.models import Exists, OuterRef

from vendor_admin.operations import authors, plans
from vendor_admin.operations.models import Operation, Plan
from vendor_admin.operations.queue import LaneKey

log = structlog.get_logger(__name__)


def guard(lane: LaneKey, *, now: datetime) -> None:
    """Stop the plans of a lane that must not go on. Three queries where all of them may.

    Must run inside a transaction of the organization.
    """
    due = Operation.objects.filter(
        plan=OuterRef("pk"), environment=lane.environment, state=Operation.State.QUEUED, not_before__lte=now
    )
    running = Plan.objects.filter(organization_id=lane.organization_id, state=Plan.State.RUNNING)
    at_work = {plan.pk: plan for plan in running.filter(Exists(due))}
    for plan_id, why in authors.lost_by(at_work.values()).items():
        with suppress(plans.PlanProblem):  # somebody stopped it a moment ago
            plans.pause_for_want_of_authors(plan=at_work[plan_id], why=why)
            log.warning("operations.plan_lost_its_authors", plan=plan_id, why=why)
