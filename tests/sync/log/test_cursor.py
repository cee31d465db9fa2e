"""Reading the log forward while others write: no row is ever skipped, whatever the order of commits."""

import threading
import time
from collections.abc import Iterator

import psycopg
import pytest
from django.db import connection as database

from vendor_admin.organizations.models import Organization
from vendor_admin.organizations.tenancy.scope import organization_scope
from vendor_admin.sync.log.cursor import LogCursor, read_after

INSERT = (
    "INSERT INTO sync_entityevent (received_at, organization_id, lease_id, epoch, seq, entity_id, kind, environment,"
    " entity_type, payload) VALUES (now(), %s, 1, 1, 1, %s, 1, 'demo', 'account', '{}') RETURNING id"
)


class Writers:
    """Two connections of hubs, whose transactions interleave."""

    def __init__(self, organization_id: int, one: psycopg.Connection, other: psycopg.Connection) -> None:
        self.organization_id, self.one, self.other = organization_id, one, other

    def add(self, connection: psycopg.Connection, entity_id: int, *, organization_id: int = 0) -> None:
        connection.execute(INSERT, [organization_id or self.organization_id, entity_id])

    def settle(self) -> None:
        """Wait until every transaction begun so far has ended. Transactions are numbered for the whole server, so
        another test's long one, in another database, holds the readers of this one back too.
        """
        deadline = time.monotonic() + 60
        with self.one.cursor() as cursor:
            begun = cursor.execute("SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint").fetchone()
            self.one.commit()
            while time.monotonic() < deadline:
                ended = cursor.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint").fetchone()
                self.one.commit()
                if begun and ended and ended[0] >= begun[0]:
                    return
                time.sleep(0.02)
        raise AssertionError("a transaction of another database has been open for a minute")

    def read(self, cursor: LogCursor, *, limit: int = 1000) -> tuple[list[int], LogCursor]:
        with organization_scope(self.organization_id):
            rows, after = read_after(organization_id=self.organization_id, cursor=cursor, limit=limit)
            return [row.entity_id for row in rows], after


@pytest.fixture
def writers(committed_db: None, database_urls: dict[str, str]) -> Iterator[Writers]:
    organization = Organization.objects.create(slug="alpha", name="Alpha")
    url = database_urls["hub"]
    with psycopg.connect(url) as one, psycopg.connect(url) as other:
        yield Writers(organization.pk, one, other)
    database.close()


def test_a_row_that_commits_late_is_read_after_rows_with_higher_ids(writers: Writers) -> None:
    writers.add(writers.one, 1)
    writers.add(writers.other, 2)
    writers.other.commit()
    found, cursor = writers.read(LogCursor())
    assert found == []
    writers.one.commit()
    writers.settle()
    found, cursor = writers.read(cursor)
    assert sorted(found) == [1, 2]
    assert writers.read(cursor) == ([], cursor)


def test_a_reader_by_id_alone_would_have_skipped_it(writers: Writers, admin_connection: psycopg.Connection) -> None:
    """The test above can fail."""
    writers.add(writers.one, 1)
    writers.add(writers.other, 2)
    writers.other.commit()
    by_id = "SELECT coalesce(max(id), 0) FROM sync_entityevent"
    row = admin_connection.execute(by_id).fetchone()
    writers.one.commit()
    late = admin_connection.execute("SELECT entity_id FROM sync_entityevent WHERE id > %s", row).fetchall()
    assert late == []


def test_one_transaction_that_writes_twice_around_another_is_read_whole(writers: Writers) -> None:
    writers.add(writers.one, 1)
    writers.add(writers.other, 2)
    writers.other.commit()
    writers.add(writers.one, 3)
    first, cursor = writers.read(LogCursor())
    writers.one.commit()
    writers.settle()
    rest, _ = writers.read(cursor)
    assert sorted(first + rest) == [1, 2, 3]


def test_small_pages_give_every_row_once(writers: Writers) -> None:
    for entity_id in range(20):
        writers.add(writers.one if entity_id % 2 else writers.other, entity_id)
        if entity_id % 5 == 0:
            writers.one.commit()
    writers.one.commit()
    writers.other.commit()
    writers.settle()
    cursor, found = LogCursor(), []
    while page := writers.read(cursor, limit=3)[0]:
        found += page
        cursor = writers.read(cursor, limit=3)[1]
        assert LogCursor.parse(str(cursor)) == cursor
    assert sorted(found) == list(range(20))


def test_a_rolled_back_row_never_shows_and_blocks_nobody(writers: Writers) -> None:
    writers.add(writers.one, 1)
    writers.add(writers.other, 2)
    writers.other.commit()
    writers.one.rollback()
    writers.settle()
    assert writers.read(LogCursor())[0] == [2]


def test_readers_see_their_own_organization_alone(writers: Writers) -> None:
    other = Organization.objects.create(slug="bravo", name="Bravo")
    writers.add(writers.one, 1)
    writers.add(writers.one, 2, organization_id=other.pk)
    writers.one.commit()
    writers.settle()
    assert writers.read(LogCursor())[0] == [1]


def test_a_text_that_is_no_cursor_is_refused() -> None:
    for text in ("", "x", "1", "1.x", "1.2.3", "'; --"):
        with pytest.raises(ValueError):
            LogCursor.parse(text)


def test_a_reader_beside_two_busy_writers_misses_nothing(writers: Writers) -> None:
    def write(connection: psycopg.Connection, first: int) -> None:
        for entity_id in range(first, first + 300):
            writers.add(connection, entity_id)
            if entity_id % (7 if first else 3) == 0:
                connection.commit()
        connection.commit()

    threads = [
        threading.Thread(target=write, args=(writers.one, 0)),
        threading.Thread(target=write, args=(writers.other, 1000)),
    ]
    for thread in threads:
        thread.start()
    cursor, found = LogCursor(), []
    while any(thread.is_alive() for thread in threads):
        page, cursor = writers.read(cursor, limit=50)
        found += page
    writers.settle()
    while True:
        page, cursor = writers.read(cursor, limit=50)
        if not page:
            break
        found += page
    assert len(found) == len(set(found))
    assert set(found) == set(range(300)) | set(range(1000, 1300))
