"""Which worker is at work on a plan: a claim with an end, so that another goes on where one was lost."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Q

from vendor_admin.operations.models import Plan
from vendor_admin.operations.store.queue import step
from vendor_admin.organizations.tenancy import database_clock

WORKED_ON = (Plan.State.DRAFTING, Plan.State.PREVIEW, Plan.State.HELD, Plan.State.RUNNING, Plan.State.CANCELLED)
"""In these states a plan with `check_at` waits for a worker."""
CLAIM_TTL = timedelta(minutes=5)  # longer than the longest reading
STEP_TTL = timedelta(minutes=1)
MOST_OF_ONE = 2  # at once: a slow platform, or large plans, leave threads to other organizations


class ClaimLost(Exception):
    """Another worker, or a person, has taken the plan meanwhile."""


def is_free(now: datetime) -> Q:
    """Whether no worker is at a plan."""
    return Q(check_claimed_until=None) | Q(check_claimed_until__lte=now)


def claim(organization_id: int, plan_id: int, *, now: datetime) -> bool:
    """Whether nobody is at the plan, it is due, and workers are at few others of the organization."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"readings {organization_id}"])
    if Plan.objects.filter(check_at__isnull=False, check_claimed_until__gt=now).count() >= MOST_OF_ONE:
        return False
    due = Plan.objects.filter(is_free(now), pk=plan_id, state__in=WORKED_ON, check_at__lte=now)
    return bool(due.update(check_claimed_until=now + CLAIM_TTL))


@contextmanager
def claimed_step(plan: Plan) -> Iterator[Plan]:
    """A transaction for a part of the work on a claimed plan, which is kept for another STEP_TTL, or given back where
    that was the last part: the plan has moved on, or waits for no worker any more.

    Yields the plan as it is stored, held until the end. Raises ClaimLost, also where a person moved the plan on.
    """
    with step(plan.organization_id):
        own = Plan.objects.filter(pk=plan.pk, state=plan.state, check_claimed_until=plan.check_claimed_until)
        waiting = own.filter(check_at__isnull=False)
        held = waiting.select_for_update(of=("self",)).select_related("organization").first()
        if held is None:
            raise ClaimLost
        yield held
        until = database_clock.now() + STEP_TTL
        waits = bool(waiting.update(check_claimed_until=until))
        if not waits:
            Plan.objects.filter(pk=plan.pk).update(check_claimed_until=None)
    plan.check_claimed_until = until if waits else None


def give_back(plan: Plan, **said: str | int) -> bool:
    """End the claim on a plan, and store what its worker came to. False where another worker, or a person, has taken
    the plan meanwhile; else its row is held until the transaction ends."""
    claimed = Plan.objects.filter(pk=plan.pk, check_claimed_until=plan.check_claimed_until)
    return bool(claimed.update(check_claimed_until=None, **said))
