"""Two hubs are started at the same moment, again and again."""

import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import pytest

from tests.faults.stage import SHORT_LEASE, Stage, print_table
from tests.support.database import ROOT, product_environment

pytestmark = pytest.mark.slow

ROUNDS = int(os.environ.get("ROUNDS", "5"))
LEASES = 6


def test_two_hubs_started_at_once_never_hold_one_socket_both(make_stage: Callable[..., Stage]) -> None:
    stage = make_stage("--organizations", "3", "--users", "4", "--rate", "200")
    stage.connect_organizations(entity_types=["user", "account", "order", "fill"])
    chance = random.Random(ROUNDS)  # noqa: S311 - a story that can be told again
    shares = []
    with _pairs(stage) as start_pair:
        for number in range(ROUNDS):
            pids = start_pair()
            stage.until(partial(_hold_all, stage, pids), f"round {number + 1}: all sockets are live")
            shares.append(sorted(_held(stage, [pid]) for pid in pids))
            chance.shuffle(pids)
            pids.sort(key=lambda pid: not _held(stage, [pid]))  # one that holds something, if the other holds nothing
            if number % 3 == 1:  # one is killed, the other takes over; otherwise both give back
                os.kill(pids[0], signal.SIGKILL)
                stage.until(partial(_hold_all, stage, pids[1:]), "the other hub holds all")
                pids = pids[1:]
            for pid in pids:
                os.kill(pid, signal.SIGTERM)
    stage.sandbox.control("rate", rate=0)
    report = stage.compare(mirrors=False)
    overlap = max(place["overlap_seconds"] for place in report["places"].values())
    sockets = sum(place["sockets"] for place in report["places"].values())
    print_table(
        f"Two hubs started at once for {LEASES} leases, {ROUNDS} rounds",
        {
            "sockets opened": sockets,
            "leases of each hub": sorted({tuple(share) for share in shares}),
            "longest time with two authorized sockets of one lease": f"{overlap:.3f} s",
            "violations": report["violations"] or "none",
        },
    )
    assert [one for one in report["violations"] if "still open" not in one] == []
    assert overlap <= 1.0


@contextmanager
def _pairs(stage: Stage) -> Iterator[Callable[[], list[int]]]:
    """A function that starts two hubs at once, as soon as the two before have ended, and returns their process ids."""
    environment = product_environment(stage.urls) | {"CELERY_BROKER_URL": stage.broker_url} | SHORT_LEASE
    with (stage.folder / "hubs.log").open("w") as log:
        program = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.two_hubs"],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            start_new_session=True,
        )
    assert program.stdin is not None
    assert program.stdout is not None

    def start_pair() -> list[int]:
        assert program.stdin is not None
        assert program.stdout is not None
        program.stdin.write("next\n")
        program.stdin.flush()
        return [int(pid) for pid in program.stdout.readline().split()]

    try:
        yield start_pair
        program.stdin.close()
        program.wait(timeout=40)
    finally:
        if program.poll() is None:
            os.killpg(program.pid, signal.SIGKILL)
            program.wait(timeout=10)
        program.stdin.close()
        program.stdout.close()


def _held(stage: Stage, pids: list[int]) -> int:
    """Number of live leases that these processes hold."""
    live = [lease for lease in stage.leases() if lease["state"] == "live"]
    return sum(lease["holder"].split(":")[1:2] == [str(pid)] for lease in live for pid in pids)


def _hold_all(stage: Stage, pids: list[int]) -> bool:
    return _held(stage, pids) == LEASES
