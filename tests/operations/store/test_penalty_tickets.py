"""After a penalty the call that holds the ticket goes first, however many wait before it in the queue."""

from typing import Any

from django.utils import timezone

from tests.operations.engine.test_outcomes import work_until_over
from tests.support.running_hub import wait_until
from tests.support.scene import Scene
from tests.support.stored_plans import ADJUST, MONEY
from vendor_admin.operations.models import Operation, Plan

CALLS, PENALTY_SECONDS = 30, 2


def test_the_holder_of_the_ticket_goes_out_though_all_others_have_been_due_for_longer(
    quiet_scene: Scene, settings: Any
) -> None:
    scene, settings.PLATFORM_CONNECTIONS = quiet_scene, 1
    scene.sandbox.control("write", fault="penalty", path=ADJUST, seconds=PENALTY_SECONDS)
    (account,) = sorted(scene.expected("account"))[:1]
    plan = scene.start("test_any_write", [scene.any_write(ADJUST, {"accountId": account, **MONEY})] * CALLS)
    while not any(one.penalty_ticket for one in queued(scene, plan)):
        scene.work(seconds=0.3)
    wait_until(lambda: all_are_due(scene, plan), what="the end of the penalty")
    by_time = sorted(queued(scene, plan), key=lambda one: (one.not_before, one.pk))
    assert [bool(one.penalty_ticket) for one in by_time] == [False] * (CALLS - 1) + [True]
    assert work_until_over(scene, plan).state == Plan.State.FINISHED
    assert {one.state for one in scene.operations(plan)} == {"succeeded"}


def all_are_due(scene: Scene, plan: Plan) -> bool:
    return all(one.not_before <= timezone.now() for one in queued(scene, plan))


def queued(scene: Scene, plan: Plan) -> list[Operation]:
    return [one for one in scene.operations(plan) if one.state == Operation.State.QUEUED]
