"""Rows that cannot be stored, or on which our own code fails, go to quarantine alone."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import pytest

from tests.sync.desk import RECEIVED_AT, Desk, row
from tests.sync.log.written import names
from tests.sync.stored import Stored
from vendor_admin.sync.log import batch_parameters as batch
from vendor_admin.sync.log import flush
from vendor_admin.sync.log.rows import BadRow, Row


def refused(bad: Row) -> Row:
    """A row that the database refuses, though our own reading let it through."""
    bad.entity = b'{"id":%d,"userId":"not a number"}' % bad.entity_id
    return bad


def test_a_bad_row_among_a_thousand_stands_alone(desk: Desk, stored: Stored) -> None:
    rows = [row(seq, seq, name=f"A{seq}") for seq in range(1, 1001)]
    rows[617] = refused(row(618, 618))
    desk.write(rows)
    assert len(stored.events()) == 1000
    assert set(names(stored)) == set(range(1, 1001)) - {618}
    (kept,) = stored.quarantine()
    assert bytes(kept["raw"]) == rows[617].entity
    assert (kept["entity_id"], kept["seq"], kept["is_in_log"]) == (618, 618, True)
    assert "not a number" in kept["reason"]
    ledger = [(batch["first_seq"], batch["last_seq"]) for batch in stored.batches()]
    assert sorted(seq for first, last in ledger for seq in range(first, last + 1)) == list(range(1, 1001))


def test_many_bad_rows_of_several_sockets_are_all_found(desk: Desk, stored: Stored) -> None:
    desk.add_lease(2)
    rows = [row(seq, seq, name="x", lease_id=1 + seq % 2) for seq in range(1, 301)]
    for place in (0, 1, 77, 150, 298, 299):
        rows[place] = refused(row(place + 1, place + 1, lease_id=1 + (place + 1) % 2))
    desk.write(rows)
    assert len(stored.events()) == 300
    assert sorted(kept["entity_id"] for kept in stored.quarantine()) == [1, 2, 78, 151, 299, 300]
    assert len(stored.mirror("account")) == 294


def test_what_neither_log_nor_mirror_can_hold_is_only_in_quarantine(desk: Desk, stored: Stored) -> None:
    hopeless = row(2, 6)
    hopeless.entity = b'{"id":6,"name":"\\u0000"}'
    unreadable = BadRow(
        1, "demo", 1, 1, 4, "2026-11-20T12:00:00+00:00", "acc\x00\ud800", None, "why\x00\ud800", b"\xff\x00"
    )
    desk.write([row(1, 5, name="a"), hopeless, row(3, 7, name="b"), unreadable])
    assert names(stored) == {5: "a", 7: "b"}
    assert [(bytes(kept["raw"]), kept["is_in_log"]) for kept in stored.quarantine()] == [
        (hopeless.entity, False),
        (b"\xff\x00", False),
    ]


def failing_for(entity_id: int, really: Callable[..., Any], *, times: int = 1_000) -> Callable[..., Any]:
    """A part of the writer with a bug: it fails, so many times, on batches that hold this entity."""
    left = [times]

    def part(rows: Any, **options: Any) -> Any:
        found = rows if isinstance(rows, Sequence) else [rows]
        if left[0] and any(one.entity_id == entity_id for one in found):
            left[0] -= 1
            raise TypeError("a bug")
        return really(rows, **options)

    return part


def test_a_batch_on_which_our_own_code_fails_once_is_tried_again(
    desk: Desk, stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "log_parameters", failing_for(7, batch.log_parameters, times=1))
    desk.write([row(seq, seq, name="x") for seq in range(1, 21)])
    assert [event["seq"] for event in stored.events()] == list(range(1, 21))
    assert len(stored.mirror("account")) == 20
    assert not stored.quarantine()
    assert len(stored.batches()) == 1


def test_an_entity_on_which_our_own_code_always_fails_is_quarantined_alone(
    desk: Desk, stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "log_parameters", failing_for(7, batch.log_parameters))
    rows = [row(seq, seq, name="x") for seq in range(1, 21)]
    desk.write(rows)
    assert {event["entity_id"] for event in stored.events()} == set(range(1, 21)) - {7}
    (kept,) = stored.quarantine()
    assert (bytes(kept["raw"]), kept["is_in_log"]) == (rows[6].entity, False)
    assert "a bug" in kept["reason"]
    assert not stored.gaps()


def test_what_nothing_can_take_is_shown_as_a_gap_and_the_writer_goes_on(
    desk: Desk, stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "log_parameters", failing_for(7, batch.log_parameters))
    monkeypatch.setattr(flush, "quarantine_values", failing_for(7, flush.quarantine_values))
    desk.write([row(seq, seq, name="x") for seq in range(1, 1_201)])
    assert {event["entity_id"] for event in stored.events()} == set(range(1, 1_201)) - {7}
    assert not stored.quarantine()
    (gap,) = stored.gaps()
    assert gap["started_at"] == gap["ended_at"] == datetime.fromisoformat(RECEIVED_AT)
    assert "1 received" in gap["reason"]
    assert gap["repaired_at"] is None
