"""Urgent operations go before all others, and a part of every hour's budget is kept for them."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection as database
from django.utils import timezone

from tests.operations.scripted_run import OneSession, ScriptedCallers
from tests.support.engine_kinds import register_engine_kinds
from tests.support.stored_plans import ADJUST, Desk
from vendor_admin.operations.engine import sweep
from vendor_admin.operations.engine.platform_calls.calls import Session
from vendor_admin.operations.engine.runner import Runner
from vendor_admin.operations.kinds import Target
from vendor_admin.operations.models import Operation, Plan
from vendor_admin.operations.plans.progress import URGENT_FIRST, progress_of
from vendor_admin.operations.precedence import Priority
from vendor_admin.operations.store import allowance, queue, wakeups
from vendor_admin.operations.store.allowance import Caller
from vendor_admin.organizations import incarnations
from vendor_admin.organizations.models import BudgetUse
from vendor_admin.organizations.platform_access import budgets
from vendor_admin.organizations.platform_access.budgets import USER_CALLS
from vendor_admin.tradovate.operations import WRITES
from vendor_admin.tradovate.operations.balances import CHANGE_DEMO_BALANCE
from vendor_admin.tradovate.operations.permissions import REVOKE_TRADING_PERMISSION

CALLER = Caller("http://127.0.0.1:9/v1", "vendor")
SESSION = Session(1, is_real=False, caller=CALLER, token="token")
REVOKE = REVOKE_TRADING_PERMISSION.path


@pytest.fixture
def desk(committed_db: None) -> Iterator[Desk]:
    register_engine_kinds()
    yield Desk()
    database.close()


def revoking(desk: Desk, *ids: int) -> Plan:
    return desk.confirm(desk.preview([Target("tradingPermission", one) for one in ids], kind="test_revoke_at_once"))


def handed_out(desk: Desk) -> list[Operation]:
    callers = ScriptedCallers()
    seams: dict[str, Any] = {"callers": callers, "sessions": OneSession(SESSION)}
    Runner(desk.lane, incarnations.present(now=timezone.now()), **seams).run(seconds=5)
    with desk.scope():
        found = {one.pk: one for one in Operation.objects.all()}
    return [found[pk] for pk in callers.handed_out]


def use_up(budget: budgets.Budget, subject: str, *, but: int) -> None:
    now = timezone.now()
    key = budgets.key_of(budget=budget, subject=subject)
    BudgetUse.objects.bulk_create(BudgetUse(key=key, used_at=now) for _ in range(budget.limit - but))


def test_what_is_urgent_goes_out_first_however_late_it_was_confirmed(desk: Desk) -> None:
    desk.adjusting(*range(1, 31))
    revoking(desk, 7, 8)
    order = [one.name for one in handed_out(desk)]
    assert order[:2] == [REVOKE, REVOKE]
    assert order.count(ADJUST) == 30


def test_when_only_the_kept_part_of_the_hour_is_left_others_wait_and_say_why(desk: Desk) -> None:
    adjusting, urgent = desk.adjusting(1, 2, 3), revoking(desk, 7)
    use_up(USER_CALLS, CALLER.user, but=250)
    assert [one.plan_id for one in handed_out(desk)] == [urgent.pk]
    waiting = desk.operations(adjusting)
    assert {one.wait_reason for one in waiting} == {allowance.USED_UP_BUT_FOR_URGENT}
    assert all(one.not_before > timezone.now() for one in waiting)


def test_the_page_of_a_plan_says_that_it_waits_for_urgent_changes_while_some_are_due(desk: Desk) -> None:
    adjusting = desk.adjusting(1)
    with desk.scope():
        assert progress_of(adjusting).waiting_for == ""
    urgent = revoking(desk, 7)
    with desk.scope():
        assert progress_of(adjusting).waiting_for == URGENT_FIRST
        assert progress_of(urgent).waiting_for == ""


def test_with_the_whole_hour_used_up_what_is_urgent_waits_too(desk: Desk) -> None:
    urgent = revoking(desk, 7)
    use_up(USER_CALLS, CALLER.user, but=0)
    assert handed_out(desk) == []
    assert {one.wait_reason for one in desk.operations(urgent)} == {allowance.USED_UP}


@pytest.mark.parametrize(
    ("used", "normal", "urgent"), [(0, 50, 50), (4_749, 1, 50), (4_750, 0, 50), (4_980, 0, 20), (5_000, 0, 0)]
)
def test_others_draw_up_to_what_is_kept_and_urgent_ones_to_the_last(
    desk: Desk, used: int, normal: int, urgent: int
) -> None:
    use_up(USER_CALLS, CALLER.user, but=USER_CALLS.limit - used)
    operation, now = WRITES[REVOKE].operation, timezone.now()
    for priority, count in ((Priority.NORMAL, normal), (Priority.URGENT, urgent)):
        drawn = allowance.draw(CALLER, operation, wanted=50, now=now, priority=priority)
        assert drawn.count == count
        allowance.give_back(CALLER, operation, count=count, drawn_at=drawn.at)


def test_of_an_endpoint_that_nothing_urgent_calls_nothing_is_kept(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    endpoint = allowance.endpoint_budget(CHANGE_DEMO_BALANCE.operation)
    assert allowance.kept_of(endpoint) == 0
    monkeypatch.setattr(allowance, "urgent_paths", lambda: {CHANGE_DEMO_BALANCE.path})
    assert allowance.kept_of(endpoint) == 200
    assert allowance.left_to(Priority.NORMAL, endpoint).limit == 800
    assert allowance.left_to(Priority.URGENT, endpoint).limit == 1_000


def test_a_lane_that_nobody_holds_with_something_urgent_is_woken_over_the_urgent_queue(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    woken: list[str] = []
    monkeypatch.setattr(wakeups, "work_soon", lambda *_: woken.append("at once"))
    monkeypatch.setattr(wakeups, "work_in_turn", lambda *_: woken.append("in turn"))
    desk.adjusting(1)
    woken.clear()
    assert sweep.wake_due_lanes() == 1
    assert woken == ["in turn"]
    revoking(desk, 7)
    woken.clear()
    assert sweep.wake_due_lanes() == 1
    assert woken == ["at once"]


def test_an_urgent_operation_is_found_while_no_room_is_left_for_others(desk: Desk) -> None:
    desk.adjusting(*range(1, 6))
    revoking(desk, 7)
    with desk.scope():
        now = timezone.now()
        found = queue.first_waiting(desk.lane, names=[ADJUST, REVOKE], most=0, most_urgent=4, now=now)
    assert [(one.name, one.priority) for one in found] == [(REVOKE, Priority.URGENT)]
