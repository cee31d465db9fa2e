"""Remembers when a key, a portal or a member's consent was last used."""

from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import Q

USED_EVERY = timedelta(minutes=1)
# What a crash of the server loses here is when a key was last used, how many requests came, and which.
MAY_BE_LOST: Final = {"synchronous_commit": "off"}


def is_used_anew(row: Any, *, now: datetime) -> bool:
    """Whether `note_use` has something to set."""
    return row.used_at is None or row.used_at < now - USED_EVERY


def note_use(row: Any, *, now: datetime) -> None:
    """Set `used_at` of a row, to the minute. Inside the scope. One query a minute for each row."""
    if is_used_anew(row, now=now):
        before = now - USED_EVERY
        type(row).objects.filter(Q(used_at=None) | Q(used_at__lt=before), pk=row.pk).update(used_at=now)
