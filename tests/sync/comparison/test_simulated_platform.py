"""Against the simulated platform: the mirrors equal it after load, events, drift and faults; shards share the work."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection as database

from tests.support.running_hub import RunningHub, wait_until
from tests.sync.stored import Stored
from vendor_admin.mirrors.columns import mirror_models, platform_columns
from vendor_admin.organizations.actors import Actor
from vendor_admin.organizations.connections.verbs import connect_organization
from vendor_admin.sandbox.running import RunningSandbox
from vendor_admin.sandbox.wire.malformed import MALFORMED_FRAMES
from vendor_admin.sync.models import Kind

StartHub = Callable[..., RunningHub]
Expected = dict[str, dict[int, dict[str, Any]]]
COMPARED = {"text", "bigint", "boolean"}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[RunningSandbox]:
    world = ("--organizations", "1", "--users", "5", "--accounts-per-user", "2", "--keep-orders", "1000")
    with RunningSandbox(*world, "--no-limits", "--logins-per-user", "1000") as running:
        yield running


class Scene:
    """One vendor of the sandbox with a DEMO connection."""

    def __init__(self, sandbox: RunningSandbox, stored: Stored) -> None:
        self.sandbox, self.stored = sandbox, stored
        self.vendor = sandbox.organizations()[0]

    def connect(self, **values: Any) -> None:
        connect_organization(
            slug="vendor",
            is_simulated=True,
            environment="demo",
            actor=Actor.staff("test"),
            rest_url=self.sandbox.rest_url("demo"),
            websocket_url=self.sandbox.websocket_url("demo"),
            credentials=self.vendor["credentials"],
            **values,
        )

    def control(self, verb: str, **body: Any) -> Any:
        return self.sandbox.control(verb, organization=self.vendor["name"], environment="demo", **body)

    def wait_until_settled(self, *, sockets: int = 1) -> None:
        def is_settled() -> bool:
            leases = self.stored.leases()
            return len(leases) == sockets and all(one["settled_at"] and one["state"] == "live" for one in leases)

        wait_until(is_settled, seconds=60, what="the first load")

    def expected(self) -> Expected:
        """What the platform shows now, by type and id."""
        entities = self.sandbox.view("expected", organization=self.vendor["name"], environment="demo")["entities"]
        return {name: {entity["id"]: entity for entity in found} for name, found in entities.items()}

    def differences(self, *, shown_only: bool = False) -> list[str]:
        """Where mirrors are not what the platform shows; `shown_only`: what only mirrors hold does not count."""
        found = []
        for entity_type, entities in self.expected().items():
            model = mirror_models().get(entity_type)
            if model is None:
                continue
            query = f'SELECT * FROM "{model._meta.db_table}" WHERE deleted_at IS NULL'  # noqa: S608
            rows = {row["entity_id"]: row for row in self.stored.rows(query)}
            found += [f"{entity_type} {one}: missing" for one in entities.keys() - rows.keys()]
            found += [f"{entity_type} {one}: gone" for one in rows.keys() - entities.keys() if not shown_only]
            columns = [column for column in platform_columns(model) if column.sql_type in COMPARED]
            for one in rows.keys() & entities.keys():
                row, entity = rows[one], entities[one]
                found += [
                    f"{entity_type} {one}.{column.json_key}: {row[column.name]} != {entity[column.json_key]}"
                    for column in columns
                    if column.json_key in entity and row[column.name] != entity[column.json_key]
                ]
        return found

    def wait_until_equal(self, *, shown_only: bool = False) -> None:
        try:
            wait_until(lambda: not self.differences(shown_only=shown_only), seconds=30)
        except AssertionError:
            pytest.fail("\n".join(self.differences(shown_only=shown_only)[:20]))

    def reconcile(self) -> None:
        self.stored.rows("UPDATE sync_lease SET reconcile_requested_at = now() RETURNING id")

        def is_done() -> bool:
            (lease,) = self.stored.leases()
            return bool(lease["reconciled_at"] and lease["reconciled_at"] > lease["reconcile_requested_at"])

        wait_until(is_done, seconds=60, what="the reconciliation")


@pytest.fixture
def scene(committed_db: None, sandbox: RunningSandbox, stored: Stored) -> Iterator[Scene]:
    yield Scene(sandbox, stored)
    database.close()


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
