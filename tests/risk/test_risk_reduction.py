"""Cancelling orders, liquidating positions and interrupting strategies: what is previewed, and what is sent."""

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from tests.operations.scripted_run import OneSession, ScriptedCallers
from tests.support.engine_kinds import register_engine_kinds
from tests.support.partner_api.program import ApiProgram
from tests.support.plan_desk import operations_of, page, plan_of, preview, rows_of, start_url, verb
from tests.support.staff_and_rows import Writer
from vendor_admin.operations.engine.platform_calls.calls import Session
from vendor_admin.operations.engine.runner import Runner
from vendor_admin.operations.kinds import Target, priority_of, urgent_paths
from vendor_admin.operations.plans import verbs as plans
from vendor_admin.operations.precedence import Priority
from vendor_admin.operations.store.allowance import Caller
from vendor_admin.operations.store.queue import LaneKey
from vendor_admin.organizations import incarnations
from vendor_admin.organizations.actors import Actor
from vendor_admin.organizations.models import Organization
from vendor_admin.organizations.tenancy.scope import organization_scope

pytestmark = pytest.mark.pages

KINDS = ("cancel_orders", "liquidate_positions", "interrupt_strategies")
FIRST, SECOND = 21, 22
RESTING, FILLED, OTHER_CONTRACT, OF_SECOND = 800, 801, 802, 803
OPEN, FLAT, OPEN_OF_SECOND = 900, 901, 902
GOES_ON, ENDED = 950, 951


@pytest.fixture
def traded(alpha: Organization, write: Writer) -> None:
    """Two accounts with orders, positions and strategies, of which some are over."""
    for number, name in ((43, "MESZ6"), (44, "NQZ6")):
        write.mirror("contract", alpha, number, name=name)
    for number in (FIRST, SECOND):
        write.mirror("account", alpha, number, name=f"EVAL{number}")
    for number, account_id, contract_id, status in (
        (RESTING, FIRST, 43, "Working"),
        (FILLED, FIRST, 43, "Filled"),
        (OTHER_CONTRACT, FIRST, 44, "Suspended"),
        (OF_SECOND, SECOND, 44, None),
    ):
        of = {"account_id": account_id, "contract_id": contract_id}
        write.mirror("order", alpha, number, **of, action="Sell", ord_status=status)
        version = {"order_qty": 2, "order_type": "Limit", "price": "4200.25"}
        write.mirror("orderVersion", alpha, number, account_id=account_id, order_id=number, **version)
    write.mirror("position", alpha, OPEN, account_id=FIRST, contract_id=43, net_pos=2)
    write.mirror("position", alpha, FLAT, account_id=FIRST, contract_id=44, net_pos=0)
    write.mirror("position", alpha, OPEN_OF_SECOND, account_id=SECOND, contract_id=44, net_pos=-1)
    for number, status in ((GOES_ON, "ActiveStrategy"), (ENDED, "ExecutionFinished")):
        write.mirror("orderStrategy", alpha, number, account_id=FIRST, contract_id=43, action="Buy", status=status)


def states(alpha: Organization, plan_id: int) -> dict[int | None, str]:
    return {row.target_id: row.why or row.state for row in rows_of(alpha, plan_id)}


def sent(alpha: Organization, plan_id: int) -> list[tuple[str, dict[str, Any]]]:
    """Path and body of each call, without what the operation adds."""
    ours = ("clOrdId", "customTag50")
    return [
        (one.name, {name: value for name, value in one.request.items() if name not in ours})
        for one in operations_of(alpha, plan_id)
    ]


@pytest.mark.parametrize("name", KINDS)
def test_what_reduces_risk_goes_before_everything_else(name: str) -> None:
    assert priority_of(name) is Priority.URGENT
    assert {"order/cancelorder", "order/liquidateposition", "orderStrategy/interruptorderstrategy"} <= urgent_paths()


def test_chosen_orders_are_cancelled_where_they_rest(alice: Client, alpha: Organization, traded: None) -> None:
    plan_id = preview(alice, [RESTING, FILLED], action="cancel-orders", entity_type="order")
    assert states(alpha, plan_id) == {RESTING: "planned", FILLED: "It is filled already."}
    shown = page(alice, plan_id)
    assert "EVAL21: Sell MESZ6, 2 Limit, limit 4,200.25 (order 800)" in shown
    assert "What is filled before the exchange has cancelled an order stays." in shown

    verb(alice, plan_id, "confirm")
    assert sent(alpha, plan_id) == [("order/cancelorder", {"orderId": RESTING, "isAutomated": True})]


def test_all_that_rests_in_accounts_is_cancelled(alice: Client, alpha: Organization, traded: None) -> None:
    plan_id = preview(alice, [FIRST, SECOND], action="cancel-orders", entity_type="account")
    assert states(alpha, plan_id) == dict.fromkeys((RESTING, OTHER_CONTRACT, OF_SECOND), "planned")


def test_open_positions_are_closed_with_the_orders_in_their_contract(
    alice: Client, alpha: Organization, traded: None
) -> None:
    plan_id = preview(alice, [OPEN, FLAT], action="liquidate-positions", entity_type="position")
    assert states(alpha, plan_id) == {OPEN: "planned", FLAT: "It is flat, or followed by a newer one already."}
    shown = page(alice, plan_id)
    assert "EVAL21: 2 MESZ6 long (position 900)" in shown
    assert "1 order rests in this contract; the platform cancels them too." in shown

    verb(alice, plan_id, "confirm")
    body = {"accountId": FIRST, "contractId": 43, "admin": True, "isAutomated": True}
    assert sent(alpha, plan_id) == [("order/liquidateposition", body)]


def test_all_open_positions_of_accounts_are_closed(alice: Client, alpha: Organization, traded: None) -> None:
    plan_id = preview(alice, [FIRST, SECOND], action="liquidate-positions", entity_type="account")
    assert states(alpha, plan_id) == dict.fromkeys((OPEN, OPEN_OF_SECOND), "planned")
    assert "EVAL22: 1 NQZ6 short (position 902)" in page(alice, plan_id)


@pytest.mark.parametrize("entity_type", ["orderStrategy", "account"])
def test_strategies_that_go_on_are_interrupted(
    alice: Client, alpha: Organization, traded: None, entity_type: str
) -> None:
    chosen = [GOES_ON, ENDED] if entity_type == "orderStrategy" else [FIRST]
    plan_id = preview(alice, chosen, action="interrupt-strategies", entity_type=entity_type)
    ended = {ENDED: "It is over already."} if entity_type == "orderStrategy" else {}
    assert states(alpha, plan_id) == {GOES_ON: "planned", **ended}
    assert "without protection" in page(alice, plan_id)

    verb(alice, plan_id, "confirm")
    assert sent(alpha, plan_id) == [("orderStrategy/interruptorderstrategy", {"orderStrategyId": GOES_ON})]


@pytest.mark.parametrize("action", ["cancel-orders", "liquidate-positions", "interrupt-strategies"])
def test_accounts_in_which_nothing_is_to_be_done_are_told_so(alice: Client, traded: None, action: str) -> None:
    answer = alice.post(start_url(action, "account", [99]), {"reason": "a test"})
    assert answer.status_code == 200
    assert "there is nothing to" in answer.content.decode()


def test_a_position_that_moved_after_the_preview_is_closed_without_a_new_one(
    alice: Client, alpha: Organization, traded: None, write: Writer
) -> None:
    plan_id = preview(alice, [OPEN], action="liquidate-positions", entity_type="position")
    write.mirror("position", alpha, 910, account_id=FIRST, contract_id=43, net_pos=5)
    verb(alice, plan_id, "confirm")
    assert plan_of(alpha, plan_id).state == "running"
    assert [path for path, _ in sent(alpha, plan_id)] == ["order/liquidateposition"]


def test_an_account_whose_balance_another_plan_is_changing_is_liquidated_all_the_same(
    alice: Client, alpha: Organization, traded: None, write: Writer
) -> None:
    register_engine_kinds()
    write.mirror("cashBalance", alpha, 1, account_id=FIRST, currency_id=1, amount=50_000)
    with organization_scope(alpha.pk):
        actor, now = Actor.staff("alice"), timezone.now()
        target = Target("account", FIRST, {"change": "10.00"})
        balance = plans.preview(
            organization=alpha, kind_name="test_adjust_balance", targets=[target], actor=actor, reason="a test", now=now
        )
        plans.confirm(plan=balance, actor=actor, now=now)

    plan_id = preview(alice, [FIRST], action="liquidate-positions", entity_type="account")
    assert states(alpha, plan_id) == {OPEN: "planned"}
    verb(alice, plan_id, "confirm")

    # Both begin in one run, whose calls get no answer: neither waits for the other.
    callers = ScriptedCallers()
    session = Session(1, is_real=False, caller=Caller("http://127.0.0.1:9/v1", "vendor"), token="token")
    seams: dict[str, Any] = {"callers": callers, "sessions": OneSession(session)}
    Runner(LaneKey(alpha.pk, "demo", "worker"), incarnations.present(now=now), **seams).run(seconds=5)
    [liquidation], [adjustment] = operations_of(alpha, plan_id), operations_of(alpha, balance.pk)
    assert callers.handed_out == [liquidation.pk, adjustment.pk]


def test_a_program_cancels_liquidates_and_interrupts_one_by_its_address(alpha: Organization, traded: None) -> None:
    program = ApiProgram.of(alpha, scopes=("risk:write", "operations:read"))
    for address, path in (
        (f"orders/{RESTING}/cancel", "order/cancelorder"),
        (f"positions/{OPEN}/liquidate", "order/liquidateposition"),
        (f"order-strategies/{GOES_ON}/interrupt", "orderStrategy/interruptorderstrategy"),
    ):
        answer = program.post(f"/api/v1/{address}", {}, headers={"Idempotency-Key": address})
        assert answer.status_code == 202, answer.content
        assert [name for name, _ in sent(alpha, int(answer.json()["id"]))] == [path]
    unknown = program.post("/api/v1/orders/5/cancel", {}, headers={"Idempotency-Key": "unknown"})
    assert unknown.status_code == 404


def test_who_may_not_change_risk_cancels_nothing(alpha: Organization, traded: None) -> None:
    program = ApiProgram.of(alpha, scopes=("accounts:write",))
    answer = program.post(f"/api/v1/orders/{RESTING}/cancel", {}, headers={"Idempotency-Key": "x"})
    assert answer.status_code == 403
