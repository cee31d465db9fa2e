"""The exchange's clock."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from vendor_admin.organizations.exchange_time import CENTRAL, age_in_words, session_date


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
    assert session_date(datetime.fromisoformat(moment).replace(tzinfo=CENTRAL)) == session


def test_a_session_does_not_depend_on_the_zone_of_the_moment():
    moment = datetime(2026, 7, 1, 18, 30, tzinfo=CENTRAL)

    assert session_date(moment.astimezone(ZoneInfo("Asia/Tokyo"))) == session_date(moment) == date(2026, 7, 2)


def test_an_age_is_told_in_its_largest_unit():
    ages = [timedelta(seconds=-3), timedelta(seconds=59), timedelta(minutes=59), timedelta(hours=30), timedelta(days=3)]

    assert [age_in_words(age) for age in ages] == ["0 s", "59 s", "59 min", "30 h", "3 days"]
