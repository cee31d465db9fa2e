"""`make soak`: fifty holders stopped (SIGSTOP) under load, every other one inside a flush; each is replaced in time."""

import time
from collections.abc import Callable

import psycopg
import pytest

from tests.faults.stage import BRISK, SHORT_LEASE, SMALL_WORLD, TRADING, Stage, in_words, print_table
from tests.faults.workers import SyncWorker

STORIES, STOPS = 5, 10  # the last with leases as they are shipped, the others with short ones
RATE = 3000
WRITING = """
SELECT count(*) FROM pg_stat_activity
 WHERE application_name LIKE %s AND application_name LIKE '%%writer' AND xact_start IS NOT NULL
   AND state = 'active' AND wait_event = 'ClientRead'
"""
# Ten workers in a row that die within a minute of opening a socket make the next one wait: see short_lives.py.
EACH_BY_ITSELF = "UPDATE sync_lease SET short_lives = 0"


@pytest.mark.parametrize("story", range(1, STORIES + 1))
def test_every_stopped_holder_is_replaced(make_stage: Callable[..., Stage], story: int) -> None:
    environment, ttl = (BRISK, 10) if story == STORIES else (SHORT_LEASE, 4)
    stage = make_stage(*SMALL_WORLD)
    stage.connect_organizations(environments=["demo"], entity_types=TRADING)
    stage.open_with_load(RATE, workers=2, environment=environment)
    took: list[float] = []
    inside = 0
    for number in range(STOPS):
        time.sleep(0.5 + (number * 0.37) % 1.1)  # a moment of its own in the cycle of renewals and flushes
        seconds, was_writing = _stop(stage, is_aimed=number % 2 == 1)
        took.append(seconds)
        inside += was_writing
    stage.quiesce()
    report = stage.compare(overlap=ttl + 12.0)  # the platform itself needs 10 s to see that a sleeper is silent
    print_table(
        f"{STOPS} holders stopped at {RATE} events/s, a lease of {ttl} s",
        {
            "replaced after": f"{min(took):.1f} to {max(took):.1f} s",
            "each": " ".join(f"{one:.1f}" for one in took),
            "of them inside a flush": inside,
        }
        | in_words(report),
    )
    assert max(took) <= ttl + 2
    assert inside >= STOPS // 4, "too few stopped inside a flush to show anything"
    assert report["violations"] == []


def _stop(stage: Stage, *, is_aimed: bool) -> tuple[float, bool]:
    """Stop the holder, if asked inside a flush, until another holds its lease; returns the seconds, and whether it was
    in one.
    """
    sleeper, fence = stage.holder(), stage.leases()[0]["fence"]
    with psycopg.connect(stage.urls["admin"], autocommit=True) as database:

        def is_writing() -> bool:
            row = database.execute(WRITING, [f"%:{sleeper.pid}:%"]).fetchone()
            return bool(row and row[0])

        gives_up_at = time.monotonic() + 60
        while True:
            while is_aimed and not is_writing() and time.monotonic() < gives_up_at:
                pass
            sleeper.pause()
            stopped = time.monotonic()
            time.sleep(0.1)  # what the server has by now it does; what it has not stays with the sleeper
            was_writing = is_writing()
            if was_writing or not is_aimed or time.monotonic() > gives_up_at:
                break
            sleeper.resume()
            time.sleep(0.05)
        stage.query(EACH_BY_ITSELF)
        stage.until(lambda: stage.leases()[0]["fence"] > fence, "another worker holds the lease", seconds=60)
    seconds = time.monotonic() - stopped
    _wake(stage, sleeper)
    return seconds, was_writing


def _wake(stage: Stage, sleeper: SyncWorker) -> None:
    lost = len(sleeper.said("hub.lease_lost"))
    stage.until(stage_is_live(stage), "another worker is live")
    sleeper.resume()
    stage.until(lambda: len(sleeper.said("hub.lease_lost")) > lost, "the old holder notices that it lost the lease")
    stage.until_more_is_stored(RATE / 2)


def stage_is_live(stage: Stage) -> Callable[[], bool]:
    return lambda: stage.leases()[0]["state"] == "live"
