"""Orders and strategies that are changed or taken back: what is previewed, and what is left alone."""

from typing import Any

import pytest

from risk.placing.plans import PlaceOcoOrders, PlaceOrders
from tests.support.partner_api.program import ApiProgram
from tests.support.staff_and_rows import Writer
from vendor_admin.operations.models import PlanRow
from vendor_admin.organizations.models import Organization

RESTING, FILLED, RUNNING, ENDED = 800, 801, 950, 951


@pytest.fixture
def program(alpha: Organization, write: Writer) -> ApiProgram:
    """Of an organization with an order and a strategy that go on, and one of each that is over."""
    write.mirror("account", alpha, 21, name="EVAL21")
    write.mirror("product", alpha, 1, name="MES", tick_size="0.25")
    write.mirror("contractMaturity", alpha, 44, product_id=1, expiration_date="2036-12-19T14:30:00Z")
    write.mirror("contract", alpha, 44, name="MESZ6", contract_maturity_id=44)
    of = {"account_id": 21, "contract_id": 44, "action": "Buy"}
    for number, status in ((RESTING, "Working"), (FILLED, "Filled")):
        write.mirror("order", alpha, number, **of, ord_status=status)
        version = {"order_qty": 2, "order_type": "Limit", "price": "4150.5"}
        write.mirror("orderVersion", alpha, number, account_id=21, order_id=number, **version)
    for number, status in ((RUNNING, "ActiveStrategy"), (ENDED, "StoppedByUser")):
        write.mirror("orderStrategy", alpha, number, **of, status=status)
    return ApiProgram.of(alpha)


def previewed(program: ApiProgram, path: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = program.patch(f"/api/v1/{path}?dry_run=true", body)
    assert answer.status_code == 200, answer.content
    (row,) = answer.json()["rows"]
    return dict(row)


def test_a_change_keeps_the_terms_that_it_does_not_name(program: ApiProgram) -> None:
    row = previewed(program, f"orders/{RESTING}", {"quantity": 1})

    assert row["state"] == "planned"
    assert [(change["field"], change["old"], change["new"]) for change in row["changes"]] == [("order_qty", 2, 1)]


@pytest.mark.parametrize(
    ("path", "body", "why"),
    [
        (f"orders/{FILLED}", {"quantity": 1}, "It is filled already."),
        (f"orders/{RESTING}", {"price": "4150.50"}, "It is as asked for already."),
        (f"orders/{RESTING}", {"stop_price": None}, "It is as asked for already."),
        (f"order-strategies/{ENDED}", {"command": "{}"}, "It is over already."),
    ],
)
def test_what_is_over_or_as_asked_for_is_not_changed(
    program: ApiProgram, path: str, body: dict[str, Any], why: str
) -> None:
    row = previewed(program, path, body)

    assert row["state"] == "skipped"
    assert why in row["why"]


def test_both_orders_of_an_oco_are_taken_back() -> None:
    row = PlanRow(target_type="order", label="an OCO", result={"order/placeoco": {"orderId": 5, "ocoId": 6}})

    reverting = PlaceOcoOrders().revert([row])

    assert reverting is not None
    assert (reverting[0], [target.entity_id for target in reverting[1]]) == ("cancel_orders", [5, 6])


def test_an_order_whose_answer_was_lost_is_not_taken_back_by_a_guess() -> None:
    row = PlanRow(target_type="order", label="an order", result={"order/placeorder": {"settled": "found by reading"}})

    assert PlaceOrders().revert([row]) is None


def test_another_type_leaves_behind_the_price_that_it_has_no_use_for(program: ApiProgram) -> None:
    row = previewed(program, f"orders/{RESTING}", {"order_type": "Market"})

    assert row["state"] == "planned", row
    changes = {change["field"]: change["new"] for change in row["changes"]}
    assert changes == {"order_type": "Market", "price": None}


@pytest.mark.parametrize(
    ("body", "pointer", "said"),
    [
        ({"price": "4150.60"}, "/price", "multiple of the contract's tick, 0.25"),
        ({"price": None}, "/price", "is needed for an order of type Limit"),
        ({"order_type": "Stop"}, "/stop_price", "is needed for an order of type Stop"),
        ({"time_in_force": "GTD"}, "/expires_at", "is needed with time_in_force GTD"),
    ],
)
def test_terms_that_cannot_be_are_refused_by_field(
    program: ApiProgram, body: dict[str, Any], pointer: str, said: str
) -> None:
    answer = program.patch(f"/api/v1/orders/{RESTING}?dry_run=true", body)

    assert answer.status_code == 422, answer.content
    assert said in {fault["pointer"]: fault["detail"] for fault in answer.json()["errors"]}[pointer]
