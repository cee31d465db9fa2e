"""A socket that sends too much, or leads elsewhere, harms nobody else."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.support.running_hub import RunningHub, wait_until
from tests.sync.desk import Desk, Ear, row
from tests.sync.scripted_platform import ScriptedPlatform
from tests.sync.stored import Stored
from vendor_admin.organizations.platform_access import network_policy
from vendor_admin.sync.log import inbox
from vendor_admin.sync.log.inbox import Inbox
from vendor_admin.sync.log.retention import MESSAGE_BYTES
from vendor_admin.sync.log.rows import BadRow
from vendor_admin.sync.socket import opening
from vendor_admin.tradovate.rest.transport import HostNotAllowed


def event(entity_id: int, *, name: str = "a") -> bytes:
    entity = {"id": entity_id, "name": name, "active": True}
    props = {"entityType": "account", "eventType": "Updated", "entity": entity}
    return b"a[%b]" % json.dumps({"e": "props", "d": props}).encode()


def test_an_event_that_is_too_long_goes_to_quarantine_and_the_next_one_to_the_log(desk: Desk, stored: Stored) -> None:
    desk.write(Ear().rows(event(1, name="x" * MESSAGE_BYTES), event(2)))

    (kept,) = stored.quarantine()
    assert "more than 256 KiB" in kept["reason"]
    assert (len(kept["raw"]), kept["full_size"] > MESSAGE_BYTES) == (MESSAGE_BYTES, True)
    assert [one["entity_id"] for one in stored.events()] == [2]


def test_a_message_that_is_too_long_after_the_first_picture_ends_its_own_socket_alone(
    platform: ScriptedPlatform,
    connect: Callable[..., Any],
    start_hub: Callable[..., RunningHub],
    stored: Stored,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(opening, "MAX_FRAME_BYTES_OF_EVENTS", 64 * 1024)
    monkeypatch.setattr(opening, "LATE_PARTS_SECONDS", 0.0)
    accounts = [{"id": number, "name": "x" * 100, "active": True} for number in range(1, 1001)]
    platform.snapshot = [b'a[{"s":200,"i":{i},"d":{"accounts":%b}}]' % json.dumps(accounts).encode()]
    with ScriptedPlatform() as other:
        connect(platform, entity_types=["account"])
        connect(other, slug="beta", entity_types=["account"])
        start_hub()
        wait_until(lambda: [one for one in stored.leases() if one["settled_at"]][1:], what="both first pictures")
        platform.send(event(1, name="x" * 70_000))
        wait_until(lambda: len(platform.peers) == 2 and platform.open_peers, what="its end and a new socket")
        other.send(event(7))
        wait_until(lambda: stored.events("account", 7)[-1:], what="the other's event")
        assert len(other.peers) == 1
    wait_until(lambda: len(stored.mirror("account")) == 1001, what="all accounts of both")


def test_a_large_part_of_the_first_picture_that_comes_late_is_taken(
    platform: ScriptedPlatform,
    connect: Callable[..., Any],
    start_hub: Callable[..., RunningHub],
    stored: Stored,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(opening, "MAX_FRAME_BYTES_OF_EVENTS", 64 * 1024)
    platform.snapshot = [b'a[{"s":200,"i":{i},"d":{"accounts":[{"id":1,"name":"a"}]}}]']
    connect(platform, entity_types=["account"])
    start_hub()
    wait_until(lambda: [one for one in stored.leases() if one["settled_at"]], what="the first picture")

    platform.send(event(2, name="x" * 70_000))

    wait_until(lambda: stored.events("account", 2), what="what came late")
    assert len(platform.peers) == 1


def test_rows_of_one_organization_leave_room_for_the_others() -> None:
    async def story() -> None:
        box = Inbox(max_bytes=4_000)
        box.put([row(seq, lease_id=1, name="x" * 100) for seq in range(1, 10)])
        box.put([row(1, lease_id=2, name="y")])
        assert (box.is_full(1), box.is_full(2), box.is_full(3)) == (True, False, False)
        has_room = asyncio.create_task(box.room(1))
        await box.room(2)
        assert not has_room.done()
        box.take(100)
        box.done()
        await has_room
        assert not box.is_full(1)

    asyncio.run(asyncio.wait_for(story(), 10))


def test_a_batch_ends_at_its_bytes_and_holds_one_row_at_least(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbox, "BATCH_BYTES", 1_000)
    box = Inbox()
    box.put([row(seq, name="x" * size) for seq, size in enumerate((400, 400, 400, 5_000, 10), 1)])
    batches = []
    while batch := box.take(100):
        batches.append([one.seq for one in batch])
        box.done()
    assert batches == [[1, 2], [3], [4], [5]]


@pytest.mark.parametrize("is_allowed", [True, False])
def test_a_socket_goes_to_the_address_that_was_judged_and_to_no_private_one(
    platform: ScriptedPlatform, settings: Any, monkeypatch: pytest.MonkeyPatch, is_allowed: bool
) -> None:
    settings.PLATFORM_HOSTS, settings.ALLOW_INTERNAL_PLATFORM_HOSTS = ("platform.test",), is_allowed
    monkeypatch.setattr(network_policy, "addresses_of", lambda name: ["127.0.0.1"])
    url = platform.websocket_url.replace("127.0.0.1", "sync.platform.test")

    async def heard() -> bytes:
        async with opening.connecting(url) as connection:
            return await connection.recv(decode=False)

    if is_allowed:
        assert asyncio.run(heard()) == b"o"
    else:
        with pytest.raises(HostNotAllowed, match="runs on"):
            asyncio.run(heard())
        assert platform.peers == []


def test_long_rows_are_quarantined_from_lists_too() -> None:
    intake = Ear().intake
    reserved = intake.reserve(1, entity_type="account")
    entity = b'{"id":1,"name":"%b"}' % (b"x" * MESSAGE_BYTES)
    assert isinstance(intake.listed_row("account", entity, kind=2, reserved=reserved, place=0), BadRow)
