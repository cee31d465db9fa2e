"""Puts a test organization back to its beginning: its platform, and what we know of what was made there."""

from datetime import datetime

from vendor_admin.errors import Conflict, Unavailable
from vendor_admin.operations.models import Plan
from vendor_admin.operations.plans import verbs as plans
from vendor_admin.organizations import audit
from vendor_admin.organizations.actors import WORKER, Actor
from vendor_admin.organizations.models import Organization
from vendor_admin.organizations.tenancy.scope import organization_scope
from vendor_admin.partner_api.models import ExternalId
from vendor_admin.sync.upkeep import request_reconciliation
from vendor_admin.test_mode import sandbox_door
from vendor_admin.test_mode.enabling import vendor_of

REASON = "The test organization was reset."


def reset_test_organization(*, test: Organization, actor: Actor, now: datetime, request_id: str = "") -> int:
    """Undo at the sandbox whatever was done; returns how many changes that took. Done twice it is as done once.

    Plans that are open are cancelled and external ids forgotten; what was recorded stays: events, ended plans, the
    request log, the audit. Mirrors follow by the sandbox's events, and are compared with it. Raises Unavailable.
    """
    name = vendor_of(test)
    found = [one["name"] for one in sandbox_door.organizations() if one["credentials"]["name"] == name]
    if not found:
        raise Unavailable(sandbox_door.SILENT, code="test_sandbox_silent")
    with organization_scope(test.pk):
        for plan in Plan.objects.filter(state__in=(Plan.State.DRAFTING, Plan.State.PREVIEW, *Plan.OPEN_STATES)):
            _end(plan, now=now)
        ExternalId.objects.all().delete()
        changes = sandbox_door.reset(found[0])
        request_reconciliation(organization_ids=[test.pk])
        audit.record(
            organization=test,
            actor=actor,
            action="test organization reset",
            subject=test.slug,
            new={"changes": changes},
            request_id=request_id,
        )
    return changes


def _end(plan: Plan, *, now: datetime) -> None:
    try:
        if plan.state in (Plan.State.DRAFTING, Plan.State.PREVIEW):
            plans.discard(plan=plan, actor=WORKER, now=now)
        else:
            plans.cancel(plan=plan, actor=WORKER, now=now, reason=REASON)
    except Conflict:
        return  # it ended meanwhile
