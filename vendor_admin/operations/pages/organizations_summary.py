"""How the operations of each organization stand, for people who look after several of them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Q
from django.http import HttpRequest

from vendor_admin.listing.admin_base import organization_of
from vendor_admin.operations.models import Operation, Plan
from vendor_admin.organizations.models import Organization, User
from vendor_admin.organizations.requests.current import organizations_of
from vendor_admin.organizations.tenancy.scope import organization_scope

ORGANIZATIONS_SHOWN = 200


@dataclass(frozen=True, slots=True)
class OrganizationSummary:
    """Numbers of one organization, without any of its data."""

    organization: Organization
    is_current: bool
    for_person: int
    unknown: int
    waiting: int
    rejected_today: int
    to_approve: int


def of_organizations(request: HttpRequest, *, now: datetime) -> list[OrganizationSummary]:
    """The organizations that the signed-in person looks after, if there are several. A constant number of queries."""
    user = request.user
    if not isinstance(user, User):
        return []
    current = organization_of(request)
    if user.is_operator and current is not None:
        return []
    organizations = list(organizations_of(user)[:ORGANIZATIONS_SHOWN])
    if len(organizations) < 2 and not user.is_operator:
        return []
    with organization_scope(*(one.pk for one in organizations)):
        counted = {row["organization_id"]: row for row in _operations(now)}
        plans = Plan.objects.filter(state=Plan.State.WAITING).order_by().values_list("organization_id")
        to_approve = dict(plans.annotate(number=Count("id")))
    empty = {"for_person": 0, "unknown": 0, "waiting": 0, "rejected_today": 0}
    return [
        OrganizationSummary(
            organization=one,
            is_current=one == current,
            to_approve=to_approve.get(one.pk, 0),
            **{name: counted.get(one.pk, empty)[name] for name in empty},
        )
        for one in organizations
    ]


def _operations(now: datetime) -> list[Any]:
    recent = Q(state=Operation.State.REJECTED, created_at__gt=now - timedelta(days=1))
    unfinished = Q(state__in=Operation.UNFINISHED)
    rows = Operation.objects.filter(unfinished | recent).order_by().values("organization_id")
    return list(
        rows.annotate(
            for_person=Count("id", filter=Q(needs_person=True)),
            unknown=Count("id", filter=Q(state=Operation.State.UNKNOWN)),
            waiting=Count("id", filter=Q(state__in=(Operation.State.QUEUED, Operation.State.SENDING))),
            rejected_today=Count("id", filter=Q(state=Operation.State.REJECTED)),
        )
    )
