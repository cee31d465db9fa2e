"""Remembers when a key, a portal or a member's consent was last used."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q

USED_EVERY = timedelta(minutes=1)


def note_use(row: Any, *, now: datetime) -> None:
    """Set `used_at` of a row, to the minute. One query a minute for each row."""
    before = now - USED_EVERY
    if row.used_at is None or row.used_at < before:
        type(row).objects.filter(Q(used_at=None) | Q(used_at__lt=before), pk=row.pk).update(used_at=now)
