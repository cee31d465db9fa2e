"""What happens while nobody listens: shown as a gap, brought up to date, and repaired from the platform's own logs."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from django.db.models import F

from tests.support.running_hub import wait_until
from tests.sync.log.settled import MIRRORED, T0, Connect, StartHub, fails_first, last_gap, snapshot
from tests.sync.scripted_platform import ScriptedPlatform
from tests.sync.stored import Stored
from vendor_admin.organizations.actors import Actor
from vendor_admin.organizations.connections.verbs import pause_connection, resume_connection
from vendor_admin.organizations.models import Connection
from vendor_admin.organizations.tenancy import database_clock
from vendor_admin.organizations.tenancy.scope import organization_scope
from vendor_admin.sync.comparison import records as comparisons
from vendor_admin.sync.freshness import Sockets
from vendor_admin.sync.log import batch_writer
from vendor_admin.sync.models import Kind
from vendor_admin.sync.socket.listening import Listening
from vendor_admin.tradovate.socket import short_lives


def event(entity: str, entity_type: str = "account", event_type: str = "Updated") -> bytes:
    return (
        f'a[{{"e":"props","d":{{"entityType":"{entity_type}","eventType":"{event_type}","entity":{entity}}}}}]'
    ).encode()


def test_the_first_snapshot_is_stored_as_such_and_opens_no_gap(
    platform: ScriptedPlatform, settled: Callable[..., Connection], stored: Stored
) -> None:
    platform.snapshot = snapshot('{"id":1,"name":"a"},{"id":2,"name":"b"}')
    settled()
    assert [(one["entity_id"], one["kind"]) for one in stored.events()] == [(1, Kind.SNAPSHOT), (2, Kind.SNAPSHOT)]
    assert stored.gaps() == []


def test_a_gap_opens_at_the_disconnect_ends_at_the_new_socket_and_is_settled_with_what_changed(
    platform: ScriptedPlatform, settled: Callable[..., Connection], stored: Stored
) -> None:
    platform.snapshot = snapshot('{"id":1,"name":"a"},{"id":2,"name":"b"}')
    settled()
    platform.send(event('{"id":1,"name":"live"}'))
    wait_until(lambda: len(stored.events()) == 3, what="a live event")
    platform.snapshot = snapshot('{"id":1,"name":"live"},{"id":2,"name":"changed"},{"id":3,"name":"new"}')
    before = datetime.now(UTC)
    platform.close(code=1000, reason="bye")
    wait_until(last_gap(stored, "started_at"), what="the gap")
    wait_until(last_gap(stored, "ended_at"), what="its end")
    wait_until(last_gap(stored, "settled_at"), what="its settlement")
    (gap,) = stored.gaps()
    assert gap["started_at"] <= gap["ended_at"] <= gap["settled_at"]
    assert (before - gap["started_at"]).total_seconds() < 3
    assert "1000" in gap["reason"]
    assert gap["differences"] == 2
    resync = stored.events()[3:]
    assert [(one["entity_id"], one["kind"], one["epoch"]) for one in resync] == [
        (2, Kind.RESYNC, 2),
        (3, Kind.RESYNC, 2),
    ]
    assert {row["entity_id"]: row["name"] for row in stored.mirror("account")} == {1: "live", 2: "changed", 3: "new"}


def test_a_split_snapshot_settles_after_its_last_part_and_live_events_interleave(
    platform: ScriptedPlatform, settled: Callable[..., Connection], stored: Stored
) -> None:
    platform.snapshot = [
        b'a[{"s":200,"i":{i},"d":{"accounts":[{"id":1,"name":"a"}]}}]',
        event('{"id":1,"name":"newer than its part","timestamp":"2026-11-20T10:00:05.000Z"}'),
        b'a[{"s":200,"i":{i},"d":{"accounts":[{"id":1,"name":"a","timestamp":"2026-11-20T10:00:00.000Z"}]}}]',
        event('{"id":9,"name":"live"}', event_type="Created"),
        b'a[{"s":200,"i":{i},"d":{"accounts":[{"id":2,"name":"b"}],"orders":[]}}]',
    ]
    settled()
    names = {row["entity_id"]: row["name"] for row in stored.mirror("account")}
    assert names == {1: "newer than its part", 2: "b", 9: "live"}
    assert all(row["deleted_at"] is None for row in stored.mirror("account"))


def test_absence_from_a_snapshot_deletes_nothing(
    platform: ScriptedPlatform, settled: Callable[..., Connection], stored: Stored
) -> None:
    platform.snapshot = snapshot('{"id":1,"name":"a"},{"id":2,"name":"b"}')
    settled()
    platform.snapshot = snapshot('{"id":1,"name":"a"}')
    platform.close()
    wait_until(last_gap(stored, "settled_at"), what="the settlement")
    assert [row["deleted_at"] for row in stored.mirror("account")] == [None, None]
    assert stored.gaps()[0]["differences"] == 0


def test_a_gap_is_repaired_from_the_platforms_own_logs(
    platform: ScriptedPlatform, settled: Callable[..., Connection], stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(short_lives, "SHORT_LIFE_SECONDS", 0.0)
    platform.snapshot = snapshot('{"id":1,"name":"a"}')
    logs: dict[str, list[dict[str, Any]]] = {
        "fill": [{"id": 11, "orderId": 4, "timestamp": T0, "qty": 1, "price": 10.25}],
        "executionReport": [{"id": 12, "accountId": 1, "orderId": 4, "timestamp": T0, "execType": "Trade"}],
        "commandReport": [{"id": 13, "commandId": 5, "timestamp": T0, "commandStatus": "ExecutionStopped"}],
        "cashBalanceLog": [{"id": 14, "accountId": 1, "timestamp": T0, "amount": 50000.5, "delta": -2.5}],
    }
    platform.lists = {name: [] for name in logs}
    settled()
    platform.lists = logs
    platform.close()
    wait_until(last_gap(stored, "repaired_at"), what="the repair")
    (gap,) = stored.gaps()
    assert gap["differences"] == 4
    assert gap["repair_note"].startswith("4 ")
    for entity_type, (entity,) in logs.items():
        (found,) = stored.events(entity_type)
        assert (found["kind"], found["payload"]) == (Kind.RESYNC, entity)
        assert len(stored.mirror(entity_type.lower())) == 1
    platform.close()
    wait_until(lambda: len(stored.gaps()) == 2 and stored.gaps()[1]["repaired_at"], what="the second repair")
    assert stored.gaps()[1]["differences"] == 0
    assert len(stored.events("fill")) == 1


def test_a_gap_whose_logs_cannot_be_read_says_so(
    platform: ScriptedPlatform, settled: Callable[..., Connection], stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform.lists = {"fill": [], "cashBalanceLog": []}
    settled(entity_types=["fill", "cashBalanceLog", "account"])

    def refuse(endpoint: str, query: str) -> tuple[int, object]:
        return 500, "Sorry, later"

    monkeypatch.setattr(platform, "look_up", refuse)
    platform.close()
    wait_until(last_gap(stored, "repair_note"), what="the note")
    (gap,) = stored.gaps()
    assert gap["repaired_at"] is None
    assert gap["settled_at"] is not None
    assert "fill" in gap["repair_note"]


def test_a_hub_that_was_away_shows_the_time_as_a_gap(
    platform: ScriptedPlatform, connect: Connect, start_hub: StartHub, stored: Stored
) -> None:
    platform.snapshot = snapshot('{"id":1,"name":"a"}')
    connect(platform, entity_types=MIRRORED)
    first = start_hub("first")
    wait_until(lambda: stored.lease()["settled_at"] if stored.leases() else None, what="the first snapshot")
    first.stop()
    stopped_at = datetime.now(UTC)
    platform.snapshot = snapshot('{"id":1,"name":"changed while nobody listened"}')
    start_hub("second")
    wait_until(last_gap(stored, "settled_at"), what="the settlement")
    (gap,) = stored.gaps()
    assert gap["started_at"] <= stopped_at <= gap["ended_at"]
    assert gap["differences"] == 1


def test_the_time_of_a_pause_is_a_gap_from_its_start(
    platform: ScriptedPlatform, settled: Callable[..., Connection], stored: Stored
) -> None:
    connection = settled()
    pause_connection(connection=connection, actor=Actor.staff("staff"))
    wait_until(last_gap(stored, "started_at"), what="the gap")
    (gap,) = stored.gaps()
    assert (gap["ended_at"], gap["reason"]) == (None, "the connection was paused")
    assert abs(gap["started_at"] - stored.lease()["last_frame_at"]).total_seconds() < 1
    resume_connection(connection=connection, actor=Actor.staff("staff"))
    wait_until(last_gap(stored, "settled_at"), what="the settlement")
    assert len(stored.gaps()) == 1


def test_a_new_shard_begins_with_a_gap_and_what_a_dropped_one_missed_does_not_stay_open(
    platform: ScriptedPlatform, settled: Callable[..., Connection], stored: Stored
) -> None:
    platform.snapshot = snapshot('{"id":1,"name":"a"}')
    connection = settled()
    platform.snapshot = snapshot('{"id":1,"name":"changed meanwhile"}')

    def share(count: int) -> None:
        with organization_scope(connection.organization_id):
            values = {"sharding": "modUserId" if count > 1 else "", "shard_count": count}
            Connection.objects.filter(pk=connection.pk).update(version=F("version") + 1, **values)

    share(2)
    wait_until(lambda: [gap["shard"] for gap in stored.gaps() if gap["repaired_at"]] in ([0, 1], [1, 0]), what="both")
    assert {one["kind"] for one in stored.events()[1:]} == {Kind.RESYNC}
    second = next(gap for gap in stored.gaps() if gap["shard"] == 1)
    assert second["started_at"] < second["ended_at"]

    platform.accepts = False
    platform.close()
    wait_until(
        lambda: [gap["shard"] for gap in stored.gaps() if gap["ended_at"] is None] in ([0, 1], [1, 0]), what="gaps"
    )
    share(1)
    wait_until(lambda: [gap["shard"] for gap in stored.gaps() if gap["ended_at"] is None] == [0], what="the end of one")
    of_dropped = [gap for gap in stored.gaps() if gap["shard"] == 1]
    assert any("given up" in gap["repair_note"] for gap in of_dropped)
    assert all(gap["repaired_at"] for gap in of_dropped), "else it is never forgotten"


def test_what_is_known_of_a_mirror_is_dated_by_the_databases_clock(
    platform: ScriptedPlatform, connect: Connect, start_hub: StartHub, stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    moment = datetime(2026, 1, 1, tzinfo=UTC)

    async def of_database(_: psycopg.AsyncConnection) -> datetime:
        return moment

    monkeypatch.setattr(comparisons, "database_now", of_database)
    platform.snapshot = snapshot('{"id":1,"name":"a"}')
    platform.lists = {"account": [{"id": 1, "name": "a"}], "cashBalanceLog": [{"id": 14, "accountId": 1}]}
    connect(platform, entity_types=["account", "cashBalanceLog"])
    start_hub()
    assert wait_until(lambda: stored.lease()["settled_at"] if stored.leases() else None, what="the load") == moment
    stored.rows("UPDATE sync_lease SET reconcile_requested_at = now() RETURNING id")
    wait_until(lambda: len(stored.reconciliations()) > 2, what="a comparison")
    assert {one["started_at"] for one in stored.reconciliations()} == {moment}


def test_a_platform_that_refuses_sockets_is_one_gap_however_often_it_is_tried(
    platform: ScriptedPlatform, settled: Callable[..., Connection], stored: Stored
) -> None:
    settled()
    platform.accepts = False
    platform.close()
    wait_until(lambda: stored.lease()["state"] in ("waiting", "connecting"), what="the wait")
    wait_until(lambda: stored.lease()["epoch"] >= 3, what="two more tries")
    assert stored.lease()["reason"]
    platform.accepts = True
    wait_until(last_gap(stored, "settled_at"), seconds=30, what="the settlement")
    assert len(stored.gaps()) == 1


def test_an_error_of_our_own_in_a_socket_is_a_gap_and_a_new_socket(
    platform: ScriptedPlatform, settled: Callable[..., Connection], stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    settled()
    really_handle, failures = Listening.handle, [RuntimeError("a bug")]

    async def handle(listening: Listening, *arguments: Any, **options: Any) -> None:
        if failures:
            raise failures.pop()
        await really_handle(listening, *arguments, **options)

    monkeypatch.setattr(Listening, "handle", handle)
    platform.send(event('{"id":1,"name":"lost to the bug"}'))
    wait_until(last_gap(stored, "settled_at"), seconds=30, what="the settlement")
    assert stored.lease()["epoch"] == 2


def test_what_could_not_be_stored_is_read_anew_and_its_gap_ends_without_a_new_socket(
    platform: ScriptedPlatform, settled: Callable[..., Connection], stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    organization_id = settled(entity_types=["account"]).organization_id
    platform.lists = {"account": [{"id": 1, "name": "lost"}]}
    really_write, is_full = batch_writer.write_batch, threading.Event()
    is_full.set()

    async def write(connection: Any, rows: Any, **options: Any) -> int:
        if is_full.is_set():
            raise psycopg.errors.ProgramLimitExceeded
        return await really_write(connection, rows, **options)

    def why_old() -> str:
        with organization_scope(organization_id):
            return Sockets(organization_id, now=database_clock.now()).why_old("demo", ["account"])

    monkeypatch.setattr(batch_writer, "write_batch", write)
    platform.send(event('{"id":1,"name":"lost"}'))
    wait_until(lambda: len(stored.gaps()) > 1, seconds=30, what="a read that could not be stored either")
    assert "still being read" in why_old()
    is_full.clear()
    wait_until(last_gap(stored, "repaired_at"), seconds=30, what="the repair")
    assert why_old() == ""
    assert all(gap["settled_at"] for gap in stored.gaps())
    assert [row["entity_id"] for row in stored.mirror("account")] == [1]
    assert stored.lease()["epoch"] == 1


def test_what_snapshots_leave_out_is_read_before_a_gap_is_called_repaired(
    platform: ScriptedPlatform, settled: Callable[..., Connection], stored: Stored
) -> None:
    platform.snapshot = [
        b'a[{"s":200,"i":{i},"d":{"accounts":[{"id":1,"name":"a"}],"users":[{"id":4,"name":"trader"}]}}]'
    ]
    before: dict[str, list[dict[str, Any]]] = {
        "tradingPermission": [{"id": 7, "userId": 4, "accountId": 1, "status": "Accepted"}],
        "tradovateSubscription": [{"id": 8, "userId": 4, "timestamp": T0, "cancelledRenewal": False}],
        "marketDataSubscription": [{"id": 9, "userId": 4, "timestamp": T0}],
        "permissionedAccountAutoLiq": [{"id": 1, "dailyLossAutoLiq": 100}],
        "userAccountPositionLimit": [{"id": 20, "accountId": 1, "exposedLimit": 1}],
        "userAccountRiskParameter": [],
        "contactInfo": [{"id": 4, "userId": 4, "firstName": "A"}],
        "adminAlertSignal": [],
    }
    platform.lists = before
    settled(entity_types=[])
    platform.lists = before | {
        "tradingPermission": [{"id": 7, "userId": 4, "accountId": 1, "status": "Revoked"}],
        "tradovateSubscription": [{"id": 8, "userId": 4, "timestamp": T0, "cancelledRenewal": True}],
        "marketDataSubscription": [{"id": 9, "userId": 4, "timestamp": T0, "cancelledRenewal": True}],
        "permissionedAccountAutoLiq": [{"id": 1, "dailyLossAutoLiq": 50}],
        "userAccountPositionLimit": [{"id": 20, "accountId": 1, "exposedLimit": 5}],
        "contactInfo": [{"id": 4, "userId": 4, "firstName": "B"}],
        "adminAlertSignal": [{"id": 30, "relatedToUserId": 4, "text": "Market data agreement signed"}],
    }
    fails_first(platform, "tradingPermission/list")
    platform.close()
    wait_until(last_gap(stored, "repaired_at"), what="the repair")
    changed = {(one["entity_type"], one["entity_id"]) for one in stored.events() if one["kind"] == Kind.RESYNC}
    assert changed == {
        ("tradingPermission", 7),
        ("tradovateSubscription", 8),
        ("marketDataSubscription", 9),
        ("permissionedAccountAutoLiq", 1),
        ("userAccountPositionLimit", 20),
        ("contactInfo", 4),
        ("adminAlertSignal", 30),
    }
    assert stored.mirror("tradingpermission", 7)[0]["status"] == "Revoked"
    assert stored.gaps()[-1]["differences"] == len(changed)
