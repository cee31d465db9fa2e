"""A revocation overtakes a bulk of balance changes, with a worker in a process of its own that is killed meanwhile."""

import threading
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from tests.operations.engine.test_outcomes import work_until_over
from tests.operations.workers import KILLED, Workers
from tests.support.database import product_environment
from tests.support.running_hub import wait_until
from tests.support.scene import Scene
from tests.support.scenes import connected
from vendor_admin.mirrors.models import TradingPermission
from vendor_admin.operations.kinds import Target
from vendor_admin.operations.models import Plan
from vendor_admin.operations.plans import verbs as plans
from vendor_admin.organizations.actors import Actor
from vendor_admin.sandbox.running import RunningSandbox

ACCOUNTS, CONFIRM_AFTER, KILL_AFTER = 200, 30, 120
ADJUST, REVOKE = "fundTransaction/adjustcash", "user/revoketradingpermissions"
DELAY_MS = 100
# What was on the wire or handed out when the revocation was confirmed, and what four connections call until the worker
# has looked for something urgent.
MOST_BEFORE = 40
WORLD = ("--organizations", "1", "--users", "40", "--accounts-per-user", "5", "--keep-orders", "50", "--rate", "0")


@pytest.fixture
def large_scene(committed_db: None, database_urls: dict[str, str], short_waits: None) -> Iterator[Scene]:
    with RunningSandbox(*WORLD, "--logins-per-user", "1000") as sandbox:
        yield from connected(sandbox, database_urls)


@pytest.mark.slow
def test_a_revocation_is_among_the_next_calls_and_a_kill_meanwhile_repeats_nothing(
    large_scene: Scene, database_urls: dict[str, str]
) -> None:
    scene = large_scene
    ids = scene.account_ids(ACCOUNTS)
    before = {one["accountId"]: Decimal(str(one["amount"])) for one in scene.expected("cashBalance").values()}
    scene.sandbox.control("write-settings", delay_ms=DELAY_MS)
    bulk = started_by_two(scene, scene.preview("test_adjust_balance", adjusting(ids)))
    with Workers(product_environment(database_urls), admin_url=database_urls["admin"]) as workers:
        ended: list[int] = []
        first = threading.Thread(
            target=lambda: ended.append(workers.run(scene, "after the call", passes=KILL_AFTER, seconds=120))
        )
        first.start()
        wait_until(lambda: scene.writes(ADJUST).get("applied", 0) >= CONFIRM_AFTER, seconds=60, what="the first calls")
        permission = permission_on(scene, ids[-1])
        urgent = scene.start("revoke_trading_permissions", [Target("tradingPermission", permission)])
        confirmed_after = len(calls_of(scene))
        first.join()
        assert ended == [KILLED]
        # Whoever comes next goes on: what was on the wire is read before anything else of it is sent.
        urgent, bulk = work_until_over(scene, urgent), work_until_over(scene, bulk, seconds=120)

    calls = [one["endpoint"] for one in calls_of(scene)]
    assert calls.count(REVOKE) == 1
    assert calls.index(REVOKE) - confirmed_after <= MOST_BEFORE
    assert len(calls) - calls.index(REVOKE) > MOST_BEFORE  # the bulk went on for long after it
    assert scene.writes(ADJUST) == {"applied": ACCOUNTS}
    assert {row.state for row in [*scene.rows(bulk), *scene.rows(urgent)]} == {"succeeded"}
    after = {one["accountId"]: Decimal(str(one["amount"])) for one in scene.expected("cashBalance").values()}
    assert {one: after[one] - before[one] for one in ids} == dict.fromkeys(ids, Decimal(10))
    assert scene.expected("tradingPermission")[permission]["status"] == "Revoked"


def adjusting(ids: list[int]) -> list[Target]:
    return [Target("account", one, {"change": "10.00"}) for one in ids]


def started_by_two(scene: Scene, plan: Plan) -> Plan:
    plan = scene.confirm(plan)
    with scene.scope():
        plan = plans.approve(plan=plan, actor=Actor.staff(scene.others[0]), now=timezone.now())
    assert plan.state == Plan.State.RUNNING
    return plan


def permission_on(scene: Scene, account_id: int) -> int:
    with scene.scope():
        of_account = TradingPermission.objects.filter(account_id=account_id, status="Accepted", environment="demo")
        return int(of_account.order_by("entity_id").values_list("entity_id", flat=True)[0])


def calls_of(scene: Scene) -> list[dict[str, Any]]:
    """The writes that the platform got, in its own order."""
    entries: list[dict[str, Any]] = scene.sandbox.view("ledger", after=0, kind="write", limit=20_000)["entries"]
    return sorted(entries, key=lambda one: one["n"])
