"""What a take-over must get right at its edges: rows that died waiting, the first second, a worker cut off."""

from collections.abc import Callable

import psycopg
import pytest

from tests.faults.stage import SHORT_LEASE, SMALL_WORLD, TRADING, Stage, in_words, print_table
from tests.support.cutting_proxy import CuttingProxy

pytestmark = pytest.mark.slow


def test_rows_that_died_waiting_after_a_disconnect_lie_in_the_gap(make_stage: Callable[..., Stage]) -> None:
    stage = make_stage(*SMALL_WORLD)
    stage.connect_organizations(environments=["demo"], entity_types=TRADING)
    stage.open_with_load(1500, environment=SHORT_LEASE)
    with psycopg.connect(stage.urls["admin"]) as database:
        database.execute("LOCK TABLE sync_batch IN SHARE MODE")  # nothing can be committed, so rows wait
        stage.until_more_is_sent(1500)
        stage.sandbox.control("refuse", seconds=4)
        stage.sandbox.control("close", code=0)
        stage.until(lambda: stage.number("SELECT count(*) FROM sync_gap"), "the gap is noted")
        stage.kill(stage.holder())
    stage.start_worker(SHORT_LEASE)
    stage.until(stage.are_live, "the socket is live again")
    stage.until_more_is_stored()
    stage.quiesce()
    report = stage.compare()
    print_table("Killed after a disconnect, with rows waiting", in_words(report))
    assert report["violations"] == []
    assert report["places"]["Northwind Funding demo"]["lost"] > 100, "no rows waited, so it showed nothing"


def test_a_worker_killed_in_its_first_second_leaves_a_gap(make_stage: Callable[..., Stage]) -> None:
    stage = make_stage(*SMALL_WORLD, "--rate", "1500")
    stage.connect_organizations(environments=["demo"], entity_types=TRADING)
    stage.start_worker(SHORT_LEASE)
    stage.until(lambda: stage.number("SELECT count(*) FROM sync_entityevent WHERE kind <= 3"), "events are stored")
    stage.kill(stage.workers[0])
    stage.query("UPDATE sync_lease SET covered_until = NULL")  # as if the holder had not come to tell its state yet
    stage.start_worker(SHORT_LEASE)
    stage.until(stage.are_live, "the socket is live again")
    stage.until_more_is_stored()
    stage.quiesce()
    report = stage.compare()
    print_table("Killed in the first second of the first load", in_words(report))
    assert report["violations"] == []


def test_a_worker_cut_from_its_database_closes_its_sockets_before_another_opens_them(
    make_stage: Callable[..., Stage],
) -> None:
    stage = make_stage("--organizations", "3", "--users", "4", "--keep-orders", "100")
    stage.connect_organizations(entity_types=TRADING)
    with CuttingProxy(stage.urls["hub"]) as proxy:
        stage.open_with_load(5000, environment=SHORT_LEASE | {"DATABASE_HUB_URL": proxy.url})
        cut_off, other = stage.workers[0], stage.start_worker(SHORT_LEASE)
        stage.until(lambda: other.said("hub.started"), "the other worker is there")
        proxy.hold_answers()
        seconds = stage.until(lambda: _holds_all(stage, other.pid), "the other worker is live for all", seconds=30)
        proxy.cut()
        stage.until(lambda: len(cut_off.said("hub.lease_lost")) == 6, "the one cut off notices")
        stage.until_more_is_stored()
        stage.quiesce()
    report = stage.compare()
    overlap = max(place["overlap_seconds"] for place in report["places"].values())
    print_table(
        "A worker with 6 busy sockets cut from its database (lease of 4 s)",
        in_words(report)
        | {
            "live elsewhere after": f"{seconds:.1f} s",
            "longest time with two authorized sockets of one lease": f"{overlap:.3f} s",
        },
    )
    assert report["violations"] == []


def _holds_all(stage: Stage, pid: int) -> bool:
    return all(one["state"] == "live" and one["holder"].split(":")[1:2] == [str(pid)] for one in stage.leases())


def test_a_worker_stopped_politely_hands_over_and_has_counted_right(make_stage: Callable[..., Stage]) -> None:
    stage = make_stage(*SMALL_WORLD)
    stage.connect_organizations(entity_types=TRADING)
    stage.open_with_load(1500)
    exit_code = stage.workers[0].stop()
    leases = stage.leases()
    in_log = "SELECT count(*) FROM sync_entityevent WHERE lease_id = %s"
    counted = {lease["environment"]: (lease["events_stored"], stage.number(in_log, [lease["id"]])) for lease in leases}
    stage.start_worker()
    stage.until(stage.are_live, "another worker has taken over")
    stage.quiesce()
    report = stage.compare()
    print_table(
        "Polite stop under load, and another worker",
        in_words(report) | {f"counted and in the log, {place}": pair for place, pair in counted.items()},
    )
    assert report["violations"] == []
    assert exit_code == 0
    assert [lease["holder"] for lease in leases] == ["", ""]
    assert all(told == found for told, found in counted.values())
