"""The platform's times: ISO text with milliseconds, sessions, market data months, maintenance.

The sandbox keeps a calendar of its own, so that a fault in the client's is seen.
"""

import calendar
import datetime as dt
import zoneinfo

CENTRAL = zoneinfo.ZoneInfo("America/Chicago")
SESSION_OPEN_HOUR = 17
CUT_OVER_HOUR = 19


def timestamp(moment: dt.datetime) -> str:
    """`2026-08-18T01:50:08.482Z`, the form every recorded event has."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def session_date(moment: dt.datetime) -> dt.date:
    """The trading session of a moment: from 17:00 Central Time on it is the next day's; weekends belong to Monday."""
    central = moment.astimezone(CENTRAL)
    day = central.date() + dt.timedelta(days=1 if central.hour >= SESSION_OPEN_HOUR else 0)
    return day + dt.timedelta(days=max(0, 7 - day.weekday()) if day.weekday() >= 5 else 0)


def is_weekend(day: dt.date) -> bool:
    """Whether no session is of this day."""
    return day.weekday() >= 5


def monday_of(day: dt.date) -> dt.date:
    """The Monday of a session's week."""
    return day - dt.timedelta(days=day.weekday())


def trade_date(day: dt.date) -> dict[str, int]:
    """A `TradeDate` of the platform."""
    return {"year": day.year, "month": day.month, "day": day.day}


def market_data_month(moment: dt.datetime) -> tuple[int, int]:
    """Year and month that market data may be added for.

    It is the running month, and from 19:00 Central Time on its last day the next one: adding the ending month then
    would break the renewal (the platform's pages on market data renewals and holidays).
    """
    central = moment.astimezone(CENTRAL)
    last = calendar.monthrange(central.year, central.month)[1]
    if central.day == last and central.hour >= CUT_OVER_HOUR:
        return (central.year + 1, 1) if central.month == 12 else (central.year, central.month + 1)
    return central.year, central.month


def in_maintenance_window(moment: dt.datetime) -> bool:
    """Whether the platform's weekly maintenance is on (Central Time)."""
    central = moment.astimezone(CENTRAL)
    day, hour = central.weekday(), central.hour + central.minute / 60
    if day <= 3:
        return 16 <= hour < 17
    if day == 4:
        return 16 <= hour < 20
    return hour >= 22 if day == 5 else hour < 6.5
