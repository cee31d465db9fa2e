"""When a type that could not be read is tried again."""

from vendor_admin.sync.comparison.unread import FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS, Unread


def test_each_type_waits_twice_as_long_after_each_failure_up_to_a_limit() -> None:
    unread, pauses = Unread(), []
    for _ in range(12):
        unread.note_failure("fill", now=100.0)
        pauses.append(unread.seconds_left(now=100.0))
    assert pauses[:3] == [FIRST_PAUSE_SECONDS, 2 * FIRST_PAUSE_SECONDS, 4 * FIRST_PAUSE_SECONDS]
    assert pauses[-1] == LONGEST_PAUSE_SECONDS


def test_one_type_does_not_wait_for_another() -> None:
    unread = Unread()
    unread.note_failure("fill", now=0.0, at_least_seconds=3600.0)
    unread.note_failure("order", now=0.0)
    assert unread.due(now=60.0) == ["order"]
    assert unread.due(now=3600.0) == ["fill", "order"]


def test_a_type_that_was_read_begins_anew() -> None:
    unread = Unread()
    for _ in range(5):
        unread.note_failure("fill", now=0.0)
    unread.note_read("fill")
    assert not unread
    assert unread.seconds_left(now=0.0) is None
    unread.note_failure("fill", now=0.0)
    assert unread.seconds_left(now=0.0) == FIRST_PAUSE_SECONDS
