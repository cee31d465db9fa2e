"""Deadlines of a live socket: our heartbeats, the end of a snapshot, and a platform that falls silent."""

import asyncio
import time
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import psycopg
import pytest

from tests.support.running_hub import wait_until
from tests.sync.scripted_platform import ScriptedPlatform
from tests.sync.stored import Stored
from vendor_admin.sync.log import gaps
from vendor_admin.sync.socket import socket


def test_heartbeats_and_the_end_of_a_snapshot_are_on_time_on_a_socket_that_opened_slowly(
    platform: ScriptedPlatform, connect: Callable[..., Any], start_hub: Callable[..., Any], stored: Stored
) -> None:
    platform.opens_after_seconds = 0.5
    connect(platform, entity_types=["account"])
    start_hub()
    wait_until(lambda: [peer for peer in platform.open_peers if peer.is_synced], what="a synced socket")
    synced_at = time.monotonic()
    wait_until(lambda: stored.lease()["settled_at"], what="the end of the snapshot")
    assert time.monotonic() - synced_at < 2.4, "the quiet period of 0.3 s was noticed late"
    (peer,) = platform.peers
    wait_until(lambda: time.monotonic() - synced_at > 5.2, what="the time of two heartbeats")
    heard = [*peer.received_at, time.monotonic()]
    assert max(later - earlier for earlier, later in pairwise(heard)) < 3.2


def test_a_platform_that_falls_silent_is_left_within_ten_seconds_and_a_slow_database_of_ours_is_no_silence(
    platform: ScriptedPlatform,
    connect: Callable[..., Any],
    start_hub: Callable[..., Any],
    stored: Stored,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert socket.SILENCE_SECONDS < 10
    monkeypatch.setattr(socket, "SILENCE_SECONDS", 3.0)
    really_end = gaps.end_gap

    async def end_slowly(connection: psycopg.AsyncConnection, **values: Any) -> int | None:
        await asyncio.sleep(3.3)
        return await really_end(connection, **values)

    monkeypatch.setattr(gaps, "end_gap", end_slowly)
    connect(platform, entity_types=["account"])
    start_hub()
    wait_until(lambda: stored.lease()["settled_at"] if stored.leases() else None, what="the first snapshot")
    assert len(platform.peers) == 1, "it was left while it was not listened to"
    platform.sends_heartbeats = False
    silent_since = time.monotonic()
    wait_until(stored.gaps, seconds=15, what="the gap")
    assert 1.5 < time.monotonic() - silent_since < 4
    assert "silent" in stored.gaps()[0]["reason"]
