"""Orders and strategies by the partner API: placed on the simulated exchange, changed, rejected later, taken back."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from risk.placing.plans import PlaceOrders
from tests.support.partner_api.program import ApiProgram
from tests.support.staff_and_rows import Writer
from vendor_admin.operations.inputs.declaration import input_of
from vendor_admin.operations.inputs.reading import read_plan
from vendor_admin.operations.kinds import PlanRequest, Target, priority_of, share_of, urgent_paths
from vendor_admin.operations.models import ApprovalRule
from vendor_admin.operations.precedence import Priority
from vendor_admin.organizations.models import Organization
from vendor_admin.organizations.roles import RIGHTS, Right
from vendor_admin.organizations.tenancy.scope import organization_scope

KINDS = (
    "place_orders",
    "place_oco_orders",
    "place_oso_orders",
    "modify_orders",
    "start_strategies",
    "modify_strategies",
)


@pytest.fixture
def program(alpha: Organization, write: Writer) -> ApiProgram:
    """Of an organization that knows an account and a contract."""
    write.mirror("account", alpha, 21, name="EVAL21")
    write.mirror("product", alpha, 1, name="MES", tick_size="0.25")
    for number, day in ((43, "2016-12-16"), (44, "2036-12-19")):
        write.mirror("contractMaturity", alpha, number, product_id=1, expiration_date=f"{day}T14:30:00Z")
        write.mirror("contract", alpha, number, name="MESZ6", contract_maturity_id=number)
    write.mirror("contractMaturity", alpha, 45, product_id=1, expiration_date="2020-03-20T14:30:00Z")
    write.mirror("contract", alpha, 45, name="MESH0", contract_maturity_id=45)
    return ApiProgram.of(alpha)


def order(**more: Any) -> dict[str, Any]:
    return {"account": "EVAL21", "contract": "MESZ6", "action": "Buy", "quantity": 1, "order_type": "Market"} | more


def dry(program: ApiProgram, path: str, body: dict[str, Any]) -> Any:
    return program.post(f"/api/v1/{path}?dry_run=true", body)


def faults_of(answer: Any) -> dict[str, str]:
    assert answer.status_code == 422, answer.content
    return {fault["pointer"]: fault["detail"] for fault in answer.json()["errors"]}


def test_no_role_may_place_orders_and_only_its_own_scope_lets_a_program(
    program: ApiProgram, alpha: Organization
) -> None:
    assert all(Right.PLACE_ORDERS not in rights for rights in RIGHTS.values())
    without = ApiProgram.of(alpha, scopes=("risk:write", "accounts:write", "accounts:read"))

    refused = dry(without, "orders", order())

    assert (refused.status_code, refused.json()["code"]) == (403, "not_allowed")
    assert dry(program, "orders", order()).status_code == 200


@pytest.mark.parametrize("name", KINDS)
def test_what_is_traded_goes_first_and_leaves_what_is_kept_for_reducing_risk(name: str) -> None:
    assert priority_of(name) is Priority.URGENT
    assert share_of("order/placeorder", Priority.URGENT) is Priority.NORMAL
    assert "order/placeorder" not in urgent_paths()


@pytest.mark.parametrize(
    ("change", "pointer", "said"),
    [
        ({"contract": "MESH0"}, "/contract", "MESH0 expired on 2020-03-20"),
        ({"contract": "4711"}, "/contract", "is no contract that is known here"),
        ({"contract": 43}, "/contract", "has the name MESZ6, by which another is traded"),
        ({"order_type": "Limit", "price": "4150.10"}, "/price", "multiple of the contract's tick, 0.25"),
        ({"order_type": "Limit"}, "/price", "is needed for an order of type Limit"),
        ({"price": "4150.25"}, "/price", "has no meaning for an order of type Market"),
        ({"order_type": "Limit", "price": "4150.25", "trail_by": "5"}, "/trail_by", "has no meaning"),
        ({"quantity": 0}, "/quantity", "from 1 to"),
        ({"quantity": 10_001}, "/quantity", "from 1 to"),
        ({"time_in_force": "GTD"}, "/expires_at", "is needed with time_in_force GTD"),
        ({"account": "NOBODY"}, "/account", "is no DEMO account"),
        ({"is_automated": False}, "/is_automated", "is not known here"),
    ],
)
def test_bad_orders_are_refused_by_field_before_anything_is_sent(
    program: ApiProgram, change: dict[str, Any], pointer: str, said: str
) -> None:
    assert said in faults_of(dry(program, "orders", order(**change)))[pointer]


def test_a_bracket_that_opens_more_and_two_of_one_kind_are_refused(program: ApiProgram) -> None:
    entry = order(order_type="Limit", price="4150.25")
    target = {"action": "Sell", "order_type": "Limit", "price": "4200"}

    opens = faults_of(dry(program, "orders/oso", {**entry, "bracket1": {**target, "action": "Buy"}}))
    twice = faults_of(dry(program, "orders/oso", {**entry, "bracket1": target, "bracket2": target}))
    off_tick = faults_of(dry(program, "orders/oso", {**entry, "bracket1": {**target, "price": "4200.10"}}))
    without = faults_of(dry(program, "orders/oso", entry))

    assert "closes what the entry opens" in opens["/bracket1/action"]
    assert "another kind than bracket1" in twice["/bracket2/order_type"]
    assert "tick" in off_tick["/bracket1/price"]
    assert "/bracket1" in without


def test_a_strategy_is_checked_down_to_its_brackets(program: ApiProgram) -> None:
    body = {
        "account": "EVAL21", "contract": "MESZ6", "action": "Sell",
        "entry": {"quantity": 1, "order_type": "Market"},
        "brackets": [{"quantity": 1, "profit_target": "30", "stop_loss": "15.1"}],
    }  # fmt: skip

    said = faults_of(dry(program, "order-strategies", body))

    assert "below zero" in said["/brackets/0/profit_target"]
    body["brackets"] = [{"quantity": 1, "profit_target": "-30", "stop_loss": "15.1"}]
    assert "tick" in faults_of(dry(program, "order-strategies", body))["/brackets/0/stop_loss"]


def test_of_two_contracts_with_one_name_the_one_that_expires_next_is_meant(program: ApiProgram) -> None:
    (row,) = dry(program, "orders", order(contract="mesz6")).json()["rows"]

    assert row["state"] == "planned"
    assert row["label"] == "EVAL21: Buy MESZ6, 1 Market"


def test_a_contract_that_is_not_mirrored_is_left_to_the_platform_with_a_warning(program: ApiProgram) -> None:
    (row,) = dry(program, "orders", order(contract="zzm7")).json()["rows"]

    assert (row["state"], row["label"]) == ("planned", "EVAL21: Buy ZZM7, 1 Market")
    assert "ZZM7 is not known here yet" in row["warnings"][0]


@pytest.mark.parametrize("state", ["archived", "closed"])
def test_nothing_is_placed_for_an_account_that_is_over(
    program: ApiProgram, alpha: Organization, write: Writer, state: str
) -> None:
    write.mirror("account", alpha, 22, name="EVAL22", **{state: True})

    (row,) = dry(program, "orders", order(account="22")).json()["rows"]

    assert (row["state"], row["why"]) == ("skipped", "The account is archived or closed.")


def test_an_account_that_is_gone_by_the_start_gets_no_order(alpha: Organization, write: Writer) -> None:
    now = timezone.now()
    write.mirror("account", alpha, 22, name="EVAL22", deleted_at=now)
    wanted = {"accountId": 22, "symbol": "MESZ6", "action": "Buy", "orderQty": 1, "orderType": "Market"}

    with organization_scope(alpha.pk):
        (draft,) = PlaceOrders().drafts(PlanRequest(alpha.pk, [Target("order", None, wanted)], {}, now))

    assert draft.why_skipped == "The platform has no such account."


def test_many_orders_are_checked_with_as_many_queries_as_one(program: ApiProgram, alpha: Organization) -> None:
    def count(rows: int) -> int:
        with organization_scope(alpha.pk), CaptureQueriesContext(connection) as queries:
            read_plan(input_of("place_orders"), rows=[order()] * rows, parameters={}, organization_id=alpha.pk)
        return len(queries)

    assert count(30) == count(1)


def test_a_value_of_another_kind_is_told_what_is_taken(program: ApiProgram) -> None:
    bracket = {"quantity": 1, "stop_loss": "-5", "trailing_stop": "yes"}
    strategy = {"account": "EVAL21", "contract": "MESZ6", "action": "Buy", "brackets": [bracket]}
    faults = faults_of(dry(program, "order-strategies", strategy | {"entry": {"quantity": 1, "order_type": "Market"}}))
    assert faults == {"/brackets/0/trailing_stop": "trailing_stop must be true or false."}
    late = order(order_type="Limit", price="4000", time_in_force="GTD", expires_at="tomorrow")
    assert faults_of(dry(program, "orders", late)) == {"/expires_at": "expires_at must be a time as RFC 3339."}


@pytest.mark.parametrize("kind", ["place_orders", "cancel_orders"])
def test_orders_and_what_reduces_risk_wait_for_no_second_person_however_many(
    program: ApiProgram, alpha: Organization, write: Writer, kind: str
) -> None:
    write.mirror("contract", alpha, 46, name="NQZ6")
    for number in range(500, 504):
        write.mirror("order", alpha, number, account_id=21, contract_id=46, action="Buy", ord_status="Working")
    with organization_scope(alpha.pk):
        ApprovalRule.objects.create(organization=alpha, accounts_over=2, balance_change_over="1000")
    rows = [order()] * 4 if kind == "place_orders" else [{"order": str(number)} for number in range(500, 504)]

    plan = program.post("/api/v1/plans?dry_run=true", {"kind": kind, "rows": rows}).json()

    assert plan["row_counts"]["planned"] == 4, plan
    assert plan["needs_second_person"] is False
