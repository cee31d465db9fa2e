"""Plans about money that are interrupted at work: what moved meanwhile is left out, the rest goes on, once compared."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.support.stored_plans import Desk, claim
from vendor_admin.errors import Conflict
from vendor_admin.mirrors.models import CashBalance
from vendor_admin.mirrors.readings import Ask, Readings
from vendor_admin.operations.engine import sweep
from vendor_admin.operations.engine.guards import guard
from vendor_admin.operations.kinds import Call, PlanRequest, RowDraft, Target, plain, register
from vendor_admin.operations.models import Operation, Plan, PlanRow
from vendor_admin.operations.plan_work import platform_rows
from vendor_admin.operations.plan_work.held_plans import check, wake_due
from vendor_admin.operations.plan_work.platform_reader import Fault, NotRead
from vendor_admin.operations.plans import interrupted_plans
from vendor_admin.operations.plans import verbs as plans
from vendor_admin.operations.plans.progress import finish_plans, progress_of
from vendor_admin.operations.store import queue
from vendor_admin.organizations.actors import Actor
from vendor_admin.organizations.models import Connection
from vendor_admin.organizations.roles import Right
from vendor_admin.organizations.tenancy import database_clock
from vendor_admin.tradovate.operations.balances import ADJUST_CASH, UPDATE_MAX_NET_LIQ, AdjustCash, UpdateMaxNetLiq
from vendor_admin.tradovate.operations.evaluation_accounts import RESET_DEMO_ACCOUNT_STATE

LEASE = """
INSERT INTO sync_lease (organization_id, connection_id, environment, shard, holder, fence, epoch, state, reason, advice,
                        events_stored, lag_ms, expires_at, last_frame_at, covered_until, settled_at, reconciled_at)
VALUES (%s, %s, 'demo', 0, 'hub', 1, 1, 'live', '', '', 0, 0, now() + interval '1 hour', now(), now(), now(), now())
"""
BALANCE = """
INSERT INTO mirrors_cashbalance (organization_id, environment, entity_id, account_id, amount, lease_id, epoch, seq,
                                 received_at)
SELECT %s, 'demo', id, id, 1000, 0, 0, 0, now() FROM generate_series(1, %s) AS id
"""
GAP = """
INSERT INTO sync_gap (organization_id, lease_id, environment, shard, started_at, ended_at, reason, differences,
                      repair_note)
SELECT organization_id, id, 'demo', 0, now(), now(), '', 0, '' FROM sync_lease
"""
READ_GAP = """
INSERT INTO sync_gap (organization_id, lease_id, environment, shard, started_at, ended_at, settled_at, repaired_at,
                      reason, differences, repair_note)
SELECT organization_id, id, 'demo', 0, now(), now(), now(), now(), '', 0, '' FROM sync_lease
"""
LATER = timedelta(minutes=1)


class Together:
    """Targets are accounts, several in one call; `old` is the balance."""

    name, title = "test_together", "Together (test)"
    right = Right.RESET_ACCOUNTS
    is_money = is_sensitive = True
    compared = 0

    def asks(self, request: PlanRequest) -> Sequence[Ask]:
        return [Ask("demo", "cashBalance", [one.entity_id for one in request.targets], by_master=True)]

    def drafts(self, request: PlanRequest) -> Sequence[RowDraft]:
        type(self).compared += len(request.targets)
        own = CashBalance.objects.filter(account_id__in=[one.entity_id for one in request.targets])
        amounts = dict(own.values_list("account_id", "amount"))
        return [
            RowDraft(one, "demo", f"account {one.entity_id}", {"amount": plain(amounts.get(one.entity_id))}, {"a": 1})
            for one in request.targets
        ]

    def calls(self, rows: Sequence[PlanRow], **_: Any) -> Iterator[Call]:
        for start in range(0, len(rows), 3):
            group = rows[start : start + 3]
            day = {"year": 2026, "month": 11, "day": 20}
            ids = [row.target_id for row in group]
            body = {"accountIds": ids, "resetTradeDate": day}
            yield Call(RESET_DEMO_ACCOUNT_STATE, "demo", RESET_DEMO_ACCOUNT_STATE.parse(body), group)

    def revert(self, rows: Sequence[PlanRow]) -> None:
        return None


class InTwoSteps(Together):
    """The same in two calls for each account."""

    name, title = "test_in_two_steps", "In two steps (test)"

    def calls(self, rows: Sequence[PlanRow], **_: Any) -> Iterator[Call]:
        for row in rows:
            money = AdjustCash(
                account_id=row.target_id or 0,
                cash_change=Decimal(5),
                cash_change_type="ManualAdjustment",
                currency_id=1,
            )
            peak = UpdateMaxNetLiq(account_id=row.target_id or 0, max_net_liq=Decimal(2000))
            yield Call(ADJUST_CASH, "demo", money, [row])
            yield Call(UPDATE_MAX_NET_LIQ, "demo", peak, [row], after_previous=True)


class Bench(Desk):
    """One organization whose DEMO socket is live until `be` says something else."""

    accounts = 12

    def __init__(self, admin: psycopg.Connection) -> None:
        super().__init__()
        self.admin = admin
        with self.scope():
            connection = Connection.objects.create(
                organization=self.organization, environment="demo", rest_url="http://127.0.0.1:9/v1",
                websocket_url="ws://127.0.0.1:9",
            )  # fmt: skip
        admin.execute(LEASE, [self.organization.pk, connection.pk])
        admin.execute(BALANCE, [self.organization.pk, self.accounts])

    def be(self, state: str) -> None:
        self.admin.execute("UPDATE sync_lease SET state = %s", [state])

    def move(self, account_id: int, amount: int = 1) -> None:
        self.admin.execute("UPDATE mirrors_cashbalance SET amount = %s WHERE account_id = %s", [amount, account_id])

    def started(self, kind: str = "test_together", *, count: int = 7, first: int = 1) -> Plan:
        targets = [Target("account", one) for one in range(first, first + count)]
        with self.scope():
            plan = plans.preview(
                organization=self.organization,
                kind_name=kind,
                targets=targets,
                actor=Actor.staff(self.actor),
                reason="a test",
                now=timezone.now(),
            )
        plan = self.confirm(plan)
        assert plan.state == Plan.State.RUNNING
        return plan

    def postpone(self, by: timedelta) -> None:
        """Let what waits be due so long from now."""
        with self.scope():
            Operation.objects.update(not_before=database_clock.now() + by)

    def look(self) -> None:
        """What a worker does about once a second."""
        with self.scope():
            guard(self.lane, now=database_clock.now())

    def check(self, plan: Plan) -> Plan:
        """What a worker does when it is time to look at the plan's rows."""
        with self.scope():
            Plan.objects.filter(pk=plan.pk, check_at__isnull=False).update(check_at=database_clock.now())
        check(organization_id=self.organization.pk, plan_id=plan.pk)
        return self.reload(plan)

    def reload(self, plan: Plan) -> Plan:
        with self.scope():
            return Plan.objects.get(pk=plan.pk)

    def pause(self, plan: Plan) -> Plan:
        with self.scope():
            return plans.pause(plan=plan, actor=Actor.staff(self.actor))

    def resume(self, plan: Plan) -> Plan:
        with self.scope():
            return plans.resume(plan=plan, actor=Actor.staff("sam"), now=database_clock.now())

    def take(self, name: str = RESET_DEMO_ACCOUNT_STATE.path, *, most: int = 100) -> list[Operation]:
        """Claim what may be sent."""
        now = database_clock.now() + LATER
        with self.scope():
            return claim(self.lane, name, now=now, most=most)

    def states(self, plan: Plan) -> list[str]:
        return [row.state for row in self.rows(plan)]


@pytest.fixture
def bench(committed_db: None, admin_connection: psycopg.Connection) -> Iterator[Bench]:
    admin_connection.autocommit = True
    register(Together())
    register(InTwoSteps())
    yield Bench(admin_connection)
    database.close()


BLIND = {
    "the socket is down": "UPDATE sync_lease SET state = 'waiting'",
    "what a gap missed is being read": GAP,
    "its first load goes on": "UPDATE sync_lease SET settled_at = NULL",
}


@pytest.mark.parametrize("name", BLIND)
def test_a_plan_begins_nothing_while_its_rows_may_be_old_and_says_why(bench: Bench, name: str) -> None:
    plan = bench.started()
    bench.look()
    assert bench.reload(plan).check_at is None

    bench.admin.execute(BLIND[name].encode())
    bench.look()
    plan = bench.reload(plan)
    assert plan.is_interrupted
    assert "money and risk wait, and go on by themselves" in plan.wait_why
    assert bench.take() == []
    now = database_clock.now()
    assert queue.due_names(bench.lane, now=now) == []
    assert not any(queue.count_due(bench.lane, name=RESET_DEMO_ACCOUNT_STATE.path, now=now, most=9).values())
    assert queue.next_due_at(bench.lane) is None
    assert sweep.wake_due_lanes(now=database_clock.now()) == 0
    with bench.scope():
        assert progress_of(plan).waiting_for == plan.wait_why
        assert {one.waits_for for one in Operation.objects.all()} == {plan.wait_why}
        assert {one.wait_reason for one in Operation.objects.all()} == {""}


def test_what_moved_meanwhile_is_left_out_and_the_rest_goes_on(bench: Bench) -> None:
    plan = bench.started()
    first, *_ = bench.take(most=1)
    bench.be("waiting")
    bench.look()
    bench.move(1)  # in the call that was sent
    bench.move(5)
    bench.move(7)  # alone in its call

    assert bench.check(plan).is_interrupted  # neither live, nor can the platform be read
    assert (
        "can be compared with the platform. The connection has no complete credentials" in bench.reload(plan).wait_why
    )
    bench.be("live")
    plan = bench.check(plan)

    assert (plan.is_interrupted, plan.wait_why, plan.check_at) == (False, "", None)
    left_out, alone = bench.rows(plan)[4], bench.rows(plan)[6]
    assert bench.states(plan) == ["queued", "queued", "queued", "queued", "cancelled", "queued", "cancelled"]
    assert left_out.why == alone.why
    assert left_out.why == (
        "Changed since the preview, so nothing of it was sent: Balance is 1.00, and was shown as 1,000.00."
    )
    assert (left_out.is_locking, left_out.operation_id, alone.is_locking) == (False, None, False)
    assert first.request["accountIds"] == [1, 2, 3]
    (second,) = bench.take()
    assert second.request["accountIds"] == [4, 6]
    assert [one.state for one in bench.operations(plan)] == ["sending", "sending", "cancelled"]


def test_a_plan_that_staff_resume_is_compared_before_it_goes_on(bench: Bench) -> None:
    plan = bench.pause(bench.started())
    bench.move(4)
    plan = bench.resume(plan)

    assert not plan.is_interrupted
    assert bench.states(plan) == ["queued"] * 3 + ["cancelled"] + ["queued"] * 3
    assert [one.request["accountIds"] for one in bench.take()] == [[1, 2, 3], [5, 6], [7]]


def test_a_plan_that_is_resumed_blind_is_read_of_the_platform_first(bench: Bench) -> None:
    plan = bench.pause(bench.started())
    bench.be("waiting")
    plan = bench.resume(plan)
    assert plan.is_interrupted
    assert plan.wait_why.startswith("DEMO is not live (waiting to reconnect): money and risk wait")
    assert bench.take() == []

    plan = bench.pause(plan)
    assert (plan.check_at, plan.wait_why) == (None, "")
    bench.be("live")
    assert not bench.resume(plan).is_interrupted
    assert bench.states(plan) == ["queued"] * 7


def test_a_row_whose_first_step_was_done_finishes_and_others_lose_both(bench: Bench) -> None:
    plan = bench.started("test_in_two_steps", count=3)
    (begun,) = bench.take(ADJUST_CASH.path, most=1)
    bench.be("waiting")
    bench.look()
    with bench.scope():
        Operation.objects.filter(pk=begun.pk).update(state=Operation.State.SUCCEEDED)
    assert [one.after_id for one in bench.take(UPDATE_MAX_NET_LIQ.path)] == [begun.pk]

    bench.move(1)
    bench.move(2)
    bench.be("live")
    bench.check(plan)
    assert bench.states(plan) == ["queued", "cancelled", "queued"]
    states = [one.state for one in bench.operations(plan)]
    assert states == ["succeeded", "cancelled", "queued", "sending", "cancelled", "queued"]


def test_rows_are_compared_once_an_interruption_with_as_many_queries_for_many_rows(bench: Bench) -> None:
    plan = bench.started(count=12)
    counts = []
    for moved in ([], [1], [4, 7, 8, 10]):
        bench.be("waiting")
        bench.look()
        for account_id in moved:
            bench.move(account_id)
        Together.compared = 0
        bench.look()
        bench.look()
        assert Together.compared == 0
        bench.be("live")
        bench.look()
        assert bench.reload(plan).is_interrupted
        rows = bench.states(plan).count("queued")
        with CaptureQueriesContext(database) as queries:
            plan = bench.check(plan)
        assert Together.compared == rows
        counts.append(len(queries))
        bench.look()
        assert not bench.reload(plan).is_interrupted
    assert counts[1] == counts[2]


def test_a_plan_of_which_all_moved_ends(bench: Bench) -> None:
    plan = bench.pause(bench.started())
    for account_id in range(1, 8):
        bench.move(account_id)
    bench.resume(plan)

    assert set(bench.states(plan)) == {"cancelled"}
    assert {one.state for one in bench.operations(plan)} == {"cancelled"}
    assert sweep.wake_due_lanes(now=database_clock.now()) == 1


def test_a_gap_that_came_and_went_while_nothing_was_due_has_the_rows_compared_first(bench: Bench) -> None:
    plan = bench.started()
    bench.postpone(LATER * 60)
    bench.be("waiting")
    bench.look()
    assert not bench.reload(plan).is_interrupted  # the hour's calls are used up: nobody looks at it
    bench.move(4)
    bench.admin.execute(READ_GAP)
    bench.be("live")
    bench.postpone(-LATER)
    bench.look()

    plan = bench.reload(plan)
    assert plan.is_interrupted
    assert plan.wait_why.startswith("DEMO was away since the rows were compared: money and risk wait")
    assert bench.take() == []
    assert not bench.check(plan).is_interrupted
    assert bench.states(plan) == ["queued"] * 3 + ["cancelled"] + ["queued"] * 3
    bench.look()
    assert not bench.reload(plan).is_interrupted


def test_a_plan_that_ends_while_it_is_interrupted_is_not_looked_at_any_more(bench: Bench) -> None:
    plan = bench.started(count=1)
    bench.be("waiting")
    bench.look()
    assert bench.reload(plan).is_interrupted
    with bench.scope():
        Operation.objects.update(state=Operation.State.SUCCEEDED)
    assert finish_plans(bench.organization.pk, now=database_clock.now()) == 1

    plan = bench.reload(plan)
    assert (plan.state, plan.check_at, plan.wait_why) == (Plan.State.FINISHED, None, "")
    with bench.scope():  # as one that ended before it was
        Plan.objects.update(check_at=database_clock.now() - LATER)
    assert wake_due() == 0


@pytest.mark.parametrize("met", [NotRead("No answer.", Fault.NO_ANSWER), Conflict("It cannot be."), None])
def test_a_worker_whose_claim_ran_out_leaves_the_plan_to_the_one_that_has_it(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, met: Exception | None
) -> None:
    plan = bench.started(count=1)
    bench.be("waiting")
    bench.look()
    others = database_clock.now() + LATER

    def read_slowly(*_: Any, **__: Any) -> Readings:
        with bench.scope():
            Plan.objects.update(check_claimed_until=others)
        if met is not None:
            raise met
        return Readings(bench.organization.pk, at=database_clock.now())

    monkeypatch.setattr(platform_rows, "read", read_slowly)
    plan = bench.check(plan)
    assert (plan.check_claimed_until, plan.check_fault, plan.checks_failed) == (others, "", 0)
    assert plan.is_interrupted
    assert plan.wait_why.startswith("DEMO is not live (waiting to reconnect): money and risk wait")


def test_a_problem_that_lasts_is_looked_at_again_after_a_pause(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = bench.started(count=1)
    bench.be("waiting")
    bench.look()
    assert bench.check(plan).checks_failed == 1

    def refuse(*_: Any, **__: Any) -> None:
        raise Conflict("It cannot be.")

    monkeypatch.setattr(interrupted_plans, "go_on", refuse)
    bench.be("live")
    plan = bench.check(plan)
    assert "It cannot be." in plan.wait_why
    assert wake_due() == 0


def test_what_a_plan_stored_without_it_depends_on_is_worked_out_once(bench: Bench) -> None:
    plan = bench.started()
    with bench.scope():
        Plan.objects.update(depends_on={})
    bench.look()
    assert bench.reload(plan).depends_on == {"demo": ["cashBalance"]}

    with CaptureQueriesContext(database) as queries:
        bench.look()
    assert not [one["sql"] for one in queries if "operations_planrow" in one["sql"]]


def test_of_one_organization_two_plans_are_read_at_once(bench: Bench) -> None:
    first, second, third = (bench.started(count=1, first=number) for number in (1, 2, 3))
    bench.be("waiting")
    bench.look()
    with bench.scope():
        Plan.objects.filter(pk__in=[first.pk, second.pk]).update(check_claimed_until=database_clock.now() + LATER)
    assert bench.check(third).checks_failed == 0

    with bench.scope():
        Plan.objects.filter(pk=first.pk).update(check_claimed_until=None)
    assert bench.check(third).checks_failed == 1
