"""A call of several items that the platform refuses as a whole: every row ends as the platform really holds it."""

import time

import pytest
from django.utils import timezone

from tests.operations.engine.test_outcomes import work_until_over
from tests.support.scene import Scene
from vendor_admin.operations.kinds import Target
from vendor_admin.operations.models import Operation, Plan
from vendor_admin.operations.plans import verbs as plans
from vendor_admin.organizations.actors import Actor

pytestmark = pytest.mark.demo_alone

REVOKE = "user/revoketradingpermissions"


def start_revoking(scene: Scene) -> Plan:
    targets = [Target("tradingPermission", one.entity_id) for one in scene.permissions()[:3]]
    return scene.start("revoke_trading_permissions", targets)


@pytest.mark.parametrize("done_by_others", [0, 1])
def test_a_refusal_without_a_name_is_read_row_by_row_and_not_repeated(scene: Scene, done_by_others: int) -> None:
    plan = start_revoking(scene)
    for row in scene.rows(plan)[:done_by_others]:  # after the preview
        scene.sandbox.control(
            "mutate",
            organization=scene.vendor["name"],
            environment="demo",
            entityType="tradingPermission",
            id=row.target_id,
            fields={"status": "Revoked"},
        )
    scene.sandbox.control("write", fault="errorText", path=REVOKE, text="One of these is under review")
    plan = work_until_over(scene, plan)
    rows = scene.rows(plan)
    done, refused = rows[:done_by_others], rows[done_by_others:]
    assert all(row.state == "succeeded" for row in done)
    for row in refused:
        assert row.state == "rejected"
        assert not row.is_locking
        assert "refused these 3 together" in row.why
        assert "One of these is under review" in row.why
    assert scene.writes(REVOKE) == {"refused": 1}
    (operation,) = scene.operations(plan)
    assert "One of these is under review" in operation.error_text
    assert scene.reload(plan).state == Plan.State.FINISHED
    with scene.scope():
        again = plans.retry_failed(plan=plan, actor=Actor.staff(scene.actor), now=timezone.now())
    assert [row.target_id for row in scene.rows(again)] == [row.target_id for row in refused]


def test_a_lock_in_the_middle_holds_the_rows_of_its_call_and_no_other_ends(quick_scene: Scene) -> None:
    scene = quick_scene
    scene.sandbox.control("write", fault="429", path=REVOKE, locks=False)
    plan = start_revoking(scene)
    scene.work(seconds=1)
    (operation,) = scene.operations(plan)
    assert operation.state == Operation.State.QUEUED
    assert operation.wait_reason
    assert {row.state for row in scene.rows(plan)} == {"queued"}
    assert scene.writes(REVOKE) == {"blocked": 1}
    began = time.monotonic()
    plan = work_until_over(scene, plan)
    assert time.monotonic() - began > 1.0
    assert {row.state for row in scene.rows(plan)} == {"succeeded"}
    assert scene.writes(REVOKE) == {"blocked": 1, "applied": 1}
