"""What the end of a month means for subscriptions, in sentences. Pure functions; `now` is aware.

Renewals begin at 19:00 Central on a month's last day and run until 04:00 (see tradovate/trading_calendar).
"""

from datetime import datetime, timedelta

from vendor_admin.tradovate.trading_calendar import CENTRAL, next_cut_over, renewal_window

SOON = timedelta(hours=24)


def warning_for_adding(now: datetime) -> str:
    """What to think of before something that renews is added; empty on most days."""
    if renewal_window(now) is not None:
        return "Renewals run until 04:00 Central: what is added now counts for the month that begins."
    cut_over = next_cut_over(now)
    if cut_over - now > SOON:
        return ""
    return f"{_at(cut_over)} everything renews: what is added before is then billed for the next month as well."


def warning_for_ending(now: datetime) -> str:
    """What to think of before something that renews is ended; empty on most days."""
    if renewal_window(now) is not None:
        return "Renewals run until 04:00 Central: it may have renewed already, and a month that has begun is billed."
    cut_over = next_cut_over(now)
    if cut_over - now > SOON:
        return ""
    return f"{_at(cut_over)} everything renews: carry it out before, or the next month is billed."


def _at(moment: datetime) -> str:
    local = moment.astimezone(CENTRAL)
    return f"At {local:%H:%M} Central on {local:%Y-%m-%d}"
