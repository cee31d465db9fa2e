"""The platform's week, with daylight saving."""

import re
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.support.database import ROOT
from vendor_admin.tradovate.trading_calendar import maintenance_window, platform_trade_date, session_date

CHICAGO = ZoneInfo("America/Chicago")


def central(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=CHICAGO)


@pytest.mark.parametrize(
    ("now", "start", "end"),
    [
        ("2026-11-16T16:00", "2026-11-16T16:00", "2026-11-16T17:00"),  # Monday
        ("2026-11-19T16:59:59", "2026-11-19T16:00", "2026-11-19T17:00"),  # Thursday
        ("2026-11-20T19:59", "2026-11-20T16:00", "2026-11-20T20:00"),  # Friday
        ("2026-11-21T22:00", "2026-11-21T22:00", "2026-11-22T06:30"),  # Saturday
        ("2026-11-22T06:29", "2026-11-21T22:00", "2026-11-22T06:30"),  # Sunday
    ],
)
def test_now_is_inside_a_window(now, start, end):
    assert maintenance_window(central(now)) == (central(start), central(end))


@pytest.mark.parametrize(
    "now",
    [
        "2026-11-16T15:59:59",
        "2026-11-16T17:00",
        "2026-11-20T20:00",
        "2026-11-21T16:30",
        "2026-11-22T06:30",
        "2026-11-22T16:30",
        "2026-11-22T23:00",
    ],
)
def test_now_is_outside_every_window(now):
    assert maintenance_window(central(now)) is None


def test_the_margin_reaches_out_on_both_sides():
    half_an_hour = timedelta(minutes=30)
    window = (central("2026-11-16T16:00"), central("2026-11-16T17:00"))
    assert maintenance_window(central("2026-11-16T15:30"), margin=half_an_hour) == window
    assert maintenance_window(central("2026-11-16T17:29"), margin=half_an_hour) == window
    assert maintenance_window(central("2026-11-16T15:29"), margin=half_an_hour) is None
    saturday = maintenance_window(central("2026-11-21T21:45"), margin=half_an_hour)
    assert saturday == (central("2026-11-21T22:00"), central("2026-11-22T06:30"))


@pytest.mark.parametrize(
    ("now", "hours"),
    [
        (datetime(2026, 3, 8, 5, 0, tzinfo=UTC), 7.5),  # clocks go forward in this night
        (datetime(2026, 11, 1, 5, 0, tzinfo=UTC), 9.5),  # and back in this one
        (datetime(2026, 11, 22, 5, 0, tzinfo=UTC), 8.5),
    ],
)
def test_the_weekend_window_is_as_long_as_that_night(now, hours):
    window = maintenance_window(now)
    assert window is not None
    assert window[1] - window[0] == timedelta(hours=hours)


def test_summer_and_winter_differ_in_utc():
    assert maintenance_window(datetime(2026, 7, 1, 21, 30, tzinfo=UTC)) is not None
    assert maintenance_window(datetime(2026, 12, 2, 21, 30, tzinfo=UTC)) is None
    assert maintenance_window(datetime(2026, 12, 2, 22, 30, tzinfo=UTC)) is not None


@pytest.mark.parametrize(
    ("now", "day"),
    [
        ("2026-11-20T16:59:59", date(2026, 11, 20)),
        ("2026-11-20T17:00", date(2026, 11, 21)),
        ("2026-11-21T00:30", date(2026, 11, 21)),
        ("2026-12-31T17:00", date(2027, 1, 1)),
    ],
)
def test_the_trade_date_changes_at_five_in_the_afternoon(now, day):
    assert platform_trade_date(central(now)) == day


def test_the_trade_date_does_not_depend_on_the_zone_of_now():
    assert platform_trade_date(datetime(2026, 7, 1, 22, 0, tzinfo=UTC)) == date(2026, 7, 2)


@pytest.mark.parametrize(
    ("moment", "session"),
    [
        ("2026-11-19T16:59", date(2026, 11, 19)),
        ("2026-11-19T17:00", date(2026, 11, 20)),
        ("2026-11-20T16:00", date(2026, 11, 20)),
        ("2026-11-20T17:00", date(2026, 11, 23)),
        ("2026-11-22T16:59", date(2026, 11, 23)),
        ("2026-11-22T17:00", date(2026, 11, 23)),
        ("2026-12-31T18:00", date(2027, 1, 1)),
    ],
)
def test_a_session_begins_at_five_the_evening_before(moment, session):
    assert session_date(central(moment)) == session


def test_a_session_does_not_depend_on_the_zone_of_the_moment():
    moment = datetime(2026, 7, 1, 18, 30, tzinfo=CHICAGO)

    assert session_date(moment.astimezone(ZoneInfo("Asia/Tokyo"))) == session_date(moment) == date(2026, 7, 2)


PRODUCT = ("accounts", "oauth_bridge", "risk", "templates", "vendor_admin")
OWN_CALENDARS = {"vendor_admin/tradovate/trading_calendar.py", "vendor_admin/sandbox/world/times.py"}
COMPUTES_A_DAY = re.compile(
    r"weekday\(|isocalendar|America/Chicago\"\)|US/Central|get(UTC)?Day\(|dow FROM|timezone\('|AT TIME ZONE '(?!UTC)",
    re.I,
)


def test_only_the_calendar_computes_the_exchanges_days():
    """The sandbox, which stands in for the platform, has its own."""
    sources = [path for top in PRODUCT for ending in ("py", "html", "js") for path in (ROOT / top).rglob(f"*.{ending}")]
    found = {str(path.relative_to(ROOT)) for path in sources if COMPUTES_A_DAY.search(path.read_text())}

    assert found == OWN_CALENDARS
