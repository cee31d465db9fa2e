"""What a flush does to log, mirrors, ledger and quarantine, with real PostgreSQL and the product's own writer."""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Any

import psycopg
import pytest

from tests.support.cutting_proxy import CuttingProxy
from tests.support.running_hub import wait_until
from tests.sync.desk import RECEIVED_AT, Desk, row
from tests.sync.stored import Stored
from vendor_admin.sync.log import batch_parameters as batch
from vendor_admin.sync.log import batch_writer, flush
from vendor_admin.sync.log.flush import StaleFenceError
from vendor_admin.sync.log.rows import BadRow, Row
from vendor_admin.sync.models import Kind

OLD, NEW = "2026-11-20T10:00:00.000Z", "2026-11-20T10:00:05.000Z"
NO_FENCE = "CREATE OR REPLACE FUNCTION sync_hold_fences(held jsonb) RETURNS void LANGUAGE sql AS 'SELECT'"
NO_LEDGER = """
CREATE FUNCTION forget() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER forget BEFORE INSERT ON sync_batch FOR EACH ROW EXECUTE FUNCTION forget()
"""


def names(stored: Stored) -> dict[int, str]:
    return {account["entity_id"]: account["name"] for account in stored.mirror("account")}


def test_the_last_event_of_an_entity_is_its_state_and_all_are_in_the_log(desk: Desk, stored: Stored) -> None:
    assert desk.flush([row(1, 5, name="a"), row(2, 6, name="x"), row(3, 5, name="b"), row(4, 5, name="c")]) == 4
    assert names(stored) == {5: "c", 6: "x"}
    assert [(event["seq"], event["payload"].get("name")) for event in stored.events()] == [
        (1, "a"),
        (2, "x"),
        (3, "b"),
        (4, "c"),
    ]
    assert stored.mirror("account", 5)[0]["seq"] == 4


def test_an_event_replaces_the_whole_entity(desk: Desk, stored: Stored) -> None:
    desk.flush([row(1, name="a", userId=7, legalStatus="IRA", surprise=1)])
    desk.flush([row(2, name="b")])
    account = stored.mirror("account", 5)[0]
    assert (account["name"], account["user_id"], account["legal_status"], account["extra"]) == ("b", None, None, None)


def test_an_older_arrival_of_the_same_socket_never_wins(desk: Desk, stored: Stored) -> None:
    desk.flush([row(10, name="new")])
    desk.flush([row(9, name="old")])
    desk.flush([row(7, kind=Kind.DELETED)])
    assert names(stored) == {5: "new"}
    assert stored.mirror("account")[0]["deleted_at"] is None
    desk.flush([row(1, name="newer", epoch=2)])
    assert names(stored) == {5: "newer"}
    desk.flush([row(99, name="an earlier socket", epoch=1)])
    assert names(stored) == {5: "newer"}


def test_across_sockets_the_later_commit_wins(desk: Desk, stored: Stored) -> None:
    desk.add_lease(2)
    first = row(900, name="first", epoch=40)
    second = row(1, name="second", lease_id=2, epoch=1)
    second.organization_id = first.organization_id
    desk.flush([first])
    desk.flush([second])
    assert names(stored) == {5: "second"}


def test_across_sockets_an_older_timestamp_never_wins(desk: Desk, stored: Stored) -> None:
    desk.add_lease(2)
    late = row(1, name="old", lease_id=2, timestamp=OLD)
    late.organization_id = 1
    desk.flush([row(1, name="new", timestamp=NEW)])
    desk.flush([late])
    assert names(stored) == {5: "new"}
    desk.flush([row(2, name="old again", timestamp=OLD, epoch=2)])
    assert names(stored) == {5: "new"}
    desk.flush([row(3, name="same time", timestamp=NEW, epoch=2)])
    assert names(stored) == {5: "same time"}
    assert len(stored.events()) == 4


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        (OLD, NEW),
        ("2026-11-20T10:00:04.999Z", "2026-11-20T10:00:05Z"),
        ("2026-11-20T10:00:05Z", "2026-11-20T10:00:05.001Z"),
        ("2026-11-20T09:59:59.999999Z", "2026-11-20T10:00:00Z"),
    ],
)
def test_entities_of_unknown_types_never_go_back_to_an_older_timestamp(
    desk: Desk, stored: Stored, older: str, newer: str
) -> None:
    def state() -> str:
        return str(stored.mirror("genericentity")[0]["payload"]["name"])

    desk.add_lease(2)
    late = row(1, entity_type="unheardOf", name="old", lease_id=2, timestamp=older)
    late.organization_id = 1
    desk.flush([row(1, entity_type="unheardOf", name="new", timestamp=newer)])
    desk.flush([late])
    desk.flush([row(2, entity_type="unheardOf", name="old again", timestamp=older)])
    assert desk.flush([row(3, entity_type="unheardOf", name="old", timestamp=older, is_difference=True)]) == 0
    assert state() == "new"
    desk.flush([row(4, entity_type="unheardOf", name="same time", timestamp=newer)])
    assert state() == "same time"
    assert len(stored.events()) == 4


def test_a_timestamp_of_another_form_decides_nothing_and_breaks_nothing(desk: Desk, stored: Stored) -> None:
    stamps: list[Any] = [
        NEW,
        "yesterday",
        7,
        None,
        "2026-99-99T99:99:99Z",
        {"a": 1},
        "2026-11-20",
        "\u00e9" * 40,
        "Z",
        OLD,
    ]
    for seq, stamp in enumerate(stamps, 1):
        desk.flush([row(seq, entity_type="unheardOf", name=f"n{seq}", timestamp=stamp)])
        assert stored.mirror("genericentity")[0]["payload"]["name"] == f"n{seq}"
    assert not stored.quarantine()


def test_an_answer_never_replaces_what_another_socket_received_after_it(desk: Desk, stored: Stored) -> None:
    desk.add_lease(2)
    event, answer = row(900, name="of the event", lease_id=2), row(1, name="of the answer", is_difference=True)
    event.organization_id = 1
    event.received_at, answer.received_at = "2026-11-20T12:00:00.5+00:00", "2026-11-20T12:00:00.4+00:00"
    desk.flush([event])
    assert desk.flush([answer]) == 0
    assert names(stored) == {5: "of the event"}
    answer.seq, answer.received_at = 2, "2026-11-20T12:00:00.6+00:00"
    assert desk.flush([answer]) == 1
    assert names(stored) == {5: "of the answer"}


def test_what_has_vanished_is_logged_only_where_the_mirror_did_not_hear_of_it_since(desk: Desk, stored: Stored) -> None:
    desk.add_lease(2)
    elsewhere = row(1, 6, name="received by another socket since", lease_id=2)
    elsewhere.organization_id, elsewhere.received_at = 1, "2026-11-20T12:00:01+00:00"
    desk.flush([row(1, 5, name="gone"), row(20, 7, name="heard of since"), row(2, 8), row(3, 8, kind=Kind.DELETED)])
    desk.flush([elsewhere])
    vanished = [row(10 + one, one, kind=Kind.VANISHED, is_difference=True) for one in (5, 6, 7, 8, 9)]
    assert desk.flush(vanished) == 1
    assert [event["entity_id"] for event in stored.events() if event["kind"] == Kind.VANISHED] == [5]
    alive = {account["entity_id"]: account["deleted_at"] is None for account in stored.mirror("account")}
    assert alive == {5: False, 6: True, 7: True, 8: False}


def test_a_state_that_arrived_after_an_answer_keeps_its_entity_from_vanishing_in_the_same_flush(
    desk: Desk, stored: Stored
) -> None:
    desk.flush([row(1, name="a")])
    state = row(9, name="a", is_difference=True, kind=Kind.RESYNC)
    assert desk.flush([state, row(8, kind=Kind.VANISHED, is_difference=True)]) == 0
    assert stored.mirror("account")[0]["deleted_at"] is None


@pytest.mark.parametrize(
    "story",
    [
        "created 10, deleted, updated 5",
        "created 10, deleted, updated 12",
        "created 10, updated 5, deleted",
        "deleted, updated 5",
        "deleted, updated 12, updated 5",
        "updated 12, deleted, updated 5, deleted, updated 12",
        "deleted, updated 12, deleted, updated",
    ],
)
def test_one_flush_ends_like_the_same_events_one_by_one(desk: Desk, stored: Stored, story: str) -> None:
    def events(entity_id: int) -> list[Row]:
        words = [part.split() for part in story.split(", ")]
        return [
            row(
                100 * entity_id + seq,
                entity_id,
                kind=Kind[word.upper()],
                name=f"{seq}",
                timestamp=f"2026-11-20T11:00:{int(at[0]):02d}Z" if at else None,
            )
            for seq, (word, *at) in enumerate(words, 1)
        ]

    known = [row(entity_id, entity_id, name="0", timestamp="2026-11-20T11:00:08Z") for entity_id in (1, 2)]
    desk.flush(known)
    for event in events(1):
        desk.flush([event])
    desk.flush(events(2))
    one_by_one, together = stored.mirror("account")
    assert (one_by_one["deleted_at"] is None) == (together["deleted_at"] is None)
    assert one_by_one["name"] == together["name"]


def test_in_one_flush_an_older_timestamp_never_wins(desk: Desk, stored: Stored) -> None:
    desk.flush([row(1, name="new", timestamp=NEW), row(2, name="old", timestamp=OLD)])
    assert names(stored) == {5: "new"}
    desk.flush([row(3, 6, name="old", timestamp=OLD), row(4, 6, name="new", timestamp=NEW), row(5, 6, name="no time")])
    assert names(stored)[6] == "no time"


def test_equal_snapshot_rows_add_nothing_and_differing_ones_are_resync(desk: Desk, stored: Stored) -> None:
    fields: dict[str, Any] = {"name": "a", "userId": 7, "timestamp": NEW, "surprise": {"b": [1.50]}}
    desk.flush([row(1, **fields), row(2, 6, name="b"), row(3, 7, name="c", kind=Kind.DELETED)])
    assert desk.flush([row(4, is_difference=True, kind=Kind.RESYNC, **fields)]) == 0
    before = stored.mirror("account", 5)[0]
    assert before["seq"] == 1
    snapshot = [
        row(5, is_difference=True, kind=Kind.RESYNC, **fields),
        row(6, 6, is_difference=True, kind=Kind.RESYNC, name="changed meanwhile"),
        row(7, 8, is_difference=True, kind=Kind.RESYNC, name="born meanwhile"),
    ]
    assert desk.flush(snapshot) == 2
    assert [(event["entity_id"], event["kind"]) for event in stored.events()[3:]] == [
        (6, Kind.RESYNC),
        (8, Kind.RESYNC),
    ]
    assert stored.events("account", 6)[-1]["payload"] == {"id": 6, "name": "changed meanwhile"}
    assert names(stored)[8] == "born meanwhile"


@pytest.mark.parametrize("entity_type", ["unheardOf", "order", "cashBalance", "tradingPermission"])
def test_differences_are_seen_in_every_field(desk: Desk, stored: Stored, entity_type: str) -> None:
    changes: list[dict[str, Any]] = [{}, {"surprise": 1}, {"surprise": 2}, {"timestamp": NEW}, {"timestamp": None}]
    desk.flush([row(1, entity_type=entity_type, **changes[0])])
    for seq, fields in enumerate(changes[1:], 2):
        change = row(seq, entity_type=entity_type, is_difference=True, kind=Kind.RESYNC, **fields)
        assert desk.flush([change]) == 1, fields
        again = row(seq + 100, entity_type=entity_type, is_difference=True, kind=Kind.RESYNC, **fields)
        again.seq = seq
        again.epoch = seq + 100
        assert desk.flush([again]) == 0, fields
        desk.admin.execute("UPDATE sync_lease SET epoch = epoch + 1")


def test_a_snapshot_revives_what_was_deleted_and_says_so(desk: Desk, stored: Stored) -> None:
    desk.flush([row(1, name="a"), row(2, kind=Kind.DELETED)])
    assert stored.mirror("account", 5)[0]["deleted_at"] is not None
    assert desk.flush([row(3, name="a", is_difference=True, kind=Kind.RESYNC)]) == 1
    assert stored.mirror("account", 5)[0]["deleted_at"] is None


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


def test_a_stale_fence_refuses_the_whole_batch(desk: Desk, stored: Stored) -> None:
    desk.add_lease(2)
    desk.take_over(2)
    with pytest.raises(StaleFenceError):
        desk.flush(
            [row(1, name="a"), row(1, name="b", lease_id=2), BadRow(1, "demo", 1, 1, 3, OLD, "", None, "x", b"")]
        )
    assert not stored.events()
    assert not stored.mirror("account")
    assert not stored.batches()
    assert not stored.quarantine()


def test_only_the_rows_of_a_lost_lease_are_dropped(desk: Desk, stored: Stored) -> None:
    desk.add_lease(2)
    desk.add_lease(3)
    desk.take_over(2)
    rows = [row(seq, seq, name="x", lease_id=1 + seq % 3) for seq in range(1, 31)]
    desk.write(rows)
    assert {event["lease_id"] for event in stored.events()} == {1, 3}
    assert len(stored.events()) == 20
    assert sorted(desk.stored) == [(1, 10), (3, 10)]


def test_a_fence_that_was_never_given_and_a_lease_that_is_gone_are_refused(desk: Desk, stored: Stored) -> None:
    desk.fences[1] = 99
    with pytest.raises(StaleFenceError):
        desk.flush([row(1, name="a")])
    desk.fences[1] = 1
    desk.admin.execute("DELETE FROM sync_lease")
    with pytest.raises(StaleFenceError):
        desk.flush([row(1, name="a")])
    assert not stored.events()


def test_without_the_fence_the_same_story_writes_for_two(desk: Desk, stored: Stored) -> None:
    """The two tests above can fail."""
    desk.admin.execute(NO_FENCE)
    desk.take_over()
    assert desk.flush([row(1, name="a")]) == 1
    assert stored.events()


def test_the_fence_holds_a_take_over_back_until_the_commit(desk: Desk) -> None:
    with psycopg.connect(desk.url) as writing, psycopg.connect(desk.url, autocommit=True) as other:
        writing.execute("SELECT sync_hold_fences(%s::jsonb)", ['[{"id":1,"fence":1}]'])
        other.execute("SET lock_timeout = '200ms'")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            other.execute("UPDATE sync_lease SET fence = fence + 1 WHERE id = 1")
        writing.commit()
        other.execute("UPDATE sync_lease SET fence = fence + 1 WHERE id = 1")


@pytest.fixture
def lost_answer(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The connection breaks after the first COMMIT and before its answer; returns the sizes of the batches tried."""
    tried: list[int] = []
    really_write = batch_writer.write_batch

    async def write(connection: psycopg.AsyncConnection, rows: Sequence[Any], **options: Any) -> int:
        tried.append(len(rows))
        count = await really_write(connection, rows, **options)
        if len(tried) == 1:
            await connection.close()
            raise psycopg.OperationalError("the connection is lost")
        return count

    monkeypatch.setattr(batch_writer, "write_batch", write)
    return tried


def test_after_a_lost_answer_the_ledger_prevents_a_second_write(
    desk: Desk, stored: Stored, lost_answer: list[int]
) -> None:
    desk.write([row(seq, seq, name="x") for seq in range(1, 21)])
    assert lost_answer == [20]
    assert [event["seq"] for event in stored.events()] == list(range(1, 21))
    assert desk.stored == [(1, 20)]


def test_without_the_ledger_a_lost_answer_writes_twice(desk: Desk, stored: Stored, lost_answer: list[int]) -> None:
    """The test above can fail."""
    desk.admin.execute(NO_LEDGER)
    desk.write([row(seq, seq, name="x") for seq in range(1, 21)])
    assert lost_answer == [20, 20]
    assert len(stored.events()) == 40


def test_a_connection_cut_before_the_commit_loses_nothing(
    desk: Desk, stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    really_write, tried = batch_writer.write_batch, [0]

    async def write(connection: psycopg.AsyncConnection, rows: Sequence[Any], **options: Any) -> int:
        tried[0] += 1
        if tried[0] < 3:
            await connection.close()
        return await really_write(connection, rows, **options)

    monkeypatch.setattr(batch_writer, "write_batch", write)
    desk.write([row(seq, seq, name="x") for seq in range(1, 21)])
    assert tried == [3]
    assert [event["seq"] for event in stored.events()] == list(range(1, 21))


def test_a_commit_that_comes_through_late_is_not_repeated(
    desk: Desk, stored: Stored, lost_answer: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The old connection's COMMIT lands after the ledger was asked."""

    async def not_yet(*_: object) -> bool:
        return False

    monkeypatch.setattr(batch_writer, "is_committed", not_yet)
    desk.write([row(seq, seq, name="x") for seq in range(1, 21)])
    assert lost_answer == [20, 20]
    assert len(stored.events()) == 20
    assert desk.stored == [(1, 20)]


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


def test_an_error_behind_the_commit_writes_nothing_twice(
    desk: Desk, stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    really_write = batch_writer.write_batch

    async def write(connection: psycopg.AsyncConnection, rows: Sequence[Any], **options: Any) -> int:
        await really_write(connection, rows, **options)
        raise RuntimeError("a bug")

    monkeypatch.setattr(batch_writer, "write_batch", write)
    desk.write([row(seq, seq, name="x") for seq in range(1, 21)])
    assert [event["seq"] for event in stored.events()] == list(range(1, 21))
    assert not stored.gaps()


def test_a_listener_that_fails_neither_loses_nor_repeats_rows(
    desk: Desk, stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk, "stored", None)
    desk.write([row(seq, seq, name="x") for seq in range(1, 21)])
    assert [event["seq"] for event in stored.events()] == list(range(1, 21))
    assert not stored.gaps()


def test_a_door_that_is_cut_under_load_stores_every_row_once(desk: Desk, stored: Stored) -> None:
    with CuttingProxy(desk.url) as proxy:

        def cut_now_and_then() -> None:
            for target in (300, 900, 1500):
                wait_until(partial(is_written, stored, target), what=f"{target} rows")
                proxy.hold_answers()
                proxy.cut()

        desk.write([row(seq, seq, name="x") for seq in range(1, 4001)], url=proxy.url, meanwhile=cut_now_and_then)
    assert [event["seq"] for event in stored.events()] == list(range(1, 4001))


@pytest.fixture
def made_ahead(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Of each batch written: whether its statements were made while the one before was written."""
    batches: list[bool] = []
    really_write = batch_writer.write_batch

    async def write(*arguments: Any, **options: Any) -> int:
        batches.append(options["rendered"] is not None)
        return await really_write(*arguments, **options)

    monkeypatch.setattr(batch_writer, "write_batch", write)
    return batches


def test_a_backlog_is_made_ahead_and_written_in_order(desk: Desk, stored: Stored, made_ahead: list[bool]) -> None:
    desk.write([row(seq, 1 + seq % 700, name=str(seq)) for seq in range(1, 3_501)])
    assert made_ahead == [False, True, True, False]
    assert [event["seq"] for event in stored.events()] == list(range(1, 3_501))
    assert {entity["name"] for entity in stored.mirror("account")} == {str(seq) for seq in range(2_801, 3_501)}


def test_rows_of_a_lease_that_was_lost_after_they_were_made_ahead_are_dropped(
    desk: Desk, stored: Stored, made_ahead: list[bool]
) -> None:
    desk.add_lease(2)
    rows = [row(seq, seq, name="x", lease_id=1 + seq % 2) for seq in range(1, 3_001)]
    desk.write(rows, fence_of=lambda lease_id, _epoch: None if lease_id == 2 and made_ahead else 1)
    assert made_ahead == [False, False, False]
    lost = [event["seq"] for event in stored.events() if event["lease_id"] == 2]
    assert lost == list(range(1, 1_001, 2))
    assert sum(event["lease_id"] == 1 for event in stored.events()) == 1_500


def is_written(stored: Stored, count: int) -> bool:
    return bool(stored.rows("SELECT 1 FROM sync_entityevent WHERE seq >= %s LIMIT 1", count))
