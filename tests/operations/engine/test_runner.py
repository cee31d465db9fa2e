"""What the runner of a lane heeds before it lets anything out."""

import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
from django.db import connection as database
from django.utils import timezone

from tests.operations.scripted_run import OneSession, ScriptedCallers
from tests.support.engine_kinds import register_engine_kinds
from tests.support.people import staff_of
from tests.support.stored_plans import Desk, claim
from vendor_admin.operations.engine import lane_hold, readings
from vendor_admin.operations.engine.platform_calls.calls import Called, Permit, Session
from vendor_admin.operations.engine.runner import Runner
from vendor_admin.operations.kinds import Target
from vendor_admin.operations.models import Operation, Plan
from vendor_admin.operations.plans import verbs as plans
from vendor_admin.operations.store import queue
from vendor_admin.operations.store.allowance import Caller
from vendor_admin.operations.store.queue import LANE_TTL, LaneKey
from vendor_admin.organizations import incarnations
from vendor_admin.organizations.actors import Actor
from vendor_admin.organizations.models import Incarnation, Organization
from vendor_admin.organizations.platform_access import budgets
from vendor_admin.organizations.tenancy import database_clock
from vendor_admin.organizations.tenancy.scope import organization_scope
from vendor_admin.tradovate.operations.balances import ADJUST_CASH
from vendor_admin.tradovate.operations.permissions import REVOKE_TRADING_PERMISSION
from vendor_admin.tradovate.outcomes import Locked

CALLER = Caller("http://127.0.0.1:9/v1", "user")
SESSION = Session(1, is_real=False, caller=CALLER, token="token")


@pytest.fixture
def desk(committed_db: None) -> Iterator[Desk]:
    register_engine_kinds()
    yield Desk()
    database.close()


def runner_of(desk: Desk, *, callers: ScriptedCallers | None = None) -> Runner:
    seams: dict[str, Any] = {"callers": callers, "sessions": OneSession(SESSION)}
    return Runner(desk.lane, incarnation(), **seams)


def incarnation() -> Incarnation:
    return incarnations.present(now=timezone.now())


def permit() -> Permit:
    return Permit(timezone.now(), time.monotonic() + 60)


def test_what_was_drawn_ahead_is_not_used_once_another_lane_of_the_user_was_locked(desk: Desk) -> None:
    desk.adjusting(7, 8)
    lane, now = runner_of(desk, callers=ScriptedCallers()), timezone.now()
    lane.look(now=now)
    assert lane.permits.names == {ADJUST_CASH.path}

    budgets.lock(key=CALLER.user, until=now + timedelta(hours=1), reason="The platform answered 429.")
    lane.look(now=now)
    assert lane.permits.names == set()


def test_a_row_is_read_by_one_thread_at_a_time_however_long_that_takes(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on = [], threading.Event()

    def read(_lane: LaneKey, row: Operation, *_: Any, **__: Any) -> None:
        begun.append(row.pk)
        go_on.wait(20)

    monkeypatch.setattr(readings, "settle", read)
    unknown = [desk.change(row, state="unknown") for row in desk.operations(desk.adjusting(7, 8))]
    lane = runner_of(desk)
    try:
        for _ in range(3):
            lane.look(now=timezone.now())
    finally:
        go_on.set()
    while lane.callers.in_flight:
        lane.callers.collect(seconds=1.0)
    lane.close()
    assert sorted(begun) == [row.pk for row in unknown]


def test_a_lock_is_in_force_before_the_runner_looks_what_is_next(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise something is read from the platform right after it has forbidden every call."""
    claimed, _ = desk.claim(desk.adjusting(7, 8))
    locked_at_looks = []
    really = queue.due_names

    def look(lane: LaneKey, *, now: datetime) -> list[str]:
        locked_at_looks.append(budgets.locked_until(keys=[CALLER.user], now=now) is not None)
        return really(lane, now=now)

    monkeypatch.setattr(queue, "due_names", look)
    answered = [Called(claimed, ADJUST_CASH, SESSION, permit(), Locked(429, "no"))]
    runner_of(desk, callers=ScriptedCallers(answered)).run(seconds=20)
    assert locked_at_looks == [False, True]


def test_the_gate_closes_before_the_lane_runs_out_also_where_renewing_it_took_long(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    hold = queue.hold_lane

    def hold_slowly(*arguments: Any, **named: Any) -> bool:
        is_ours = hold(*arguments, **named)
        time.sleep(0.3)
        return is_ours

    monkeypatch.setattr(queue, "hold_lane", hold_slowly)
    lane, before = runner_of(desk, callers=ScriptedCallers()), time.monotonic()
    assert lane.keep_lane()
    assert lane.gate.ours_until <= before + LANE_TTL.total_seconds() - lane_hold.GATE_MARGIN_SECONDS + 0.1


@pytest.mark.parametrize("stop", [plans.pause, partial(plans.cancel, now=timezone.now())])
def test_what_was_claimed_ahead_is_not_sent_once_its_plan_was_stopped(
    committed_db: None, settings: Any, stop: Callable[..., Plan]
) -> None:
    settings.PLATFORM_CONNECTIONS = 1
    register_engine_kinds()
    organization = Organization.objects.create(slug="vendor", name="Vendor")
    staff_of(organization, "riley")
    lane, now = Runner(LaneKey(organization.pk, "demo", "worker"), incarnation()), timezone.now()
    go_on = threading.Event()
    with organization_scope(organization.pk):
        target = Target("tradingPermission", 1)
        plan = plans.confirm(plan=_preview(organization, target), actor=Actor.staff("riley"), now=now)
    try:
        assert lane.keep_lane()
        with queue.step(organization.pk):
            (row,) = claim(lane.lane, REVOKE_TRADING_PERMISSION.path, now=now)
        lane.callers.run(lambda _: _wait(go_on), SESSION, name="something slow")
        lane.callers.call(row, REVOKE_TRADING_PERMISSION, SESSION, permit(), clock=database_clock.read())
        with organization_scope(organization.pk):
            stop(plan=plan, actor=Actor.staff("riley"))
        lane.peek()
        go_on.set()
        called: list[Called] = []
        while lane.callers.in_flight:
            called += lane.callers.collect(seconds=1.0)
    finally:
        go_on.set()
        lane.close()
        database.close()
    assert [one.outcome for one in called] == [None]


def _preview(organization: Organization, target: Target) -> Plan:
    return plans.preview(
        organization=organization,
        kind_name="test_revoke_one_by_one",
        targets=[target],
        actor=Actor.staff("riley"),
        reason="a test",
        now=timezone.now(),
    )


def _wait(event: threading.Event) -> None:
    event.wait(20)
