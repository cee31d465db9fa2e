"""Days and durations of the platform."""

import calendar
import datetime as dt

from vendor_admin.sandbox.world.state import Entity

_MONTHS = {"Month": 1, "Quarter": 3, "Year": 12}
LIFETIME = dt.date(2099, 12, 31)


def day_of(trade_date: Entity) -> dt.date:
    """The day of a TradeDate."""
    return dt.date(trade_date["year"], trade_date["month"], trade_date["day"])


def after(day: dt.date, count: int, units: str) -> dt.date:
    """The day a duration ends."""
    if units == "Lifetime":
        return LIFETIME
    if units == "Week":
        return day + dt.timedelta(weeks=count)
    months = day.month - 1 + count * _MONTHS[units]
    year, month = day.year + months // 12, months % 12 + 1
    return dt.date(year, month, min(day.day, calendar.monthrange(year, month)[1]))
