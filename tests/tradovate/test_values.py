"""Single values of the platform's JSON: what is read, and what is none."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from vendor_admin.tradovate.values import (
    flag_of,
    id_of,
    is_ahead,
    number_of,
    time_of,
    trade_date_of,
    whole_number_of,
    with_ids_read,
)


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2026-11-02T22:59:59.120Z", datetime(2026, 11, 2, 22, 59, 59, 120_000, UTC)),
        ("2026-11-02T22:59:59.9999999Z", datetime(2026, 11, 2, 22, 59, 59, 999_999, UTC)),
        ("2026-11-02T22:59Z", datetime(2026, 11, 2, 22, 59, tzinfo=UTC)),
        ("2026-11-02T23:59:60Z", datetime(2026, 11, 2, 23, 59, 59, 999_999, UTC)),
        ("2026-11-02 22:59:00", datetime(2026, 11, 2, 22, 59, tzinfo=UTC)),
        ("2026-11-02T22:59:00+01:30", datetime(2026, 11, 2, 21, 29, tzinfo=UTC)),
        ("0001-01-01T00:00:00Z", datetime(1, 1, 1, tzinfo=UTC)),
        ("9999-12-31T23:59:59.999Z", datetime(9999, 12, 31, 23, 59, 59, 999_000, UTC)),
    ],
)
def test_a_time_is_read_in_utc_and_never_rounded_up(text: str, time: datetime) -> None:
    assert time_of(text) == time


@pytest.mark.parametrize(
    "value",
    [
        "now", "today", "infinity", "-infinity", "epoch", "allballs", "112596-07-11T20:28:01Z", "11/2/2026 5:00 PM",
        "0000-01-01T00:00:00Z", "0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00", "2026-02-30T00:00:00Z",
        "2026-11-02", "2026-11-02T22:59:00+25:00", "٢٠٢٦-11-02T22:59Z", "", 1_700_000_000, None, True, ["2026"],
    ],
)  # fmt: skip
def test_what_python_and_postgres_cannot_both_hold_is_no_time(value: object) -> None:
    assert time_of(value) is None


def test_ids_of_zero_and_below_mean_none() -> None:
    assert [id_of(value) for value in (5, "5", 5.0, 2**63 - 1)] == [5, 5, 5, 2**63 - 1]
    for value in (0, "0", -1, 1.5, 2**63, "²", "٣", "abc", True, None, [5], 1e400, "1e9999"):
        assert id_of(value) is None, value
    entity = {"id": "7", "orderId": 0, "accountId": "9", "clOrdId": "x-1", "fillId": None, "name": "0", "valid": 0}
    assert with_ids_read(entity) == entity | {"id": 7, "orderId": None, "accountId": 9}


def test_numbers_may_be_texts_but_are_always_finite() -> None:
    assert number_of(" 50000 ") == 50000
    assert number_of("1e3") == 1000
    assert number_of(0.1) == Decimal("0.1")
    assert [whole_number_of(value) for value in ("200", 200.0, "-3", "2e2")] == [200, 200, -3, 200]
    for value in ("NaN", "Infinity", float("nan"), float("-inf"), 10**5000, True, "1_000", "1,000", "", "0x10", None):
        assert number_of(value) is None
    assert whole_number_of("1.5") is None
    assert whole_number_of("1e4000") is None


def test_flags_and_trade_dates_may_hold_texts() -> None:
    assert [flag_of(value) for value in (True, "True", "false", 1, 0)] == [True, True, False, True, False]
    assert [flag_of(value) for value in ("off", "perhaps", 2, 1.0, None, "")] == [None] * 6
    assert trade_date_of({"year": 2026, "month": "11", "day": 24.0}) == date(2026, 11, 24)
    for parts in ((2026, 2, 30), (0, 0, 0), (2026, 13, 1), (10**20, 1, 1), ("x", 1, 1)):
        assert trade_date_of(dict(zip(("year", "month", "day"), parts, strict=True))) is None
    assert trade_date_of("2026-11-24") is None


def test_a_time_is_ahead_from_a_minute_after_its_arrival_on() -> None:
    arrived_at = datetime(2026, 11, 24, 15, tzinfo=UTC)
    assert not is_ahead(None, arrived_at=arrived_at)
    assert not is_ahead(arrived_at + timedelta(seconds=60), arrived_at=arrived_at)
    assert is_ahead(arrived_at + timedelta(seconds=61), arrived_at=arrived_at)
    assert is_ahead(datetime.max.replace(tzinfo=UTC), arrived_at=arrived_at)
