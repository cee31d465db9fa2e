"""A socket that is cut right after each start: it is opened ever more rarely, under one gap, whoever holds it."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.support.running_hub import RunningHub, wait_until
from tests.sync.desk import Desk
from tests.sync.scripted_platform import ScriptedPlatform
from tests.sync.stored import Stored
from vendor_admin.organizations.actors import Actor
from vendor_admin.organizations.models import Connection
from vendor_admin.organizations.tenancy.scope import organization_scope
from vendor_admin.sync import backends, leases
from vendor_admin.sync.leases import Held
from vendor_admin.sync.models import Lease
from vendor_admin.sync.socket.retry import try_now
from vendor_admin.tradovate.socket import reconnect, short_lives

Connect = Callable[..., Connection]
StartHub = Callable[..., RunningHub]
SNAPSHOT = b'a[{"s":200,"i":{i},"d":{"accounts":[{"id":1,"name":"a"}]}}]'
CUT = b'c[1006,""]'


@pytest.fixture
def cut_off(platform: ScriptedPlatform, connect: Connect, monkeypatch: pytest.MonkeyPatch) -> Connection:
    """A connection whose sockets are closed as soon as they are live. The first tries follow at once."""
    monkeypatch.setattr(reconnect, "LONGEST_DELAY_SECONDS", 0.05)
    platform.snapshot = [SNAPSHOT, CUT]
    return connect(platform, entity_types=["account"])


def wait_for_minutes(stored: Stored, *, lives: int = short_lives.MANY) -> dict[str, Any]:
    def waits() -> dict[str, Any] | None:
        (lease,) = stored.leases() or [{"state": "", "reason": ""}]
        return lease if lease["state"] == "waiting" and f": {lives} in a row" in lease["reason"] else None

    return wait_until(waits, seconds=30, what=f"{lives} short lives")


def test_ten_lives_of_an_instant_make_it_wait_for_minutes_and_say_why_under_one_gap(
    platform: ScriptedPlatform, cut_off: Connection, start_hub: StartHub, stored: Stored
) -> None:
    start_hub()
    lease = wait_for_minutes(stored)
    assert len(platform.peers) == short_lives.MANY == lease["short_lives"]
    assert lease["reason"].startswith("The platform lets us in, but each connection ends after about 1 s: 10 in a row")
    assert lease["next_try_at"] - datetime.now(UTC) > timedelta(seconds=30)
    assert len(stored.gaps()) < short_lives.MANY
    (gap,) = [one for one in stored.gaps() if one["ended_at"] is None]
    assert gap["reason"].startswith("10 connections in a row ended within a minute, the last: closed by the platform")


def test_the_count_and_the_pause_outlast_the_worker(
    platform: ScriptedPlatform, cut_off: Connection, start_hub: StartHub, stored: Stored
) -> None:
    first = start_hub("first")
    wait_for_minutes(stored)
    first.stop()
    opened, gaps = len(platform.peers), len(stored.gaps())
    start_hub("second")
    lease = wait_until(
        lambda: (one := stored.lease())["holder"] == "second" and one["state"] == "waiting" and one, what="the wait"
    )
    assert len(platform.peers) == opened
    assert "each connection ends within a minute: 10 in a row" in lease["reason"]
    assert lease["next_try_at"] - datetime.now(UTC) > timedelta(seconds=30)
    assert len(stored.gaps()) == gaps


def test_a_worker_that_dies_within_a_life_has_it_counted_and_one_that_closes_it_itself_has_not(
    platform: ScriptedPlatform, connect: Connect, start_hub: StartHub, stored: Stored
) -> None:
    platform.snapshot = [SNAPSHOT]
    connect(platform, entity_types=["account"])
    hub = start_hub()
    wait_until(lambda: stored.leases() and stored.lease()["state"] == "live", what="the socket")
    assert stored.lease()["short_lives"] == 1, "as it would stay if the worker died now"
    hub.stop()
    assert stored.lease()["short_lives"] == 0


def test_a_life_counts_as_short_from_its_first_moment_before_its_worker_says_anything(
    desk: Desk, stored: Stored
) -> None:
    lease = Held(1, 1, 1, "demo", 0, 1, 1, None, None, 1, "", "", short_lives=4)

    async def begin() -> None:
        async with await backends.connect(desk.url, name="test") as connection:
            assert await leases.next_epoch(connection, name="me", lease=lease) == 2

    asyncio.run(begin())
    assert stored.lease()["short_lives"] == 5


def test_somebody_may_have_it_tried_at_once_and_the_pause_goes_on_from_there(
    platform: ScriptedPlatform, cut_off: Connection, start_hub: StartHub, stored: Stored
) -> None:
    start_hub()
    wait_for_minutes(stored)
    gaps = len(stored.gaps())
    with organization_scope(cut_off.organization_id):
        lease = Lease.objects.get()
    try_now(lease=lease, actor=Actor.staff("staff"), now=datetime.now(UTC))
    told = wait_for_minutes(stored, lives=short_lives.MANY + 1)
    assert len(platform.peers) == short_lives.MANY + 1
    assert told["next_try_at"] - datetime.now(UTC) > timedelta(seconds=60)
    assert len(stored.gaps()) == gaps, "the same gap goes on"


def test_a_socket_that_lasts_again_is_no_pattern_any_more(
    platform: ScriptedPlatform,
    cut_off: Connection,
    start_hub: StartHub,
    stored: Stored,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(short_lives, "STEADY_SECONDS", 1.0)
    monkeypatch.setattr(short_lives, "SHORT_LIFE_SECONDS", 0.9)
    start_hub()
    wait_until(lambda: stored.leases() and stored.lease()["short_lives"] >= 3, what="some short lives")
    platform.snapshot = [SNAPSHOT]
    wait_until(lambda: (one := stored.lease())["state"] == "live" and not one["short_lives"], what="a lasting one")
    wait_until(lambda: stored.gaps()[-1]["settled_at"], what="the settlement")


def test_tries_that_never_reach_the_platform_are_no_short_lives(
    platform: ScriptedPlatform, cut_off: Connection, start_hub: StartHub, stored: Stored
) -> None:
    platform.accepts = False
    start_hub()
    wait_until(lambda: stored.leases() and stored.lease()["epoch"] > short_lives.MANY + 2, what="many tries")
    assert stored.lease()["short_lives"] <= 1
