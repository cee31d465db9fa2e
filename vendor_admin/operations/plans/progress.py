"""Where a plan stands: its rows by state, and when it is over."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Exists, OuterRef
from django.db.models.functions import Now

from vendor_admin.operations.kinds import priority_of
from vendor_admin.operations.models import Operation, Plan, PlanRow
from vendor_admin.operations.plans import targets as plan_targets
from vendor_admin.operations.precedence import Priority
from vendor_admin.operations.store.outcome_store import cancel_queued
from vendor_admin.operations.store.queue import step

URGENT_FIRST = "Urgent changes go first."
_IN_ORDER = (
    PlanRow.State.SUCCEEDED,
    PlanRow.State.REJECTED,
    PlanRow.State.UNKNOWN,
    PlanRow.State.QUEUED,
    PlanRow.State.PLANNED,
    PlanRow.State.CANCELLED,
    PlanRow.State.SKIPPED,
)


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
        return self.counts.get(PlanRow.State.SUCCEEDED, 0)

    @property
    def percent(self) -> int:
        """How much of the plan was done; what was refused or cancelled is not."""
        return 100 * self.done // self.total if self.total else 0

    @property
    def tone(self) -> str:
        """good, warn (some rows were not done, or it is not known) or bad (none was, and some were refused)."""
        not_done = (PlanRow.State.REJECTED, PlanRow.State.UNKNOWN, PlanRow.State.CANCELLED)
        if self.counts.get(PlanRow.State.REJECTED) and not self.done:
            return "bad"
        return "warn" if any(self.counts.get(state) for state in not_done) else "good"


def counts_of(plan: Plan) -> Counter[str]:
    """The number of rows by state. One query."""
    counted = plan.rows.order_by().values_list("state").annotate(number=Count("id"))
    return Counter(dict(counted))


def counts_of_plans(plan_ids: Iterable[int], *, organization_id: int) -> dict[int, Counter[str]]:
    """The same of several plans, by plan. One query."""
    counted = PlanRow.objects.filter(organization_id=organization_id, plan_id__in=list(plan_ids)).order_by()
    found: dict[int, Counter[str]] = defaultdict(Counter)
    for plan_id, state, number in counted.values_list("plan_id", "state").annotate(number=Count("id")):
        found[plan_id][state] = number
    return found


def counts_in_words(counts: Mapping[str, int]) -> str:
    """How many rows are in which state, e.g. "2 done, 1 rejected"."""
    return ", ".join(f"{counts[state]:,} {state.label}" for state in _IN_ORDER if counts.get(state))


def progress_of(plan: Plan, counts: Counter[str] | None = None) -> Progress:
    """Three queries, however large the plan is; two with `counts` that were read before."""
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
    is_urgent = priority_of(plan.kind) is Priority.URGENT
    if waiting is None and counts[PlanRow.State.QUEUED] and not is_urgent and _urgent_goes_first(plan):
        return Progress(dict(counts), URGENT_FIRST)
    return Progress(dict(counts), *(waiting or ("", None)))


def _urgent_goes_first(plan: Plan) -> bool:
    """Whether urgent operations go before those of a plan."""
    urgent = Operation.objects.filter(
        organization_id=plan.organization_id,
        state=Operation.State.QUEUED,
        priority=Priority.URGENT,
        plan__state=Plan.State.RUNNING,
        not_before__lte=Now(),
    )
    return urgent.exists()


def finish_plans(organization_id: int, *, now: datetime) -> int:
    """Mark running plans of which nothing is left to send or to settle. Returns their number.

    What of a plan that was stopped came back into the queue (slowed down, or found not done) is cancelled here. Of a
    large one whose rows are still being cancelled, the worker at it does that.
    """
    with step(organization_id):
        stopped = Operation.objects.filter(organization_id=organization_id, plan__state__in=Plan.STOPPED_STATES)
        of_stopped = stopped.filter(plan__check_at=None)
        cancel_queued(of_stopped, now=now, most=plan_targets.CHUNK)
        left = Operation.objects.filter(plan=OuterRef("pk"), state__in=Operation.UNFINISHED)
        return (
            Plan.objects.filter(organization_id=organization_id, state=Plan.State.RUNNING)
            .exclude(Exists(left))
            .update(state=Plan.State.FINISHED, finished_at=now, check_at=None, wait_why="")
        )
