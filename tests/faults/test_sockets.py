"""A socket that is only half open, and all sockets dropped at once."""

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.faults.stage import BRISK, SMALL_WORLD, TRADING, Stage, in_words, print_table
from vendor_admin.organizations.platform_access import budgets

pytestmark = pytest.mark.slow

WINDOW_SECONDS = 20.0
LIMIT = 300
USED_BEFORE = 210


def test_a_half_open_socket_is_noticed_within_ten_seconds(make_stage: Callable[..., Stage]) -> None:
    stage = make_stage(*SMALL_WORLD, "--silence-seconds", "60")  # the platform itself holds on to it
    stage.connect_organizations(environments=["demo"], entity_types=TRADING)
    stage.open_with_load(500)
    worker = stage.holder()
    stage.sandbox.control("half-open", environment="demo")
    silent_from = time.time()
    stage.until(lambda: worker.said("sync.reconnecting"), "the worker gives the socket up", seconds=20)
    noticed = worker.said_at("sync.reconnecting")[0] - silent_from
    back = stage.until(stage.are_live, "the socket is live again", seconds=20)
    stage.until_more_is_stored()
    stage.sandbox.control("close", socket=1, code=0)
    stage.quiesce()
    report = stage.compare(overlap=60.0)
    print_table(
        "Half-open socket under load",
        in_words(report) | {"noticed after": f"{noticed:.2f} s", "live again after": f"{noticed + back:.1f} s"},
    )
    assert report["violations"] == []
    assert noticed <= 10.0
    assert "silent for" in stage.query("SELECT reason FROM sync_gap")[0]["reason"]


def test_a_storm_of_reconnects_stays_within_the_hours_budget(make_stage: Callable[..., Stage]) -> None:
    """An hour lasts 20 s here; most of its sync requests are used up, as if by another machine behind our address."""
    world = ("--organizations", "20", "--users", "3", "--accounts-per-user", "1")
    stage = make_stage(*world, "--hour-seconds", str(WINDOW_SECONDS))
    stage.connect_organizations(entity_types=["user", "account"])
    stage.start_worker(BRISK | {"BUDGET_WINDOW_SECONDS": str(WINDOW_SECONDS)})
    stage.until(stage.are_live, "all sockets are live")
    used_at = time.time()
    _use_up(stage, USED_BEFORE)
    seconds = []
    for _ in range(2):
        assert stage.sandbox.control("close", code=0)["sockets"] == 40
        seconds.append(stage.until(lambda: _all_synced(stage, 40) and stage.are_live(), "all are live", seconds=120))
    requests = _sync_requests(stage)
    first = [at for at in requests if at > used_at][:40]
    draws = _draws(stage)
    busiest = max(sum(at <= other < at + WINDOW_SECONDS for other in draws) for at in draws)
    print_table(
        f"40 sockets dropped at once, twice, with {LIMIT - USED_BEFORE - 40} of {LIMIT} sync requests left",
        {
            "first 40 sync requests spread over": f"{first[-1] - first[0]:.2f} s",
            "all live again after": ", ".join(f"{one:.1f} s" for one in seconds),
            "drawn in the busiest window": f"{busiest} of {LIMIT}",
            "refused by the platform": _refused(stage),
        },
    )
    assert first[-1] - first[0] > 0.3
    assert len(requests) >= 120
    assert len(requests) <= len(draws) - USED_BEFORE, "a sync request was sent that no budget knew of"
    assert busiest <= LIMIT
    assert seconds[1] > 5.0, "the second storm fitted into the window, so it showed nothing"
    assert _refused(stage) == 0


def _use_up(stage: Stage, uses: int) -> None:
    used_at = datetime.now(UTC)
    stage.query(
        "INSERT INTO organizations_budgetuse (key, used_at) SELECT %s, %s FROM generate_series(1, %s)",
        [_key(stage), used_at, uses],
    )


def _draws(stage: Stage) -> list[float]:
    """When uses of the budget were drawn: with an hour of 20 s, a request's way would count for minutes."""
    query = "SELECT extract(epoch FROM used_at)::float8 AS at FROM organizations_budgetuse WHERE key = %s"
    rows = stage.query(query, [_key(stage)])
    return [row["at"] for row in rows]


def _key(stage: Stage) -> str:
    return budgets.key_of(budget=budgets.SOCKET_SYNC, subject=budgets.address_subject(stage.sandbox.rest_url("demo")))


def _sync_requests(stage: Stage) -> list[float]:
    """When the platform got sync requests."""
    entries = _ledger(stage)
    return [one["at"] for one in entries if one["endpoint"] == "user/syncrequest" and one["direction"] == "received"]


def _all_synced(stage: Stage, count: int) -> bool:
    return sum(one["is_synced"] and not one["closing"] for one in stage.sandbox.state()["sockets"]) == count


def _refused(stage: Stage) -> int:
    """Sync requests that were answered by a penalty, 423 or 429."""
    return sum(
        entry["direction"] == "sent" and ('"s":42' in entry["text"] or "p-ticket" in entry["text"])
        for entry in _ledger(stage)
        if entry["kind"] == "frame"
    )


def _ledger(stage: Stage) -> list[dict[str, Any]]:
    stage.sandbox.control("flush")
    lines = stage.ledger_path.read_text().splitlines()
    return [json.loads(line) for line in lines if '"kind":"frame"' in line]
