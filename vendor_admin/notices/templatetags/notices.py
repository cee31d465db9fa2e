"""The count of open notices above every page, and how deliveries look."""

import json
from datetime import datetime
from typing import Any

from django import template

from vendor_admin.listing.lists import Badge
from vendor_admin.notices.messages import mail_of
from vendor_admin.notices.models import Delivery, Notice, NoticeChannel

register = template.Library()

MOST_COUNTED = 99
_TONES = {Delivery.State.SENT: "good", Delivery.State.FAILED: "bad", Delivery.State.WAITING: "warn"}


@register.simple_tag(takes_context=True)
def open_notices(context: template.Context) -> str:
    """How many notices of the organization nobody has seen yet: "", "3", "99+". One query over an index."""
    organization = getattr(context.get("request"), "organization", None)
    if organization is None:
        return ""
    rows = Notice.objects.filter(organization_id=organization.pk, standing=Notice.OPEN).order_by()
    number = rows[: MOST_COUNTED + 1].count()
    return f"{MOST_COUNTED}+" if number > MOST_COUNTED else str(number or "")


@register.filter
def what_it_says(row: Delivery) -> str:
    """The text that people get, or the object that programs get."""
    if row.channel.medium == NoticeChannel.Medium.WEBHOOK:
        return json.dumps(row.message, indent=1, ensure_ascii=False, sort_keys=True)
    subject, text = mail_of(row.message)
    return f"Subject: {subject}\n\n{text}"


@register.filter
def delivery_badge(row: Any) -> Badge:
    """The state of a message."""
    is_retried = row.state == Delivery.State.WAITING and row.attempts
    return Badge("failed, tried again" if is_retried else row.get_state_display(), _TONES.get(row.state, "calm"))


@register.filter
def written_at(text: str) -> datetime:
    """The time that an answer was noted at."""
    return datetime.fromisoformat(text)
