"""A connection that is let in and ends at once, all day: how often it is opened, and what people are told."""

import random
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from vendor_admin.tradovate.events import PeerClosed, PeerSilent, Refused, Shutdown
from vendor_admin.tradovate.socket.reconnect import ConnectionLost, Ending, Reconnect, counts_as_life, decide_reconnect
from vendor_admin.tradovate.socket.short_lives import in_words, short_lives_after

NOON = datetime(2026, 11, 18, 18, 0, tzinfo=UTC)  # a Wednesday, 12:00 Central
DAY = 86_400
CUT = PeerClosed(1006, "")


def openings(seed: int, *, lived_seconds: float = 1.0, attempts: int = 3_000, seconds: int = DAY) -> list[float]:
    """When, in seconds, a socket is opened that lives so long each time."""
    chance, at, count, opened = random.Random(seed), 0.0, 0, []  # noqa: S311 - a seeded draw is what a test needs
    for attempt in range(1, attempts + 1):
        if at >= seconds:
            break
        opened.append(at)
        count = short_lives_after(count, lived_seconds=lived_seconds)
        at += lived_seconds
        at += decide_reconnect(
            CUT,
            attempt=attempt,
            now=NOON + timedelta(seconds=at),
            random=chance,
            short_lives=count,
            lived_seconds=lived_seconds,
        ).delay_seconds
    return opened


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("lived_seconds", [0.1, 1.0, 59.0])
def test_a_day_of_lives_under_a_minute_is_no_more_than_200_connections(seed: int, lived_seconds: float) -> None:
    opened = openings(seed, lived_seconds=lived_seconds)
    in_hour = [sum(hour * 3600 <= at < (hour + 1) * 3600 for at in opened) for hour in range(24)]
    assert in_hour[0] <= 60
    assert in_hour[1] <= 20
    assert len(opened) <= 200
    assert min(in_hour) >= 3, "and it does not give up either"


@pytest.mark.parametrize("seed", range(20))
def test_the_first_losses_are_over_in_seconds(seed: int) -> None:
    opened = openings(seed, attempts=4)
    assert [later - earlier <= most for (earlier, later), most in zip(pairwise(opened), (2, 3, 5), strict=True)] == [
        True
    ] * 3


def decide(ending: Ending, *, short_lives: int, seed: int = 1) -> Reconnect:
    return decide_reconnect(
        ending,
        attempt=5,
        now=NOON,
        random=random.Random(seed),  # noqa: S311
        short_lives=short_lives,
        lived_seconds=1.2,
    )


def test_from_the_tenth_on_people_are_told_the_pattern_with_its_count_and_the_pause() -> None:
    assert "lets us in" not in decide(CUT, short_lives=9).reason
    told = decide(CUT, short_lives=14)
    assert 600 <= told.delay_seconds <= 900
    assert told.reason.startswith(
        "The platform lets us in, but each connection ends after about 1 s: 14 in a row, so the next try is in 1"
    )
    assert told.reason.endswith(" minutes. The platform closed the connection (code 1006).")
    assert "proxy" in told.advice


def test_waits_of_the_platform_are_never_shortened() -> None:
    locked = decide(Refused("user/syncrequest", 429, ""), short_lives=50)
    assert locked.delay_seconds >= locked.locked_seconds == 3600
    refused = decide_reconnect(
        Refused("authorize", 401, ""),
        attempt=1,
        now=NOON,
        random=random.Random(1),  # noqa: S311
        refused_fresh_tokens=2,
        short_lives=50,
    )
    assert refused.stops


@pytest.mark.parametrize(
    ("ending", "was_live", "counts"),
    [
        (CUT, True, True),
        (CUT, False, True),
        (PeerSilent(10.0), False, True),
        (ConnectionLost("an error of this service, which is in its log"), True, True),
        (Shutdown("ConnectionQuotaReached", ""), True, True),
        (Shutdown("Maintenance", ""), True, False),
        (Refused("authorize", 401, ""), False, False),
        (Refused("session", 401, ""), True, True),
    ],
)
def test_what_the_platform_let_in_counts_and_what_it_refuses_or_plans_does_not(
    ending: Ending, was_live: bool, counts: bool
) -> None:
    assert counts_as_life(ending, was_live=was_live) is counts


@pytest.mark.parametrize(
    ("lived_seconds", "after"), [(0.0, 8), (59.9, 8), (60.0, 7), (599.0, 7), (600.0, 0), (86_400.0, 0)]
)
def test_a_life_of_a_minute_is_no_short_one_and_ten_minutes_make_good_all_before(
    lived_seconds: float, after: int
) -> None:
    assert short_lives_after(7, lived_seconds=lived_seconds) == after


def test_the_pattern_is_told_without_seconds_where_nobody_saw_the_end() -> None:
    assert in_words(12) == "The platform lets us in, but each connection ends within a minute: 12 in a row"
