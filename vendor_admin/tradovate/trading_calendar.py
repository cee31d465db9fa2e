"""The platform's week in Central Time: maintenance windows and the change of trade date.

Source: partner.ninjatrader.com/resources/reference/maintenance-windows and .../terminology. Pure functions of the
time; all results are aware.
"""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

CENTRAL_TIME = ZoneInfo("America/Chicago")

TRADE_DATE_ROLLS_AT = time(17, 0)

MAINTENANCE_MARGIN = timedelta(minutes=30)
"""The platform advises to keep 15 to 30 minutes away on either side."""

_MONDAY, _TUESDAY, _WEDNESDAY, _THURSDAY, _FRIDAY, _SATURDAY = range(6)

# weekday a window starts on -> (start, end, days until the end)
_WINDOWS = {
    _MONDAY: (time(16, 0), time(17, 0), 0),
    _TUESDAY: (time(16, 0), time(17, 0), 0),
    _WEDNESDAY: (time(16, 0), time(17, 0), 0),
    _THURSDAY: (time(16, 0), time(17, 0), 0),
    _FRIDAY: (time(16, 0), time(20, 0), 0),
    _SATURDAY: (time(22, 0), time(6, 30), 1),
}


def maintenance_window(now: datetime, *, margin: timedelta = timedelta(0)) -> tuple[datetime, datetime] | None:
    """Return (start, end) in UTC of the maintenance window that `now` is in, or within `margin` of; else None.

    `now` must be aware. The times returned are the window's own, without the margin.
    """
    today = now.astimezone(CENTRAL_TIME).date()
    for days_back in (0, 1):
        window = _window_that_starts_on(today - timedelta(days=days_back))
        if window is not None and window[0] - margin <= now < window[1] + margin:
            return window
    return None


def session_trade_date(now: datetime) -> date:
    """Return the trade date of the session at `now` (aware): from 17:00 Central on it is the next calendar day.

    Weekends are not skipped: the platform was seen to date a Saturday's balance with the Saturday.
    """
    central = now.astimezone(CENTRAL_TIME)
    return central.date() + timedelta(days=1) if central.time() >= TRADE_DATE_ROLLS_AT else central.date()


def _window_that_starts_on(day: date) -> tuple[datetime, datetime] | None:
    window = _WINDOWS.get(day.weekday())
    if window is None:
        return None
    start, end, days = window
    return (
        datetime.combine(day, start, CENTRAL_TIME).astimezone(UTC),
        datetime.combine(day + timedelta(days=days), end, CENTRAL_TIME).astimezone(UTC),
    )
