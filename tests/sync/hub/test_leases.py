"""Who holds a socket: claims, renewals, take-over, shares, and what staff change while a hub runs."""

import asyncio
import json
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any, Concatenate, TypeVar

import psycopg
import pytest

from tests.support.cutting_proxy import CuttingProxy
from tests.support.running_hub import LEASE_TTL, RunningHub, wait_until
from tests.sync.conftest import give_token
from tests.sync.scripted_platform import Peer, ScriptedPlatform
from tests.sync.stored import Stored
from vendor_admin.organizations.actors import Actor
from vendor_admin.organizations.connections.verbs import pause_connection, repoint_connection, resume_connection
from vendor_admin.organizations.models import Connection
from vendor_admin.sync import backends, leases
from vendor_admin.sync.hub import hub as hub_module
from vendor_admin.sync.leases import Status
from vendor_admin.sync.log import batch_writer, flush

T = TypeVar("T")
Connect = Callable[..., Connection]
StartHub = Callable[..., RunningHub]
SHORT_TTL = 3.0


class Hubs:
    """Calls the functions of leases.py as hubs do."""

    def __init__(self, url: str) -> None:
        self._url = url

    def call(self, function: Callable[Concatenate[psycopg.AsyncConnection, ...], Awaitable[T]], **arguments: Any) -> T:
        async def run() -> T:
            async with await psycopg.AsyncConnection.connect(self._url, autocommit=True) as connection:
                return await function(connection, **arguments)

        return asyncio.run(run())

    def upkeep(self, name: str) -> int:
        return self.call(leases.upkeep, name=name)

    def claim(self, name: str, *, most: int = 10, ttl: float = 30.0) -> list[leases.Held]:
        return self.call(leases.claim, name=name, most=most, ttl=ttl)

    def renew(self, name: str, held: leases.Held, *, ttl: float = 30.0) -> leases.Renewed | None:
        status = Status(id=held.id, fence=held.fence, epoch=held.epoch, state="live")
        return self.call(leases.renew, name=name, statuses=[status], ttl=ttl).get(held.id)


@pytest.fixture
def hubs(committed_db: None, database_urls: dict[str, str]) -> Hubs:
    return Hubs(database_urls["hub"])


def synced(platform: ScriptedPlatform) -> list[Peer]:
    return [peer for peer in platform.open_peers if peer.is_synced]


def event(entity_id: int) -> bytes:
    entity = b'{"id":%d,"name":"x"}' % entity_id
    return b'a[{"e":"props","d":{"entityType":"account","eventType":"Updated","entity":%b}}]' % entity


def test_a_lease_has_one_holder_and_each_claim_raises_its_fence(
    hubs: Hubs, connect: Connect, platform: ScriptedPlatform
) -> None:
    connect(platform)
    assert hubs.upkeep("one") == 1
    (held,) = hubs.claim("one", ttl=0.2)
    assert held.fence == 1
    assert hubs.claim("two") == []
    time.sleep(0.3)
    (taken,) = hubs.claim("two")
    assert (taken.id, taken.fence) == (held.id, 2)
    assert hubs.renew("one", held) is None
    assert hubs.renew("two", taken) is not None
    hubs.call(leases.release, name="one", held=[held], reason="")
    assert hubs.claim("three") == [], "a former holder gave back what it does not hold"
    hubs.call(leases.release, name="two", held=[taken], reason="")
    assert hubs.claim("one")[0].fence == 3


def test_renewing_prolongs_and_epochs_are_given_to_the_holder_alone(
    hubs: Hubs, connect: Connect, platform: ScriptedPlatform, stored: Stored
) -> None:
    connect(platform)
    hubs.upkeep("one")
    (held,) = hubs.claim("one", ttl=0.5)
    assert hubs.renew("one", held, ttl=30.0) is not None
    time.sleep(0.6)
    assert hubs.claim("two") == []
    assert stored.lease()["is_valid"]
    assert [hubs.call(leases.next_epoch, name="one", lease=held) for _ in range(2)] == [1, 2]
    assert hubs.call(leases.next_epoch, name="two", lease=held) is None
    assert hubs.call(leases.next_epoch, name="one", lease=replace(held, fence=0)) is None
    assert hubs.call(leases.read, name="one", lease_id=held.id, fence=1) is not None
    assert hubs.call(leases.read, name="two", lease_id=held.id, fence=1) is None, "another's fence is adopted"
    assert hubs.call(leases.read, name="one", lease_id=held.id, fence=0) is None


def test_a_lease_whose_row_somebody_has_locked_is_kept_unrenewed_and_holds_up_no_other(
    hubs: Hubs, connect: Connect, platform: ScriptedPlatform, stored: Stored, database_urls: dict[str, str]
) -> None:
    for number in range(2):
        connect(platform, f"vendor-{number}")
    hubs.upkeep("one")
    held = hubs.claim("one", ttl=30)
    statuses = [Status(id=lease.id, fence=lease.fence, epoch=lease.epoch, state="live") for lease in held]
    with psycopg.connect(database_urls["admin"]) as elsewhere:
        elsewhere.execute("UPDATE sync_lease SET reconcile_requested_at = now() WHERE id = %s", [held[0].id])
        answers = hubs.call(leases.renew, name="one", statuses=statuses, ttl=60)
        assert {lease.id: answers[lease.id].is_renewed for lease in held} == {held[0].id: False, held[1].id: True}
        assert hubs.upkeep("one") == 2, "upkeep waits for nobody"
        elsewhere.commit()
    assert all(answer.is_renewed for answer in hubs.call(leases.renew, name="one", statuses=statuses, ttl=60).values())


def test_the_lease_of_a_paused_connection_forgets_a_holder_that_died(
    hubs: Hubs, connect: Connect, platform: ScriptedPlatform, stored: Stored
) -> None:
    connection = connect(platform)
    hubs.upkeep("one")
    hubs.claim("one", ttl=0.1)
    pause_connection(connection=connection, actor=Actor.staff("staff"))
    time.sleep(0.2)
    assert hubs.call(leases.break_locks_of_lapsed, name="two") == ["one"]
    hubs.upkeep("two")
    assert (stored.lease()["holder"], stored.lease()["state"]) == ("", "paused")
    assert hubs.call(leases.break_locks_of_lapsed, name="two") == []


def test_a_flush_holds_back_claims_and_never_renewals(
    hubs: Hubs, connect: Connect, platform: ScriptedPlatform, database_urls: dict[str, str]
) -> None:
    connect(platform)
    hubs.upkeep("one")
    (held,) = hubs.claim("one", ttl=0.1)
    with psycopg.connect(database_urls["hub"]) as flushing:
        flushing.execute("SELECT sync_hold_fences(%s::jsonb)", [json.dumps([{"id": held.id, "fence": held.fence}])])
        renewed = hubs.renew("one", held, ttl=0.1)
        assert renewed is not None
        assert renewed.is_renewed
        time.sleep(0.2)
        assert hubs.claim("two") == []
    assert len(hubs.claim("two")) == 1


def test_many_hubs_that_claim_at_once_never_share_a_lease(
    hubs: Hubs, connect: Connect, platform: ScriptedPlatform, database_urls: dict[str, str]
) -> None:
    for number in range(6):
        connect(platform, f"vendor-{number}")
    hubs.upkeep("one")

    async def claim(name: str) -> list[int]:
        async with await psycopg.AsyncConnection.connect(database_urls["hub"], autocommit=True) as connection:
            return [held.id for held in await leases.claim(connection, name=name, most=3, ttl=30)]

    async def race() -> list[list[int]]:
        return await asyncio.gather(*(claim(f"hub-{number}") for number in range(5)))

    claimed = [lease for held in asyncio.run(race()) for lease in held]
    assert len(claimed) == len(set(claimed)) == 6


def test_two_hubs_share_the_sockets_fairly(
    connect: Connect, start_hub: StartHub, platform: ScriptedPlatform, stored: Stored
) -> None:
    start_hub("one")
    start_hub("two")
    wait_until(lambda: len(stored.rows("SELECT FROM sync_hub")) == 2, what="both hubs")
    for number in range(4):
        connect(platform, f"vendor-{number}")
    wait_until(lambda: len(synced(platform)) == 4, what="four sockets")
    assert sorted(lease["holder"] for lease in stored.leases()) == ["one", "one", "two", "two"]


@pytest.fixture
def freeze_in_a_flush(monkeypatch: pytest.MonkeyPatch) -> Callable[[RunningHub], Callable[[], None]]:
    """Have a hub stand still, as SIGSTOP would, in its next flush: the server has all but its COMMIT. The function
    returned wakes it up.
    """
    monkeypatch.setattr(backends, "TRANSACTION_SECONDS", 600)  # as with PostgreSQL 15
    really_write, thaws = batch_writer.write_batch, dict[str, threading.Event]()

    async def write(connection: psycopg.AsyncConnection, rows: Sequence[Any], **options: Any) -> int:
        name = connection.info.get_parameters()["application_name"]
        thaw = next((thaw for start, thaw in thaws.items() if name.startswith(start) and not thaw.is_set()), None)
        if thaw is None:
            return await really_write(connection, rows, **options)

        def standing() -> Iterator[flush.Statement]:
            yield from flush.statements_of(rows)
            connection.pgconn.send_flush_request()
            connection.pgconn.flush()
            thaw.wait(60)

        return await really_write(connection, rows, **options | {"rendered": standing()})

    monkeypatch.setattr(batch_writer, "write_batch", write)

    def freeze(hub: RunningHub) -> Callable[[], None]:
        thaw = thaws[backends.application_name(hub.name)] = threading.Event()
        return thaw.set

    return freeze


def test_a_holder_frozen_in_a_flush_is_replaced_within_the_ttl_and_writes_nothing_afterwards(
    connect: Connect,
    start_hub: StartHub,
    platform: ScriptedPlatform,
    stored: Stored,
    freeze_in_a_flush: Callable[[RunningHub], Callable[[], None]],
) -> None:
    connect(platform)
    first = start_hub("first", lease_ttl=SHORT_TTL)
    wait_until(lambda: synced(platform), what="the first socket")
    platform.send(event(1))
    wait_until(lambda: stored.events("account", 1), what="the first event")
    (old,) = platform.peers
    thaw, frozen_at = freeze_in_a_flush(first), time.monotonic()
    platform.send(event(2), peer=old)
    start_hub("second")
    wait_until(lambda: stored.lease()["holder"] == "second", what="the take-over")
    assert time.monotonic() - frozen_at < SHORT_TTL + 2
    wait_until(lambda: len([peer for peer in synced(platform) if peer is not old]) == 1, what="the second socket")
    assert stored.lease()["fence"] == 2
    thaw()
    wait_until(lambda: not old.is_open, what="the old socket's end")
    new = platform.peers[-1]
    platform.send(event(3), peer=new)
    wait_until(lambda: stored.events("account", 3), what="an event of the new socket")
    first.stop()  # it has decided about all that it had in hand
    assert not stored.events("account", 2)
    assert {row["epoch"] for row in stored.events("account", 3)} == {2}
    (gap,) = stored.gaps()
    assert gap["started_at"] < gap["ended_at"]


def test_a_hub_that_cannot_renew_closes_its_sockets_in_time_and_keeps_its_rows(
    connect: Connect,
    start_hub: StartHub,
    platform: ScriptedPlatform,
    stored: Stored,
    database_urls: dict[str, str],
) -> None:
    connect(platform)
    with CuttingProxy(database_urls["hub"]) as proxy:
        hub = start_hub(database_url=proxy.url)
        wait_until(lambda: synced(platform), what="the socket")
        platform.send(event(1))
        wait_until(lambda: stored.events("account", 1), what="the first event")
        expires_at = stored.lease()["expires_at"]
        proxy.hold_answers()
        for entity_id in range(2, 40):
            platform.send(event(entity_id))
        (peer,) = platform.peers
        wait_until(lambda: not peer.is_open, what="the socket's end")
        row = stored.rows("SELECT max(expires_at) - clock_timestamp() AS seconds_left FROM sync_lease")[0]
        assert row["seconds_left"].total_seconds() > -0.2, f"still open after {expires_at}"
        proxy.cut()
        wait_until(lambda: len(synced(platform)) == 1, what="a new socket")
        wait_until(lambda: len(stored.events("account")) >= 39, what="the rows that waited")
        assert len(stored.events("account")) == 39
        hub.stop()


def test_pause_resume_and_new_address_take_effect_within_seconds(
    connect: Connect, start_hub: StartHub, platform: ScriptedPlatform, stored: Stored
) -> None:
    connection = connect(platform)
    start_hub()
    wait_until(lambda: synced(platform), what="the socket")
    platform.send(event(1))
    pause_connection(connection=connection, actor=Actor.staff("staff"))
    wait_until(lambda: not platform.open_peers, seconds=5, what="the socket's end after a pause")
    wait_until(lambda: stored.lease()["state"] == "paused", seconds=5, what="the state")
    assert stored.lease()["holder"] == ""
    assert stored.events("account", 1)
    resume_connection(connection=connection, actor=Actor.staff("staff"))
    wait_until(lambda: synced(platform), seconds=5, what="the socket after a resume")
    with ScriptedPlatform() as elsewhere:
        give_token(connection, elsewhere.rest_url)
        repoint_connection(
            connection=connection,
            rest_url=elsewhere.rest_url,
            websocket_url=elsewhere.websocket_url,
            credentials=connection.credentials,
            actor=Actor.staff("staff"),
        )
        wait_until(lambda: synced(elsewhere) and not platform.open_peers, seconds=5, what="the move")
        elsewhere.send(event(2))
        wait_until(lambda: stored.events("account", 2), what="an event from there")
        assert stored.lease()["epoch"] == 3
        assert [gap["ended_at"] is not None for gap in stored.gaps()] == [True, True]


def test_many_changes_at_once_leave_the_sockets_of_others_open(
    connect: Connect,
    start_hub: StartHub,
    platform: ScriptedPlatform,
    stored: Stored,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stop = hub_module.Holding.stop

    async def stop_slowly(holding: hub_module.Holding) -> None:
        await stop(holding)
        await asyncio.sleep(0.5)  # as a peer that does not answer the close at once

    monkeypatch.setattr(hub_module.Holding, "stop", stop_slowly)
    changed = [connect(platform, f"vendor-{number}") for number in range(6)]
    connect(platform, "unchanged")
    hub = start_hub(lease_ttl=SHORT_TTL)
    wait_until(lambda: len(synced(platform)) == 7, what="seven sockets")
    for connection in changed:
        pause_connection(connection=connection, actor=Actor.staff("test"))
    wait_until(lambda: len(platform.open_peers) == 1, what="the paused sockets' end")
    time.sleep(SHORT_TTL)
    assert (len(platform.open_peers), len(platform.peers)) == (1, 7), "the unchanged socket was closed"
    hub.stop()


def test_a_removed_connection_loses_its_socket(
    connect: Connect,
    start_hub: StartHub,
    platform: ScriptedPlatform,
    stored: Stored,
    admin_connection: psycopg.Connection,
) -> None:
    connect(platform)
    start_hub()
    wait_until(lambda: synced(platform), what="the socket")
    admin_connection.execute("DELETE FROM sync_lease")
    admin_connection.execute("DELETE FROM organizations_connection")
    wait_until(lambda: not platform.open_peers, seconds=8, what="the socket's end")
    assert stored.leases() == []


def test_every_shard_has_a_socket_of_its_own_with_a_remainder_of_its_own(
    connect: Connect, start_hub: StartHub, platform: ScriptedPlatform, stored: Stored
) -> None:
    connect(platform, sharding="modAccountId", shard_count=3)
    start_hub()
    wait_until(lambda: len(synced(platform)) == 3, what="three sockets")
    expressions = [peer.sync_request["shardingExpression"] for peer in platform.peers]
    assert sorted(one["remainder"] for one in expressions) == [0, 1, 2]
    assert {(one["expressionType"], one["divisor"]) for one in expressions} == {("modAccountId", 3)}
    assert all(peer.sync_request["splitResponses"] for peer in platform.peers)
    assert all(len(peer.sync_request["entityTypes"]) > 30 for peer in platform.peers)
    assert [lease["shard"] for lease in stored.leases()] == [0, 1, 2]


def test_a_gap_begins_when_a_hub_stops_even_if_no_other_takes_its_lease(
    connect: Connect, start_hub: StartHub, platform: ScriptedPlatform, stored: Stored
) -> None:
    connect(platform)
    hub = start_hub("only")
    wait_until(lambda: stored.lease()["state"] == "live" if stored.leases() else None, what="a live socket")
    covered_until = stored.lease()["covered_until"]
    hub.stop()
    (gap,) = stored.gaps()
    assert (gap["reason"], gap["ended_at"], gap["repaired_at"]) == (leases.UnheldReason.NO_WORKER, None, None)
    assert covered_until is None or gap["started_at"] >= covered_until
    start_hub("next")
    wait_until(lambda: stored.gaps()[0]["ended_at"], what="the end of the gap")
    assert [one["started_at"] for one in stored.gaps() if one["ended_at"]] == [gap["started_at"]]


def test_a_hub_that_stops_hands_its_leases_over_at_once(
    connect: Connect, start_hub: StartHub, platform: ScriptedPlatform, stored: Stored
) -> None:
    connect(platform)
    first = start_hub("first")
    wait_until(lambda: synced(platform), what="the socket")
    start_hub("second")
    platform.send(event(1))
    wait_until(lambda: stored.events("account", 1), what="the event")
    stopped_at = time.monotonic()
    first.stop()
    wait_until(lambda: stored.lease()["holder"] == "second", seconds=3, what="the handover")
    assert time.monotonic() - stopped_at < LEASE_TTL
    assert len(stored.events("account", 1)) == 1
    assert stored.rows("SELECT name FROM sync_hub") == [{"name": "second"}]
