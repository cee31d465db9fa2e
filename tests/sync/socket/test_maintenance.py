"""Maintenance that ends early: one socket of many finds out, and the others follow it."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from tests.support.running_hub import RunningHub, wait_until
from tests.sync.scripted_platform import ScriptedPlatform
from tests.sync.stored import Stored
from vendor_admin.organizations.models import Connection
from vendor_admin.organizations.tenancy import database_clock
from vendor_admin.organizations.tenancy.scope import organization_scope
from vendor_admin.sync import leases
from vendor_admin.sync.freshness import freshness
from vendor_admin.sync.socket import maintenance, pause
from vendor_admin.tradovate.socket import reconnect
from vendor_admin.tradovate.socket.short_lives import A_PATTERN

Connect = Callable[..., Connection]
StartHub = Callable[..., RunningHub]
LIVE = [b'a[{"s":200,"i":{i},"d":{}}]']
SHUT = [*LIVE, b'a[{"e":"shutdown","d":{"reasonCode":"Maintenance","reason":"Back soon"}}]']
ORGANIZATIONS = 5


@pytest.fixture
def quick_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sockets look at one another many times a second, and follow one that has lasted for half a second."""
    monkeypatch.setattr(pause, "LOOK_AT_OTHERS_SECONDS", 0.1)
    monkeypatch.setattr(maintenance, "FOLLOWS_AFTER_SECONDS", 0.5)
    monkeypatch.setattr(reconnect, "MAINTENANCE_TRY_SECONDS", 1.5)
    monkeypatch.setattr(reconnect, "UNUSUAL_MAINTENANCE_TRY_SECONDS", 1.5)
    monkeypatch.setattr(reconnect, "maintenance_window", _always)


def _always(now: datetime, *, margin: timedelta = timedelta(0)) -> tuple[datetime, datetime]:
    return now - timedelta(hours=1), now + timedelta(hours=3)


def states(stored: Stored) -> list[str]:
    return [one["state"] for one in stored.leases()]


def test_one_socket_in_turn_tries_whether_maintenance_has_ended_and_then_all_are_back(
    platform: ScriptedPlatform, connect: Connect, start_hub: StartHub, stored: Stored, quick_looks: None
) -> None:
    platform.snapshot = SHUT
    for number in range(ORGANIZATIONS):
        connect(platform, f"vendor-{number}", entity_types=["account"])
    start_hub()
    wait_until(lambda: states(stored) == ["waiting"] * ORGANIZATIONS, what="the maintenance")
    lease = stored.leases()[0]
    assert lease["reason"].startswith("The platform is in maintenance, usually until ")
    assert lease["next_try_at"] - datetime.now(UTC) < timedelta(seconds=5)
    assert lease["short_lives"] == 0
    with organization_scope(lease["organization_id"]):
        demo, _ = freshness(organization_id=lease["organization_id"], now=database_clock.now())
    assert demo.why.startswith("DEMO is not live (the platform is in maintenance, usually until ")

    opened = len(platform.peers)
    wait_until(lambda: len(platform.peers) > opened, what="a try")
    began = datetime.now(UTC)
    wait_until(lambda: len(platform.peers) >= opened + 3, what="two more tries")
    assert datetime.now(UTC) - began > timedelta(seconds=1.7), "they try in turn, not all at once"

    platform.snapshot = LIVE
    wait_until(lambda: states(stored) == ["live"] * ORGANIZATIONS, what="all of them")
    assert len(platform.peers) <= opened + ORGANIZATIONS + 6


def test_sockets_that_end_at_once_again_and_again_keep_no_other_from_its_try(
    connect: Connect, platform: ScriptedPlatform, database_urls: dict[str, str]
) -> None:
    """Connections of others are no tries: those open at any time, and find nothing out."""
    waiting, flapping = connect(platform, "vendor-1"), connect(platform, "vendor-2")

    async def seconds() -> float:
        async with await psycopg.AsyncConnection.connect(database_urls["hub"], autocommit=True) as connection:
            await leases.upkeep(connection, name="hub")
            claimed = {one.connection_id: one for one in await leases.claim(connection, name="hub", most=2, ttl=60.0)}
            await connection.execute(
                "UPDATE sync_lease SET opened_at = now(), short_lives = %s WHERE id = %s",
                [A_PATTERN, claimed[flapping.pk].id],
            )
            return await maintenance.seconds_until_try(connection, lease=claimed[waiting.pk], pause_seconds=60.0)

    assert asyncio.run(seconds()) == 0.0


def test_only_the_platforms_own_addresses_keep_its_hours() -> None:
    assert maintenance.keeps_its_hours("https://demo.tradovateapi.com/v1")
    assert maintenance.keeps_its_hours("https://demo-api.staging.ninjatrader.dev/v1")
    assert not maintenance.keeps_its_hours("http://127.0.0.1:8001/v1")
    assert not maintenance.keeps_its_hours("https://proxy.example.com/v1")
