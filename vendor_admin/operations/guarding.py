"""What must still hold while a plan runs. Workers look about once a second, before they send the next calls.

Its authors must still have the rights it needs, or it is paused. And what is about money or risk is not sent while
nobody can see what it does: it waits until the socket of its environment is live again.
"""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta

import structlog
from django.db.models import Exists, OuterRef

from vendor_admin.operations import authors, fresh_rows, plans
from vendor_admin.operations.models import Operation, Plan
from vendor_admin.operations.queue import LaneKey
from vendor_admin.sync.freshness import freshness

log = structlog.get_logger(__name__)

LOOK_AGAIN = timedelta(seconds=15)
# What falls due before the next look is held now: it would be sent in between.
AHEAD = timedelta(seconds=5)
WAITS_UNTIL_LIVE = "{}: money and risk wait, and go on by themselves when it is live again."


def guard(lane: LaneKey, *, now: datetime) -> None:
    """Stop or hold the plans of a lane that must not go on. Four queries where all of them may.

    Must run inside a transaction of the organization.
    """
    due = Operation.objects.filter(
        plan=OuterRef("pk"),
        environment=lane.environment,
        state=Operation.State.QUEUED,
        not_before__lte=now + AHEAD,
    )
    running = Plan.objects.filter(organization_id=lane.organization_id, state=Plan.State.RUNNING)
    at_work = {plan.pk: plan for plan in running.filter(Exists(due))}
    for plan_id, why in authors.lost_by(at_work.values()).items():
        with suppress(plans.PlanProblem):  # somebody stopped it a moment ago
            plans.pause_for_want_of_authors(plan=at_work[plan_id], why=why)
            log.warning("operations.plan_lost_its_authors", plan=plan_id, why=why)
    blind = [
        plan.pk for plan in at_work.values() if plan.depends_on_rows and not fresh_rows.was_just_read(plan, now=now)
    ]
    if blind:
        _hold_unless_live(lane, blind, now=now)


def _hold_unless_live(lane: LaneKey, plan_ids: Sequence[int], *, now: datetime) -> None:
    """Hold what is due of these plans. A row whose first step was done goes on: half a change is worse."""
    (state,) = freshness(organization_id=lane.organization_id, now=now, environments=[lane.environment])
    if state.is_live:
        return
    waiting = Operation.objects.filter(
        plan_id__in=plan_ids,
        environment=lane.environment,
        state=Operation.State.QUEUED,
        not_before__lte=now + AHEAD,
        after=None,
    )
    waiting.update(not_before=now + LOOK_AGAIN, wait_reason=WAITS_UNTIL_LIVE.format(state.why)[:300])
