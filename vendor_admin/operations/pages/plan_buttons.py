"""Which buttons a plan's page shows to a person. The views check again (plan_verbs.py)."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse

from vendor_admin.errors import InvalidFields
from vendor_admin.listing import lists
from vendor_admin.listing.admin_base import has_right
from vendor_admin.operations.actions import action_named
from vendor_admin.operations.kinds import LeadsOn
from vendor_admin.operations.models import Plan, PlanRow
from vendor_admin.operations.pages.plan_view import known_kind
from vendor_admin.operations.plans.authors import rights_of_plan, rights_to_stop
from vendor_admin.operations.plans.follow_ups import (
    are_many,
    count_left,
    is_restoration,
    most_left,
    rows_again,
    split_off_begun,
)
from vendor_admin.organizations.roles import Right

RETRY_FAILED, RETRY_REST, RETRY_BOTH = "Retry failed rows", "Send cancelled rows", "Retry all that was not done"
REVERT, GIVE_ANEW = "Revert", "Restore, at new cost"
ROWS_TRIED = 50
"""Of how many rows it is tried whether their change has a way back: ten thousand would take seconds at every look."""


def allowed_buttons(request: HttpRequest, plan: Plan, counts: Mapping[str, int]) -> dict[str, Any]:
    """Which buttons the plan's page shows; `counts` are its rows by state. The views check again."""
    kind = known_kind(plan)
    missing = [right.value for right in rights_of_plan(plan) if not has_right(request, right)]
    may_stop = kind is not None and all(has_right(request, right) for right in rights_to_stop(plan))
    may = kind is not None and not missing
    is_own = plan.is_by(request.user.get_username())
    approves = has_right(request, Right.APPROVE_PLANS)
    may_approve = plan.state == Plan.State.WAITING and approves and not is_own and kind is not None
    return {
        "may_confirm": plan.state == Plan.State.PREVIEW and may and bool(counts.get(PlanRow.State.PLANNED)),
        "may_pause": plan.state == Plan.State.RUNNING and may_stop,
        "may_resume": plan.state == Plan.State.PAUSED and may,
        "may_discard": plan.state in (Plan.State.PREVIEW, Plan.State.DRAFTING) and may_stop,
        "why_not_changed": _why_not_changed(plan, missing=missing, is_known=kind is not None),
        "why_not_approved": _why_not_approved(plan, is_own=is_own, approves=approves),
        "may_approve": may_approve,
        **_stop(plan, is_approval=may_approve),
        "may_check": may_stop and plan.depends_on_rows and _waits_for_a_reading(plan),
        **(_retry_and_revert(plan, counts) if may else {}),
        "next_step": next_step_of(request, plan, counts),
        "may_cancel": plan.is_open and (may_stop or (plan.state == Plan.State.WAITING and approves)),
    }


def _why_not_changed(plan: Plan, *, missing: Sequence[str], is_known: bool) -> str:
    """Why somebody may only look at a plan that still could be changed; empty where they may do more."""
    if not (plan.is_open or plan.state == Plan.State.PREVIEW):
        return ""
    if not is_known:
        return "This version does not know this kind of plan, so you can look at it and not change it."
    if missing:
        return (
            f"Your role does not allow you to {' and '.join(missing)}, so you can look at this plan and not change it."
        )
    return ""


def _why_not_approved(plan: Plan, *, is_own: bool, approves: bool) -> str:
    """Why somebody may not approve a plan that waits for it; empty where they may."""
    if plan.state != Plan.State.WAITING:
        return ""
    if is_own:
        return "You made it, so somebody else has to approve it."
    return "" if approves else "Your role does not include approving plans."


def _stop(plan: Plan, *, is_approval: bool) -> dict[str, str]:
    """What the form that ends a plan asks, and what its button says."""
    if is_approval:
        return {"stop_question": "Do not approve? Say why", "stop_button": "Refuse the plan"}
    kept = "What was done stays done" if plan.started_at else "Nothing has been sent"
    return {"stop_question": f"Stop for good? {kept}", "stop_button": "Cancel the plan"}


def next_step_of(request: HttpRequest, plan: Plan, counts: Mapping[str, int]) -> tuple[str, str] | None:
    """What is mostly done next with what the plan made: (label, address); None where nothing was made, or for whom it
    is not allowed.
    """
    kind: object = known_kind(plan)
    if not isinstance(kind, LeadsOn) or not counts.get(PlanRow.State.SUCCEEDED):
        return None
    action = action_named(kind.next_action)
    if action is None or not has_right(request, action.kind.right):
        return None
    query = {"type": action.on[0], "all": "1", "filter": urlencode({"plan": plan.pk})}
    return action.label, reverse("plan_start", args=[action.name]) + "?" + urlencode(query)


def way_back_of(plan: Plan) -> str:
    """What the way back of a plan is called; empty where there is none, or other plans have begun it for all rows. Of
    many rows of which some were skipped then, the worker that previews it says so.
    """
    kind = known_kind(plan)
    if kind is None:
        return ""
    is_begun, is_many = plan.reverted_by.exists(), are_many(plan, "reverts")
    if is_begun and is_many and most_left(plan, "reverts") == 0:
        return ""
    is_begun = is_begun and not is_many
    done = list(rows_again(plan, "reverts")[: None if is_begun else ROWS_TRIED])
    try:
        found = kind.revert(done) if done else None
    except (ArithmeticError, InvalidFields, KeyError, TypeError, ValueError):  # an older version's, or odd data
        return ""
    if found is None:
        return ""
    back, targets = found
    if is_begun and not split_off_begun(targets, earlier=plan, link="reverts")[0]:
        return ""
    return GIVE_ANEW if is_restoration(kind, back) else REVERT


def _retry_and_revert(plan: Plan, counts: Mapping[str, int]) -> dict[str, object]:
    """What of an ended plan may be retried (how many rows, and how the button is called) and how it is reverted."""
    is_ended = plan.state == Plan.State.FINISHED or (plan.state == Plan.State.CANCELLED and plan.check_at is None)
    if plan.started_at is None or not is_ended:
        return {}
    failed, cancelled = counts.get(PlanRow.State.REJECTED, 0), counts.get(PlanRow.State.CANCELLED, 0)
    left = failed + cancelled
    label = RETRY_BOTH if failed and cancelled else RETRY_FAILED if failed else RETRY_REST
    try:
        with lists.bounded():
            left = count_left(plan, of=left) if left else 0
            back = way_back_of(plan)
    except lists.TooSlow:  # the verbs say what is left
        back = REVERT
    return {"retry": (label, left) if left else None, "revert": back}


def _waits_for_a_reading(plan: Plan) -> bool:
    """Whether its rows could not be read, and are read again later."""
    is_preview = plan.state == Plan.State.PREVIEW and plan.check_at is None
    return bool(plan.check_fault) and (is_preview or plan.is_interrupted or plan.state == Plan.State.HELD)
