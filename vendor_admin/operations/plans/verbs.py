"""What people do with a plan: confirm, approve, pause, resume, cancel, retry what failed, revert.

Every verb is one short transaction inside the organization's scope, is written to the audit, and does nothing where
the plan is no longer in the state it needs (then it raises Conflict) or where the actor lacks the right to it (then
it raises NotAllowed). Workers send the operations (runner.py).
"""

from datetime import datetime

from vendor_admin.errors import Conflict, Fault, InvalidFields, Refused
from vendor_admin.operations.kinds import kind_of
from vendor_admin.operations.models import Operation, Plan, PlanRow
from vendor_admin.operations.plans import approval_rules, authors, fresh_rows, interrupted_plans, wiping
from vendor_admin.operations.plans.authors import makers_of, rights_of_plan, rights_to_stop
from vendor_admin.operations.plans.follow_ups import (
    are_many,
    first_way_back,
    rows_again,
    split_off_begun,
    targets_again,
    why_nothing,
)
from vendor_admin.operations.plans.preview import preview, preview_again
from vendor_admin.operations.plans.start import begin, hold_starts, renewed_if_moved
from vendor_admin.operations.plans.states import locked, move
from vendor_admin.operations.plans.targets import is_large
from vendor_admin.operations.store import wakeups
from vendor_admin.operations.store.outcome_store import cancel_planned, cancel_queued
from vendor_admin.organizations.actors import WORKER, Actor, label_of
from vendor_admin.organizations.roles import Right

__all__ = [
    "approve",
    "cancel",
    "check_now",
    "confirm",
    "discard",
    "note_day",
    "pause",
    "pause_for_want_of_authors",
    "preview",
    "resume",
    "retry_failed",
    "revert",
]

NOTHING_TO_DO = "nothing_to_do"
AUTHORS_LOST = "authors_lost_their_rights"
TAKEN_OVER = "{} has taken it over. A second person who may approve it has to resume it, or cancel it."


def confirm(*, plan: Plan, actor: Actor, now: datetime, reason: str = "", request_id: str = "") -> Plan:
    """Start a previewed plan, or hand it to a second person where its size asks for one.

    Where the mirror moved since the preview nothing starts: a renewed preview is stored and returned instead. Where the
    mirrors that a plan about money or risk starts from may be old, it is held until a worker has read its rows of the
    platform: it starts then if they are as shown, and is renewed if they are not (held_plans.py). `reason` is kept
    where the preview was made without one; a plan about money needs one. Whoever made the preview must still have the
    rights it asks for, as must who confirms it. Raises InvalidFields where the reason is missing, Conflict where every
    row is skipped, and Refused where who made the preview has lost those rights.
    """
    plan = locked(plan, states=(Plan.State.PREVIEW,), doing="confirmed")
    _require(actor, plan, *rights_of_plan(plan))
    _refuse_lost_authors(plan)
    if not plan.rows.filter(state=PlanRow.State.PLANNED).exists():
        raise Conflict("Every row of this plan is skipped: there is nothing to do.", code=NOTHING_TO_DO)
    plan.reason = plan.reason.strip() or reason.strip()
    if plan.is_money and not plan.reason:
        raise InvalidFields([Fault("reason", "required", "Say why: a plan about money needs a reason.")])
    hold_starts(plan.organization_id)  # of two that are confirmed at once the second counts the first
    note_day(plan, actor=actor, now=now)
    if not plan.needs_second_person:
        plan.confirmed_by, plan.confirmed_at = actor.key, now
        return begin(plan, actor=actor, now=now, action="plan confirmed", request_id=request_id)
    # A worker compares the rows of a large plan once it is approved.
    is_read_of_platform = plan.read_at is not None and fresh_rows.age_of(plan, now=now).why
    is_compared_later = is_read_of_platform or is_large(plan)
    renewed = None if is_compared_later else renewed_if_moved(plan, now=now)
    if renewed is not None:
        return renewed
    plan.confirmed_by, plan.confirmed_at = actor.key, now
    return move(plan, state=Plan.State.WAITING, actor=actor, action="plan waits for approval", request_id=request_id)


def approve(*, plan: Plan, actor: Actor, now: datetime, request_id: str = "") -> Plan:
    """Start a plan that waits for a second person, or hold it, or return a renewed preview, as `confirm` does.

    Raises Refused for the person who made it, and where who made or confirmed it may no longer do so.
    """
    plan = locked(plan, states=(Plan.State.WAITING,), doing="approved")
    _require(actor, plan, Right.APPROVE_PLANS)
    if plan.is_by(actor.key):
        raise Refused("You made this plan. A second person has to approve it.", code=approval_rules.SECOND_PERSON)
    _refuse_new_people(plan, actor, now=now)
    _refuse_lost_authors(plan)
    plan.approved_by = actor.key
    return begin(plan, actor=actor, now=now, action="plan approved", request_id=request_id)


def note_day(plan: Plan, *, actor: Actor, now: datetime) -> None:
    """Have a plan need a second person where it does after what its maker, or who confirms it, started today."""
    if not plan.needs_second_person:
        plan.second_person_why = approval_rules.why_of_day(plan, people={plan.actor, actor.key}, now=now)
        plan.needs_second_person = bool(plan.second_person_why)


def check_now(*, plan: Plan, actor: Actor, now: datetime, request_id: str = "") -> Plan:
    """Have a worker read at once the rows of a plan that waits for that, or of a preview that may be old."""
    plan = locked(plan, states=(Plan.State.PREVIEW, Plan.State.HELD, Plan.State.RUNNING), doing="checked")
    _require(actor, plan, *rights_to_stop(plan))
    if not plan.depends_on_rows or (plan.state == Plan.State.RUNNING and not plan.is_interrupted):
        raise Conflict("The rows of this plan are not read from the platform.", code=NOTHING_TO_DO)
    plan.check_at = now
    wakeups.check_soon(plan.organization_id, plan.pk)
    return move(plan, state=plan.state, actor=actor, action="rows to be checked now", request_id=request_id)


def pause(*, plan: Plan, actor: Actor, request_id: str = "") -> Plan:
    """Send nothing more of this plan until it is resumed. What is being sent right now still ends."""
    plan = locked(plan, states=(Plan.State.RUNNING,), doing="paused")
    _require(actor, plan, *rights_to_stop(plan))
    plan.check_at, plan.wait_why = None, ""
    return move(plan, state=Plan.State.PAUSED, actor=actor, action="plan paused", request_id=request_id)


def pause_for_want_of_authors(*, plan: Plan, why: str) -> Plan:
    """Send nothing more of a plan whose authors may no longer do what it does, until somebody who may resumes it."""
    plan = locked(plan, states=(Plan.State.RUNNING, Plan.State.HELD), doing="paused")
    plan.check_at = plan.check_claimed_until = None
    plan.wait_why = f"{why} Somebody who may has to resume it, or cancel it."[:500]
    return move(
        plan, state=Plan.State.PAUSED, actor=WORKER, action="plan paused", request_id=plan.request_id, reason=why
    )


def resume(*, plan: Plan, actor: Actor, now: datetime, request_id: str = "") -> Plan:
    """Go on with a paused plan. Who resumes it takes the place of authors who may no longer do what it does.

    What a plan about money or risk has not begun is compared once more; rows that moved are cancelled and say why.
    Where that leaves one person alone behind a plan that needs two, it stays paused until a second person, who may
    approve plans, resumes it as well. Raises Refused for somebody who cannot be that second person.
    """
    plan = locked(plan, states=(Plan.State.PAUSED,), doing="resumed")
    _require(actor, plan, *rights_of_plan(plan))
    if not _take_the_place_of_lost_authors(plan, actor, now=now):
        plan.wait_why = TAKEN_OVER.format(actor)
        return move(plan, state=Plan.State.PAUSED, actor=actor, action="plan taken over", request_id=request_id)
    plan.wait_why = ""
    if plan.started_at is None:
        return begin(plan, actor=actor, now=now, action="plan resumed", request_id=request_id)
    plan = move(plan, state=Plan.State.RUNNING, actor=actor, action="plan resumed", request_id=request_id)
    wakeups.work_soon(plan.organization_id, _environments(plan))
    return interrupted_plans.resume(plan, actor=actor, now=now)


def cancel(*, plan: Plan, actor: Actor, now: datetime, reason: str = "", request_id: str = "") -> Plan:
    """Send nothing more of this plan. What was done stays done; what is being sent or is unknown is still settled.

    The rows of a large plan are cancelled by a worker.
    """
    plan = locked(plan, states=(Plan.State.DRAFTING, *Plan.OPEN_STATES), doing="cancelled")
    if not (plan.state == Plan.State.WAITING and authors.holds(actor.key, Right.APPROVE_PLANS, plan.organization_id)):
        _require(actor, plan, *rights_to_stop(plan))
    plan.targets.all().delete()
    plan.finished_at, plan.check_at, plan.check_claimed_until = now, None, None
    plan.work_done = plan.work_total = 0
    if is_large(plan):
        plan.check_at = now
        wakeups.check_soon(plan.organization_id, plan.pk)
    else:
        cancel_queued(Operation.objects.filter(plan=plan), now=now)
        cancel_planned(plan)
        wiping.wipe_skipped(plan)
    plan.wait_why = reason[:500] if actor == WORKER else ""
    return move(
        plan,
        state=Plan.State.CANCELLED,
        actor=actor,
        action="plan cancelled",
        reason=reason,
        request_id=request_id,
    )


def discard(*, plan: Plan, actor: Actor, now: datetime, request_id: str = "") -> Plan:
    """Throw a preview away, and with it the passwords it holds."""
    plan = locked(plan, states=(Plan.State.DRAFTING, Plan.State.PREVIEW), doing="discarded")
    _require(actor, plan, *rights_to_stop(plan))
    plan.targets.all().delete()
    plan.rows.exclude(secrets="").update(secrets={})
    plan.finished_at, plan.check_at = now, None
    return move(plan, state=Plan.State.CANCELLED, actor=actor, action="preview discarded", request_id=request_id)


def retry_failed(*, plan: Plan, actor: Actor, now: datetime, request_id: str = "") -> Plan:
    """A preview of what this plan was refused or did not come to. Raises Conflict where nothing is left to do.

    Of many rows a worker makes it.
    """
    plan = locked(plan, states=(Plan.State.FINISHED, Plan.State.CANCELLED), doing="retried")
    kind = kind_of(plan.kind)
    _require(actor, plan, kind.right)
    if are_many(plan, "retries"):
        return preview_again(
            earlier=plan,
            link="retries",
            kind_name=plan.kind,
            parameters=plan.parameters,
            actor=actor,
            reason=plan.reason,
            now=now,
            request_id=request_id,
        )
    targets = targets_again(plan, rows_again(plan, "retries"), "retries")
    targets, begun_by = split_off_begun(targets, earlier=plan, link="retries")
    if not targets:
        raise Conflict(why_nothing("retries", begun_by), code=NOTHING_TO_DO)
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


def revert(*, plan: Plan, actor: Actor, reason: str, now: datetime, request_id: str = "") -> Plan:
    """A preview that restores what this plan changed, from the values recorded then. What moved since is skipped.

    Of many rows a worker makes it.
    """
    plan = locked(plan, states=(Plan.State.FINISHED, Plan.State.CANCELLED), doing="reverted")
    kind = kind_of(plan.kind)
    _require(actor, plan, kind.right)
    if not rows_again(plan, "reverts").exists():
        raise _nothing_was_done(plan)
    found = first_way_back(plan)
    if found is None:
        raise Conflict(why_nothing("reverts", None), code=NOTHING_TO_DO)
    kind_name, targets = found
    if are_many(plan, "reverts"):
        return preview_again(
            earlier=plan,
            link="reverts",
            kind_name=kind_name,
            actor=actor,
            reason=reason,
            now=now,
            request_id=request_id,
        )
    targets, begun_by = split_off_begun(targets, earlier=plan, link="reverts")
    if not targets:
        raise Conflict(why_nothing("reverts", begun_by), code=NOTHING_TO_DO)
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


def _require(actor: Actor, plan: Plan, *rights: Right) -> None:
    authors.require(actor, *rights, organization_id=plan.organization_id)


def _refuse_new_people(plan: Plan, actor: Actor, *, now: datetime) -> None:
    if why := approval_rules.why_not_by(makers_of(plan), actor, organization_id=plan.organization_id, now=now):
        raise Refused(why, code=approval_rules.SECOND_PERSON)


def _refuse_lost_authors(plan: Plan) -> None:
    lost = authors.lost_by([plan]).get(plan.pk)
    if lost:
        raise Refused(f"{lost} Somebody who may has to make a new preview of it.", code=AUTHORS_LOST)


def _take_the_place_of_lost_authors(plan: Plan, actor: Actor, *, now: datetime) -> bool:
    """Whether everybody is there who has to stand behind the plan. False: its maker is, and nobody has approved it."""
    if plan.approved_by and authors.have_lost([plan.approved_by], [Right.APPROVE_PLANS], plan.organization_id):
        plan.approved_by, lost_approver = "", plan.approved_by
    else:
        lost_approver = ""
    has_lost_makers = authors.have_lost(makers_of(plan), rights_of_plan(plan), plan.organization_id)
    if has_lost_makers and actor.key == plan.approved_by:
        text = "You approved this plan. Somebody else has to resume it, since its maker no longer may."
        raise Refused(text, code=approval_rules.SECOND_PERSON)
    if has_lost_makers:
        plan.taken_over_by = actor.key
    if plan.approved_by or not plan.needs_second_person:
        return True
    if has_lost_makers:
        return False
    if actor.key in makers_of(plan) or not authors.holds(actor.key, Right.APPROVE_PLANS, plan.organization_id):
        who = (
            f"{label_of(lost_approver)}, who approved it, no longer may. "
            if lost_approver
            else "Nobody has approved it. "
        )
        text = f"{who}A second person who may approve it has to resume it."
        raise Refused(text, code=approval_rules.SECOND_PERSON)
    _refuse_new_people(plan, actor, now=now)
    plan.approved_by = actor.key
    return True


def _environments(plan: Plan) -> set[str]:
    return set(plan.operations.order_by().values_list("environment", flat=True).distinct())


def _nothing_was_done(plan: Plan) -> Conflict:
    """With the platform's words where it refused."""
    refused = plan.rows.filter(state=PlanRow.State.REJECTED).select_related("operation").order_by("position").first()
    error = Conflict("Nothing of this plan was done.", code=NOTHING_TO_DO)
    error.platform_words = refused.platform_words if refused else ""
    return error
