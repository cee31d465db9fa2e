"""The platform says stop in the middle of a plan: at most one more call, none while waiting, and then it finishes."""

import threading
from typing import Any

import pytest
from django.db import connection as database
from django.utils import timezone

from tests.operations.engine.test_outcomes import work_until_over
from tests.support.running_hub import wait_until
from tests.support.scene import Scene
from vendor_admin.organizations.models import RateLock

ADJUST = "fundTransaction/adjustcash"
ACCOUNTS = 10
HOUR_SECONDS, PENALTY_SECONDS = 3.0, 2.0


@pytest.mark.parametrize(
    ("fault", "wait"),
    [("429", HOUR_SECONDS), ("423", HOUR_SECONDS), ("captcha", HOUR_SECONDS), ("penalty", PENALTY_SECONDS)],
)
def test_a_stop_in_mid_plan_lets_no_call_through_until_it_is_over(
    quick_quiet_scene: Scene, settings: Any, fault: str, wait: float
) -> None:
    scene, settings.PLATFORM_CONNECTIONS = quick_quiet_scene, 1
    scene.sandbox.control("write-settings", delay_ms=60)
    ids = sorted(scene.expected("account"))[:ACCOUNTS]
    money = {"cashChange": 250, "cashChangeType": "ManualAdjustment", "currencyId": 1}
    plan = scene.start("test_any_write", [scene.any_write(ADJUST, {"accountId": one, **money}) for one in ids])
    worker = threading.Thread(target=_work, args=(scene,))
    worker.start()
    wait_until(lambda: scene.writes(ADJUST).get("applied", 0) >= 2, what="two calls")
    scene.sandbox.control("write", fault=fault, path=ADJUST, locks=False, seconds=PENALTY_SECONDS)
    worker.join()
    assert scene.writes(ADJUST)["blocked"] == 1
    waiting = [one for one in scene.operations(plan) if one.state == "queued"]
    assert waiting
    assert any(one.wait_reason for one in waiting)
    assert RateLock.objects.filter(until__gt=timezone.now()).exists()

    work_until_over(scene, plan)
    calls = scene.sandbox.view("ledger", after=0, kind="write", limit=1_000)["entries"]
    stopped_at = next(one["at"] for one in calls if one["event_type"] == "blocked")
    assert sum(stopped_at < one["at"] < stopped_at + wait * 0.95 for one in calls) <= 1
    assert [one["event_type"] for one in calls].count("applied") == ACCOUNTS
    assert {one.state for one in scene.operations(plan)} == {"succeeded"}
    assert all(len(scene.log_of(one)) == 1 for one in ids)


def _work(scene: Scene) -> None:
    try:
        scene.work(seconds=1.5)
    finally:
        database.close()
