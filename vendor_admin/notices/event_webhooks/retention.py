"""Forgets deliveries that ended longer ago than the log is kept."""

from datetime import datetime

from django.db.models import Q

from vendor_admin.notices.event_webhooks.verbs import LOG_IS_KEPT
from vendor_admin.notices.models import WebhookDelivery
from vendor_admin.organizations.models import Organization
from vendor_admin.organizations.tenancy.scope import organization_scope

AT_ONCE = 5_000


def forget_old_deliveries(*, now: datetime) -> int:
    """Delete what ended, or was withdrawn, a week ago; a transaction takes AT_ONCE rows of one organization at most."""
    gone = 0
    over = ~Q(state=WebhookDelivery.State.WAITING) & Q(created_at__lt=now - LOG_IS_KEPT)
    for organization_id in Organization.objects.values_list("id", flat=True):
        count = AT_ONCE
        while count == AT_ONCE:
            with organization_scope(organization_id):
                ids = list(WebhookDelivery.objects.filter(over).order_by("id").values_list("id", flat=True)[:AT_ONCE])
                count = WebhookDelivery.objects.filter(id__in=ids).delete()[0]
                gone += count
    return gone
