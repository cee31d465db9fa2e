"""Changing and cancelling orders."""

import datetime as dt

import pytest

from tests.sandbox.platform_texts import complaints
from tests.sandbox.trading.trader import START, Trader


def test_a_modification_is_a_command_with_a_version_of_the_same_id(trader: Trader) -> None:
    order_id = trader.place("Buy", 1, "Limit", price=START - 10)
    trader.new_events()
    body = {"orderId": order_id, "orderQty": 2, "orderType": "Limit", "price": START - 5}
    command_id = trader.call("order/modifyorder", **body).body["commandId"]
    told = trader.new_events()
    assert [(kind, entity["id"]) for kind, _, entity in told[:3]] == [
        ("command", command_id),
        ("orderVersion", command_id),
        ("commandReport", command_id + 1),
    ]
    assert told[2][2]["commandStatus"] == "RiskPassed"
    assert trader.entities("executionReport")[-1]["execType"] == "Replaced"
    assert trader.status(order_id) == "Working"
    trader.price(START - 5)
    assert trader.position() == 2


def test_a_modification_that_may_trade_does_so_at_once(trader: Trader) -> None:
    order_id = trader.place("Sell", 1, "Limit", price=START + 10)
    trader.call("order/modifyorder", orderId=order_id, orderQty=1, orderType="Limit", price=START)
    assert trader.status(order_id) == "Filled"


def test_a_cancellation_ends_the_order_after_its_report(trader: Trader) -> None:
    order_id = trader.place("Buy", 1, "Limit", price=START - 10)
    trader.new_events()
    command_id = trader.call("order/cancelorder", orderId=order_id, clOrdId="stop it").body["commandId"]
    told = trader.new_events()
    assert [kind for kind, _, _ in told] == ["command", "commandReport", "executionReport", "order"]
    assert (told[0][2]["id"], told[0][2]["commandType"], told[0][2]["clOrdId"]) == (command_id, "Cancel", "stop it")
    assert (told[1][2]["commandStatus"], told[1][2]["ordStatus"]) == ("AtExecution", "PendingCancel")
    assert trader.status(order_id) == "Canceled"
    assert not trader.exchange.market.working(order_id)
    for kind, _, entity in told:
        assert complaints(kind, entity) == []


def test_an_order_that_is_over_takes_no_command(trader: Trader) -> None:
    order_id = trader.place("Buy", 1)
    for path, fields in (
        ("order/cancelorder", {}),
        ("order/modifyorder", {"orderQty": 2, "orderType": "Limit", "price": START}),
    ):
        assert trader.call(path, orderId=order_id, **fields).body["failureReason"] == "TooLate"
    assert trader.call("order/cancelorder", orderId=5).body["failureText"] == "Access is denied"


@pytest.mark.parametrize("fields", [{}, {"orderQty": 2, "orderType": "Limit", "price": START - 20}])
def test_a_command_that_comes_too_late_is_told_by_its_report(trader: Trader, fields: dict[str, object]) -> None:
    order_id = trader.place("Buy", 1, "Limit", price=START - 10)
    path = "order/modifyorder" if fields else "order/cancelorder"
    command_id = trader.ask(path, orderId=order_id, **fields).body["commandId"]
    trader.price(START - 10)
    trader.exchange.process()
    [report] = trader.reports(command_id)
    assert (report["commandStatus"], report["rejectReason"]) == ("ExecutionRejected", "TooLate")
    assert trader.status(order_id) == "Filled"


def test_only_one_command_of_an_order_waits_at_a_time(trader: Trader) -> None:
    order_id = trader.place("Buy", 1, "Limit", price=START - 10)
    trader.ask("order/cancelorder", orderId=order_id)
    assert trader.ask("order/cancelorder", orderId=order_id).body["failureReason"] == "AnotherCommandPending"
    trader.exchange.process()
    assert trader.status(order_id) == "Canceled"


def test_what_was_left_out_of_a_modification_keeps_its_time_in_force(trader: Trader) -> None:
    order_id = trader.place("Buy", 1, "Limit", price=START - 10, timeInForce="GTC")
    trader.call("order/modifyorder", orderId=order_id, orderQty=1, orderType="Limit", price=START - 20)
    assert trader.version(order_id)["timeInForce"] == "GTC"


def test_an_order_waits_for_its_activation_time(trader: Trader) -> None:
    later = trader.exchange.clock.now() + dt.timedelta(minutes=5)
    order_id = trader.place("Buy", 1, activationTime=later.isoformat())
    trader.exchange.process()
    assert trader.status(order_id) == "PendingNew"
    trader.exchange.clock.step(dt.timedelta(minutes=6))
    trader.exchange.process()
    assert trader.status(order_id) == "Filled"


def test_a_filled_part_cannot_be_modified_away(trader: Trader) -> None:
    trader.price(START, size=1)
    order_id = trader.place("Buy", 8, "Limit", price=START + 1)
    filled = trader.position()
    assert filled == 5
    fields = {"orderId": order_id, "orderType": "Limit", "price": START + 1}
    assert trader.call("order/modifyorder", orderQty=filled, **fields).body["failureReason"] == "TooLate"
    assert "commandId" in trader.call("order/modifyorder", orderQty=filled + 1, **fields).body


@pytest.mark.parametrize("path", ["order/cancelorder", "order/modifyorder"])
def test_an_undone_command_leaves_the_order_free_for_another(trader: Trader, path: str) -> None:
    order_id = trader.place("Buy", 1, "Limit", price=START - 10)
    body: dict[str, object] = {"orderId": order_id}
    if path == "order/modifyorder":
        body |= {"orderQty": 1, "orderType": "Limit", "price": START - 20}
    trader.spoil(path)
    before = len(trader.entities("command"))
    assert trader.call(path, **body).status == 500
    assert len(trader.entities("command")) == before
    assert "commandId" in trader.call(path, **body).body
