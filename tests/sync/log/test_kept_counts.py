"""The counts of what is kept of sockets: a socket's count is locked by its own writer alone, and seen by its own."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec
import psycopg
import pytest
from psycopg import errors

from tests.support.running_hub import wait_until
from tests.sync.desk import Desk, Ear, row
from tests.sync.stored import Stored
from vendor_admin.sync import backends
from vendor_admin.sync.log import batch_writer, flush, writer
from vendor_admin.sync.log.rows import BadRow

WAITS = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


def bad(lease_id: int = 1, *, epoch: int = 1) -> BadRow:
    """What a socket queues of a frame that cannot be read."""
    (found,) = Ear(epoch=epoch).rows(b'a["unreadable"]')
    assert isinstance(found, BadRow)
    return msgspec.structs.replace(found, lease_id=lease_id, organization_id=lease_id)


def quarantine(connection: psycopg.Connection, one: BadRow) -> None:
    """What a flush does with it, without an end of the transaction."""
    *_, last = flush.statements_of([one])
    connection.execute(last.sql.encode(), last.parameters)


@contextmanager
def open_transaction(url: str, *, of: BadRow) -> Iterator[psycopg.Connection]:
    """A hub that has quarantined a message and does not commit; it is rolled back at the end."""
    with psycopg.connect(url) as connection:
        quarantine(connection, of)
        yield connection
        connection.rollback()


def counts(stored: Stored) -> dict[int, int]:
    found = stored.rows("SELECT lease_id, row_count FROM sync_storedrows WHERE what = 'quarantine' ORDER BY lease_id")
    return {one["lease_id"]: one["row_count"] for one in found}


def test_an_open_flush_holds_up_the_count_of_its_own_socket_alone_and_counts_nothing_if_it_is_rolled_back(
    desk: Desk, stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backends, "LOCK_MS", 100)
    desk.add_lease(2)
    with open_transaction(desk.url, of=bad(1)):
        desk.flush([bad(2), row(1, lease_id=2, name="taken")])
        with pytest.raises(errors.LockNotAvailable):
            desk.flush([bad(1)])
        assert counts(stored) == {2: 1}
    desk.flush([bad(1)])
    assert counts(stored) == {1: 1, 2: 1}
    assert [one["lease_id"] for one in stored.quarantine()] == [2, 1]


def test_a_count_that_stays_locked_sets_its_own_socket_aside_and_no_other(
    desk: Desk, stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backends, "LOCK_MS", 100)
    monkeypatch.setattr(batch_writer, "RETRY_SECONDS", (0.01, 0.05))
    monkeypatch.setattr(writer, "ASIDE_SECONDS", (0.01, 0.05))
    desk.add_lease(2)
    elsewhere = psycopg.connect(desk.url)
    quarantine(elsewhere, bad(1))

    def end_the_lock() -> None:
        wait_until(lambda: len(stored.events()) == 3 and counts(stored) == {2: 1}, what="all of the other socket")
        elsewhere.rollback()

    desk.write([bad(1), *(row(seq, lease_id=2, name="n") for seq in (2, 3, 4)), bad(2)], meanwhile=end_the_lock)
    elsewhere.close()
    assert counts(stored) == {1: 1, 2: 1}


def test_counts_are_locked_in_one_order_by_whoever_writes_several(
    desk: Desk, stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backends, "LOCK_MS", 20_000)
    desk.add_lease(2)
    with psycopg.connect(desk.url) as other:
        other.execute("SET lock_timeout = '300ms'")
        quarantine(other, bad(1))
        beside = threading.Thread(target=desk.flush, args=[[bad(2), bad(1)]])
        beside.start()
        wait_until(lambda: desk.admin.execute(WAITS).fetchone() == (1,), what="the flush that waits")
        quarantine(other, bad(2))
        other.commit()
    beside.join(timeout=20)
    assert counts(stored) == {1: 2, 2: 2}


def test_each_organization_sees_its_own_counts_and_nobody_writes_them_by_hand(
    desk: Desk, database_urls: dict[str, str]
) -> None:
    desk.add_lease(2)
    desk.flush([bad(1), bad(2)])
    with psycopg.connect(database_urls["app"], autocommit=True) as app:
        assert app.execute("SELECT count(*) FROM sync_storedrows").fetchone() == (0,)
        app.execute("SELECT set_config('app.orgs', '{2}', false)")
        assert app.execute("SELECT lease_id FROM sync_storedrows").fetchall() == [(2,)]
        with pytest.raises(errors.InsufficientPrivilege):
            app.execute("UPDATE sync_storedrows SET left_out = 0")
    with psycopg.connect(database_urls["hub"], autocommit=True) as hub:
        for write in ("UPDATE sync_storedrows SET row_count = 0", "DELETE FROM sync_storedrows"):
            with pytest.raises(errors.InsufficientPrivilege):
                hub.execute(write.encode())
