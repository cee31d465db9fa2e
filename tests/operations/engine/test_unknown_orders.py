"""Orders without an answer: they are found again through their commands, and never sent a second time."""

from typing import Any

import pytest
from django.utils import timezone

from tests.support.engine_kinds import register_engine_kinds
from tests.support.stored_plans import Desk
from vendor_admin.operations.engine import settlement
from vendor_admin.operations.kinds import Target
from vendor_admin.operations.models import Operation
from vendor_admin.operations.store.allowance import Caller
from vendor_admin.tradovate.outcomes import Success

CALLER = Caller("http://127.0.0.1:9/v1", "vendor")
PLACE, LIQUIDATE = "order/placeorder", "order/liquidatepositions"
ORDER = {"accountId": 7, "action": "Buy", "symbol": "MESZ6", "orderQty": 1, "orderType": "Market", "isAutomated": True}
OPEN = {"positions": [70], "admin": True, "isAutomated": True}


class Platform:
    """Answers look-ups by their path, and notes what was asked for."""

    def __init__(self, **answers: list[dict[str, Any]]) -> None:
        self._answers = {"account/item": {"id": 7}, "order/deps": [], "command/ldeps": [], **answers}
        self.asked: list[tuple[str, Any]] = []

    def call(self, operation: Any, *, token: str, params: dict[str, Any]) -> Success:
        self.asked.append((operation.path, next(iter(params.values()))))
        return Success(self._answers[operation.path])


@pytest.fixture
def desk(db: None, settings: Any) -> Desk:
    settings.OPERATION_PATIENCE_SECONDS = 0
    register_engine_kinds()
    return Desk()


def in_doubt(desk: Desk, path: str, body: dict[str, Any]) -> Operation:
    plan = desk.confirm(desk.preview([Target("any", None, {"path": path, "environment": "demo", "body": body})]))
    (row,) = desk.operations(plan)
    return desk.change(row, state="unknown", sent_at=timezone.now(), attempts=1, error_text="no answer within 20 s")


def settled(desk: Desk, row: Operation, platform: Any) -> Operation:
    settlement.settle(desk.lane, row, platform, caller=CALLER, token="t")
    (row,) = desk.operations(row.plan_id)
    return row


def order() -> dict[str, Any]:
    return {"id": 60, "accountId": 7, "timestamp": timezone.now().isoformat(), "ordStatus": "Filled"}


def test_an_order_is_found_by_the_command_that_carries_our_mark(desk: Desk) -> None:
    row = in_doubt(desk, PLACE, ORDER)
    assert row.request["clOrdId"] == row.short_id
    command = {"id": 61, "orderId": 60, "clOrdId": row.short_id}
    platform = Platform(**{"order/deps": [order()], "command/ldeps": [command]})
    assert settled(desk, row, platform).state == Operation.State.SUCCEEDED
    assert platform.asked == [("order/deps", 7), ("command/ldeps", "60")]
    (made,) = desk.rows(row.plan_id)
    assert made.result[PLACE]["orderId"] == 60  # as the lost answer would have told


def test_an_order_that_was_not_placed_is_refused_and_never_sent_again(desk: Desk) -> None:
    row = settled(desk, in_doubt(desk, PLACE, ORDER), Platform())
    assert (row.state, row.attempts) == (Operation.State.REJECTED, 1)
    assert "it was not done" in row.error_text


def test_an_order_whose_commands_cannot_be_seen_is_decided_by_a_person(desk: Desk) -> None:
    row = settled(desk, in_doubt(desk, PLACE, ORDER), Platform(**{"order/deps": [order()]}))
    assert (row.state, row.needs_person) == (Operation.State.UNKNOWN, True)
    assert "would trade twice" in row.question


def test_an_open_position_leads_on_to_the_orders_of_its_account_and_their_commands(desk: Desk) -> None:
    row = in_doubt(desk, LIQUIDATE, OPEN)
    command = {"id": 61, "orderId": 60, "customTag50": row.short_id}
    position: Any = {"id": 70, "accountId": 7, "contractId": 5, "netPos": 1}
    platform = Platform(**{"position/item": position, "order/deps": [order()], "command/ldeps": [command]})
    assert settled(desk, row, platform).state == Operation.State.SUCCEEDED
    assert platform.asked == [("position/item", 70), ("order/deps", 7), ("command/ldeps", "60")]


def test_a_position_that_is_flat_needs_no_further_look(desk: Desk) -> None:
    position: Any = {"id": 70, "accountId": 7, "contractId": 5, "netPos": 0}
    platform = Platform(**{"position/item": position})
    assert settled(desk, in_doubt(desk, LIQUIDATE, OPEN), platform).state == Operation.State.SUCCEEDED
    assert platform.asked == [("position/item", 70)]
