"""The holder stands still (SIGSTOP) while another worker takes over, and then wakes up."""

from collections.abc import Callable

import pytest

from tests.faults.stage import SMALL_WORLD, TRADING, Stage, in_words, print_table
from tests.faults.workers import SyncWorker

pytestmark = pytest.mark.slow

TRIES = 4


def test_nothing_is_written_by_a_holder_that_slept_through_its_lease(make_stage: Callable[..., Stage]) -> None:
    stage = make_stage(*SMALL_WORLD)
    stage.connect_organizations(environments=["demo"], entity_types=TRADING)
    stage.open_with_load(1500, workers=2)
    for _ in range(TRIES):  # it may sleep at a moment when it has nothing to write
        stage.sandbox.control("rate", rate=1500)
        sleeper, seconds = stop_the_holder(stage)
        if sleeper.said("sync.batch_refused"):
            break
    stage.quiesce()
    report = stage.compare(overlap=12.0)  # the platform itself needs 10 s to see that a sleeper is silent
    print_table(
        "SIGSTOP of the holder until another has taken over, then SIGCONT",
        in_words(report)
        | {
            "live elsewhere after": f"{seconds:.1f} s",
            "batches refused": len(sleeper.said("sync.batch_refused")),
            "rows under the old fence": "none" if not report["violations"] else "see violations",
        },
    )
    assert report["violations"] == []
    assert sleeper.said("sync.batch_refused")
    assert sleeper.said("hub.lease_lost")
    assert sleeper.is_running


def stop_the_holder(stage: Stage) -> tuple[SyncWorker, float]:
    """Stop the holder until another worker is live and stores, then wake it; returns it and the seconds until then."""
    sleeper = stage.holder()
    lost = len(sleeper.said("hub.lease_lost"))
    sleeper.pause()
    before = stage.leases()[0]

    def is_live_elsewhere() -> bool:
        lease = stage.leases()[0]
        return bool(lease["fence"] > before["fence"] and lease["state"] == "live")

    seconds = stage.until(is_live_elsewhere, "another worker is live", seconds=30)
    stage.until_more_is_stored()
    sleeper.resume()
    stage.until(lambda: len(sleeper.said("hub.lease_lost")) > lost, "the old holder notices that it lost the lease")
    stage.until_more_is_stored()
    return sleeper, seconds
