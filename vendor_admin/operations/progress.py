"""Where a plan stands: its rows by state, and when it is over."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Exists, OuterRef

from vendor_admin.operations.models import Operation, Plan, PlanRow
from vendor_admin.operations.queue import step
from vendor_admin.operations.storing import cancel_queued


@dataclass(frozen=True, slots=True)
class Progress:
    """How many rows of a plan are in which state; `waiting_for` says why nothing moves, where something is known."""

    counts: dict[str, int]
    waiting_for: str = ""
    next_at: datetime | None = None

    @property
    def total(self) -> int:
        return sum(count for state, count in self.counts.items() if state != PlanRow.State.SKIPPED)

    @property
    def done(self) -> int:
        finished = (PlanRow.State.SUCCEEDED, PlanRow.State.REJECTED, PlanRow.State.CANCELLED)
        return sum(self.counts.get(state, 0) for state in finished)

    @property
    def percent(self) -> int:
        return 100 * self.done // self.total if self.total else 100


def counts_of(plan: Plan) -> Counter[str]:
    """The number of rows by state. One query."""
    counted = plan.rows.order_by().values_list("state").annotate(number=Count("id"))
    return Counter(dict(counted))


def progress_of(plan: Plan, counts: Counter[str] | None = None) -> Progress:
    """Two queries, however large the plan is; one with `counts` that were read before."""
    counts = counts_of(plan) if counts is None else counts
    if plan.is_interrupted:
        return Progress(dict(counts), plan.wait_why, plan.check_at)
    waiting = (
        plan.operations.filter(state__in=(Operation.State.QUEUED, Operation.State.UNKNOWN))
        .exclude(wait_reason="")
        .order_by("not_before")
        .values_list("wait_reason", "not_before")
        .first()
    )
    return Progress(dict(counts), *(waiting or ("", None)))


def finish_plans(organization_id: int, *, now: datetime) -> int:
    """Mark running plans of which nothing is left to send or to settle. Returns their number.

    What of a cancelled plan came back into the queue (slowed down, or found not done) is cancelled here.
    """
    with step(organization_id):
        of_cancelled = Operation.objects.filter(organization_id=organization_id, plan__state=Plan.State.CANCELLED)
        cancel_queued(of_cancelled, now=now)
        left = Operation.objects.filter(plan=OuterRef("pk"), state__in=Operation.UNFINISHED)
        return (
            Plan.objects.filter(organization_id=organization_id, state=Plan.State.RUNNING)
            .exclude(Exists(left))
            .update(state=Plan.State.FINISHED, finished_at=now, check_at=None, wait_why="")
        )
