"""Forgets notices that are long over, with what was told of them, and old test messages."""

from datetime import datetime, timedelta
from typing import Any

import structlog
from django.conf import settings
from django.db.models import QuerySet

from vendor_admin.notices.models import Delivery, Notice
from vendor_admin.organizations.models import Organization
from vendor_admin.organizations.tenancy.scope import organization_scope

log = structlog.get_logger(__name__)

# A week and its weekend are looked back upon; a smaller number is a slip of the finger.
LEAST_RETENTION_DAYS = 7
AT_ONCE = 1_000


def forget_old_notices(*, now: datetime) -> tuple[int, int]:
    """Delete what ended before NOTICE_RETENTION_DAYS; returns the numbers of notices and of messages.

    What is still open stays, however old, and so does what was told of it: the outbox goes by it. A transaction takes
    AT_ONCE rows of one organization at most.
    """
    before = now - timedelta(days=max(settings.NOTICE_RETENTION_DAYS, LEAST_RETENTION_DAYS))
    notices = messages = 0
    for organization_id in Organization.objects.values_list("id", flat=True):
        while True:
            with organization_scope(organization_id):
                over = Notice.objects.filter(
                    organization_id=organization_id, standing=Notice.CLOSED, closed_at__lt=before
                )
                ids = list(over.order_by("id").values_list("id", flat=True)[:AT_ONCE])
                messages += _delete(Delivery.objects.filter(organization_id=organization_id, notice_id__in=ids))
                notices += _delete(Notice.objects.filter(organization_id=organization_id, id__in=ids))
            if len(ids) < AT_ONCE:
                break
        with organization_scope(organization_id):
            tests = Delivery.objects.filter(
                organization_id=organization_id, event=Delivery.Event.TEST, created_at__lt=before
            )
            messages += _delete(tests.exclude(state=Delivery.State.WAITING))
    if notices or messages:
        log.info("notices.forgotten", notices=notices, messages=messages)
    return notices, messages


def _delete(rows: QuerySet[Any]) -> int:
    return rows.delete()[0]
