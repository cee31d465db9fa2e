"""What people do with a plan: confirm, approve, pause, resume, cancel, retry what failed, revert.

Every verb is one short transaction inside the organization's scope, is written to the audit, and does nothing where
the plan is no longer in the state it needs (then it raises PlanProblem) or where the actor lacks the right to it (then
it raises NotAllowed). Workers send the operations (runner.py).
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec
from django.db import IntegrityError, connection, transaction
from django.db.models import Q, QuerySet

from vendor_admin.operations import authors, nudges
from vendor_admin.operations.authors import NotAllowed, makers_of, rights_of_plan, rights_to_stop
from vendor_admin.operations.kinds import Call, InSteps, kind_of
from vendor_admin.operations.masking import has_secrets
from vendor_admin.operations.models import Operation, Plan, PlanRow, new_short_id
from vendor_admin.operations.once_more import begun_meanwhile, split_off_begun
from vendor_admin.operations.previews import InvalidPlan, drafts_of, has_moved, preview, target_of
from vendor_admin.operations.storing import cancel_queued
from vendor_admin.operations.wiping import wipe_at_start
from vendor_admin.organizations import audit
from vendor_admin.organizations.actors import SYSTEM
from vendor_admin.organizations.roles import Right
from vendor_admin.tradovate.operations.request import without_secrets

__all__ = [
    "InvalidPlan",
    "NotAllowed",
    "PlanProblem",
    "approve",
    "cancel",
    "confirm",
    "discard",
    "pause",
    "pause_for_want_of_authors",
    "preview",
    "resume",
    "retry_failed",
    "revert",
]

NOT_DONE = (PlanRow.State.REJECTED, PlanRow.State.CANCELLED)
WORKER = f"{SYSTEM}worker"
_CHUNK = 2_000


class PlanProblem(Exception):
    """The verb does not fit the plan as it is now; the text tells a person why and what to do."""


def confirm(*, plan: Plan, actor: str, now: datetime, reason: str = "", request_id: str = "") -> Plan:
    """Start a previewed plan, or hand it to a second person where its size asks for one.

    Where the mirror moved since the preview nothing starts: a renewed preview is stored and returned instead. `reason`
    is kept where the preview was made without one; a plan about money needs one. Whoever made the preview must still
    have the rights it asks for, as must who confirms it.
    """
    plan = _locked(plan, states=(Plan.State.PREVIEW,), doing="confirmed")
    _require(actor, plan, *rights_of_plan(plan))
    _refuse_lost_authors(plan)
    if not plan.rows.filter(state=PlanRow.State.PLANNED).exists():
        raise PlanProblem("Every row of this plan is skipped: there is nothing to do.")
    plan.reason = plan.reason.strip() or reason.strip()
    if plan.is_money and not plan.reason:
        raise PlanProblem("Say why: a plan about money needs a reason.")
    renewed = _renewed_if_stale(plan, now=now)
    if renewed is not None:
        return renewed
    plan.confirmed_by = actor
    if plan.needs_second_person:
        return _save(
            plan, state=Plan.State.WAITING, actor=actor, action="plan waits for approval", request_id=request_id
        )
    return _start(plan, actor=actor, now=now, action="plan confirmed", request_id=request_id)


def approve(*, plan: Plan, actor: str, now: datetime, request_id: str = "") -> Plan:
    """Start a plan that waits for a second person, or return a renewed preview as `confirm` does.

    Raises PlanProblem for the person who made it, and where who made or confirmed it may no longer do so.
    """
    plan = _locked(plan, states=(Plan.State.WAITING,), doing="approved")
    _require(actor, plan, Right.APPROVE_PLANS)
    if actor in (plan.actor, plan.confirmed_by):
        raise PlanProblem("You made this plan. A second person has to approve it.")
    _refuse_lost_authors(plan)
    renewed = _renewed_if_stale(plan, now=now)
    if renewed is not None:
        return renewed
    plan.approved_by = actor
    return _start(plan, actor=actor, now=now, action="plan approved", request_id=request_id)


def pause(*, plan: Plan, actor: str, request_id: str = "") -> Plan:
    """Send nothing more of this plan until it is resumed. What is being sent right now still ends."""
    plan = _locked(plan, states=(Plan.State.RUNNING,), doing="paused")
    _require(actor, plan, *rights_to_stop(plan))
    return _save(plan, state=Plan.State.PAUSED, actor=actor, action="plan paused", request_id=request_id)


def pause_for_want_of_authors(*, plan: Plan, why: str) -> Plan:
    """Send nothing more of a plan whose authors may no longer do what it does, until somebody who may resumes it."""
    plan = _locked(plan, states=(Plan.State.RUNNING,), doing="paused")
    plan.wait_why = f"{why} Somebody who may has to resume it, or cancel it."[:500]
    return _save(
        plan, state=Plan.State.PAUSED, actor=WORKER, action="plan paused", request_id=plan.request_id, reason=why
    )


def resume(*, plan: Plan, actor: str, request_id: str = "") -> Plan:
    """Go on with a paused plan. Who resumes it takes the place of authors who may no longer do what it does.

    Raises PlanProblem where that would leave one person alone behind a plan that needs two.
    """
    plan = _locked(plan, states=(Plan.State.PAUSED,), doing="resumed")
    _require(actor, plan, *rights_of_plan(plan))
    _take_the_place_of_lost_authors(plan, actor)
    plan.wait_why = ""
    plan = _save(plan, state=Plan.State.RUNNING, actor=actor, action="plan resumed", request_id=request_id)
    nudges.work_soon(plan.organization_id, _environments(plan))
    return plan


def cancel(*, plan: Plan, actor: str, now: datetime, reason: str = "", request_id: str = "") -> Plan:
    """Send nothing more of this plan. What was done stays done; what is being sent or is unknown is still settled."""
    plan = _locked(plan, states=Plan.OPEN_STATES, doing="cancelled")
    if not (plan.state == Plan.State.WAITING and authors.holds(actor, Right.APPROVE_PLANS, plan.organization_id)):
        _require(actor, plan, *rights_to_stop(plan))
    cancel_queued(Operation.objects.filter(plan=plan), now=now)
    PlanRow.objects.filter(plan=plan, state=PlanRow.State.PLANNED).update(state=PlanRow.State.CANCELLED, secrets={})
    plan.finished_at = now
    return _save(
        plan,
        state=Plan.State.CANCELLED,
        actor=actor,
        action="plan cancelled",
        reason=reason,
        request_id=request_id,
    )


def discard(*, plan: Plan, actor: str, now: datetime, request_id: str = "") -> Plan:
    """Throw a preview away, and with it the passwords it holds."""
    plan = _locked(plan, states=(Plan.State.PREVIEW,), doing="discarded")
    _require(actor, plan, *rights_to_stop(plan))
    plan.rows.update(secrets={})
    plan.finished_at = now
    return _save(plan, state=Plan.State.CANCELLED, actor=actor, action="preview discarded", request_id=request_id)


def retry_failed(*, plan: Plan, actor: str, now: datetime, request_id: str = "") -> Plan:
    """A preview of what this plan was refused or did not come to. Raises PlanProblem where nothing is left to do."""
    plan = _locked(plan, states=(Plan.State.FINISHED, Plan.State.CANCELLED), doing="retried")
    kind = kind_of(plan.kind)
    _require(actor, plan, kind.right)
    rest = kind.rest if isinstance(kind, InSteps) else target_of
    targets = [rest(row) for row in plan.rows.filter(state__in=NOT_DONE).order_by("position")]
    if not targets:
        raise PlanProblem("Nothing of this plan failed: there is nothing to retry.")
    targets, begun_by = split_off_begun(targets, earlier=plan, link="retries")
    if not targets:
        raise PlanProblem(f"Plan {begun_by} has retried this already. Retry there what failed of it.")
    return preview(
        organization=plan.organization,
        kind_name=plan.kind,
        targets=targets,
        parameters=plan.parameters,
        actor=actor,
        reason=plan.reason,
        now=now,
        request_id=request_id,
        links={"retries": plan},
    )


def revert(*, plan: Plan, actor: str, reason: str, now: datetime, request_id: str = "") -> Plan:
    """A preview that restores what this plan changed, from the values recorded then. What moved since is skipped."""
    plan = _locked(plan, states=(Plan.State.FINISHED, Plan.State.CANCELLED), doing="reverted")
    kind = kind_of(plan.kind)
    _require(actor, plan, kind.right)
    is_done = Q(state=PlanRow.State.SUCCEEDED)
    if isinstance(kind, InSteps):
        is_done |= Q(state__in=NOT_DONE) & ~Q(result={})
    done = list(plan.rows.filter(is_done).order_by("position"))
    reverting = kind.revert(done) if done else None
    if reverting is None:
        raise PlanProblem("This kind of change cannot be reverted." if done else "Nothing of this plan was done.")
    kind_name, targets = reverting
    targets, begun_by = split_off_begun(targets, earlier=plan, link="reverts")
    if not targets:
        raise PlanProblem(f"Plan {begun_by} has reverted this already. Retry there what failed of it.")
    return preview(
        organization=plan.organization,
        kind_name=kind_name,
        targets=targets,
        actor=actor,
        reason=reason,
        now=now,
        request_id=request_id,
        links={"reverts": plan},
    )


def _locked(plan: Plan, *, states: Sequence[str], doing: str) -> Plan:
    """The plan's row, held until the transaction ends."""
    found = Plan.objects.select_for_update().select_related("organization").get(pk=plan.pk)
    if found.state not in states:
        raise PlanProblem(f"This plan is {found.get_state_display()} and cannot be {doing} now.")
    return found


def _require(actor: str, plan: Plan, *rights: Right) -> None:
    authors.require(actor, *rights, organization_id=plan.organization_id)


def _refuse_lost_authors(plan: Plan) -> None:
    lost = authors.lost_by([plan]).get(plan.pk)
    if lost:
        raise PlanProblem(f"{lost} Somebody who may has to make a new preview of it.")


def _take_the_place_of_lost_authors(plan: Plan, actor: str) -> None:
    if authors.have_lost(makers_of(plan), rights_of_plan(plan), plan.organization_id):
        if actor == plan.approved_by:
            raise PlanProblem("You approved this plan. Somebody else has to resume it, since its maker no longer may.")
        plan.taken_over_by = actor
    if plan.approved_by and authors.have_lost([plan.approved_by], [Right.APPROVE_PLANS], plan.organization_id):
        may_approve = authors.holds(actor, Right.APPROVE_PLANS, plan.organization_id)
        if actor in makers_of(plan) or not may_approve:
            raise PlanProblem(
                f"{plan.approved_by}, who approved it, no longer may. A second person who may approve it has to resume "
                "it."
            )
        plan.approved_by = actor


def _save(plan: Plan, *, state: str, actor: str, action: str, request_id: str, reason: str = "") -> Plan:
    old, plan.state = plan.state, state
    plan.save()
    audit.record(
        organization=plan.organization,
        actor=actor,
        action=action,
        subject=f"plan {plan.pk}: {plan.title}",
        old={"state": old},
        new={"state": state, "calls": plan.calls_needed},
        reason=reason or plan.reason,
        request_id=request_id,
    )
    return plan


def _renewed_if_stale(plan: Plan, *, now: datetime) -> Plan | None:
    """A new preview where a row that will change no longer starts from what the mirror says."""
    rows = list(plan.rows.filter(state=PlanRow.State.PLANNED).order_by("position"))
    drafts = drafts_of(plan, rows, now=now)
    if not any(has_moved(row, draft) for row, draft in zip(rows, drafts, strict=True)):
        return None
    everything: QuerySet[PlanRow] = plan.rows.order_by("position")
    renewed = preview(
        organization=plan.organization,
        kind_name=plan.kind,
        targets=[target_of(row) for row in everything],
        parameters=plan.parameters,
        actor=plan.actor,
        reason=plan.reason,
        now=now,
        request_id=plan.request_id,
        links={"renewed_from": plan, "reverts": plan.reverts, "retries": plan.retries},
    )
    plan.rows.update(secrets={})
    plan.finished_at = now
    _save(plan, state=Plan.State.STALE, actor=plan.actor, action="preview out of date", request_id=plan.request_id)
    return renewed


def _start(plan: Plan, *, actor: str, now: datetime, action: str, request_id: str) -> Plan:
    """Store one operation for every call, hold the targets against other plans, and wake the workers."""
    rows = list(plan.rows.filter(state=PlanRow.State.PLANNED).order_by("position"))
    begun_by = begun_meanwhile(plan, rows)
    if begun_by is not None:
        raise PlanProblem(f"Plan {begun_by} has begun with some of the same since this preview. Make a new one.")
    try:
        with transaction.atomic():
            PlanRow.objects.filter(plan=plan, state=PlanRow.State.PLANNED, target_id__isnull=False).update(
                is_locking=True
            )
    except IntegrityError:
        raise PlanProblem(
            "Another plan has begun to change some of the same targets. Wait until it ends, then make a new preview."
        ) from None
    calls = list(kind_of(plan.kind).calls(rows, parameters=plan.parameters, reason=plan.reason))
    operations = [_operation(plan, call, number=number, now=now) for number, call in enumerate(calls, start=1)]
    for previous, operation, call in zip(operations, operations[1:], calls[1:], strict=False):
        if call.after_previous:
            operation.after = previous
    _insert(operations)
    _bind_rows(zip(calls, operations, strict=True))
    wipe_at_start(plan)
    plan.started_at = now
    plan = _save(plan, state=Plan.State.RUNNING, actor=actor, action=action, request_id=request_id)
    nudges.work_soon(plan.organization_id, {call.environment for call in calls})
    return plan


def _insert(operations: Sequence[Operation]) -> None:
    """Insert operations, those that others follow first."""
    waiting = list(operations)
    while waiting:
        ready = [one for one in waiting if one.after is None or one.after.pk is not None]
        Operation.objects.bulk_create(ready, batch_size=_CHUNK)
        waiting = [one for one in waiting if one.pk is None]


def _bind_rows(calls: Iterable[tuple[Call, Operation]]) -> None:
    """Tell every row its operation; of several calls for one row, the last."""
    operation_of = {row.pk: operation.pk for call, operation in calls for row in call.rows}
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE operations_planrow SET operation_id = given.operation_id, state = 'queued'"
            " FROM unnest(%s::bigint[], %s::bigint[]) AS given(row_id, operation_id) WHERE id = given.row_id",
            [list(operation_of), list(operation_of.values())],
        )


def _operation(plan: Plan, call: Call, *, number: int, now: datetime) -> Operation:
    short_id = new_short_id()
    body = msgspec.to_builtins(call.write.marked(call.request, short_id))
    return Operation(
        organization_id=plan.organization_id,
        plan=plan,
        environment=call.environment,
        name=call.write.path,
        request=without_secrets(body),
        sealed_request=body if has_secrets(body) else {},
        short_id=short_id,
        idempotency_key=f"plan {plan.pk} call {number}",
        actor=plan.actor,
        reason=plan.reason,
        not_before=now,
        created_at=now,
    )


def _environments(plan: Plan) -> set[str]:
    return set(plan.operations.order_by().values_list("environment", flat=True).distinct())
