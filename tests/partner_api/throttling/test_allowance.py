"""How many requests are left, from two counts: pure sums."""

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vendor_admin.partner_api.throttling.allowance import Allowance, headers_of, minute_of

counts = st.integers(0, 5_000)
seconds = st.floats(0, 59.999)


def allowance(limit: int = 600, current: int = 0, previous: int = 0, into_minute: float = 0.0) -> Allowance:
    return Allowance("key", limit, current, previous, into_minute)


@pytest.mark.parametrize(
    ("current", "previous", "into_minute", "left", "wait"),
    [
        (0, 0, 0, 600, None),
        (599, 0, 59, 1, None),
        (600, 0, 30, 0, 31),  # the minute's rest, and until a 600th of the next is over
        (300, 600, 30, 0, 1),
        (0, 600, 0, 0, 1),
        (300, 600, 45, 150, None),
        (0, 1_200, 0, 0, 31),  # half of the minute before, and one more, must lie too far back
    ],
)
def test_what_came_in_the_last_sixty_seconds_counts(
    current: int, previous: int, into_minute: float, left: int, wait: int | None
) -> None:
    found = allowance(current=current, previous=previous, into_minute=into_minute)
    assert found.left == left
    assert found.is_used_up is (wait is not None)
    if wait is not None:
        assert found.seconds_until_one_more == wait


@given(st.integers(1, 1_000), counts, counts, seconds)
def test_after_the_wait_one_more_is_allowed_and_not_long_before(
    limit: int, current: int, previous: int, into_minute: float
) -> None:
    found = allowance(limit, current, previous, into_minute)
    if not found.is_used_up:
        return

    def after(wait: float) -> Allowance:
        at = into_minute + wait
        if at < 60:
            return allowance(limit, current, previous, at)
        return allowance(limit, 0, current, at - 60) if at < 120 else allowance(limit)

    wait = found.seconds_until_one_more
    assert 1 <= wait <= 120
    assert not after(wait + 0.001).is_used_up
    if wait > 2:
        assert after(wait - 2).is_used_up


def test_headers_are_structured_fields() -> None:
    headers = headers_of([allowance(current=10, into_minute=15), Allowance("organization", 3000, 2999, 1, 15)])
    assert headers["RateLimit-Policy"] == '"key";q=600;w=60, "organization";q=3000;w=60'
    assert headers["RateLimit"] == '"key";r=590;t=45, "organization";r=0;t=45'
    assert all(re.fullmatch(r'"[a-z]+"(;[a-z]=\d+)+', item) for item in headers["RateLimit"].split(", "))


def test_a_minute_begins_at_its_first_second() -> None:
    moment = datetime(2026, 11, 30, 12, 34, 56, 789, tzinfo=UTC)
    assert minute_of(moment) == datetime(2026, 11, 30, 12, 34, tzinfo=UTC)
