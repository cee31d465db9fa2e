"""What a benchmark knows of an hour's calls: the least time for some beside earlier ones, and the most in an hour."""

import pytest

from benchmarks.goals.liquidation import least_seconds, most_in_an_hour


@pytest.mark.parametrize(
    ("uses", "calls", "expected"),
    [
        ([], 10, 0.0),  # the whole hour is free
        ([-50.0] * 6, 4, 0.0),  # what is left is enough
        ([-50.0] * 6, 5, 10.0),  # one has to be an hour old
        ([-10.0, -20.0, -50.0, -55.0], 8, 10.0),  # the two oldest have to be, in whichever order they stand
        ([-10.0, -20.0, -50.0, -55.0], 10, 50.0),  # all have to be
        ([-70.0] * 10, 10, 0.0),  # all are
    ],
)
def test_the_last_call_waits_until_enough_earlier_ones_are_an_hour_old(
    uses: list[float], calls: int, expected: float
) -> None:
    assert least_seconds(uses, calls=calls, limit=10, hour=60.0) == expected


@pytest.mark.parametrize(("moments", "most"), [([0.0, 60.0], 1), ([0.0, 59.0], 2), ([130.0, 0.0, 30.0, 61.0, 89.0], 3)])
def test_the_most_calls_in_an_hour_are_counted_wherever_it_begins(moments: list[float], most: int) -> None:
    assert most_in_an_hour(moments, hour=60.0) == most
