"""The platform's times: ISO text with milliseconds, and the session date of a moment."""

import datetime as dt
import zoneinfo

CENTRAL = zoneinfo.ZoneInfo("America/Chicago")
SESSION_OPEN_HOUR = 17


def timestamp(moment: dt.datetime) -> str:
    """`2026-08-18T01:50:08.482Z`, the form every recorded event has."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def session_date(moment: dt.datetime) -> dt.date:
    """The trading session of a moment: from 17:00 Central Time on it is the next day's; weekends belong to Monday."""
    central = moment.astimezone(CENTRAL)
    day = central.date() + dt.timedelta(days=1 if central.hour >= SESSION_OPEN_HOUR else 0)
    return day + dt.timedelta(days=max(0, 7 - day.weekday()) if day.weekday() >= 5 else 0)


def trade_date(day: dt.date) -> dict[str, int]:
    """A `TradeDate` of the platform."""
    return {"year": day.year, "month": day.month, "day": day.day}
