"""What a hub does beside its sockets: the ledger is kept short without holding up leases, and it leaves politely."""

import asyncio
import threading
import time
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from tests.support.running_hub import RunningHub, wait_until
from tests.sync.scripted_platform import ScriptedPlatform
from tests.sync.stored import Stored
from vendor_admin.organizations.models import Connection
from vendor_admin.sync import leases
from vendor_admin.sync.hub import hub as hub_module

Connect = Callable[..., Connection]
StartHub = Callable[..., RunningHub]
LEASE_TTL = 3.0
BATCHES = """
INSERT INTO sync_batch (organization_id, lease_id, epoch, first_seq, last_seq, row_count, received_from, received_to,
                        committed_at)
SELECT %s, %s, 1, n, n, 1, now(), now(), now() - %s::integer * interval '1 hour'
  FROM generate_series(%s::bigint, %s) AS n RETURNING 1
"""


@pytest.fixture
def ledger(
    platform: ScriptedPlatform, connect: Connect, stored: Stored, database_urls: dict[str, str]
) -> Callable[[int], int]:
    """A lease held by "one" with seven old rows in the ledger, five of them of a lease that is gone, and three of
    today; the function forgets up to so many.
    """
    connection = connect(platform)

    async def call(function: Callable[..., Any], **arguments: Any) -> Any:
        async with await psycopg.AsyncConnection.connect(database_urls["hub"], autocommit=True) as database:
            return await function(database, **arguments)

    asyncio.run(call(leases.upkeep, name="one"))
    (held,) = asyncio.run(call(leases.claim, name="one", most=1, ttl=60))
    organization = connection.organization_id
    stored.rows(BATCHES, organization, held.id, 25, 1, 2)
    stored.rows(BATCHES, organization, held.id + 1, 30, 1, 5)
    stored.rows(BATCHES, organization, held.id, 23, 3, 5)
    stored.rows(BATCHES, organization + 1, held.id + 2, 99, 1, 1)
    return lambda most: int(asyncio.run(call(leases.forget_old_batches, name="one", most=most)))


def test_the_ledger_forgets_a_bounded_number_of_old_rows_a_call(ledger: Callable[[int], int], stored: Stored) -> None:
    assert [ledger(3) for _ in range(4)] == [3, 3, 1, 0]
    assert sorted(batch["first_seq"] for batch in stored.batches()) == [1, 3, 4, 5], "another's row, and those of today"


def test_forgetting_goes_on_at_once_while_there_is_more_and_never_holds_up_the_leases(
    platform: ScriptedPlatform,
    connect: Connect,
    start_hub: StartHub,
    stored: Stored,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(hub_module, "FORGET_SECONDS", 0.2)
    monkeypatch.setattr(leases, "FORGOTTEN_AT_ONCE", 2)
    really_forget, is_slow, has_begun = leases.forget_old_batches, threading.Event(), threading.Event()

    async def forget(connection: psycopg.AsyncConnection, *, name: str) -> int:
        if is_slow.is_set():
            has_begun.set()
            await connection.execute("SELECT pg_sleep(%s)", [LEASE_TTL + 1])
        return await really_forget(connection, name=name, most=2)

    monkeypatch.setattr(leases, "forget_old_batches", forget)
    connect(platform, entity_types=["account"])
    hub = start_hub(lease_ttl=LEASE_TTL)
    wait_until(lambda: stored.lease()["settled_at"] if stored.leases() else None, what="a live socket")
    lease = stored.lease()
    stored.rows(BATCHES, lease["organization_id"], lease["id"], 25, 1_001, 1_006)
    wait_until(lambda: not stored.rows("SELECT FROM sync_batch WHERE first_seq > 1000"), what="an empty ledger")
    is_slow.set()
    assert has_begun.wait(10)
    ends_at = time.monotonic() + LEASE_TTL + 0.5
    wait_until(lambda: time.monotonic() > ends_at, what="the time to live of a lease")
    assert (stored.lease()["is_valid"], stored.lease()["epoch"], len(platform.peers)) == (True, 1, 1)
    hub.stop()


def test_a_hub_that_leaves_renews_once_and_gives_all_back_at_once(
    platform: ScriptedPlatform,
    connect: Connect,
    start_hub: StartHub,
    stored: Stored,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for number in range(5):
        connect(platform, f"vendor-{number}", entity_types=["account"])
    hub = start_hub()
    wait_until(lambda: len([peer for peer in platform.open_peers if peer.is_synced]) == 5, what="five sockets")
    calls: list[str] = []

    def counted(name: str) -> Callable[..., Any]:
        really = getattr(leases, name)

        async def call(*arguments: Any, **options: Any) -> Any:
            if hub.hub.is_stopping:
                calls.append(name)
            return await really(*arguments, **options)

        return call

    for name in ("renew", "release"):
        monkeypatch.setattr(leases, name, counted(name))
    hub.stop()
    assert calls == ["renew", "release"]
    assert {(one["holder"], one["state"], one["expires_at"]) for one in stored.leases()} == {("", "unheld", None)}
