"""What the runner of a lane heeds before it lets anything out."""

import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.db import connection as database
from django.utils import timezone

from tests.support.engine_kinds import register_engine_kinds
from tests.support.people import staff_of
from vendor_admin.operations.engine import runner
from vendor_admin.operations.engine.callers import Called, Permit, Session
from vendor_admin.operations.engine.runner import _Allowed, _Runner
from vendor_admin.operations.kinds import Target
from vendor_admin.operations.models import Operation, Plan
from vendor_admin.operations.plans import verbs as plans
from vendor_admin.operations.store import queue
from vendor_admin.operations.store.allowance import Caller
from vendor_admin.operations.store.queue import LANE_TTL, LaneKey
from vendor_admin.organizations import incarnations
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
def lane(committed_db: None) -> Iterator[_Runner]:
    organization = Organization.objects.create(slug="vendor", name="Vendor")
    found = _Runner(LaneKey(organization.pk, "demo", "worker"), incarnation())
    yield found
    found.close()
    database.close()


class _SeenEnough(Exception):
    pass


def incarnation() -> Incarnation:
    return incarnations.present(now=timezone.now())


def permit() -> Permit:
    return Permit(timezone.now(), time.monotonic() + 60)


def test_what_was_drawn_ahead_is_not_used_once_another_lane_of_the_user_was_locked(lane: _Runner) -> None:
    lane._session, now = SESSION, timezone.now()
    lane._allowed[ADJUST_CASH.path] = _Allowed(ADJUST_CASH, 50, permit())
    lane._allow(ADJUST_CASH.path, SESSION, now=now)
    assert ADJUST_CASH.path in lane._allowed

    budgets.lock(key=CALLER.user, until=now + timedelta(hours=1), reason="The platform answered 429.")
    lane._allow(ADJUST_CASH.path, SESSION, now=now)
    assert ADJUST_CASH.path not in lane._allowed


def test_a_row_is_read_by_one_thread_at_a_time_however_long_that_takes(
    lane: _Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on = [], threading.Event()

    def read(_lane: LaneKey, row: Operation, *_: Any, **__: Any) -> None:
        begun.append(row.pk)
        go_on.wait(20)

    monkeypatch.setattr(runner, "settle", read)
    try:
        for number in (7, 7, 8):
            lane._start_settling(Operation(pk=number), SESSION)
    finally:
        go_on.set()
    while lane._callers.in_flight:
        lane._callers.collect(seconds=1.0)
    assert sorted(begun) == [7, 8]


def test_a_lock_is_in_force_before_the_runner_looks_what_is_next(
    lane: _Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise something is read from the platform right after it has forbidden every call."""
    row = Operation(pk=7, name=ADJUST_CASH.path, request={}, attempts=1)
    answered = [[Called(row, ADJUST_CASH, SESSION, permit(), Locked(429, "no"))]]
    locked_at_looks = []

    def look(*, now: Any) -> None:
        lane._looked_at = 0.0
        locked_at_looks.append(budgets.locked_until(keys=[CALLER.user], now=now) is not None)
        if len(locked_at_looks) == 2:
            raise _SeenEnough

    monkeypatch.setattr(lane, "_look", look)
    monkeypatch.setattr(lane, "_turn", lambda called, *, room: 0)
    monkeypatch.setattr(lane._callers, "collect", lambda *, seconds: answered.pop(0) if answered else [])
    monkeypatch.setattr(lane, "_wait_for_next", lambda deadline: True)
    with pytest.raises(_SeenEnough):
        lane.run(seconds=20)
    assert locked_at_looks == [False, True]


def test_the_gate_closes_before_the_lane_runs_out_also_where_renewing_it_took_long(
    lane: _Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    hold = queue.hold_lane

    def hold_slowly(*arguments: Any, **named: Any) -> bool:
        is_ours = hold(*arguments, **named)
        time.sleep(0.3)
        return is_ours

    monkeypatch.setattr(queue, "hold_lane", hold_slowly)
    before = time.monotonic()
    assert lane._keep_lane()
    assert lane._gate._ours_until <= before + LANE_TTL.total_seconds() - runner.GATE_MARGIN_SECONDS + 0.1


@pytest.mark.parametrize("stop", [plans.pause, partial(plans.cancel, now=timezone.now())])
def test_what_was_claimed_ahead_is_not_sent_once_its_plan_was_stopped(
    committed_db: None, settings: Any, stop: Callable[..., Plan]
) -> None:
    settings.PLATFORM_CONNECTIONS = 1
    register_engine_kinds()
    organization = Organization.objects.create(slug="vendor", name="Vendor")
    staff_of(organization, "riley")
    lane, now = _Runner(LaneKey(organization.pk, "demo", "worker"), incarnation()), timezone.now()
    go_on = threading.Event()
    with organization_scope(organization.pk):
        target = Target("tradingPermission", 1)
        plan = plans.confirm(plan=_preview(organization, target), actor="riley", now=now)
    try:
        assert lane._keep_lane()
        with queue.step(organization.pk):
            (row,) = queue.claim(lane._lane, name=REVOKE_TRADING_PERMISSION.path, limit=9, now=now, until=now)
        lane._callers.run(lambda _: _wait(go_on), SESSION, name="something slow")
        lane._callers.call(row, REVOKE_TRADING_PERMISSION, SESSION, permit(), clock=database_clock.read())
        with organization_scope(organization.pk):
            stop(plan=plan, actor="riley")
        lane._look_for_stops()
        go_on.set()
        called: list[Called] = []
        while lane._callers.in_flight:
            called += lane._callers.collect(seconds=1.0)
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
        actor="riley",
        reason="a test",
        now=timezone.now(),
    )


def _wait(event: threading.Event) -> None:
    event.wait(20)
