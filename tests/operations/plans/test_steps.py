"""Rows that take two calls, and plans that are cancelled between them: no step is lost, none is done twice."""

from typing import Any

import pytest
from django.utils import timezone

from tests.support.scene import Scene
from vendor_admin.errors import Conflict
from vendor_admin.operations.kinds import Target
from vendor_admin.operations.models import Operation, Plan
from vendor_admin.operations.plans import decisions
from vendor_admin.operations.plans import verbs as plans
from vendor_admin.organizations.actors import Actor

ADJUST, PEAK = "fundTransaction/adjustcash", "accountRiskStatus/updatemaxnetliq"


def start(scene: Scene, account_id: int) -> Plan:
    """Money first, then the peak."""
    return scene.start("change_balances", [Target("account", account_id, {"cashChange": "100", "maxNetLiq": "90000"})])


def cancel(scene: Scene, plan: Plan) -> None:
    with scene.scope():
        plans.cancel(plan=plan, actor=Actor.staff(scene.actor), now=timezone.now(), reason="changed my mind")


def retry(scene: Scene, plan: Plan) -> Plan:
    with scene.scope():
        return plans.retry_failed(plan=plan, actor=Actor.staff(scene.actor), now=timezone.now())


def read_now(scene: Scene) -> None:
    """Let the time come to read what is unknown."""
    with scene.scope():
        Operation.objects.filter(state=Operation.State.UNKNOWN).update(not_before=timezone.now())


def states(scene: Scene, plan: Plan) -> list[str]:
    return [one.state for one in scene.operations(plan)]


def test_a_plan_cancelled_while_its_first_step_is_unknown_waits_for_the_truth(scene: Scene, settings: Any) -> None:
    settings.OPERATION_SETTLE_SECONDS = 60
    (id_,) = scene.account_ids(1)
    scene.sandbox.control("write", fault="no-answer", path=ADJUST)
    plan = start(scene, id_)
    scene.work(seconds=1)
    assert states(scene, plan) == ["unknown", "queued"]
    cancel(scene, plan)
    (row,) = scene.rows(plan)
    assert (row.state, row.is_locking) == ("unknown", True)
    with pytest.raises(Conflict, match="nothing to retry"):
        retry(scene, plan)
    read_now(scene)
    scene.work()
    assert states(scene, plan) == ["succeeded", "cancelled"]
    (row,) = scene.rows(plan)
    assert (row.state, row.is_locking) == ("cancelled", False)
    assert "after the first of its steps" in row.why
    (again,) = scene.rows(retry(scene, plan))
    assert again.wanted["cashChange"] is None
    assert scene.writes(PEAK) == {}


def test_a_plan_cancelled_before_its_first_step_was_done_is_free_again(scene: Scene, settings: Any) -> None:
    settings.OPERATION_SETTLE_SECONDS = 60
    settings.OPERATION_PATIENCE_SECONDS = 0
    (id_,) = scene.account_ids(1)
    scene.sandbox.control("write", fault="no-answer", path=ADJUST, applies=False)
    plan = start(scene, id_)
    scene.work(seconds=1)
    cancel(scene, plan)
    read_now(scene)
    scene.work()
    assert states(scene, plan) == ["cancelled", "cancelled"]
    (row,) = scene.rows(plan)
    assert (row.state, row.is_locking) == ("cancelled", False)
    (again,) = scene.rows(retry(scene, plan))
    assert again.state == "planned"
    assert again.wanted["cashChange"] == "100"


def test_what_was_slowed_down_while_its_plan_was_cancelled_is_not_held_for_ever(scene: Scene) -> None:
    (id_,) = scene.account_ids(1)
    plan = scene.adjust(id_)
    scene.sandbox.control("write", fault="penalty", path=ADJUST, seconds=30)
    scene.work(seconds=1)
    assert states(scene, plan) == ["queued"]
    with scene.scope():  # as if it had been on the wire when the plan was cancelled
        Operation.objects.update(state=Operation.State.SENDING)
        plans.cancel(plan=plan, actor=Actor.staff(scene.actor), now=timezone.now())
        Operation.objects.update(state=Operation.State.QUEUED)
    assert scene.rows(plan)[0].is_locking
    scene.work(seconds=1)
    (row,) = scene.rows(plan)
    assert (row.state, row.is_locking) == ("cancelled", False)


def test_a_step_that_a_person_takes_as_done_is_not_retried(scene: Scene) -> None:
    (id_,) = scene.account_ids(1)
    scene.sandbox.control("write-settings", comments="drop")
    scene.sandbox.control("write", fault="no-answer", path=ADJUST)
    plan = start(scene, id_)
    while not any(one.needs_person for one in scene.operations(plan)):
        read_now(scene)
        scene.work(seconds=2)
    scene.sandbox.control("write", fault="errorText", path=PEAK, text="Not now")
    with scene.scope():
        operation = next(one for one in scene.operations(plan) if one.needs_person)
        decisions.decide(
            operation=operation, was_done=True, actor=Actor.staff("sam"), reason="seen", now=timezone.now()
        )
    scene.work()
    (row,) = scene.rows(plan)
    assert (row.state, row.why) == ("rejected", "Not now")
    (again,) = scene.rows(retry(scene, plan))
    assert again.wanted["cashChange"] is None
    assert scene.writes(ADJUST) == {"applied": 1}
