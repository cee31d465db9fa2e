"""Plans that programs have start at once, without anybody looking at their previews.

Such a plan is confirmed in the name of who made it, as soon as its rows are worked out: at once where they are few, by
a worker where they are many or had to be read of the platform. What a person would be asked, it is asked as well: a
second person, rights, a reason, rows to change.
"""

from datetime import datetime

from django.db import transaction

from vendor_admin.errors import Conflict, InvalidFields, Refused
from vendor_admin.operations.models import Plan
from vendor_admin.operations.plans import verbs
from vendor_admin.operations.store import wakeups
from vendor_admin.organizations.actors import Actor


def start(*, plan: Plan, actor: Actor, now: datetime, request_id: str = "") -> Plan:
    """Confirm a plan that its maker has just made, or have a worker do it once it is previewed.

    Raises what `confirm` does where its rows are there already.
    """
    plan.starts_unseen = True
    Plan.objects.filter(pk=plan.pk).update(starts_unseen=True)
    if plan.state == Plan.State.PREVIEW:
        return verbs.confirm(plan=plan, actor=actor, now=now, request_id=request_id)
    wakeups.check_soon(plan.organization_id, plan.pk)
    return plan


def confirm(plan: Plan, *, now: datetime) -> None:
    """Confirm a plan whose rows are worked out. One that may not start stays a preview, and says why."""
    try:
        with transaction.atomic():
            verbs.confirm(plan=plan, actor=Actor.from_key(plan.actor), now=now, request_id=plan.request_id)
    except (Conflict, InvalidFields, Refused) as refused:
        Plan.objects.filter(pk=plan.pk).update(starts_unseen=False, check_at=None, wait_why=refused.text[:500])
