"""The cut-over at 19:00 Central on a month's last day, through both kinds of time."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vendor_admin.tradovate.trading_calendar import (
    CENTRAL,
    CalendarMonth,
    month_fault,
    month_to_add,
    next_cut_over,
    renewal_window,
)

times = st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


def central(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=CENTRAL)


@pytest.mark.parametrize(
    ("now", "month"),
    [
        ("2026-11-30T18:59:59", (2026, 11)),
        ("2026-11-30T19:00:00", (2026, 12)),
        ("2026-11-29T23:00:00", (2026, 11)),
        ("2026-12-31T19:00:00", (2027, 1)),
        ("2027-01-01T00:00:00", (2027, 1)),
        ("2028-02-29T18:59:00", (2028, 2)),
        ("2028-02-29T19:00:00", (2028, 3)),
        ("2027-02-28T19:00:00", (2027, 3)),
        ("2028-02-28T19:00:00", (2028, 2)),
        ("2026-07-31T19:00:00", (2026, 8)),
    ],
)
def test_the_month_to_add_turns_at_the_cut_over(now, month):
    assert month_to_add(central(now)) == CalendarMonth(*month)


def test_the_month_is_that_of_chicago_not_of_london():
    assert month_to_add(datetime(2026, 12, 1, 0, 59, tzinfo=UTC)) == (2026, 11)
    assert month_to_add(datetime(2026, 8, 1, 0, 0, tzinfo=UTC)) == (2026, 8), "19:00 in summer time"
    assert month_to_add(datetime(2026, 7, 31, 23, 59, tzinfo=UTC)) == (2026, 7)


def test_on_the_last_day_only_one_month_may_be_added():
    before, after = central("2026-11-30T12:00:00"), central("2026-11-30T20:00:00")
    assert month_fault(2026, 11, before) is None
    assert "2026-11: before 19:00" in str(month_fault(2026, 12, before))
    assert month_fault(2026, 12, after) is None
    assert "2026-12: from 19:00" in str(month_fault(2026, 11, after))
    assert month_fault(2027, 1, after)


def test_on_other_days_a_later_month_may_be_added_and_an_earlier_may_not():
    now = central("2026-11-10T12:00:00")
    assert month_fault(2027, 1, now) is None
    assert month_fault(2026, 10, now)
    assert month_fault(2026, 11, central("2026-12-01T03:00:00")), "renewals still run"


def test_renewals_run_until_four_in_the_morning():
    assert renewal_window(central("2026-11-30T18:59:59")) is None
    window = (datetime(2026, 12, 1, 1, 0, tzinfo=UTC), datetime(2026, 12, 1, 10, 0, tzinfo=UTC))
    assert renewal_window(central("2026-11-30T19:00:00")) == window
    assert renewal_window(central("2026-12-01T03:59:59")) == window
    assert renewal_window(central("2026-12-01T04:00:00")) is None


@given(times)
def test_the_month_to_add_changes_at_a_cut_over_and_at_no_other_time(now):
    at = next_cut_over(now)
    assert now < at <= now + timedelta(days=32)
    assert at.astimezone(CENTRAL).hour == 19
    assert month_to_add(at - timedelta(microseconds=1)) == month_to_add(now)
    assert month_to_add(at) > month_to_add(now)
    assert month_fault(*month_to_add(now), now) is None
    assert renewal_window(at) is not None
