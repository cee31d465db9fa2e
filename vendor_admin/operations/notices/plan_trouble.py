"""Plans that failed or wait for a person, in every organization in scope: read as they are now."""

from datetime import datetime, timedelta

from django.db.models import CharField, Count, Exists, IntegerField, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Cast, Coalesce, Concat
from django.urls import reverse

from vendor_admin.operations.models import Operation, Plan, PlanRow
from vendor_admin.operations.notices.conditions import Condition, counted
from vendor_admin.operations.notices.models import Notice, NoticeKind

FAILED_PLANS_COUNT_FOR = timedelta(days=7)
LONGEST_QUOTE = 300


def plans_failed(now: datetime) -> list[Condition]:
    """Plans that ended in the last days with refused rows, until they are sent again or somebody has seen it."""
    refused = PlanRow.objects.filter(plan=OuterRef("pk"), state=PlanRow.State.REJECTED)
    seen = Notice.objects.filter(
        organization_id=OuterRef("organization_id"),
        kind=NoticeKind.PLAN_FAILED,
        subject=Concat(Value("plan "), Cast(OuterRef("pk"), CharField())),
        closed_at__isnull=False,
    )
    sent_again = Plan.objects.filter(retries=OuterRef("pk"), started_at__isnull=False)
    ended = Plan.objects.filter(state=Plan.State.FINISHED, finished_at__gt=now - FAILED_PLANS_COUNT_FOR)
    failed = ended.filter(Exists(refused)).exclude(Exists(seen)).exclude(Exists(sent_again))
    described = failed.annotate(
        refused=_count(refused),
        tried=_count(PlanRow.objects.filter(plan=OuterRef("pk")).exclude(state=PlanRow.State.SKIPPED)),
        said=Subquery(refused.order_by("position").values("why")[:1]),
    )
    return [_failed_condition(plan) for plan in described.order_by("id")]


def operations_undecided(now: datetime) -> list[Condition]:
    """Plans with operations of unknown outcome about which a person has to decide. One query."""
    undecided = Operation.objects.filter(needs_person=True, state=Operation.State.UNKNOWN).order_by()
    by_plan = undecided.values("organization_id", "plan_id", "plan__title").annotate(number=Count("id"))
    return [
        Condition(
            organization_id=row["organization_id"],
            kind=NoticeKind.NEEDS_DECISION,
            subject=f"plan {row['plan_id']}",
            title=f"“{row['plan__title']}”: {counted(row['number'], 'operation')} to be decided by a person",
            text="The platform gave no answer, and reading could not tell whether it was done, or was not possible.",
            next_step="Look at the platform whether it was done, and say so on the operation's page. Until then "
            "nothing is repeated, and its rows stay closed to other plans.",
            path=reverse("admin:operations_operation_changelist") + f"?person=yes&plan={row['plan_id']}",
        )
        for row in by_plan
    ]


def plans_to_approve(now: datetime) -> list[Condition]:
    """Plans that wait for a second person, or for somebody who takes them over. One query."""
    stopped = Q(state=Plan.State.PAUSED) & ~Q(wait_why="")
    waiting = Plan.objects.filter(Q(state=Plan.State.WAITING) | stopped).order_by("id")
    return [
        _stopped_condition(plan)
        if plan.state == Plan.State.PAUSED
        else Condition(
            organization_id=plan.organization_id,
            kind=NoticeKind.NEEDS_APPROVAL,
            subject=f"plan {plan.pk}",
            title=f"“{plan.title}” waits for a second person",
            text=f"{plan.confirmed_by or plan.actor} made it. {plan.second_person_why}".strip(),
            next_step="Somebody else who may approve plans looks at it, and approves or refuses it.",
            path=_plan_path(plan.pk),
        )
        for plan in waiting
    ]


def _stopped_condition(plan: Plan) -> Condition:
    return Condition(
        organization_id=plan.organization_id,
        kind=NoticeKind.NEEDS_APPROVAL,
        subject=f"plan {plan.pk}",
        title=f"“{plan.title}” is paused: nobody stands behind it",
        text=plan.wait_why,
        next_step="Somebody who may do what it does resumes it on its page, or cancels it.",
        path=_plan_path(plan.pk),
    )


def _failed_condition(plan: Plan) -> Condition:
    refused, tried, said = (getattr(plan, name) for name in ("refused", "tried", "said"))
    quote = (said or "").split("\n", 1)[0][:LONGEST_QUOTE]
    return Condition(
        organization_id=plan.organization_id,
        kind=NoticeKind.PLAN_FAILED,
        subject=f"plan {plan.pk}",
        title=f"“{plan.title}” failed in {refused:,} of {counted(tried, 'row')}",
        text=f"The platform refused them{f': “{quote}”' if quote else ''}. Nothing was changed in these rows.",
        next_step="Correct what it complains about, then retry what failed on the plan's page.",
        path=_plan_path(plan.pk),
    )


def _count(rows: QuerySet[PlanRow]) -> Coalesce:
    counted = rows.order_by().values("plan").annotate(number=Count("id")).values("number")
    return Coalesce(Subquery(counted, output_field=IntegerField()), 0)


def _plan_path(plan_id: int) -> str:
    return reverse("admin:operations_plan_change", args=[plan_id])
