"""Which buttons a plan's page shows to a person. The views check again (plan_verbs.py)."""

from typing import Any

from django.http import HttpRequest

from vendor_admin.operations.authors import rights_of_plan, rights_to_stop
from vendor_admin.operations.models import Plan
from vendor_admin.operations.pages.plan_view import known_kind
from vendor_admin.organizations.pages import has_right
from vendor_admin.organizations.roles import Right


def what_one_may(request: HttpRequest, plan: Plan) -> dict[str, Any]:
    """Which buttons the plan's page shows. The views check again."""
    kind = known_kind(plan)
    missing = [right.value for right in rights_of_plan(plan) if not has_right(request, right)]
    may_stop = kind is not None and all(has_right(request, right) for right in rights_to_stop(plan))
    may = kind is not None and not missing
    is_own = request.user.get_username() in (plan.actor, plan.confirmed_by)
    approves = has_right(request, Right.APPROVE_PLANS)
    return {
        "may": may,
        "may_stop": may_stop,
        "needs_right": " and ".join(missing),
        "is_own": is_own,
        "approves": approves,
        "may_approve": plan.state == Plan.State.WAITING and approves and not is_own and kind is not None,
        "may_check": may_stop and plan.depends_on_rows and _waits_for_a_reading(plan),
        "may_cancel": plan.is_open and (may_stop or (plan.state == Plan.State.WAITING and approves)),
    }


def _waits_for_a_reading(plan: Plan) -> bool:
    """Whether its rows could not be read, and are read again later."""
    is_preview = plan.state == Plan.State.PREVIEW and plan.check_at is None
    return bool(plan.check_fault) and (is_preview or plan.is_interrupted or plan.state == Plan.State.HELD)
