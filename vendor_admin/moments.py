"""Times as people and programs write them (filters, cursors, bodies of requests), and ages in words. Pure."""

from datetime import UTC, datetime, timedelta
from typing import Final

from django.utils.dateparse import parse_datetime

FIRST_YEAR: Final = 1970
LAST_YEAR: Final = 2199


def read_moment(text: str) -> datetime | None:
    """A time of RFC 3339 with a zone, in UTC; None for anything else, and for what nothing here can have."""
    try:
        moment = parse_datetime(text)
    except ValueError:
        return None
    return possible(moment) if moment is not None and moment.tzinfo is not None else None


def possible(moment: datetime) -> datetime | None:
    """A time with a zone, in UTC: PostgreSQL takes none from a zone of more than 16 hours. None where it lies so far
    away that it breaks the arithmetic of Python's and PostgreSQL's calendars.
    """
    try:
        in_utc = moment.astimezone(UTC)
    except OverflowError:
        return None
    return in_utc if FIRST_YEAR <= in_utc.year <= LAST_YEAR else None


def age_in_words(age: timedelta) -> str:
    """Say how old something is, in its largest unit: 4 s, 12 min, 3 h, 5 days."""
    seconds = max(0, int(age.total_seconds()))
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} min"
    if seconds < 2 * 86400:
        return f"{seconds // 3600} h"
    return f"{seconds // 86400} days"
