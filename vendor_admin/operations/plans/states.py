"""The state of a plan: who may move it on from which, and the audit of every move."""

from collections.abc import Sequence

from vendor_admin.errors import Conflict
from vendor_admin.operations.models import Plan
from vendor_admin.organizations import audit
from vendor_admin.organizations.actors import Actor

OTHER_STATE = "plan_in_other_state"


def locked(plan: Plan, *, states: Sequence[str], doing: str) -> Plan:
    """The plan's row, held until the transaction ends; its organization's is not. Raises Conflict."""
    found = Plan.objects.select_for_update(of=("self",)).select_related("organization").get(pk=plan.pk)
    if found.state == Plan.State.CANCELLED and found.check_at is not None:
        text = "This plan is still being cancelled. Wait until every row of it is, then try again."
        raise Conflict(text, code=OTHER_STATE)
    if found.state not in states:
        raise Conflict(f"This plan is {found.get_state_display()} and cannot be {doing} now.", code=OTHER_STATE)
    return found


def move(plan: Plan, *, state: str, actor: Actor, action: str, request_id: str, reason: str = "") -> Plan:
    """Store the plan in another state, with all that was changed of it, and record that in the audit."""
    old, plan.state = plan.state, state
    plan.save()
    audit.record(
        organization=plan.organization,
        actor=actor,
        action=action,
        subject=f"plan {plan.pk}: {plan.title}",
        subject_kind="plan",
        subject_id=plan.pk,
        old={"state": old},
        new={"state": state, "calls": plan.calls_needed},
        reason=reason or plan.reason,
        request_id=request_id,
    )
    return plan
