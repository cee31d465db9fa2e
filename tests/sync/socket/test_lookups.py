"""Look-ups over a live socket: an answer never replaces what arrived after it, and absence never outruns news."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from tests.support.running_hub import RunningHub, wait_until
from tests.sync.scripted_platform import ScriptedPlatform
from tests.sync.stored import Stored
from vendor_admin.organizations.models import Connection
from vendor_admin.sync.leases import Held
from vendor_admin.sync.log.inbox import Inbox
from vendor_admin.sync.log.rows import Row
from vendor_admin.sync.models import Kind
from vendor_admin.sync.socket.listening import SNAPSHOT_CHUNK
from vendor_admin.sync.socket.socket import Socket

Connect = Callable[..., Connection]
StartHub = Callable[..., RunningHub]


def news(entity: str, event_type: str = "Updated") -> bytes:
    return f'{{"e":"props","d":{{"entityType":"account","eventType":"{event_type}","entity":{entity}}}}}'.encode()


@pytest.fixture
def reconcile(platform: ScriptedPlatform, connect: Connect, start_hub: StartHub, stored: Stored) -> Callable[[], None]:
    """A live socket that mirrors accounts 1 and 2, loaded, then compared with `account/list` when called."""
    platform.snapshot = [
        b'a[{"s":200,"i":{i},"d":{"accounts":[{"id":1,"name":"of the snapshot"},{"id":2,"name":"of the snapshot"}]}}]'
    ]
    platform.lists = {"account": [{"id": 1, "name": "of the snapshot"}, {"id": 2, "name": "of the snapshot"}]}
    connect(platform, entity_types=["account"])
    start_hub()
    wait_until(lambda: stored.lease()["settled_at"] if stored.leases() else None, what="the first load")

    def run() -> None:
        stored.rows("UPDATE sync_lease SET reconcile_requested_at = now() RETURNING id")
        wait_until(
            lambda: (one := stored.lease())["reconciled_at"] and one["reconciled_at"] > one["reconcile_requested_at"],
            what="the reconciliation",
        )

    return run


def names(stored: Stored) -> dict[int, str]:
    return {row["entity_id"]: row["name"] for row in stored.mirror("account") if row["deleted_at"] is None}


def test_an_event_right_behind_an_answer_wins_over_it(
    platform: ScriptedPlatform, reconcile: Callable[[], None], stored: Stored
) -> None:
    platform.lists = {"account": [{"id": 1, "name": "of the answer"}, {"id": 2, "name": "of the answer"}]}
    platform.behind = {"account/list": [news('{"id":1,"name":"of the event"}')]}
    reconcile()
    assert names(stored) == {1: "of the event", 2: "of the answer"}
    log = [(one["entity_id"], one["kind"], one["payload"]["name"]) for one in stored.events() if one["kind"] != 4]
    assert log == [
        (1, Kind.RESYNC, "of the answer"),
        (2, Kind.RESYNC, "of the answer"),
        (1, Kind.UPDATED, "of the event"),
    ]
    assert stored.reconciliations()[-1]["changed"] == 2


def test_a_deletion_right_behind_an_answer_leaves_nothing_alive(
    platform: ScriptedPlatform, reconcile: Callable[[], None], stored: Stored
) -> None:
    platform.lists["account"].append({"id": 3, "name": "just made"})
    platform.behind = {"account/list": [news('{"id":3,"name":"just made"}', "Deleted")]}
    reconcile()
    assert names(stored).keys() == {1, 2}


def test_an_entity_that_is_missing_from_an_answer_but_heard_of_behind_it_has_not_vanished(
    platform: ScriptedPlatform, reconcile: Callable[[], None], stored: Stored
) -> None:
    platform.lists = {"account": []}
    platform.behind = {"account/list": [news('{"id":1,"name":"alive"}')]}
    reconcile()
    assert names(stored) == {1: "alive"}
    assert [one["entity_id"] for one in stored.events() if one["kind"] == Kind.VANISHED] == [2]
    note = stored.reconciliations()[-1]
    assert (note["changed"], note["vanished"], note["platform_count"]) == (0, 1, 0)


def test_an_answer_with_an_unreadable_entity_lets_nothing_vanish(
    platform: ScriptedPlatform, reconcile: Callable[[], None], stored: Stored
) -> None:
    platform.lists = {"account": [{"id": 1, "name": "of the answer"}, {"name": "without id"}]}
    reconcile()
    assert names(stored) == {1: "of the answer", 2: "of the snapshot"}
    assert "could not be read" in stored.reconciliations()[-1]["error"]
    assert len(stored.quarantine()) == 1


def test_a_look_up_that_got_a_penalty_ticket_is_asked_again_with_it(
    platform: ScriptedPlatform, reconcile: Callable[[], None], stored: Stored
) -> None:
    platform.lists = {"account": [{"id": 1, "name": "of the answer"}, {"id": 2, "name": "of the answer"}]}
    platform.tickets = {"account/list": [{"p-ticket": "T-6", "p-time": "1", "p-captcha": "false"}]}
    platform.calls.clear()
    reconcile()
    assert platform.calls == ["account/list?", "account/list?p-ticket=T-6"]
    assert names(stored) == {1: "of the answer", 2: "of the answer"}
    assert not stored.reconciliations()[-1]["error"]


def lone_socket(inbox: Inbox) -> Socket:
    """A socket that never opens."""
    lease = Held(
        id=1,
        organization_id=1,
        connection_id=1,
        environment="demo",
        shard=0,
        fence=1,
        epoch=0,
        settled_at=None,
        retry_requested_at=None,
        version=1,
        rest_url="",
        websocket_url="",
    )
    return Socket(lease=lease, inbox=inbox, access=None, quiet_seconds=1.0)  # type: ignore[arg-type]


def test_many_vanished_entities_wait_for_room_and_keep_their_reserved_numbers() -> None:
    async def run() -> tuple[int, list[Any]]:
        inbox, most, taken = Inbox(max_rows=1_000), 0, []
        socket = lone_socket(inbox)
        ids = range(10, 5_010)
        reserved = socket.reserve(len(ids))
        later = socket.reserve(1)
        putting = asyncio.create_task(socket.put_vanished("account", enumerate(ids), reserved))
        while not putting.done() or len(inbox):
            await asyncio.sleep(0)
            most = max(most, len(inbox))
            taken += inbox.take(300)
            inbox.done()
        await putting
        assert taken[-1].seq < later.first_seq
        return most, taken

    most, taken = asyncio.run(run())
    assert most < 1_000 + SNAPSHOT_CHUNK
    assert [(row.entity_id, row.seq) for row in taken] == list(zip(range(10, 5_010), range(1, 5_001), strict=True))
    assert all(isinstance(row, Row) and row.is_difference for row in taken)


def test_what_an_ended_connection_missed_has_not_vanished() -> None:
    async def run() -> int:
        inbox = Inbox()
        socket = lone_socket(inbox)
        reserved = socket.reserve(1)
        socket.intake.start_epoch(1)
        await socket.put_vanished("account", [(0, 7)], reserved)
        return len(inbox)

    assert asyncio.run(run()) == 0


def test_waiting_for_what_was_queued_ends_although_more_keeps_coming() -> None:
    async def run() -> None:
        inbox = Inbox()
        socket = lone_socket(inbox)
        rows = [socket.intake.row("account", b'{"id":%d}' % number, kind=2) for number in range(1, 4)]
        inbox.put(rows[:1])
        waiting = asyncio.create_task(inbox.written(1))
        await asyncio.sleep(0)
        inbox.put(rows[1:])
        assert inbox.take(1)
        await asyncio.sleep(0.05)
        assert not waiting.done(), "the row is not committed yet"
        inbox.done()
        async with asyncio.timeout(1):
            await waiting
        assert len(inbox) == 2

    asyncio.run(run())
