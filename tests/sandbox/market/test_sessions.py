"""The hours of the market."""

import datetime as dt

import pytest

from vendor_admin.sandbox.market.sessions import Schedule
from vendor_admin.sandbox.world.times import CENTRAL

HOURS = Schedule()


def central(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=CENTRAL)


@pytest.mark.parametrize(
    ("text", "is_open"),
    [
        ("2026-08-16T16:59:59", False),  # a Sunday
        ("2026-08-16T17:00:00", True),
        ("2026-08-17T15:59:59", True),
        ("2026-08-17T16:00:00", False),
        ("2026-08-17T16:59:59", False),
        ("2026-08-17T17:00:00", True),
        ("2026-08-21T15:59:59", True),  # a Friday
        ("2026-08-21T16:00:00", False),
        ("2026-08-21T17:00:00", False),
        ("2026-08-22T12:00:00", False),
    ],
)
def test_the_market_is_open_from_sunday_to_friday_but_for_an_hour_each_day(text: str, is_open: bool) -> None:
    assert HOURS.is_open(central(text)) is is_open


def test_the_hours_follow_central_time_through_both_changes_of_the_clock() -> None:
    """Clocks changed on 8 March and 1 November 2026, Sundays both: the opening moves by an hour of UTC."""
    openings = [
        HOURS.next_open(dt.datetime(2026, month, day, 12, tzinfo=dt.UTC)).hour
        for month, day in ((3, 1), (3, 8), (10, 25), (11, 1))
    ]
    assert openings == [23, 22, 22, 23]
    assert HOURS.session_end(central("2026-03-09T10:00")) == dt.datetime(2026, 3, 9, 21, tzinfo=dt.UTC)
    assert HOURS.session_end(central("2026-03-06T10:00")) == dt.datetime(2026, 3, 6, 22, tzinfo=dt.UTC)


def test_a_session_has_the_date_on_which_it_ends() -> None:
    assert HOURS.session_date(central("2026-08-17T16:30")) == dt.date(2026, 8, 17)
    assert HOURS.session_date(central("2026-08-17T17:00")) == dt.date(2026, 8, 18)
    assert HOURS.session_date(central("2026-08-21T20:00")) == dt.date(2026, 8, 24), "a weekend belongs to Monday"


def test_a_session_ends_at_sixteen_hours_of_its_date() -> None:
    assert HOURS.session_end(central("2026-08-16T18:00")) == central("2026-08-17T16:00")
    assert HOURS.session_end(central("2026-08-17T10:00")) == central("2026-08-17T16:00")


def test_the_week_begins_on_sunday_evening() -> None:
    for text in ("2026-08-16T17:00", "2026-08-19T09:00", "2026-08-21T16:30"):
        assert HOURS.week_start(central(text)) == central("2026-08-16T17:00")
    assert HOURS.week_start(central("2026-08-21T17:00")) == central("2026-08-23T17:00")


def test_an_early_close_ends_the_session_early_and_a_closed_day_has_none() -> None:
    day = dt.date(2026, 11, 27)
    hours = Schedule(early_closes={day: dt.time(12, 15)}, closed_days=frozenset({dt.date(2026, 12, 25)}))
    assert hours.is_open(central("2026-11-27T12:14"))
    assert not hours.is_open(central("2026-11-27T12:15"))
    assert hours.session_end(central("2026-11-27T09:00")) == central("2026-11-27T12:15")
    assert not hours.is_open(central("2026-12-24T18:00"))
    assert hours.next_open(central("2026-12-24T16:30")) == central("2026-12-27T17:00")


def test_the_next_opening_is_now_while_the_market_is_open() -> None:
    assert HOURS.next_open(central("2026-08-17T10:00")) == central("2026-08-17T10:00")
    assert HOURS.next_open(central("2026-08-17T16:10")) == central("2026-08-17T17:00")
    assert HOURS.next_open(central("2026-08-21T16:10")) == central("2026-08-23T17:00")


def test_a_market_that_is_always_open_has_sessions_without_a_break() -> None:
    hours = Schedule(is_always_open=True)
    assert all(hours.is_open(central(text)) for text in ("2026-08-17T16:30", "2026-08-22T12:00"))
    assert hours.session_end(central("2026-08-17T16:30")) == central("2026-08-17T17:00")
    assert hours.session_end(central("2026-08-22T12:00")) == central("2026-08-24T17:00"), "Monday's lasts from Friday"
