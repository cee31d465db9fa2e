"""The exchange's clock: Central Time, and sessions that begin at 17:00 the evening before.

Pure functions over aware datetimes; no Django.
"""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

CENTRAL = ZoneInfo("America/Chicago")
_HOURS_FROM_OPEN_TO_MIDNIGHT = 7
_FIRST, _LAST = datetime(1, 1, 8, tzinfo=UTC), datetime(9999, 12, 24, tzinfo=UTC)


def is_at_an_end(moment: datetime) -> bool:
    """Whether a moment lies so near an end of the calendar (years 1 to 9999) that a zone could lead out of it."""
    return not _FIRST < moment < _LAST


def session_date(moment: datetime) -> date:
    """The trade date that an aware moment belongs to: from 17:00 Central the next day's, and Monday's over a week-end.

    Exchange holidays are not known here; the platform's own trade dates stand beside its entities.
    """
    if is_at_an_end(moment):
        return moment.date()
    local = moment.astimezone(CENTRAL).replace(tzinfo=None)
    day = (local + timedelta(hours=_HOURS_FROM_OPEN_TO_MIDNIGHT)).date()
    days_to_monday = 7 - day.weekday() if day.weekday() > 4 else 0
    return day + timedelta(days=days_to_monday)


def age_in_words(age: timedelta) -> str:
    """How old something is, in its largest unit: 4 s, 12 min, 3 h, 5 days."""
    seconds = max(0, int(age.total_seconds()))
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} min"
    if seconds < 2 * 86400:
        return f"{seconds // 3600} h"
    return f"{seconds // 86400} days"
