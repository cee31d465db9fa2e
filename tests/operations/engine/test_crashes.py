"""A worker killed at each point of a write: applied as planned once, or unknown and then settled. Never twice."""

import threading
from collections.abc import Iterator

import pytest
from django.db import connection as database
from django.utils import timezone

from tests.operations.engine.crashing_worker import POINTS
from tests.operations.engine.test_outcomes import work_until_over
from tests.operations.workers import KILLED, Workers
from tests.support.database import product_environment
from tests.support.scene import Scene
from vendor_admin.errors import Conflict
from vendor_admin.operations.kinds import Target
from vendor_admin.operations.models import Operation, Plan
from vendor_admin.operations.plans import verbs as plans
from vendor_admin.organizations.actors import Actor

pytestmark = pytest.mark.demo_alone

ADJUST = "fundTransaction/adjustcash"
REVOKE = "user/revoketradingpermission"


@pytest.fixture(scope="module")
def workers(django_db_setup: None, database_urls: dict[str, str]) -> Iterator[Workers]:
    with Workers(product_environment(database_urls), admin_url=database_urls["admin"]) as running:
        yield running


@pytest.mark.parametrize("point", POINTS)
def test_a_balance_change_survives_a_kill_and_is_booked_once(scene: Scene, workers: Workers, point: str) -> None:
    ids = scene.account_ids(3)
    before = {one: scene.balance(one) for one in ids}
    plan = scene.adjust(*ids)
    assert workers.run(scene, point, passes=2) == KILLED
    plan = work_until_over(scene, plan)
    assert {one.state for one in scene.operations(plan)} == {Operation.State.SUCCEEDED}
    assert {row.state for row in scene.rows(plan)} == {"succeeded"}
    for account_id in ids:
        assert scene.balance(account_id) == before[account_id] + 250
        assert len(scene.log_of(account_id)) == 1


@pytest.mark.parametrize("point", POINTS)
def test_a_revocation_survives_a_kill(scene: Scene, workers: Workers, point: str) -> None:
    chosen = scene.permissions()[:3]
    plan = scene.start("test_revoke_one_by_one", [Target("tradingPermission", one.entity_id) for one in chosen])
    assert workers.run(scene, point, passes=2) == KILLED
    plan = work_until_over(scene, plan)
    assert {row.state for row in scene.rows(plan)} == {"succeeded"}
    at_platform = scene.expected("tradingPermission")
    assert {at_platform[one.entity_id]["status"] for one in chosen} == {"Revoked"}


def test_the_same_key_from_fifty_threads_is_one_plan_carried_out_once(scene: Scene) -> None:
    (account_id,) = scene.account_ids(1)
    before = scene.balance(account_id)
    targets = [Target("account", account_id, {"change": "10.00"})]
    stored: list[int] = []
    barrier = threading.Barrier(50)

    def ask() -> None:
        barrier.wait()
        try:
            plan = scene.preview("test_adjust_balance", targets, idempotency_key="order-77")
            stored.append(plan.pk)
            with scene.scope():
                plans.confirm(plan=plan, actor=Actor.staff(scene.actor), now=timezone.now())
        except Conflict:
            pass  # another thread has confirmed it
        finally:
            database.close()

    threads = [threading.Thread(target=ask) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(stored) == 50
    assert len(set(stored)) == 1
    with scene.scope():
        plan = Plan.objects.get(pk=stored[0])
    work_until_over(scene, plan)
    assert len(scene.operations(plan)) == 1
    assert scene.writes(ADJUST) == {"applied": 1}
    assert scene.balance(account_id) == before + 10
