"""Deletes what the partner API keeps for a while only."""

from datetime import datetime, timedelta
from typing import Any

import structlog
from django.conf import settings
from django.db.models import Model, QuerySet

from vendor_admin.organizations.models import Organization
from vendor_admin.organizations.tenancy.scope import organization_scope
from vendor_admin.partner_api.models import CredentialLeak, RequestCount, RequestLogEntry, SavedAnswer
from vendor_admin.partner_api.throttling.counts import KEPT_FOR

log = structlog.get_logger(__name__)

AT_ONCE = 5_000
# Far longer than anybody is told of them (notices/conditions/partner_api.py); the audit keeps that they were.
LEAKS_KEPT_FOR = timedelta(days=30)


def forget_old(*, now: datetime) -> dict[str, int]:
    """Delete answers that have expired, counts of requests over a day old, the log of requests before
    PARTNER_API_LOG_DAYS, and leaks of credentials of long ago. Returns how many of each.

    A transaction takes AT_ONCE rows of one organization at most.
    """
    logged_before = now - timedelta(days=settings.PARTNER_API_LOG_DAYS)
    forgotten = {"answers": 0, "counts": 0, "requests": 0, "leaks": 0}
    for organization_id in Organization.objects.values_list("id", flat=True):
        of_it = {"organization_id": organization_id}
        over: dict[str, QuerySet[Any]] = {
            "answers": SavedAnswer.unscoped.filter(**of_it, expires_at__lte=now),
            "counts": RequestCount.unscoped.filter(**of_it, minute__lt=now - KEPT_FOR),
            "requests": RequestLogEntry.unscoped.filter(**of_it, at__lt=logged_before),
            "leaks": CredentialLeak.unscoped.filter(**of_it, noted_at__lt=now - LEAKS_KEPT_FOR),
        }
        for what, rows in over.items():
            forgotten[what] += _delete(rows, organization_id=organization_id)
    if any(forgotten.values()):
        log.info("partner_api.forgotten", **forgotten)
    return forgotten


def _delete(rows: QuerySet[Any], *, organization_id: int) -> int:
    model: type[Model] = rows.model
    deleted = 0
    while True:
        with organization_scope(organization_id):
            ids = list(rows.values_list("pk", flat=True)[:AT_ONCE])
            deleted += model._default_manager.filter(pk__in=ids).delete()[0]
        if len(ids) < AT_ONCE:
            return deleted
