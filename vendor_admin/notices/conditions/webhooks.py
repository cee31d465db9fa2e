"""Webhooks of the partner API that take nothing: told after a day, and when they were switched off for it."""

from datetime import datetime, timedelta

from django.db.models import Q
from django.urls import reverse

from vendor_admin.notices.conditions.condition import Condition
from vendor_admin.notices.models import EventWebhook, NoticeKind
from vendor_admin.tradovate.trading_calendar import clock_times

TOLD_AFTER = timedelta(days=1)
OFF_AFTER_WORDS = "After five days it is switched off."


def webhooks_failing(now: datetime) -> list[Condition]:
    """Webhooks that have taken nothing for a day, or were switched off by the service. One query."""
    failing = Q(is_enabled=True, failing_since__lte=now - TOLD_AFTER)
    rows = EventWebhook.objects.filter(failing | (Q(is_enabled=False) & ~Q(off_because=""))).defer("secret")
    return [
        Condition(
            organization_id=webhook.organization_id,
            kind=NoticeKind.WEBHOOK_FAILS,
            subject=f"webhook {webhook.pk}",
            title=f"The {webhook} takes no events" if webhook.is_enabled else f"The {webhook} was switched off",
            text=_text(webhook),
            next_step="Look at its last deliveries and mend the receiver. What it missed can be sent again for a week,"
            " and read from the list of events.",
            path=reverse("admin:notices_eventwebhook_change", args=[webhook.pk]),
        )
        for webhook in rows.order_by("id")
    ]


def _text(webhook: EventWebhook) -> str:
    if not webhook.is_enabled:
        return webhook.off_because
    since = "" if webhook.failing_since is None else f" Since {clock_times(webhook.failing_since)}."
    return f"{webhook.problem}{since} {OFF_AFTER_WORDS}"
