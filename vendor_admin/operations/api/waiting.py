"""Waits for the outcome of a plan that a request has just begun: `Prefer: wait=5`.

Waiting holds a thread of the web process, so two requests of a process wait at once. Whoever finds no turn is answered
at once: their plan goes on all the same.
"""

import re
import time
from collections.abc import Callable, Mapping
from typing import Final

from rest_framework.request import Request

from vendor_admin.operations.api.answers import ENDED_STATES, plan_with_rows
from vendor_admin.operations.kinds import Json
from vendor_admin.operations.models import Plan
from vendor_admin.organizations import web_turns
from vendor_admin.organizations.tenancy.scope import organization_scope
from vendor_admin.organizations.turns import NoTurn

LONGEST_WAIT: Final = 30
WAITING_AT_ONCE: Final = 2
LOOKED_AT_EVERY: Final = 0.2
Look = Callable[[], Mapping[str, Json] | None]
_PREFERENCE = re.compile(r"(?:^|[,;\s])wait=([0-9]{1,4})(?:$|[,;\s])")
_RESTING = (*ENDED_STATES, Plan.State.WAITING, Plan.State.PAUSED)
"""States in which nothing more happens by itself."""


def seconds_of(request: Request) -> int:
    """For how many seconds the caller would wait; 0 where it does not say."""
    found = _PREFERENCE.search(request.headers.get("Prefer", ""))
    return min(int(found[1]), LONGEST_WAIT) if found else 0


def wait_for_plan(plan_id: int, *, organization_id: int, seconds: float) -> Mapping[str, Json] | None:
    """The plan as it is told once it rests, as `wait_for` gives it."""
    return wait_for(lambda: _resting(plan_id), organization_id=organization_id, seconds=seconds)


def wait_for(look: Look, *, organization_id: int, seconds: float) -> Mapping[str, Json] | None:
    """What `look` finds inside the organization's scope; None where it does not within that time, or no turn is free.

    Must run outside of any transaction.
    """
    ends_at = time.monotonic() + seconds
    try:
        with web_turns.hold("waiting for plans", most=WAITING_AT_ONCE, cause=organization_id, of_cause=WAITING_AT_ONCE):
            while True:
                with organization_scope(organization_id):
                    found = look()
                if found is not None or time.monotonic() >= ends_at:
                    return found
                time.sleep(LOOKED_AT_EVERY)
    except NoTurn:
        return None


def _resting(plan_id: int) -> dict[str, Json] | None:
    """The plan if it rests, or the one that took its place."""
    plan = Plan.objects.get(pk=plan_id)
    while plan.state == Plan.State.STALE:
        renewed = plan.renewals.order_by("-id").first()
        if renewed is None:
            break
        plan = renewed
    is_preview_at_rest = plan.state == Plan.State.PREVIEW and not plan.starts_unseen
    return plan_with_rows(plan) if plan.state in _RESTING or is_preview_at_rest else None
