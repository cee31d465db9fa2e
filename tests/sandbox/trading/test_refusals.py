"""What is refused at once and leaves nothing, and what is rejected after the call was answered."""

import datetime as dt
from typing import Any

import pytest

from tests.sandbox.trading.trader import START, Trader


def assert_refused(trader: Trader, reason: str, **fields: Any) -> None:
    before = {kind: len(trader.entities(kind)) for kind in ("order", "orderVersion", "command")}
    order = trader.order("Buy", 1, order_type="Market") | fields
    answer = trader.call("order/placeorder", **order)
    assert answer.status == 200
    assert answer.body["failureReason"] == reason, answer.body
    assert answer.body["failureText"]
    assert {kind: len(trader.entities(kind)) for kind in before} == before
    assert trader.events == []


@pytest.mark.parametrize(
    ("reason", "fields"),
    [
        ("InvalidContract", {"symbol": "MESM1"}),
        ("InvalidPrice", {"orderType": "Limit", "price": START + 0.1}),
        ("InvalidPrice", {"orderType": "Limit"}),
        ("InvalidPrice", {"orderType": "Stop"}),
        ("InvalidPrice", {"orderType": "TrailingStop"}),
        ("InvalidPrice", {"orderType": "StopLimit", "price": START}),
        ("InvalidPrice", {"orderType": "Limit", "price": -5}),
        ("InvalidPrice", {"orderType": "TrailingStop", "pegDifference": 0.1}),
        ("OtherExecutionRelated", {"orderQty": 0}),
        ("OtherExecutionRelated", {"orderQty": -1}),
        ("OtherExecutionRelated", {"orderQty": 3_000_000_000}),
        ("OtherExecutionRelated", {"maxShow": 2}),
        ("OtherExecutionRelated", {"timeInForce": "GTD"}),
        ("TooLate", {"timeInForce": "GTD", "expireTime": "2020-01-01T00:00:00Z"}),
        ("Unsupported", {"orderType": "Stop", "stopPrice": START + 5, "timeInForce": "IOC"}),
        ("UnknownReason", {"clOrdId": "x" * 65}),
        ("UnknownReason", {"action": "Hold"}),
        ("UnknownReason", {"accountId": 5}),
        ("UnknownReason", {"accountId": None, "accountSpec": "NOBODY"}),
        ("Unsupported", {"orderType": "Iceberg"}),
        ("Unsupported", {"timeInForce": "Forever"}),
    ],
)
def test_a_bad_order_is_refused_at_once(trader: Trader, reason: str, fields: dict[str, Any]) -> None:
    assert_refused(trader, reason, **fields)


def test_an_account_may_be_named_instead_of_numbered(trader: Trader) -> None:
    name = trader.entity("account", trader.account_id)["name"]
    order = trader.order("Buy", 1) | {"accountId": None, "accountSpec": name}
    assert "orderId" in trader.call("order/placeorder", **order).body


@pytest.mark.parametrize(("field", "value"), [("closed", True), ("archived", True)])
def test_a_closed_account_trades_no_more(trader: Trader, field: str, value: bool) -> None:
    trader.entity("account", trader.account_id)[field] = value
    assert_refused(trader, "AccountClosed")


def test_a_locked_account_is_refused_at_once(trader: Trader) -> None:
    trader.entity("accountRiskStatus", trader.account_id)["adminAction"] = "LockTradingImmediately"
    assert_refused(trader, "TradingLocked")


def test_without_a_permission_access_is_denied(trader: Trader) -> None:
    for permission in trader.entities("tradingPermission"):
        permission["status"] = "Revoked"
    order = trader.call("order/placeorder", **trader.order("Buy", 1)).body
    assert order == {"failureReason": "UnknownReason", "failureText": "Access is denied"}


def test_a_closed_market_takes_no_orders(trader: Trader) -> None:
    trader.exchange.clock.step(dt.timedelta(hours=7, minutes=30))  # 16:30 in Chicago
    assert_refused(trader, "SessionClosed")


def test_an_expired_contract_is_none(trader: Trader) -> None:
    trader.exchange.clock.step(dt.timedelta(days=33))
    assert_refused(trader, "InvalidContract")


def test_on_live_there_is_no_trading(trader: Trader) -> None:
    assert trader.call_live("order/placeorder", **trader.order("Buy", 1)).status == 404


def test_what_only_closes_may_be_sent_in_liquidation_only(trader: Trader) -> None:
    trader.place("Buy", 2)
    trader.entity("accountRiskStatus", trader.account_id)["adminAction"] = "LiquidateOnlyModeImmediately"
    rejected = trader.place("Buy", 1)
    assert trader.status(rejected) == "Rejected"
    [report] = trader.reports(rejected)
    assert (report["commandStatus"], report["rejectReason"]) == ("RiskRejected", "LiquidationOnly")
    assert report["id"] == rejected + 1
    assert trader.status(trader.place("Sell", 2)) == "Filled"


def test_a_rejection_tells_the_order_first_and_then_the_reason(trader: Trader) -> None:
    trader.entity("accountRiskStatus", trader.account_id)["adminAction"] = "LiquidateOnlyModeImmediately"
    order_id = trader.place("Buy", 1)
    told = [(kind, entity.get("ordStatus") or entity.get("commandStatus")) for kind, _, entity in trader.events]
    assert told[-2:] == [("order", "Rejected"), ("commandReport", "RiskRejected")]
    assert "executionProviderId" not in trader.entity("order", order_id)


def test_limits_of_the_account_reject_after_the_answer(trader: Trader) -> None:
    limit = {"id": 1, "active": True, "totalBy": "Overall", "exposedLimit": 2, "accountId": trader.account_id}
    trader.book.put("userAccountPositionLimit", limit, account_id=trader.account_id, user_id=None)
    assert trader.status(trader.place("Buy", 2)) == "Filled"
    rejected = trader.place("Buy", 1)
    assert trader.reports(rejected)[0]["rejectReason"] == "MaxPosLimitReached"
    parameter = {"id": 2, "userAccountPositionLimitId": 1, "maxClosingOrderQty": 1, "hardLimit": True}
    trader.book.put("userAccountRiskParameter", parameter, account_id=trader.account_id, user_id=None)
    assert trader.reports(trader.place("Sell", 2))[0]["rejectReason"] == "MaxOrderQtyLimitReached"


@pytest.mark.parametrize("applies", [True, False])
def test_an_order_whose_answer_is_lost_is_placed_or_not_as_asked(trader: Trader, applies: bool) -> None:
    trader.spoil("order/placeorder", applies=applies)
    assert trader.call("order/placeorder", **trader.order("Buy", 1)).status == 500
    assert trader.position() == int(applies)
    assert len(trader.entities("order")) == int(applies)
    assert trader.exchange.orders.by_id == {}
