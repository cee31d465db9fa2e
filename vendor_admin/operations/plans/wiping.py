"""Wipes the passwords that plans hold, once nothing can need them.

A call's own (`Operation.sealed_request`) go when the call ends, in whatever way; a row's when it is done or cancelled.
Those of a refused row are kept for *Retry failed rows*: until a retry of it has begun, and for a week at most. Plans
that stand still for as long with passwords in them are ended (plan_work/expiry.py).
"""

from datetime import datetime, timedelta

from django.db.models import Q

from vendor_admin.operations.models import Plan, PlanRow, PlanTargets
from vendor_admin.operations.plans.follow_ups import key_of
from vendor_admin.organizations.models import Organization
from vendor_admin.organizations.tenancy.scope import organization_scope

KEPT_FOR = timedelta(days=7)
_ENDED = (Plan.State.FINISHED, Plan.State.CANCELLED, Plan.State.STALE)
OPEN_ROWS = (PlanRow.State.QUEUED, PlanRow.State.UNKNOWN)


def wipe_old_secrets(*, now: datetime) -> int:
    """Wipe those of plans that ended a week ago, and of previews that nobody confirmed in a week.

    Returns the number of rows. What is still being settled keeps them until it is.
    """
    before = now - KEPT_FOR
    with organization_scope(*Organization.objects.values_list("id", flat=True)):
        drafting = Plan.objects.filter(state=Plan.State.DRAFTING, created_at__lt=before).select_for_update()
        given_up = list(drafting.values_list("id", flat=True))
        PlanTargets.objects.filter(plan__in=given_up).delete()
        Plan.objects.filter(id__in=given_up).update(state=Plan.State.CANCELLED, finished_at=now, check_at=None)
        old = Plan.objects.filter(
            Q(state__in=_ENDED, finished_at__lt=before)
            | Q(state=Plan.State.PREVIEW, created_at__lt=before)
            | Q(id__in=given_up)
        )
        rows = PlanRow.objects.exclude(secrets="").exclude(state__in=OPEN_ROWS)
        return rows.filter(plan__in=old).update(secrets={})


def wipe_skipped(plan: Plan) -> None:
    """Wipe those of rows that were left out: nothing will ever send them."""
    plan.rows.filter(state=PlanRow.State.SKIPPED).exclude(secrets="").update(secrets={})


def wipe_at_start(plan: Plan) -> None:
    """Wipe what a plan that starts leaves behind: its skipped rows, and the rows of an earlier plan that it retries."""
    wipe_skipped(plan)
    with_secrets = PlanRow.objects.exclude(secrets="").order_by()
    if plan.retries_id is None:
        return
    earlier = with_secrets.filter(plan_id=plan.retries_id).exclude(state__in=OPEN_ROWS)
    if not earlier.exists():
        return
    rows = plan.rows.exclude(state=PlanRow.State.SKIPPED)
    begun = {key_of(*row) for row in rows.values_list("target_type", "target_id", "wanted")}
    taken_over = [
        row_id
        for row_id, *key in earlier.values_list("id", "target_type", "target_id", "wanted")
        if key_of(*key) in begun
    ]
    PlanRow.objects.filter(id__in=taken_over).update(secrets={})
