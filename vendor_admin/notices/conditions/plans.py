"""Plans that failed or wait for a person, in every organization in scope: read as they are now."""

from datetime import datetime, timedelta

from django.db.models import CharField, Count, Exists, F, IntegerField, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Cast, Coalesce, Concat
from django.urls import reverse

from vendor_admin.notices.conditions.condition import Condition, counted
from vendor_admin.notices.models import Notice, NoticeKind
from vendor_admin.operations.models import Operation, Plan, PlanRow
from vendor_admin.organizations.actors import label_of
from vendor_admin.tradovate.trading_calendar import clock_times

FAILED_PLANS_COUNT_FOR = timedelta(days=7)
LONGEST_QUOTE = 300
NOTHING_SENT = "Nothing of it has been sent."


def plans_failed(now: datetime) -> list[Condition]:
    """Plans that ended in the last days with refused rows, until they are sent again or somebody has seen it."""
    refused = PlanRow.objects.filter(plan=OuterRef("pk"), state=PlanRow.State.REJECTED)
    seen = _seen(NoticeKind.PLAN_FAILED)
    sent_again = Plan.objects.filter(retries=OuterRef("pk"), started_at__isnull=False)
    ended = Plan.objects.filter(state=Plan.State.FINISHED, finished_at__gt=now - FAILED_PLANS_COUNT_FOR)
    failed = ended.filter(Exists(refused)).exclude(Exists(seen)).exclude(Exists(sent_again))
    described = failed.annotate(
        refused=_count(refused),
        tried=_count(PlanRow.objects.filter(plan=OuterRef("pk")).exclude(state=PlanRow.State.SKIPPED)),
        said=Subquery(refused.order_by("position").values("why")[:1]),
    )
    return [_failed_condition(plan) for plan in described.order_by("id")]


def plans_not_sent(now: datetime) -> list[Condition]:
    """Plans that people confirmed in the last days and that this service ended before anything was sent, until the new
    preview is done with or somebody has seen it. One query.

    What ended at the very moment it was confirmed was told to whoever confirmed it.
    """
    ended = Plan.objects.filter(started_at=None, finished_at__gt=now - FAILED_PLANS_COUNT_FOR)
    by_service = Q(state=Plan.State.STALE) | Q(state=Plan.State.CANCELLED) & ~Q(wait_why="")
    confirmed = ended.filter(by_service, finished_at__gt=F("confirmed_at"))
    is_done_with = Exists(Plan.objects.filter(renewed_from=OuterRef("pk")).exclude(state=Plan.State.PREVIEW))
    left = confirmed.exclude(is_done_with).exclude(Exists(_seen(NoticeKind.NOT_SENT)))
    newer = Plan.objects.filter(renewed_from=OuterRef("pk")).order_by("-id").values("id")[:1]
    return [_not_sent_condition(plan) for plan in left.annotate(renewed_by=Subquery(newer)).order_by("id")]


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
            title=f"“{plan.title}” is awaiting approval",
            text=f"{label_of(plan.confirmed_by or plan.actor)} made it. {plan.second_person_why}".strip(),
            next_step="Somebody else who may approve plans looks at it, and approves or refuses it.",
            path=_plan_path(plan.pk),
        )
        for plan in waiting
    ]


def _not_sent_condition(plan: Plan) -> Condition:
    renewed_by: int | None = getattr(plan, "renewed_by", None)
    maker, confirmer, approver = map(label_of, (plan.actor, plan.confirmed_by, plan.approved_by))
    people = " and ".join(dict.fromkeys(name for name in (maker, confirmer, approver) if name))
    confirmed_at = plan.confirmed_at or plan.created_at
    why = plan.wait_why or "The platform says something else than its preview did."
    return Condition(
        organization_id=plan.organization_id,
        kind=NoticeKind.NOT_SENT,
        subject=f"plan {plan.pk}",
        title=f"“{plan.title}” was confirmed and not sent",
        text=f"{confirmer} confirmed it at {clock_times(confirmed_at)}. Nothing of it was sent. {why}",
        next_step=f"{people}: look at plan {renewed_by}, the new preview, and confirm it or throw it away."
        if renewed_by
        else f"{people}: if it is still wanted, make a new preview.",
        path=_plan_path(renewed_by or plan.pk),
    )


def _stopped_condition(plan: Plan) -> Condition:
    return Condition(
        organization_id=plan.organization_id,
        kind=NoticeKind.NEEDS_APPROVAL,
        subject=f"plan {plan.pk}",
        title=f"“{plan.title}” is paused: nobody stands behind it",
        text=plan.wait_why if plan.started_at or not plan.confirmed_by else f"{plan.wait_why} {NOTHING_SENT}",
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


def _seen(kind: NoticeKind) -> QuerySet[Notice]:
    """Notices of a kind about the plan of the outer query that are over."""
    return Notice.objects.filter(
        organization_id=OuterRef("organization_id"),
        kind=kind,
        subject=Concat(Value("plan "), Cast(OuterRef("pk"), CharField())),
        closed_at__isnull=False,
    )


def _count(rows: QuerySet[PlanRow]) -> Coalesce:
    counted = rows.order_by().values("plan").annotate(number=Count("id")).values("number")
    return Coalesce(Subquery(counted, output_field=IntegerField()), 0)


def _plan_path(plan_id: int) -> str:
    return reverse("admin:operations_plan_change", args=[plan_id])
