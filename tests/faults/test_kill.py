"""A worker is killed at random moments under load, and another takes over.

`KILLS=100 SEED=7 FAULT_RATE=3000 python -m pytest -s tests/faults/test_kill.py` tells it longer, or once more.
"""

import os
import random
import time
from collections.abc import Callable

import pytest

from tests.faults.stage import RATE, SMALL_WORLD, Stage, in_words, print_table

pytestmark = pytest.mark.slow

KILLS = int(os.environ.get("KILLS", "3"))

# Who is there when the lease runs out.
TAKE_OVERS = ("by the other worker", "by the other worker or a new one", "by a restarted worker")


def test_a_killed_worker_loses_only_what_its_gap_shows(make_stage: Callable[..., Stage]) -> None:
    seed = int(os.environ.get("SEED", random.SystemRandom().randrange(1_000_000)))
    chance = random.Random(seed)  # noqa: S311 - a story that can be told again
    print(f"\nSEED={seed} KILLS={KILLS} FAULT_RATE={RATE:g}")
    stage = make_stage(*SMALL_WORLD, "--seed", str(seed))
    stage.connect_organizations()
    stage.open_with_load(RATE, workers=2, environment={})
    for number in range(KILLS):
        time.sleep(chance.uniform(0.0, 4.0))
        take_over = TAKE_OVERS[number % len(TAKE_OVERS)]
        stage.kill(stage.holder("demo"))
        if take_over == "by a restarted worker":
            stage.kill(next(worker for worker in stage.workers if worker.is_running))
        if take_over != "by the other worker":
            stage.start_worker({})
        stage.until(stage.are_live, f"the sockets are live again after kill {number + 1}", seconds=30)
        while sum(worker.is_running for worker in stage.workers) < 2:
            stage.start_worker({})
    stage.quiesce(reconcile=True)
    report = stage.compare()
    print_table(
        f"kill -9 of the worker's process group, {KILLS} times at {RATE:g} events/s (seed {seed})",
        in_words(report) | {"take-over in seconds": report["take_over"]},
    )
    assert report["violations"] == []
    assert len(report["take_over_seconds"]) >= KILLS
