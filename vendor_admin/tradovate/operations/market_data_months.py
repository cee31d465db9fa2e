"""Which month market data may be added for: the cut-over at 19:00 Central on a month's last day.

Sources: partner.tradovate.com/resources/reference/holiday-handling and .../market-data-renewals. Everything assigned
at the cut-over renews; renewals run until 04:00, and adding the month that ends in that time breaks them. Pure
functions of the time; `now` must be aware.
"""

from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple

from vendor_admin.tradovate.trading_calendar import CENTRAL_TIME

CUT_OVER = time(19, 0)
RENEWALS_END = time(4, 0)


class CalendarMonth(NamedTuple):
    """A month, in the order of time."""

    year: int
    month: int

    def __str__(self) -> str:
        return f"{self.year}-{self.month:02d}"


def month_to_add(now: datetime) -> CalendarMonth:
    """The month to add market data for: from 19:00 Central on a month's last day it is the next one."""
    central = now.astimezone(CENTRAL_TIME)
    tomorrow = central.date() + timedelta(days=1)
    day = tomorrow if _is_last_day(central.date()) and central.time() >= CUT_OVER else central.date()
    return CalendarMonth(day.year, day.month)


def month_fault(year: int, month: int, now: datetime) -> str | None:
    """Say why market data must not be added for a month, if so. On a month's last day only one month is right."""
    wanted, right = CalendarMonth(year, month), month_to_add(now)
    central = now.astimezone(CENTRAL_TIME)
    if wanted == right:
        return None
    if _is_last_day(central.date()):
        side = "from" if central.time() >= CUT_OVER else "before"
        return f"must be {right}: {side} 19:00 Central on the last day of a month no other may be added"
    return None if wanted > right else f"must not be over: it is {right}"


def next_cut_over(now: datetime) -> datetime:
    """When the next renewal begins, in UTC: what is to end with this month has to be cancelled before."""
    today = now.astimezone(CENTRAL_TIME).date()
    for first_of_month in (today.replace(day=1), _first_of_next_month(today)):
        at = _central(_first_of_next_month(first_of_month) - timedelta(days=1), CUT_OVER)
        if at > now:
            return at
    raise AssertionError("the second of two month ends lies in the future")


def renewal_window(now: datetime) -> tuple[datetime, datetime] | None:
    """(start, end) in UTC of the renewals that run at `now`; None at any other time."""
    central = now.astimezone(CENTRAL_TIME)
    for last_day in (central.date(), central.date() - timedelta(days=1)):
        if _is_last_day(last_day):
            start = _central(last_day, CUT_OVER)
            end = _central(last_day + timedelta(days=1), RENEWALS_END)
            if start <= now < end:
                return start, end
    return None


def _is_last_day(day: date) -> bool:
    return (day + timedelta(days=1)).day == 1


def _first_of_next_month(day: date) -> date:
    return (day.replace(day=28) + timedelta(days=4)).replace(day=1)


def _central(day: date, at: time) -> datetime:
    return datetime.combine(day, at, CENTRAL_TIME).astimezone(UTC)
