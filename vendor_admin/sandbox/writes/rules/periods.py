"""Days, durations and market data months of the platform."""

import calendar
import datetime as dt

from vendor_admin.sandbox.world.state import Entity
from vendor_admin.sandbox.world.times import CENTRAL

CUT_OVER_HOUR = 19
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
