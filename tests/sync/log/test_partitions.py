"""The log's months: no reader holds up who writes, the default partition can be left, and what fails is told."""

import threading
from datetime import timedelta

import psycopg
import pytest
from django.db import connections
from django.utils import timezone

from tests.support.running_hub import wait_until
from tests.sync.desk import Desk, row
from tests.sync.stored import Stored
from vendor_admin.sync.log import partitions
from vendor_admin.sync.models import PartitionTrouble

INSERT = """
INSERT INTO sync_entityevent (organization_id, environment, lease_id, epoch, seq, received_at, kind, entity_type,
                              entity_id, payload)
SELECT 1, 'demo', 1, 1, n, now(), 2, 'account', n, '{}' FROM generate_series(1, %s) AS n
"""
INDEXES = "SELECT count(*) AS n FROM pg_index WHERE indrelid = %s::regclass"
WAITING = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
DDL_OF_THE_LOG = """
SELECT proname, proconfig FROM pg_proc WHERE prosrc ~* '(create|drop|alter|lock) table' AND proname LIKE 'sync%%'
"""


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(partitions, "TRIES", 2)
    monkeypatch.setattr(partitions, "PAUSE_SECONDS", 0.0)


def keep(*, after: timedelta = timedelta()) -> list[str]:
    return partitions.keep_partitions(now=timezone.now() + after)


def trouble(*, after: timedelta = timedelta()) -> str:
    return partitions.trouble_with_partitions(now=timezone.now() + after)


def months(stored: Stored) -> list[str]:
    found = stored.rows("SELECT relname FROM pg_class WHERE relname ~ '^sync_entityevent_2.*' AND relkind = 'r'")
    return sorted(one["relname"].removeprefix("sync_entityevent_") for one in found)


def test_upkeep_does_not_wait_for_a_long_reader_and_no_flush_waits_for_it(
    desk: Desk, stored: Stored, database_urls: dict[str, str]
) -> None:
    stored.rows("SELECT sync_make_partition('2020-01-01')")
    with psycopg.connect(database_urls["admin"]) as reader:
        reader.execute("SELECT count(*) FROM sync_entityevent")
        stop = threading.Event()

        def upkeep() -> None:
            while not stop.is_set():
                keep()
            connections.close_all()

        beside = threading.Thread(target=upkeep)
        beside.start()
        for seq in range(1, 21):
            assert desk.flush([row(seq, seq, name="x")]) == 1
        stop.set()
        beside.join()
        assert keep() == []
        (found,) = PartitionTrouble.objects.all()
        assert (found.step, found.is_lock) == ("drop 2020-01", True)
        assert trouble() == "", "a backup is no trouble"
        assert "drop 2020-01: canceling statement due to lock timeout" in trouble(after=timedelta(days=2))
    assert keep() == ["drop 2020-01"]
    assert not PartitionTrouble.objects.exists()
    assert keep() == []
    functions = stored.rows(DDL_OF_THE_LOG)
    assert {one["proname"] for one in functions} == {"sync_make_partition", "sync_drop_partition"}
    assert all("lock_timeout=200ms" in one["proconfig"] for one in functions)


def test_the_default_partition_is_left_while_events_arrive_and_no_row_is_lost_or_taken_for_bad(
    desk: Desk, stored: Stored, database_urls: dict[str, str]
) -> None:
    def ends_once_somebody_waits(connection: psycopg.Connection) -> None:
        wait_until(lambda: stored.rows(WAITING), what="somebody who waits for a lock")
        connection.commit()

    before = months(stored)
    for month in before:
        desk.admin.execute(f"DROP TABLE sync_entityevent_{month}".encode())
    assert "no month after this one was made" in trouble()
    with psycopg.connect(database_urls["hub"]) as flush:
        flush.execute(INSERT, [2_000])  # not committed before a month is being made of them
        beside = threading.Thread(target=ends_once_somebody_waits, args=[flush])
        beside.start()
        assert len(keep()) == partitions.MONTHS_AHEAD + 1
        beside.join()
    assert months(stored) == before
    assert {stored.rows(INDEXES, f"sync_entityevent_{month}")[0]["n"] for month in before} == {5}
    assert trouble() == ""

    desk.admin.execute(f"DROP TABLE sync_entityevent_{before[-1]}".encode())
    late = row(1, name="x")
    late.received_at = f"{before[-1].replace('_', '-')}-15T12:00:00+00:00"
    with psycopg.connect(database_urls["owner"]) as upkeep:
        upkeep.execute("SELECT sync_make_partition(%s::date)", [late.received_at[:10]])
        desk.write([late], meanwhile=lambda: ends_once_somebody_waits(upkeep))  # on its way to the default partition
    assert stored.mirror("account")[0]["name"] == "x"
    assert not stored.quarantine()
    assert stored.rows("SELECT count(*) AS n FROM sync_entityevent") == [{"n": 2_001}]
    assert stored.rows("SELECT count(*) AS n FROM sync_entityevent_default") == [{"n": 0}]


def test_a_month_that_cannot_be_made_stops_no_other_and_is_told_until_it_can(desk: Desk, stored: Stored) -> None:
    *_, before_last, last = months(stored)
    for month in (before_last, last):
        desk.admin.execute(f"DROP TABLE sync_entityevent_{month}".encode())
    desk.admin.execute(f"CREATE TABLE sync_entityevent_{before_last} (in_the_way integer)".encode())
    failed = f"make {before_last.replace('_', '-')}"
    assert keep() == [f"make {last.replace('_', '-')}"]
    since = PartitionTrouble.objects.get().since
    assert trouble().startswith(f"{failed}: ")
    assert keep(after=timedelta(hours=1)) == []
    assert PartitionTrouble.objects.get().since == since
    desk.admin.execute(f"DROP TABLE sync_entityevent_{before_last}".encode())
    assert keep() == [failed]
    assert trouble() == ""
