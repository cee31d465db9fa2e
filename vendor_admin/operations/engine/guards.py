"""What must still hold while a plan runs. Workers look about once a second, before they send the next calls.

Its authors must still have the rights it needs, or it is paused. And what is about money or risk begins no row while
nobody can see what it does: it is interrupted until its rows could be compared (interrupted_plans.py).
"""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta

import structlog
from django.db.models import Exists, OuterRef

from vendor_admin.errors import Conflict
from vendor_admin.operations.models import Operation, Plan
from vendor_admin.operations.plans import authors, fresh_rows, interrupted_plans
from vendor_admin.operations.plans import verbs as plans
from vendor_admin.operations.store.queue import LaneKey

log = structlog.get_logger(__name__)

# What falls due before the next look is held now: it would be sent in between.
AHEAD = timedelta(seconds=5)


def guard(lane: LaneKey, *, now: datetime) -> None:
    """Pause or interrupt the plans of a lane that must not go on. Five queries where all of them may.

    Must run inside a transaction of the organization.
    """
    due = Operation.objects.filter(
        plan=OuterRef("pk"),
        environment=lane.environment,
        state=Operation.State.QUEUED,
        not_before__lte=now + AHEAD,
    )
    running = Plan.objects.filter(organization_id=lane.organization_id, state=Plan.State.RUNNING)
    at_work = list(running.filter(Exists(due)).annotate(is_to_begin=Exists(due.filter(after=None))).order_by("pk"))
    stopped = _pause_without_authors(at_work)
    # A row whose first step was done goes on whatever happens: half a change is worse.
    beginning = [plan for plan in at_work if plan.is_to_begin and plan.check_at is None and plan.pk not in stopped]
    for plan_id, age in fresh_rows.ages_of(beginning, now=now).items():
        if age.must_be_compared:
            interrupted_plans.interrupt(plan_id, why=age.why or age.missed, now=now)


def _pause_without_authors(at_work: Sequence[Plan]) -> set[int]:
    by_id = {plan.pk: plan for plan in at_work}
    lost = authors.lost_by(at_work)
    for plan_id, why in lost.items():
        with suppress(Conflict):  # somebody stopped it a moment ago
            plans.pause_for_want_of_authors(plan=by_id[plan_id], why=why)
            log.warning("operations.plan_lost_its_authors", plan=plan_id, why=why)
    return set(lost)
