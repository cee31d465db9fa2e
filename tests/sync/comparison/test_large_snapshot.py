"""A snapshot of 20 MB: applied, in bounded memory, without a late heartbeat."""

import json
import time
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import psutil

from tests.support.running_hub import wait_until
from tests.sync.scripted_platform import ScriptedPlatform
from tests.sync.stored import Stored

FILL = {
    "orderId": 1,
    "contractId": 4_308_010,
    "timestamp": "2026-01-05T15:00:00.000Z",
    "tradeDate": {"year": 2026, "month": 1, "day": 5},
    "action": "Buy",
    "qty": 1,
    "price": 5000.25,
    "active": True,
    "finallyPaired": 1,
    "external": False,
    "note": "x" * 400,
}
TEXT = json.dumps(FILL, separators=(",", ":")).encode()[1:]


def test_a_snapshot_of_20_mb_is_applied_in_bounded_memory_while_heartbeats_go_on(
    platform: ScriptedPlatform, connect: Callable[..., Any], start_hub: Callable[..., Any], stored: Stored
) -> None:
    count = 20_000_000 // (len(TEXT) + 12) + 1
    fills = b",".join(b'{"id":%d,%b' % (number, TEXT) for number in range(1, count + 1))
    platform.snapshot = [b'a[{"s":200,"i":{i},"d":{"fills":[%b]}}]' % fills]
    assert len(platform.snapshot[0]) > 20_000_000
    process = psutil.Process()
    before, peak = process.memory_info().rss, 0
    connect(platform, entity_types=["fill"])
    start_hub()
    wait_until(lambda: [peer for peer in platform.open_peers if peer.is_synced], what="a synced socket")

    def is_applied() -> bool:
        nonlocal peak
        peak = max(peak, process.memory_info().rss)
        return stored.rows("SELECT count(*) AS n FROM mirrors_fill")[0]["n"] == count

    wait_until(is_applied, seconds=90, what="the whole snapshot")
    fill = b'{"id":%d,%b' % (count + 1, TEXT)
    platform.send(b'a[{"e":"props","d":{"entityType":"fill","eventType":"Created","entity":%b}}]' % fill)
    wait_until(lambda: stored.mirror("fill", count + 1), what="the event behind the snapshot")
    (peer,) = platform.peers
    assert peer.is_open
    beats = [*peer.received_at, time.monotonic()]
    assert max(later - earlier for earlier, later in pairwise(beats)) < 5.0
    assert stored.lease()["epoch"] == 1
    assert not stored.quarantine()
    grown = (peak - before) / 2**20
    assert grown < 150, f"{grown:.0f} MiB more"
