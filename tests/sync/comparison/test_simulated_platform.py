"""Against the simulated platform: the mirrors equal it after load, events, drift and faults; shards share the work."""

from collections.abc import Callable

import pytest

from tests.support.running_hub import RunningHub, wait_until
from tests.sync.comparison.sandbox_scene import Scene
from tests.sync.stored import Stored
from vendor_admin.sandbox.wire.malformed import MALFORMED_FRAMES
from vendor_admin.sync.models import Kind

StartHub = Callable[..., RunningHub]


def test_mirrors_equal_the_platform_after_load_events_and_a_broken_connection(
    scene: Scene, start_hub: StartHub, stored: Stored
) -> None:
    scene.connect()
    start_hub()
    scene.wait_until_settled()
    scene.wait_until_equal()
    scene.control("events", count=500)
    scene.wait_until_equal()
    assert len(stored.rows("SELECT FROM sync_entityevent WHERE kind <= 3")) >= 400
    scene.control("close", code=0)
    scene.control("events", count=300)
    wait_until(lambda: stored.gaps() and stored.gaps()[-1]["repaired_at"], seconds=60, what="the repair")
    scene.wait_until_equal()
    assert not stored.quarantine()


def test_silent_drift_is_found_by_reconciliation_as_resync_and_vanished(
    scene: Scene, start_hub: StartHub, stored: Stored
) -> None:
    scene.connect()
    start_hub()
    scene.wait_until_settled()
    scene.wait_until_equal()
    shown = scene.expected()
    account, permission = min(shown["account"]), min(shown["tradingPermission"])
    position_limit = min(shown["userAccountPositionLimit"])
    scene.control("mutate", entityType="account", id=account, fields={"name": "drifted"})
    scene.control("mutate", entityType="userAccountPositionLimit", id=position_limit, fields={"description": "drifted"})
    scene.control("delete", entityType="tradingPermission", id=permission)
    assert len(scene.differences()) == 3
    scene.reconcile()
    assert scene.differences() == []
    found = {(one["entity_type"], one["entity_id"], one["kind"]) for one in stored.events() if one["kind"] > 4}
    assert found == {
        ("account", account, Kind.RESYNC),
        ("userAccountPositionLimit", position_limit, Kind.RESYNC),
        ("tradingPermission", permission, Kind.VANISHED),
    }
    notes = [
        note for note in stored.reconciliations() if not note["is_first_load"] and (note["changed"] or note["vanished"])
    ]
    assert {note["entity_type"] for note in notes} == {"account", "userAccountPositionLimit", "tradingPermission"}
    before = len(stored.events())
    scene.reconcile()
    assert len(stored.events()) == before, "a reconciliation without drift stores nothing"


@pytest.mark.parametrize("sharding", ["modAccountId", "modUserId"])
def test_two_shards_cover_every_entity_once(scene: Scene, start_hub: StartHub, stored: Stored, sharding: str) -> None:
    scene.connect(sharding=sharding, shard_count=2)
    start_hub()
    scene.wait_until_settled(sockets=2)
    scene.control("events", count=400)
    scene.wait_until_equal()
    by_entity = "SELECT entity_type, entity_id FROM sync_entityevent WHERE kind <= 3 GROUP BY 1, 2"
    assert stored.rows(f"{by_entity} HAVING count(DISTINCT lease_id) > 1") == []
    per_shard = stored.rows("SELECT lease_id, count(*) AS n FROM sync_entityevent WHERE kind <= 3 GROUP BY 1")
    assert len(per_shard) == 2
    assert min(one["n"] for one in per_shard) > 20


def test_faults_of_the_stream_are_made_good_by_the_next_snapshot(
    scene: Scene, start_hub: StartHub, stored: Stored
) -> None:
    scene.connect()
    start_hub()
    scene.wait_until_settled()
    scene.wait_until_equal()
    scene.control("drop", value=3)
    scene.control("duplicate", value=3)
    scene.control("reorder", value=3)
    for kind in MALFORMED_FRAMES.keys() - {"status_without_array"}:  # that one rightly ends the socket for an hour
        scene.control("malformed", kind=kind)
    scene.control("events", count=400)
    wait_until(lambda: len(stored.rows("SELECT FROM sync_entityevent WHERE kind <= 3")) > 200, what="events")
    wait_until(stored.quarantine, what="what could not be read")
    assert stored.lease()["epoch"] == 1, "the socket did not live"
    scene.control("close", code=1000)
    wait_until(lambda: stored.gaps() and stored.gaps()[-1]["settled_at"], seconds=60, what="the settlement")
    scene.reconcile()
    scene.wait_until_equal(shown_only=True)
