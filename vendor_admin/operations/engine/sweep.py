"""Looks for lanes in which something is due, so that recovery depends on no message."""

import random
from datetime import datetime

from django.db.models import Exists, OuterRef, Q

from vendor_admin.operations.models import Lane, Operation, Plan
from vendor_admin.operations.precedence import Priority
from vendor_admin.operations.store import wakeups
from vendor_admin.operations.store.queue import SENDABLE, TO_BE_READ
from vendor_admin.organizations.models import Organization
from vendor_admin.organizations.tenancy import database_clock
from vendor_admin.organizations.tenancy.scope import organization_scope


def wake_due_lanes(*, now: datetime | None = None) -> int:
    """Nudge every lane with something to send, to recover or to settle, or with a plan to end. Returns their number.

    In any order, so that where there are more lanes than workers none is always the last. Lanes with something urgent
    do not wait behind the others.
    """
    now = now or database_clock.now()
    organization_ids = list(Organization.objects.values_list("id", flat=True))
    with organization_scope(*organization_ids):
        held = set(Lane.objects.filter(expires_at__gt=now).values_list("organization_id", "environment"))
        lanes = set(
            Operation.objects.filter(
                Q(SENDABLE, not_before__lte=now)
                | Q(TO_BE_READ, not_before__lte=now)
                | Q(state=Operation.State.SENDING)
                | Q(state=Operation.State.QUEUED, plan__state__in=Plan.STOPPED_STATES)
            )
            .order_by()
            .values_list("organization_id", "environment")
            .distinct()
        )
        unfinished = Operation.objects.filter(plan=OuterRef("pk"), state__in=Operation.UNFINISHED)
        over = Plan.objects.filter(state=Plan.State.RUNNING, operations__isnull=False).exclude(Exists(unfinished))
        lanes.update(over.order_by().values_list("organization_id", "operations__environment").distinct())
        urgent = Operation.objects.filter(SENDABLE, not_before__lte=now, priority=Priority.URGENT)
        at_once = set(urgent.order_by().values_list("organization_id", "environment").distinct()) - held
        for organization_id, environment in at_once:
            wakeups.work_soon(organization_id, [environment])
        lanes -= held  # whoever holds a lane sees by itself what is due
        for organization_id, environment in random.sample(sorted(lanes - at_once), len(lanes - at_once)):
            wakeups.work_in_turn(organization_id, environment)
    return len(lanes)
