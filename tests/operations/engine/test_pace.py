"""A lane claims as far ahead as its threads can call while it stores results, and no further."""

from vendor_admin.operations.engine.pace import MOST_AHEAD, Pace


def test_slow_calls_need_one_waiting_for_each_connection() -> None:
    pace = Pace(4)
    assert pace.most_in_flight == 8
    for _ in range(50):
        pace.note_call(0.3)
        pace.note_busy(0.03)
    assert pace.most_in_flight == 8


def test_calls_that_are_quicker_than_storing_need_more() -> None:
    pace = Pace(4)
    for _ in range(50):
        pace.note_call(0.02)
        pace.note_busy(0.05)
    assert pace.most_in_flight == 4 * (1 + 3)


def test_a_crash_never_leaves_more_than_a_few_rounds_in_doubt() -> None:
    pace = Pace(4)
    for _ in range(50):
        pace.note_call(0.0)
        pace.note_busy(10.0)
    assert pace.most_in_flight == 4 * (1 + MOST_AHEAD)


def test_a_long_pause_is_forgotten_after_some_moments() -> None:
    pace = Pace(4)
    for _ in range(50):
        pace.note_call(0.02)
    pace.note_busy(0.08)
    assert pace.most_in_flight > 8
    for _ in range(200):
        pace.note_busy(0.01)
    assert pace.most_in_flight == 8
