"""PostgreSQL crashes and comes back, or stands still, while events arrive."""

import os
import time
from collections.abc import Callable
from functools import partial

import pytest

from tests.faults.stage import RATE, SMALL_WORLD, TRADING, Stage, in_words, print_table
from vendor_admin.embedded import EmbeddedPostgres

pytestmark = pytest.mark.slow

CRASHES = int(os.environ.get("CRASHES", "2"))
PAUSE_SECONDS = float(os.environ.get("PAUSE_SECONDS", "20"))
MOST_GROWTH = 100 * 2**20


def test_a_crashed_database_costs_nothing_and_is_used_again_at_once(
    make_stage: Callable[..., Stage], fault_postgres: EmbeddedPostgres
) -> None:
    stage = make_stage(*SMALL_WORLD)
    stage.connect_organizations(entity_types=TRADING)
    stage.open_with_load(RATE)
    away, recovered = [], []
    for number in range(CRASHES):
        stopped_at = time.time()
        fault_postgres.abort()
        time.sleep(number % 2 * 3.0)  # shorter than a lease
        fault_postgres.start()
        back_at = time.time()
        away.append(round(back_at - stopped_at, 1))
        stage.until(partial(stage.has_committed_since, back_at), "events are stored again", seconds=15)
        recovered.append(round(stage.first_commit_after(back_at) - back_at, 2))
        stage.until_more_is_stored(RATE)
    stage.quiesce()
    report = stage.compare()
    print_table(
        f"PostgreSQL stopped immediately and started again {CRASHES} times at {RATE:g} events/s",
        in_words(report) | {"away for (s)": away, "storing again after (s)": recovered},
    )
    assert report["violations"] == []
    assert max(recovered) <= 10.0


def test_a_database_that_stands_still_stops_reading_and_loses_nothing_that_was_read(
    make_stage: Callable[..., Stage], fault_postgres: EmbeddedPostgres
) -> None:
    stage = make_stage(*SMALL_WORLD)
    stage.connect_organizations(environments=["demo"], entity_types=TRADING)
    stage.open_with_load(5000)
    worker, lease = stage.holder(), stage.leases()[0]
    produced, started = stage.sandbox.state()["produced"], time.monotonic()
    stage.until_more_is_stored(5000)
    rate = (stage.sandbox.state()["produced"] - produced) / (time.monotonic() - started)
    before = [worker.memory_bytes()]
    fault_postgres.pause()
    try:
        during, closed_after = _watch(stage, worker.memory_bytes)
    finally:
        fault_postgres.resume()
    resumed_at = time.time()
    stage.until(partial(stage.has_committed_since, resumed_at), "events are stored again", seconds=20)
    recovered = stage.first_commit_after(resumed_at) - resumed_at
    stage.until_more_is_stored(5000)
    stage.quiesce()
    report = stage.compare()
    growth = max(during) - before[0]
    print_table(
        f"PostgreSQL paused for {PAUSE_SECONDS:g} s at {rate:,.0f} events/s",
        in_words(report)
        | {
            "socket closed by its own clock after": f"{closed_after:.1f} s",
            "worker's memory": f"{before[0] / 2**20:.0f} MB, at most {growth / 2**20:+.0f} MB in the pause",
            "storing again after": f"{recovered:.2f} s",
            "held all the time by": "the same worker" if stage.holder() is worker else "another",
        },
    )
    assert report["violations"] == []
    assert growth < MOST_GROWTH
    assert closed_after < 10.0, "the socket outlived its lease"
    assert stage.leases()[0]["fence"] == lease["fence"], "nobody else was there to take over"


def _watch(stage: Stage, memory: Callable[[], int]) -> tuple[list[int], float]:
    """Memory each half second of the pause, and after how many seconds the platform had no socket of ours any more."""
    started, samples, closed_after = time.monotonic(), [], float("inf")
    while (passed := time.monotonic() - started) < PAUSE_SECONDS:
        samples.append(memory())
        if closed_after == float("inf") and not stage.sandbox.state()["sockets"]:
            closed_after = passed
        time.sleep(0.5)
    return samples, closed_after
