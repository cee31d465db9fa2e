"""When a subscription renews, in a sentence. Pure: any object with the fields of the mirror will do.

Source: the platform's page on market data renewals: what is assigned at 19:00 Central Time on the last day of a month
renews for the next one.
"""

import calendar
from datetime import date
from typing import Any

from vendor_admin.tradovate.trading_calendar import CalendarMonth


def renewal_of_membership(row: Any, *, today: date) -> str:
    """For a tradovateSubscription."""
    return _until(
        row.expiration_date, renews=None if row.cancelled_renewal is None else not row.cancelled_renewal, today=today
    )


def renewal_of_entitlement(row: Any, *, today: date) -> str:
    """For a userPlugin."""
    return _until(row.expiration_date, renews=row.autorenewal, today=today)


def renewal_of_market_data(row: Any, *, today: date) -> str:
    """For a marketDataSubscription, which is bought month by month."""
    if row.year is None or row.month is None or not 1 <= row.month <= 12:
        return "Tradovate has not sent for which month."
    month = f"{calendar.month_name[row.month]} {row.year}"
    if row.expired or CalendarMonth(row.year, row.month) < CalendarMonth.of(today):
        return f"Was for {month}."
    return f"For {month}. Unless it is cancelled before, it renews at 19:00 Chicago time on the month's last day."


def _until(end: date | None, *, renews: bool | None, today: date) -> str:
    if end is None:
        return "Tradovate has not sent until when."
    day = f"{calendar.month_name[end.month]} {end.day}, {end.year}"
    if end < today:
        return f"Ended on {day}."
    if renews is None:
        return f"Runs until {day}; Tradovate has not sent whether it renews."
    return f"Renews on {day}." if renews else f"Ends on {day}; it does not renew."
