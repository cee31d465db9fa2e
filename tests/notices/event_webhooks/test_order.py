"""Which deliveries go out, from rows alone."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from vendor_admin.notices.event_webhooks.order import (
    DOWN_FROM,
    GIVEN_UP_AFTER,
    HOLD,
    LONGEST_PAUSE,
    Receiver,
    Waiting,
    due_of,
    next_try_at,
    pause_after,
)

NOW = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
WELL = Receiver(is_failing=False, arrived_at=NOW, not_before=None)


def waiting(number: int, subject: str = "a") -> Waiting:
    return Waiting(number, subject, 0, NOW, None, None)


def failed(number: int, subject: str = "a", *, ago: timedelta = timedelta(minutes=1), attempts: int = 1) -> Waiting:
    return Waiting(number, subject, attempts, NOW + timedelta(hours=5), NOW - ago, None)


def due(*rows: Waiting, receiver: Receiver = WELL, at_once: int = 4) -> list[int]:
    return due_of(rows, receiver, now=NOW, at_once=at_once)


def test_each_subject_has_one_on_its_way() -> None:
    assert due(waiting(1, "a"), waiting(2, "a"), waiting(3, "b")) == [1, 3]


def test_what_is_claimed_holds_its_subject_and_counts_against_the_room() -> None:
    claimed = replace(waiting(1, "a"), claimed_until=NOW + timedelta(seconds=1))
    assert due(claimed, waiting(2, "a"), waiting(3, "b")) == [3]
    assert due(claimed, waiting(3, "b"), waiting(4, "c"), at_once=2) == [3]
    assert due(replace(claimed, claimed_until=NOW), waiting(2, "a")) == [1]


def test_a_failing_delivery_holds_its_account_for_an_hour() -> None:
    assert due(failed(1), waiting(2), waiting(3, "b")) == [3]
    assert due(failed(1, ago=HOLD), waiting(2), waiting(3)) == [2]


def test_nothing_passes_while_the_receiver_takes_nothing() -> None:
    silent = Receiver(is_failing=True, arrived_at=NOW - timedelta(hours=2), not_before=None)
    assert due(failed(1, ago=HOLD), waiting(2), receiver=silent) == []
    assert due(failed(1, ago=HOLD), waiting(2), receiver=replace(silent, arrived_at=None)) == []


def test_a_receiver_that_is_down_is_tried_with_one_at_a_time_and_left_alone_meanwhile() -> None:
    rows = [failed(number, str(number), attempts=2) for number in range(1, DOWN_FROM + 1)]
    down = Receiver(is_failing=True, arrived_at=None, not_before=NOW)
    assert due(*rows, waiting(9, "z"), receiver=down) == [9], "what was tried least goes first"
    assert due(*rows, receiver=down) == [1]
    assert due(*rows, receiver=replace(down, not_before=NOW + timedelta(seconds=1))) == []
    on_its_way = replace(rows[0], claimed_until=NOW + timedelta(seconds=1))
    assert due(on_its_way, *rows[1:], failed(8, "h"), receiver=down) == []


def test_retries_go_on_for_three_days_and_end() -> None:
    created, now, attempts = NOW, NOW, 0
    while True:
        attempts += 1
        again = next_try_at(attempts=attempts, created_at=created, now=now)
        if again is None:
            break
        assert again > now
        now = again
    assert now - created == GIVEN_UP_AFTER
    assert 8 <= attempts <= 14


def test_pauses_grow_to_a_quarter_of_an_hour() -> None:
    pauses = [pause_after(tries) for tries in range(1, 40)]
    assert pauses == sorted(pauses)
    assert pauses[0] == timedelta(seconds=5)
    assert pauses[-1] == LONGEST_PAUSE
