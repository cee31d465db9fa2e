"""Every way a write can end, and that money moves once in all of them."""

import time
from decimal import Decimal

import pytest
from django.utils import timezone

from tests.support.running_hub import wait_until
from tests.support.scene import Scene
from vendor_admin.errors import InvalidFields
from vendor_admin.operations.models import Operation, Plan
from vendor_admin.operations.plans import decisions
from vendor_admin.organizations.actors import Actor

pytestmark = pytest.mark.demo_alone

ADJUST = "fundTransaction/adjustcash"
CHANGE = Decimal("250.00")


def work_until_over(scene: Scene, plan: Plan, *, seconds: float = 20.0, environment: str = "demo") -> Plan:
    """Work as often as beat would, until nothing of the plan is left or a person is asked."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        scene.work(environment, seconds=3)
        if scene.reload(plan).state == Plan.State.FINISHED or any(one.needs_person for one in scene.operations(plan)):
            return scene.reload(plan)
        time.sleep(0.1)
    raise AssertionError([(one.state, one.wait_reason, one.error_text) for one in scene.operations(plan)])


def test_a_change_without_trouble_is_booked_once_with_the_operations_id(scene: Scene) -> None:
    (account_id,) = scene.account_ids(1)
    before = scene.balance(account_id)
    plan = work_until_over(scene, scene.adjust(account_id))
    (operation,) = scene.operations(plan)
    assert operation.state == Operation.State.SUCCEEDED
    assert scene.balance(account_id) == before + CHANGE
    (entry,) = scene.log_of(account_id)
    assert operation.short_id in entry["comment"]


@pytest.mark.parametrize("applies", [True, False])
@pytest.mark.parametrize("fault", ["no-answer", "500"])
def test_an_unknown_outcome_is_settled_by_reading_and_booked_once(scene: Scene, fault: str, applies: bool) -> None:
    (account_id,) = scene.account_ids(1)
    before = scene.balance(account_id)
    # The words say nothing about when the session ended: they are no reason to send it again unread.
    scene.sandbox.control("write", fault=fault, path=ADJUST, applies=applies, text="Session expired while booking")
    plan = work_until_over(scene, scene.adjust(account_id))
    (operation,) = scene.operations(plan)
    assert operation.state == Operation.State.SUCCEEDED
    assert operation.attempts == (1 if applies else 2)
    assert scene.balance(account_id) == before + CHANGE
    assert len(scene.log_of(account_id)) == 1


@pytest.mark.parametrize("was_done", [True, False])
def test_where_the_comment_is_lost_a_person_decides(scene: Scene, was_done: bool) -> None:
    (account_id,) = scene.account_ids(1)
    before = scene.balance(account_id)
    scene.sandbox.control("write-settings", comments="drop")
    scene.sandbox.control("write", fault="no-answer", path=ADJUST)
    plan = work_until_over(scene, scene.adjust(account_id))
    (operation,) = scene.operations(plan)
    assert operation.needs_person
    assert operation.state == Operation.State.UNKNOWN
    assert "If it was done" in operation.question
    assert "If it was not" in operation.question
    with scene.scope():
        with pytest.raises(InvalidFields, match="reason"):
            decisions.decide(
                operation=operation, was_done=True, actor=Actor.staff("sam"), reason=" ", now=timezone.now()
            )
        decisions.decide(
            operation=operation, was_done=was_done, actor=Actor.staff("sam"), reason="seen", now=timezone.now()
        )
    scene.work()
    (row,) = scene.rows(plan)
    assert row.state == ("succeeded" if was_done else "rejected")
    assert not row.is_locking
    assert scene.reload(plan).state == Plan.State.FINISHED
    assert scene.balance(account_id) == before + CHANGE


def test_a_refusal_keeps_the_platforms_words(scene: Scene) -> None:
    first, second = scene.account_ids(2)
    scene.sandbox.control("write", fault="errorText", path=ADJUST, text="Something odd about that")
    plan = work_until_over(scene, scene.adjust(first, second))
    states = sorted((one.state, one.error_text) for one in scene.operations(plan))
    assert states == [("rejected", "Something odd about that"), ("succeeded", "")]
    refused = next(row for row in scene.rows(plan) if row.state == "rejected")
    assert refused.why == "Something odd about that"


@pytest.mark.parametrize("odd", ["\x00", "\ud800"], ids=["a-zero-byte", "half-a-letter"])
def test_a_refusal_that_the_database_cannot_hold_is_stored_without_that_and_sent_once(scene: Scene, odd: str) -> None:
    first, second = scene.account_ids(2)
    scene.sandbox.control("write", fault="errorText", path=ADJUST, text=f"Not {odd} today")
    plan = work_until_over(scene, scene.adjust(first, second))
    states = sorted((one.state, one.attempts, one.error_text) for one in scene.operations(plan))
    assert states == [("rejected", 1, "Not \ufffd today"), ("succeeded", 1, "")]
    assert scene.writes(ADJUST) == {"refused": 1, "applied": 1}


def test_a_revoked_token_is_replaced_and_nothing_is_lost(scene: Scene) -> None:
    ids = scene.account_ids(4)
    scene.sandbox.control("revoke", organization=scene.vendor["name"])
    plan = work_until_over(scene, scene.adjust(*ids))
    assert {one.state for one in scene.operations(plan)} == {"succeeded"}
    assert all(len(scene.log_of(one)) == 1 for one in ids)


def test_a_platform_that_is_away_is_waited_for(scene: Scene) -> None:
    (account_id,) = scene.account_ids(1)
    scene.sandbox.control("refuse", seconds=2)
    plan = scene.adjust(account_id)
    work_until_over(scene, plan)
    assert len(scene.log_of(account_id)) == 1


def test_a_paused_plan_sends_nothing_and_a_cancelled_one_never_will(scene: Scene) -> None:
    from vendor_admin.operations.plans import verbs as plans

    ids = scene.account_ids(3)
    plan = scene.adjust(*ids)
    with scene.scope():
        plans.pause(plan=plan, actor=Actor.staff(scene.actor))
    assert scene.work(seconds=1) == 0
    with scene.scope():
        plans.resume(plan=plan, actor=Actor.staff(scene.actor), now=timezone.now())
        plans.cancel(plan=plan, actor=Actor.staff(scene.actor), now=timezone.now(), reason="changed my mind")
    assert scene.work(seconds=1) == 0
    assert {row.state for row in scene.rows(plan)} == {"cancelled"}
    assert not any(row.is_locking for row in scene.rows(plan))
    wait_until(lambda: scene.reload(plan).state == Plan.State.CANCELLED, what="the plan")
