"""The comparing program finds what it is there to find."""

import dataclasses
from datetime import time
from decimal import Decimal

import pytest

from tests.faults.compare_ledger import (
    Event,
    PlatformSocket,
    Report,
    check_lost,
    compare_socket,
    is_mirrored,
    longest_overlap,
    socket_of,
)

PLACE = ("Alpha", "demo")
ROW = {"entity_id": 1, "deleted_at": None, "extra": {"newField": 2}, "account_id": 5, "net_pos": -1, "net_price": None}


def event(number: int, *, at: float = 0.0) -> Event:
    return Event("order", number, 1, f'{{"id": {number}}}', at)


def violations(sent: list[int], stored: list[int]) -> tuple[list[str], int]:
    report = Report()
    lost = compare_socket(
        report, PLACE, PlatformSocket(1, events=[event(one) for one in sent]), list(map(event, stored))
    )
    return report.violations, len(lost)


def test_the_beginning_of_what_was_sent_is_fine_and_the_rest_is_lost() -> None:
    assert violations([1, 2, 2, 3, 4], [1, 2, 2]) == ([], 2)


@pytest.mark.parametrize(
    ("sent", "stored", "words"),
    [
        ([1, 2, 3], [1, 3], "1 events before the last stored one are missing"),
        ([1, 2, 3], [1, 2, 2], "1 events are stored more often than they were sent"),
        ([1, 2, 3], [1, 2, 9], "1 stored events were never sent over it"),
        ([1, 2, 3], [1, 3, 2], "another order"),
    ],
)
def test_what_is_not_the_beginning_is_a_violation(sent: list[int], stored: list[int], words: str) -> None:
    found, _ = violations(sent, stored)
    assert len(found) == 1
    assert words in found[0]


def test_events_are_compared_by_value_and_not_by_spelling() -> None:
    spelled = dataclasses.replace(event(1), text='{ "id":1 }')
    assert spelled.same_as(event(1))
    assert spelled.key == event(1).key


@pytest.mark.parametrize(
    ("sent_at", "transit", "is_covered"),
    [(12.0, 0.0, True), (20.1, 0.0, False), (9.9, 0.0, True), (9.0, 0.0, False), (9.0, 1.0, True), (30.0, 1.0, False)],
)
def test_a_lost_event_must_lie_in_a_gap_or_have_been_on_its_way(
    sent_at: float, transit: float, is_covered: bool
) -> None:
    report, counts = Report(), {"lost_in_flight": 0}
    check_lost(report, PLACE, [event(1, at=sent_at)], [(10.0, 20.0)], transit=transit, counts=counts)
    assert (report.violations == []) is is_covered


def test_an_epoch_belongs_to_the_socket_that_sent_just_its_events() -> None:
    sockets = [PlatformSocket(1, events=[event(1), event(2)]), PlatformSocket(2, events=[event(1), event(3)])]
    assert socket_of([event(1), event(3)], sockets) is sockets[1]
    assert socket_of([event(1), event(9)], sockets) is sockets[0]
    assert socket_of([event(7)], sockets) is None


def test_overlap_is_the_longest_time_with_two_authorized_sockets() -> None:
    spans = [(0.0, 5.0), (4.0, 9.0), (8.9, None), (None, 3.0)]
    sockets = [PlatformSocket(number, authorized_at=start, closed_at=end) for number, (start, end) in enumerate(spans)]
    assert longest_overlap(sockets) == pytest.approx(1.0)
    assert longest_overlap(sockets[:1]) == 0.0


@pytest.mark.parametrize(
    ("entity", "is_equal"),
    [
        ({"id": 1, "accountId": 5, "netPos": -1, "newField": 2}, True),
        ({"id": 1, "netPos": -1, "newField": 2}, True),  # the account is known from elsewhere
        ({"id": 1, "accountId": 5, "netPos": 0, "newField": 2}, False),
        ({"id": 1, "accountId": 5, "newField": 2}, False),
        ({"id": 1, "accountId": 5, "netPos": -1, "newField": 3}, False),
        ({"id": 1, "accountId": 5, "netPos": -1, "newField": 2, "netPrice": 1.5}, False),
    ],
)
def test_a_mirror_has_every_field_of_the_entity_and_no_other(entity: dict[str, object], is_equal: bool) -> None:
    assert is_mirrored(entity, ROW) is is_equal


def test_a_mirror_that_is_missing_or_deleted_is_not_equal() -> None:
    assert not is_mirrored({"id": 1}, None)
    assert not is_mirrored({"id": 1}, {"entity_id": 1, "deleted_at": "today", "extra": None})


def test_times_of_day_are_compared_by_their_hour_and_minute() -> None:
    row = {"entity_id": 1, "deleted_at": None, "extra": None, "open_time": time(17, 5)}
    assert is_mirrored({"id": 1, "openTime": {"hour": 17, "minute": 5}}, row)
    assert not is_mirrored({"id": 1, "openTime": {"hour": 17, "minute": 6}}, row)


def test_numbers_are_compared_as_decimals() -> None:
    row = {"entity_id": 1, "deleted_at": None, "extra": None, "amount": Decimal("0.10")}
    assert is_mirrored({"id": 1, "amount": 0.1}, row)
    assert not is_mirrored({"id": 1, "amount": 0.11}, row)
