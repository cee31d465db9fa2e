"""Granting and revoking trading permissions: previewed, carried out at the platform, mirrored, reverted."""

from django.utils import timezone

from tests.support.running_hub import wait_until
from tests.support.scene import Scene
from vendor_admin.operations.kinds import Target
from vendor_admin.operations.models import Plan
from vendor_admin.operations.plans import verbs as plans
from vendor_admin.organizations.actors import Actor


def test_revoking_three_permissions_is_one_call_and_can_be_reverted(scene: Scene) -> None:
    chosen = scene.permissions()[:3]
    plan = scene.start("revoke_trading_permissions", [Target("tradingPermission", one.entity_id) for one in chosen])
    assert plan.calls_needed == 1
    scene.work()
    assert {row.state for row in scene.rows(plan)} == {"succeeded"}
    assert scene.reload(plan).state == Plan.State.FINISHED
    at_platform = scene.expected("tradingPermission")
    assert {at_platform[one.entity_id]["status"] for one in chosen} == {"Revoked"}
    assert scene.writes("user/revoketradingpermissions") == {"applied": 1}

    ids = {one.entity_id for one in chosen}
    wait_until(lambda: ids <= {one.entity_id for one in scene.permissions(status="Revoked")}, what="the mirror")
    with scene.scope():
        back = plans.revert(plan=plan, actor=Actor.staff(scene.actor), reason="a mistake", now=timezone.now())
    assert [row.state for row in scene.rows(back)] == ["planned"] * 3
    assert scene.confirm(back).state == Plan.State.RUNNING
    scene.work()
    assert {row.state for row in scene.rows(back)} == {"succeeded"}
    granted = {
        (one["accountId"], one["userId"])
        for one in scene.expected("tradingPermission").values()
        if one["status"] in ("Accepted", "Approved")
    }
    assert {(one.account_id, one.user_id) for one in chosen} <= granted
