"""`make soak`: a reader of everything (as pg_dump) and a report that reads the log for ten minutes, beside flushes and
an upkeep that wants to drop a month all the time. SOAK_MINUTES changes the length.
"""

import asyncio
import os
import statistics
import threading
import time

import psycopg
import pytest
from django.db import connections
from django.utils import timezone

from tests.faults.stage import print_table
from tests.sync.desk import Desk, row
from tests.sync.stored import Stored
from vendor_admin.sync.log import flush, partitions

MINUTES = float(os.environ.get("SOAK_MINUTES", "10"))
MOST_SECONDS = 0.3
ROWS = 100
TABLES = """
SELECT string_agg(quote_ident(relname), ', ') FROM pg_class
 WHERE relkind IN ('r', 'p') AND relname ~ '^(sync|mirrors)_'
"""


def test_no_flush_waits_for_readers_nor_for_upkeep(
    desk: Desk, stored: Stored, database_urls: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(partitions, "TRIES", 1)
    stored.rows("SELECT sync_make_partition('2020-01-01')")
    alone = _flush_for(desk, 60.0, first=1)
    stop, tries = threading.Event(), [0]

    def upkeep() -> None:
        while not stop.wait(1.0):
            partitions.keep_partitions(now=timezone.now())
            tries[0] += 1
        connections.close_all()

    beside = threading.Thread(target=upkeep)
    beside.start()
    try:
        with psycopg.connect(database_urls["admin"]) as dump:
            found = dump.execute(TABLES).fetchone()
            assert found is not None
            dump.execute(f"LOCK TABLE {found[0]} IN ACCESS SHARE MODE".encode())
            beside_dump = _flush_for(desk, MINUTES * 30, first=10_000_000)
        # Reads one month: upkeep gets the month that it drops, and waits for the log itself.
        with psycopg.connect(database_urls["admin"]) as report:
            report.execute(f"SELECT FROM sync_entityevent WHERE received_at = '{timezone.now():%Y-%m-%d}'".encode())
            desk.admin.execute("SELECT sync_make_partition('2020-01-01')")
            beside_report = _flush_for(desk, MINUTES * 30, first=20_000_000)
    finally:
        stop.set()
        beside.join()
    assert partitions.keep_partitions(now=timezone.now()) == ["drop 2020-01"]
    rows = {"alone": alone, "beside a dump": beside_dump, "beside a report": beside_report}
    print_table(
        f"Flushes of {ROWS} rows while upkeep tries to drop a month ({tries[0]} times in {MINUTES:g} minutes)",
        {name: _in_words(took) for name, took in rows.items()},
    )
    assert max(*beside_dump, *beside_report) <= MOST_SECONDS + max(alone)


def _flush_for(desk: Desk, seconds: float, *, first: int) -> list[float]:
    """Flush twenty times a second for so long; returns the seconds of each."""

    async def run() -> list[float]:
        took: list[float] = []
        ends_at, seq = time.monotonic() + seconds, first
        async with await flush.connect(desk.url) as connection:
            while time.monotonic() < ends_at:
                rows = [row(seq + place, place + 1, name=str(seq)) for place in range(ROWS)]
                began = time.perf_counter()
                await flush.write_batch(connection, rows, fences={1: 1})
                took.append(time.perf_counter() - began)
                seq += ROWS
                await asyncio.sleep(0.05)
        return took

    return asyncio.run(run())


def _in_words(took: list[float]) -> str:
    cuts = statistics.quantiles(took, n=1000)
    return (
        f"{len(took)} flushes, median {statistics.median(took) * 1000:.0f} ms, 99.9 % within {cuts[-1] * 1000:.0f} ms,"
        f" longest {max(took) * 1000:.0f} ms"
    )
