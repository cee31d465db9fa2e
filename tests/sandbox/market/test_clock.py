"""The clock that tests drive."""

import datetime as dt

import pytest

from vendor_admin.sandbox.market.clock import MarketClock

START = dt.datetime(2026, 8, 17, 17, 0, tzinfo=dt.UTC)


def after(seconds: float) -> dt.datetime:
    return START + dt.timedelta(seconds=seconds)


class Seconds:
    """Real time that stands still until it is told otherwise."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_it_goes_on_with_real_time_from_where_it_was_set() -> None:
    seconds = Seconds()
    clock = MarketClock(START, real=seconds)
    seconds.now += 5
    assert clock.now() == after(5)


def test_its_speed_counts_from_the_change_on() -> None:
    seconds = Seconds()
    clock = MarketClock(START, real=seconds)
    seconds.now += 5
    clock.set_speed(60)
    assert clock.now() == after(5)
    seconds.now += 2
    assert clock.now() == after(125)


def test_a_frozen_clock_moves_by_steps_only() -> None:
    seconds = Seconds()
    clock = MarketClock(START, real=seconds)
    clock.freeze()
    seconds.now += 50
    assert clock.now() == START
    clock.step(dt.timedelta(seconds=7))
    assert clock.now() == after(7)
    clock.resume()
    seconds.now += 3
    assert clock.now() == after(10)


def test_it_steps_while_it_runs_and_to_a_moment() -> None:
    seconds = Seconds()
    clock = MarketClock(START, real=seconds)
    clock.step(dt.timedelta(hours=1))
    seconds.now += 1
    assert clock.now() == after(3_601)
    clock.set_now(after(9_000))
    assert clock.now() == after(9_000)


def test_it_never_goes_back_and_never_stops_by_its_speed() -> None:
    clock = MarketClock(START, is_frozen=True)
    with pytest.raises(ValueError, match="forward"):
        clock.step(dt.timedelta(seconds=-1))
    with pytest.raises(ValueError, match="forward"):
        clock.set_now(after(-1))
    with pytest.raises(ValueError, match="more than 0"):
        clock.set_speed(0)
