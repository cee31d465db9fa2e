"""A socket whose rows cannot be written is set aside: it stops nobody else, is seen, and catches up in order."""

import asyncio
import re
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from django.test import Client

from tests.support.running_hub import RunningHub, wait_until
from tests.sync.desk import Desk, row
from tests.sync.scripted_platform import ScriptedPlatform
from tests.sync.stored import Stored
from vendor_admin.organizations.models import Connection
from vendor_admin.sync import backends
from vendor_admin.sync.hub import hub as hub_module
from vendor_admin.sync.log import batch_writer, inbox, writer
from vendor_admin.sync.log.inbox import Inbox
from vendor_admin.sync.status import is_healthy, socket_statuses

# What happens to whoever writes the account 77 of the first organization.
HARM = """
CREATE FUNCTION harm() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
    IF NEW.organization_id = 1 AND NEW.entity_id = 77 THEN {harm}; END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER harm BEFORE INSERT ON mirrors_account FOR EACH ROW EXECUTE FUNCTION harm();
"""
FULL_DISK = "RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100'"
CRASH = "PERFORM pg_terminate_backend(pg_backend_pid())"


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backends, "LOCK_MS", 100)
    monkeypatch.setattr(batch_writer, "RETRY_SECONDS", (0.01, 0.05))
    monkeypatch.setattr(writer, "ASIDE_SECONDS", (0.01, 0.05))


def stored_of(stored: Stored, lease_id: int) -> list[int]:
    return [event["seq"] for event in stored.events() if event["lease_id"] == lease_id]


@pytest.mark.parametrize("harm", ["a locked row", FULL_DISK, CRASH])
def test_rows_that_cannot_be_written_stop_nobody_elses_and_are_written_once_and_in_order_when_they_can(
    desk: Desk, stored: Stored, database_urls: dict[str, str], harm: str
) -> None:
    desk.add_lease(2)
    desk.flush([row(1, 77, name="before")])
    elsewhere = psycopg.connect(database_urls["admin"])
    if harm == "a locked row":
        elsewhere.execute("SELECT FROM mirrors_account WHERE entity_id = 77 FOR UPDATE")
    else:
        desk.admin.execute(HARM.format(harm=harm).encode())
    rows = [row(seq, 77 if seq == 90 else seq, name=f"n{seq}", lease_id=1 + seq % 2) for seq in range(2, 201)]

    def end_the_harm() -> None:
        wait_until(lambda: len(stored_of(stored, 2)) == 99, what="all rows of the other socket")
        wait_until(lambda: len(stored_of(stored, 1)) == 45, what="the rows before the one that cannot be written")
        elsewhere.rollback()
        desk.admin.execute("DROP TRIGGER IF EXISTS harm ON mirrors_account")

    desk.write(rows, meanwhile=end_the_harm)
    elsewhere.close()
    assert stored_of(stored, 1) == [1, *range(2, 201, 2)]
    assert stored_of(stored, 2) == list(range(3, 200, 2))
    assert sum(count for _, count in desk.stored) == 199
    assert not stored.quarantine()


def test_a_socket_set_aside_has_a_bound_of_its_own_and_its_rows_keep_their_order(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(inbox, "ASIDE_ROWS", 4)

    async def story() -> None:
        box = Inbox(max_rows=10)
        box.put([row(seq, lease_id=lease_id) for seq, lease_id in enumerate((1, 1, 2, 2, 2, 1, 2, 1), 1)])
        taken = box.take(4)
        assert box.set_aside(taken[2:]) == [2], "the first two are written"
        box.done()
        assert (len(box), box.ready) == (6, 2)
        assert (box.is_full(2), box.is_full(1)) == (True, False)
        box.put([row(9, lease_id=2), row(10, lease_id=1)])
        has_room, is_written = asyncio.create_task(box.room(2)), asyncio.create_task(box.written(2))
        others_are_written = asyncio.create_task(box.written(1))
        await asyncio.sleep(0)
        assert [one.seq for one in box.take(9)] == [6, 8, 10]
        box.done()
        await others_are_written
        taken = box.take(3, lease_id=2)
        assert [one.seq for one in taken] == [3, 4, 5]
        box.put_back(taken[1:], lease_id=2)
        box.done(lease_id=2)
        assert not is_written.done()
        assert not has_room.done()
        assert list(box.oldest_received_at()) == [2]
        assert [one.seq for one in box.take(9, lease_id=2)] == [4, 5, 7, 9]
        box.done(lease_id=2)
        await is_written
        await has_room
        box.restore(2)
        box.put([row(11, lease_id=2)])
        assert (box.ready, box.is_full(2)) == (1, False)

    asyncio.run(asyncio.wait_for(story(), 10))


def test_a_socket_that_is_behind_is_told_at_once_and_the_others_stay_live(
    platform: ScriptedPlatform,
    connect: Callable[..., Connection],
    start_hub: Callable[..., RunningHub],
    stored: Stored,
    database_urls: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(hub_module, "BEHIND_SECONDS", 0.8)

    def account(number: int, name: str) -> bytes:
        entity = b'{"id":%d,"name":"%b"}' % (number, name.encode())
        return b'a[{"e":"props","d":{"entityType":"account","eventType":"Updated","entity":%b}}]' % entity

    def states() -> dict[str, Any]:
        return {status["organization"]: status["state"] for status in socket_statuses()}

    with ScriptedPlatform() as other:
        connect(platform, "alpha", entity_types=["account"])
        connect(other, "beta", entity_types=["account"])
        hub = start_hub(renew_every=30.0, lease_ttl=60.0)  # a change is told without waiting for that
        wait_until(lambda: states() == {"alpha": "live", "beta": "live"}, what="live sockets")
        platform.send(account(1, "before"))
        wait_until(lambda: stored.mirror("account", 1), what="the first event")
        with psycopg.connect(database_urls["admin"]) as elsewhere:
            elsewhere.execute("SELECT FROM mirrors_account WHERE entity_id = 1 FOR UPDATE")
            platform.send(account(1, "waits"))
            wait_until(lambda: states() == {"alpha": "behind", "beta": "live"}, what="the state behind")
            other.send(account(2, "another's"))
            wait_until(lambda: stored.mirror("account", 2), what="another's event")
            statuses = socket_statuses()
            assert not is_healthy(statuses)
            assert statuses[0]["waiting_ms"] >= 800
            assert "lock timeout" in statuses[0]["reason"]
            assert Client().get("/syncz").status_code == 503
            shown = Client().get("/metrics").content.decode()
            (waits,) = re.findall(r'oldest_waiting_seconds{.*"alpha".*} (.*)', shown)
            assert float(waits) >= 0.8
        wait_until(lambda: states() == {"alpha": "live", "beta": "live"}, what="live sockets again")
        assert stored.mirror("account", 1)[0]["name"] == "waits"
        assert [len(one.peers) for one in (platform, other)] == [1, 1]
        hub.stop()
