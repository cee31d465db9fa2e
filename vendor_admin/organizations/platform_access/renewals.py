"""Which tokens end soon: they are renewed in the background, so that a quiet organization keeps its session."""

from datetime import datetime

from django.db.models import OuterRef, Q, Subquery

from vendor_admin.organizations.models import Connection, Organization, PlatformSession
from vendor_admin.organizations.platform_access.tokens import RENEWAL_MARGIN
from vendor_admin.organizations.tenancy.scope import organization_scope


def due_renewals(*, now: datetime) -> list[tuple[int, int]]:
    """(organization, connection) of every connection in use whose token may be due for renewal, the first to end first.

    Two queries. Which of them are due, `tokens.renew_if_due` finds.
    """
    organization_ids = list(Organization.objects.values_list("id", flat=True))
    soon = {"expires_at__gt": now, "expires_at__lte": now + RENEWAL_MARGIN}
    with organization_scope(*organization_ids):
        in_use = Connection.objects.filter(
            is_enabled=True, organization=OuterRef("organization"), rest_url=OuterRef("rest_url")
        )
        ending = PlatformSession.objects.filter(Q(renewing_until=None) | Q(renewing_until__lte=now), **soon)
        found = ending.annotate(connection=Subquery(in_use.values("id")[:1])).exclude(connection=None)
        return list(found.order_by("expires_at").values_list("organization_id", "connection"))
