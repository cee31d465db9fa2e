"""The exchange's calendar in Central Time: sessions, weeks, months' ends, the platform's maintenance.

Every rule about the exchange's days stands here, and nowhere else. Sources, all below partner.ninjatrader.com/resources
/reference: maintenance-windows, terminology, holiday-handling, market-data-renewals.
Exchange holidays are not known here: the platform's own trade dates stand beside its entities. Pure functions of the
time; every moment is aware.
"""

from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

CENTRAL = ZoneInfo("America/Chicago")

TRADE_DATE_ROLLS_AT = time(17, 0)

MONTHS_CUT_OVER = time(19, 0)
"""On a month's last day: all that is assigned then renews, and market data is added for the next month."""

RENEWALS_END = time(4, 0)
"""On the day after: adding the month that ended, while renewals run, breaks them."""

MAINTENANCE_MARGIN = timedelta(minutes=30)
"""The platform advises to keep 15 to 30 minutes away on either side."""

_MONDAY, _TUESDAY, _WEDNESDAY, _THURSDAY, _FRIDAY, _SATURDAY, _SUNDAY = range(7)
_FIRST, _LAST = datetime(1, 1, 8, tzinfo=UTC), datetime(9999, 12, 24, tzinfo=UTC)

# weekday a window starts on -> (start, end, days until the end)
_WINDOWS = {
    _MONDAY: (time(16, 0), time(17, 0), 0),
    _TUESDAY: (time(16, 0), time(17, 0), 0),
    _WEDNESDAY: (time(16, 0), time(17, 0), 0),
    _THURSDAY: (time(16, 0), time(17, 0), 0),
    _FRIDAY: (time(16, 0), time(20, 0), 0),
    _SATURDAY: (time(22, 0), time(6, 30), 1),
}


class CalendarMonth(NamedTuple):
    """A month, in the order of time."""

    year: int
    month: int

    @classmethod
    def of(cls, day: date) -> "CalendarMonth":
        """Return the month that a day lies in."""
        return cls(day.year, day.month)

    def __str__(self) -> str:
        return f"{self.year}-{self.month:02d}"


def is_at_an_end(moment: datetime) -> bool:
    """Return whether a moment is so near the year 1 or 9999 that another zone could lead out of the calendar."""
    return not _FIRST < moment < _LAST


def central_day(moment: datetime) -> date:
    """Return the calendar day in Chicago, which is not the trade date in the evening."""
    return moment.astimezone(CENTRAL).date()


def at_central_time(day: date, at: time = time()) -> datetime:
    """Return a time of day in Chicago as an aware moment."""
    return datetime.combine(day, at, CENTRAL)


def clock_times(moment: datetime) -> str:
    """Write a moment in UTC and in the exchange's time: "2026-11-20 15:00 UTC (09:00 CT)"."""
    return f"{moment:%Y-%m-%d %H:%M} UTC ({moment.astimezone(CENTRAL):%H:%M} CT)"


def session_date(moment: datetime) -> date:
    """Return the trade date that a moment belongs to: from 17:00 the next day's, and Monday's over a weekend."""
    return trading_day(platform_trade_date(moment))


def platform_trade_date(moment: datetime) -> date:
    """Return the trade date by which the platform may date a moment: as `session_date`, without skipping weekends.

    It was seen to date a Saturday's balance with the Saturday.
    """
    if is_at_an_end(moment):
        return moment.date()
    central = moment.astimezone(CENTRAL)
    return central.date() + timedelta(days=1) if central.time() >= TRADE_DATE_ROLLS_AT else central.date()


def trading_day(day: date) -> date:
    """Return the day itself, or the Monday that a Saturday or Sunday trades into."""
    return day + timedelta(days={_SATURDAY: 2, _SUNDAY: 1}.get(day.weekday(), 0))


def first_session_of_week(day: date) -> date:
    """Return the Monday of a trade date's week."""
    return day - timedelta(days=day.weekday())


def friday_after(day: date) -> date:
    """Return the first Friday after a day."""
    return day + timedelta(days=(_FRIDAY - day.weekday() - 1) % 7 + 1)


def month_to_add(now: datetime) -> CalendarMonth:
    """Return the month to add market data for: from 19:00 Central on a month's last day it is the next one."""
    day = central_day(now)
    return CalendarMonth.of(day + timedelta(days=1) if _is_after_cut_over(now) else day)


def month_fault(year: int, month: int, now: datetime) -> str | None:
    """Say why market data must not be added for a month, if so. On a month's last day only one month is right."""
    wanted, right = CalendarMonth(year, month), month_to_add(now)
    if wanted == right:
        return None
    if _is_last_of_month(central_day(now)):
        side = "from" if _is_after_cut_over(now) else "before"
        when = f"{side} {MONTHS_CUT_OVER:%H:%M} Central on the last day of a month"
        return f"must be {right}: {when} no other may be added"
    return None if wanted > right else f"must not be over: it is {right}"


def next_cut_over(now: datetime) -> datetime:
    """Return when the next renewal begins, in UTC: what is to end with this month has to be cancelled before."""
    today = central_day(now)
    for day in (today, _first_of_next_month(today)):
        at = _cut_over_of_month(day)
        if at > now:
            return at
    raise AssertionError("the second of two month ends lies in the future")


def renewal_window(now: datetime) -> tuple[datetime, datetime] | None:
    """Return (start, end) in UTC of the renewals that run at `now`; None at any other time."""
    today = central_day(now)
    for last_day in (today, today - timedelta(days=1)):
        if _is_last_of_month(last_day):
            start = _cut_over_of_month(last_day)
            end = at_central_time(last_day + timedelta(days=1), RENEWALS_END).astimezone(UTC)
            if start <= now < end:
                return start, end
    return None


def maintenance_window(now: datetime, *, margin: timedelta = timedelta(0)) -> tuple[datetime, datetime] | None:
    """Return (start, end) in UTC of the maintenance window that `now` is in, or within `margin` of; else None.

    The times returned are the window's own, without the margin.
    """
    today = central_day(now)
    for days_back in (0, 1):
        window = _window_that_starts_on(today - timedelta(days=days_back))
        if window is not None and window[0] - margin <= now < window[1] + margin:
            return window
    return None


def _is_last_of_month(day: date) -> bool:
    return (day + timedelta(days=1)).day == 1


def _is_after_cut_over(now: datetime) -> bool:
    central = now.astimezone(CENTRAL)
    return _is_last_of_month(central.date()) and central.time() >= MONTHS_CUT_OVER


def _first_of_next_month(day: date) -> date:
    return (day.replace(day=28) + timedelta(days=4)).replace(day=1)


def _cut_over_of_month(day: date) -> datetime:
    last_day = _first_of_next_month(day) - timedelta(days=1)
    return at_central_time(last_day, MONTHS_CUT_OVER).astimezone(UTC)


def _window_that_starts_on(day: date) -> tuple[datetime, datetime] | None:
    window = _WINDOWS.get(day.weekday())
    if window is None:
        return None
    start, end, days = window
    return at_central_time(day, start).astimezone(UTC), at_central_time(day + timedelta(days=days), end).astimezone(UTC)
