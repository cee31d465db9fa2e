"""What callers are told: lost answers, sentences on demand, ordinary users, snapshots, what is refused late."""

import datetime as dt
from typing import Any

import pytest

from tests.sandbox.trading.trader import START, Trader
from vendor_admin.sandbox.writes.faults import WriteFault


@pytest.mark.parametrize(
    ("path", "field"),
    [("order/placeorder", "failureText"), ("orderStrategy/startorderstrategy", "errorText")],
)
def test_a_sentence_on_demand_stands_where_the_operation_has_it(trader: Trader, path: str, field: str) -> None:
    trader.spoil(path, fault=WriteFault.ERROR_TEXT, text="Not today")
    body: dict[str, Any] = trader.order("Buy", 1) | {"orderStrategyTypeId": 2}
    answer = trader.call(path, **body)
    assert answer.body == {"failureReason": "UnknownReason", field: "Not today"}
    assert answer.is_failure
    assert (trader.events, trader.position()) == ([], 0)


def test_an_answer_that_says_done_and_was_not_leaves_no_order_in_the_market(trader: Trader) -> None:
    trader.spoil("order/placeorder", fault=WriteFault.NOT_APPLIED)
    answer = trader.call("order/placeorder", **trader.order("Buy", 1, "Limit", price=START - 10))
    assert "orderId" in answer.body
    assert (trader.events, trader.exchange.orders.by_id, trader.exchange.market.working_count) == ([], {}, 0)


def test_the_key_of_an_ordinary_user_trades_its_own_accounts_only(trader: Trader) -> None:
    trader.organization.is_vendor = False
    denied = {"failureReason": "UnknownReason", "failureText": "Access is denied"}
    assert trader.call("order/placeorder", **trader.order("Buy", 1)).body == denied
    trader.entity("account", trader.account_id)["userId"] = trader.organization.admin_user_id
    order_id = trader.place("Buy", 1, "Limit", price=START - 10)
    trader.entity("account", trader.account_id)["userId"] = 5
    assert trader.call("order/cancelorder", orderId=order_id).body == denied


def test_a_snapshot_of_cash_counts_what_is_open_at_the_markets_price(trader: Trader) -> None:
    trader.place("Buy", 2)
    trader.price(START + 3)
    snapshot = trader.call("cashBalance/getcashbalancesnapshot", accountId=trader.account_id).body
    assert (snapshot["openPnL"], snapshot["initialMargin"]) == (30.0, 100.0)
    assert snapshot["netLiq"] == round(snapshot["totalCashValue"] + 30.0, 2)


def test_a_stop_on_the_wrong_side_is_rejected_by_the_market_after_the_answer(trader: Trader) -> None:
    order_id = trader.place("Buy", 1, "Stop", stopPrice=START - 10)
    assert trader.status(order_id) == "Rejected"
    [passed, rejected] = trader.reports(order_id)
    assert passed["commandStatus"] == "RiskPassed"
    assert (rejected["commandStatus"], rejected["rejectReason"]) == ("ExecutionRejected", "InvalidPrice")


@pytest.mark.parametrize(("time_in_force", "status"), [("IOC", "Canceled"), ("FOK", "Canceled"), ("Day", "Working")])
def test_what_must_fill_at_once_is_cancelled_with_the_reason(trader: Trader, time_in_force: str, status: str) -> None:
    order_id = trader.place("Buy", 1, "Limit", price=START - 10, timeInForce=time_in_force)
    assert trader.status(order_id) == status
    report = trader.entities("executionReport")[-1]
    assert report.get("rejectReason") == ("NotEnoughLiquidity" if status == "Canceled" else None)


def test_a_day_order_expires_with_its_session_and_one_good_till_cancelled_does_not(trader: Trader) -> None:
    day = trader.place("Buy", 1, "Limit", price=START - 10)
    good = trader.place("Buy", 1, "Limit", price=START - 10, timeInForce="GTC")
    trader.exchange.clock.step(dt.timedelta(hours=7, minutes=30))
    trader.exchange.step()
    assert (trader.status(day), trader.status(good)) == ("Expired", "Working")
    assert trader.entities("executionReport")[-1]["execType"] == "Expired"


def test_an_entry_that_expires_takes_its_brackets_along(trader: Trader) -> None:
    bracket = {"action": "Sell", "orderType": "Limit", "price": START}
    entry = trader.order("Buy", 1, "Limit", price=START - 10)
    answer = trader.call("order/placeoso", **entry, bracket1=bracket).body
    trader.exchange.clock.step(dt.timedelta(hours=7, minutes=30))
    trader.exchange.step()
    assert trader.status(answer["orderId"]) == "Expired"
    assert trader.status(answer["oso1Id"]) == "Canceled"


def test_a_command_that_fails_tells_what_was_written_and_stops_no_other(
    trader: Trader, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_down(*ignored: object) -> None:
        raise RuntimeError("broken on purpose")

    first = trader.ask("order/placeorder", **trader.order("Buy", 1)).body["orderId"]
    monkeypatch.setattr(trader.exchange.market, "submit", break_down)
    trader.exchange.process()
    monkeypatch.undo()
    assert trader.events[-1][0] == "commandReport"
    assert trader.status(first) == "PendingNew"
    assert trader.status(trader.place("Buy", 1)) == "Filled"
