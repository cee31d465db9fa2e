"""Orders and strategies by the partner API, carried out by the simulated exchange and mirrored."""

from typing import Any

import pytest

from tests.support.partner_api.program import ApiProgram
from tests.support.running_hub import wait_until
from tests.support.scene import Scene
from vendor_admin.mirrors.models import Order, OrderStrategy, OrderVersion, Position

pytestmark = pytest.mark.demo_alone
SYMBOL = "MES"


class Market:
    """An account of the scene with its program, and a contract at a known price."""

    def __init__(self, scene: Scene) -> None:
        self.scene, self.sandbox = scene, scene.sandbox
        self.sandbox.control("market/hours", always_open=True)
        self.sandbox.control("market/pause")
        self.program = ApiProgram.of(scene.organization)
        self.account_id = scene.account_ids(1)[0]
        self.contract = next(
            one["contract"] for one in self.sandbox.view("market/quotes") if one["contract"].startswith(SYMBOL)
        )
        self.number = 0
        self.price(4_000)

    def price(self, price: float) -> None:
        self.sandbox.control("market/price", contract=self.contract, price=price)

    def post(self, path: str, **body: Any) -> dict[str, Any]:
        """Send a write, carry it out, and return the row that it made."""
        self.number += 1
        about = (
            {"account": str(self.account_id), "contract": self.contract}
            if "/" not in path or path[-3:] in ("oco", "oso")
            else {}
        )
        answer = self.program.post(f"/api/v1/{path}", about | body, headers={"Idempotency-Key": f"key-{self.number}"})
        assert answer.status_code == 202, answer.content
        self.scene.work()
        told = self.program.get(answer["Location"]).json()
        (row,) = told["rows"]
        return dict(row) | {"plan": told["id"]}

    def rows(self, model: Any, **which: Any) -> list[Any]:
        with self.scene.scope():
            return list(model.objects.filter(account_id=self.account_id, **which).order_by("entity_id"))

    def status_of(self, order_id: str) -> str:
        (row,) = self.rows(Order, entity_id=int(order_id))
        return str(row.ord_status)

    def wait_for(self, order_id: str, status: str) -> None:
        wait_until(
            lambda: any(one.ord_status == status for one in self.rows(Order, entity_id=int(order_id))),
            what=f"order {order_id} {status}",
        )


@pytest.fixture
def market(scene: Scene) -> Market:
    with scene.scope():
        Position.objects.count()
    return Market(scene)


def test_an_order_is_filled_and_the_position_is_mirrored(market: Market) -> None:
    row = market.post("orders", action="Buy", quantity=2, order_type="Market")

    assert row["state"] == "succeeded", row
    market.wait_for(row["id"], "Filled")
    wait_until(lambda: any(one.net_pos == 2 for one in market.rows(Position)), what="the position")


def test_an_order_that_rests_is_changed_and_taken_back(market: Market) -> None:
    row = market.post("orders", action="Buy", quantity=1, order_type="Limit", price="3900.25", time_in_force="GTC")
    market.wait_for(row["id"], "Working")

    answer = market.program.patch(
        f"/api/v1/orders/{row['id']}", {"price": "3910.50"}, headers={"Idempotency-Key": "change"}
    )
    assert answer.status_code == 202, answer.content
    market.scene.work()

    wait_until(
        lambda: any(str(one.price) == "3910.5" for one in market.rows(OrderVersion, order_id=int(row["id"]))),
        what="the new price",
    )
    newest = market.rows(OrderVersion, order_id=int(row["id"]))[-1]
    assert (newest.order_qty, newest.order_type, newest.time_in_force) == (1, "Limit", "GTC")


def test_an_order_that_the_platform_rejects_later_says_why(market: Market) -> None:
    row = market.post("orders", action="Buy", quantity=10_000, order_type="Market")

    if row["state"] == "succeeded":  # it was taken, and then its risk check refused it
        market.wait_for(row["id"], "Rejected")
    else:
        assert row["state"] == "rejected"
        assert "Limit" in (row["platform_error"] or ""), row


def test_an_oso_sends_its_brackets_once_the_entry_is_filled(market: Market) -> None:
    row = market.post(
        "orders/oso",
        action="Buy",
        quantity=1,
        order_type="Limit",
        price="3990.00",
        bracket1={"action": "Sell", "order_type": "Limit", "price": "4010.00"},
        bracket2={"action": "Sell", "order_type": "Stop", "stop_price": "3980.00"},
    )
    market.wait_for(row["id"], "Working")
    market.price(3_989)
    market.wait_for(row["id"], "Filled")
    wait_until(
        lambda: [one.ord_status for one in market.rows(Order, parent_id=int(row["id"]))] == ["Working", "Working"],
        what="both brackets",
    )

    market.price(4_011)

    wait_until(
        lambda: (
            sorted(one.ord_status for one in market.rows(Order, parent_id=int(row["id"]))) == ["Canceled", "Filled"]
        ),
        what="one bracket filled, the other cancelled",
    )


def test_a_strategy_is_started_and_ends_with_its_target(market: Market) -> None:
    row = market.post(
        "order-strategies",
        action="Buy",
        entry={"quantity": 2, "order_type": "Market"},
        brackets=[{"quantity": 2, "profit_target": "10", "stop_loss": "-5"}],
    )
    assert row["state"] == "succeeded", row
    wait_until(lambda: [one.status for one in market.rows(OrderStrategy)] == ["ActiveStrategy"], what="the strategy")
    assert market.rows(OrderStrategy)[0].entity_id == int(row["id"])

    market.price(4_012)

    wait_until(
        lambda: [one.status for one in market.rows(OrderStrategy)] == ["ExecutionFinished"], what="the strategy's end"
    )
