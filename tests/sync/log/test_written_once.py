"""Whatever happens to lease, connection or commit, every row is written once and for its holder alone."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import psycopg
import pytest

from tests.support.cutting_proxy import CuttingProxy
from tests.support.running_hub import wait_until
from tests.sync.desk import Desk, row
from tests.sync.log.written import OLD
from tests.sync.stored import Stored
from vendor_admin.sync.log import batch_writer, flush
from vendor_admin.sync.log.flush import StaleFenceError
from vendor_admin.sync.log.rows import BadRow

NO_FENCE = "CREATE OR REPLACE FUNCTION sync_hold_fences(held jsonb) RETURNS void LANGUAGE sql AS 'SELECT'"
NO_LEDGER = """
CREATE FUNCTION forget() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER forget BEFORE INSERT ON sync_batch FOR EACH ROW EXECUTE FUNCTION forget()
"""


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


def test_a_lease_that_is_lost_while_the_database_is_asked_writes_nothing(
    desk: Desk, stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.add_lease(2)

    async def connect_late(url: str, *, name: str) -> psycopg.AsyncConnection:
        connection = await flush.connect(url, name=name)
        if desk.fences.pop(2, None) is not None:  # the hub notices that another has it
            desk.take_over(2)
        return connection

    monkeypatch.setattr(batch_writer, "connect", connect_late)
    desk.write([row(seq, seq, name="x", lease_id=1 + seq % 2) for seq in range(1, 7)])
    assert [(event["lease_id"], event["seq"]) for event in stored.events()] == [(1, 2), (1, 4), (1, 6)]
    assert {batch["lease_id"] for batch in stored.batches()} == {1}
    assert desk.stored == [(1, 3)]


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
