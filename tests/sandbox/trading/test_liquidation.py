"""Closing positions: by a trader's call, by an administrator's, by an administrator's action, and by the rules."""

import datetime as dt
from typing import Any

import pytest

from tests.sandbox.platform_texts import complaints
from tests.sandbox.trading.trader import START, Trader

LOCK = "accountRiskStatus/setadminautoliqaction"


def close(trader: Trader, *, admin: bool = False, **fields: Any) -> Any:
    body = {"accountId": trader.account_id, "contractId": trader.contract_id, "admin": admin}
    return trader.call("order/liquidateposition", **(body | fields)).body


def set_action(trader: Trader, action: str) -> Any:
    body = {"accountId": trader.account_id, "adminAction": action, "adminActionReasonCode": "RestrictedRiskRestriction"}
    return trader.call(LOCK, **body).body


def risk_status(trader: Trader) -> dict[str, Any]:
    return trader.entity("accountRiskStatus", trader.account_id)


def test_liquidating_cancels_the_orders_of_the_contract_and_closes_the_position(trader: Trader) -> None:
    trader.place("Buy", 3)
    resting = trader.place("Buy", 1, "Limit", price=START - 10)
    trader.contract_id, other = trader.contract("NQ"), trader.contract_id
    elsewhere = trader.place("Buy", 1, "Limit", price=24_000.0)
    trader.contract_id = other
    trader.new_events()
    order_id = close(trader, customTag50="flat")["orderId"]
    assert (trader.status(resting), trader.status(order_id), trader.position()) == ("Canceled", "Filled", 0)
    assert trader.status(elsewhere) == "Working"
    told = [(kind, entity.get("ordStatus")) for kind, _, entity in trader.events]
    assert told.index(("order", "Canceled")) < told.index(("order", "Filled"))
    assert trader.entity("command", order_id)["customTag50"] == "flat"
    assert trader.entities("autoLiqTransaction") == []


def test_a_liquidation_has_the_quantity_that_is_open_when_it_is_carried_out(trader: Trader) -> None:
    trader.place("Buy", 3)
    trader.ask("order/placeorder", **trader.order("Sell", 1))
    order_id = close(trader)["orderId"]
    assert (trader.position(), trader.version(order_id)["orderQty"]) == (0, 2)
    trader.place("Buy", 1)
    trader.ask("order/placeorder", **trader.order("Sell", 3))
    order_id = close(trader)["orderId"]
    assert (trader.status(order_id), trader.position()) == ("Canceled", -2)


def test_a_flat_account_has_its_orders_cancelled_and_no_order_in_the_answer(trader: Trader) -> None:
    resting = trader.place("Buy", 1, "Limit", price=START - 10)
    assert close(trader) == {}
    assert trader.status(resting) == "Canceled"


def test_an_administrator_closes_what_is_locked_and_a_trader_does_not(trader: Trader) -> None:
    trader.place("Buy", 1)
    risk_status(trader)["adminAction"] = "LockTradingImmediately"
    assert close(trader)["failureReason"] == "TradingLocked"
    order_id = close(trader, admin=True)["orderId"]
    assert (trader.position(), trader.entity("order", order_id)["admin"]) == (0, True)


def test_an_undone_liquidation_closes_nothing(trader: Trader) -> None:
    trader.place("Buy", 1)
    resting = trader.place("Buy", 1, "Limit", price=START - 10)
    trader.spoil("order/liquidateposition")
    close(trader)
    assert (trader.position(), trader.status(resting)) == (1, "Working")
    assert list(trader.exchange.orders.by_id) == [resting]


def test_only_an_administrators_key_may_say_admin(trader: Trader) -> None:
    trader.place("Buy", 1)
    trader.organization.is_vendor = False
    assert close(trader, admin=True) == {"failureReason": "UnknownReason", "failureText": "Access is denied"}


def test_several_positions_are_closed_by_their_ids_or_none(trader: Trader) -> None:
    trader.place("Buy", 1)
    trader.contract_id, first = trader.contract("GC"), trader.contract_id
    trader.place("Sell", 1)
    ids = [one["id"] for one in trader.entities("position")]
    path = "order/liquidatepositions"
    assert trader.call(path, positions=[*ids, 5], admin=True).body == {"ok": False, "errorText": "Position not found"}
    assert trader.position(first) == 1
    assert trader.call(path, positions=ids, admin=True).body == {"ok": True}
    assert [one["netPos"] for one in trader.entities("position")] == [0, 0]
    assert trader.call(path, positions=[], admin=True).body["ok"] is False


def test_an_administrators_liquidation_writes_what_was_closed_and_cancelled(trader: Trader) -> None:
    trader.place("Buy", 3)
    trader.place("Buy", 2, "Limit", price=START - 10)
    trader.place("Sell", 1, "Stop", stopPrice=START - 20)
    answer = set_action(trader, "LiquidateImmediately")
    assert answer["accountRiskStatus"]["adminAction"] == "LiquidateImmediately"
    assert trader.position() == 0
    [row] = trader.entities("autoLiqTransaction")
    assert complaints("autoLiqTransaction", row) == []
    assert {name: value for name, value in row.items() if name not in ("id", "timestamp")} == {
        "accountId": trader.account_id,
        "contractId": trader.contract_id,
        "liquidatedNetPos": 3,
        "cancelledSellLimitQty": 0,
        "cancelledSellStopQty": 1,
        "cancelledBuyLimitQty": 2,
        "cancelledBuyStopQty": 0,
        "initiator": "Admin",
        "adminAction": "LiquidateImmediately",
    }
    assert trader.call("order/placeorder", **trader.order("Buy", 1)).body["failureReason"] == "TradingLocked"
    set_action(trader, "Normal")
    assert trader.status(trader.place("Buy", 1)) == "Filled"


def test_what_cannot_be_closed_now_is_closed_when_the_market_opens(trader: Trader) -> None:
    trader.place("Buy", 2)
    trader.exchange.clock.step(dt.timedelta(hours=7, minutes=30))
    set_action(trader, "LiquidateImmediately")
    assert trader.position() == 2
    trader.exchange.clock.step(dt.timedelta(minutes=45))
    trader.exchange.step()
    assert trader.position() == 0


def test_a_lock_cancels_what_works_and_leaves_the_position(trader: Trader) -> None:
    trader.place("Buy", 1)
    resting = trader.place("Sell", 1, "Limit", price=START + 10)
    set_action(trader, "LockTradingImmediately")
    assert (trader.status(resting), trader.position()) == ("Canceled", 1)
    trader.price(START + 10)
    assert trader.position() == 1
    assert trader.entities("autoLiqTransaction") == []


def test_liquidation_only_cancels_what_could_open(trader: Trader) -> None:
    trader.place("Buy", 2)
    opening = trader.place("Buy", 1, "Limit", price=START - 10)
    closing = trader.place("Sell", 2, "Limit", price=START + 10)
    set_action(trader, "LiquidateOnlyModeImmediately")
    assert (trader.status(opening), trader.status(closing)) == ("Canceled", "Working")


def test_a_refused_action_leaves_orders_as_they_are(trader: Trader) -> None:
    resting = trader.place("Buy", 1, "Limit", price=START - 10)
    assert set_action(trader, "Explode")["errorText"]
    assert trader.status(resting) == "Working"


def test_liquidation_interrupts_a_strategy(trader: Trader) -> None:
    params = (
        '{"entryVersion":{"orderQty":1,"orderType":"Market"},"brackets":[{"qty":1,"profitTarget":5,"stopLoss":-5}]}'
    )
    body = {"accountId": trader.account_id, "symbol": trader.symbol, "action": "Buy", "orderStrategyTypeId": 2}
    trader.call("orderStrategy/startorderstrategy", **body, params=params)
    close(trader)
    assert trader.position() == 0
    assert [one["status"] for one in trader.entities("orderStrategy")] == ["ExecutionInterrupted"]
    assert all(one["ordStatus"] in ("Filled", "Canceled") for one in trader.entities("order"))


def settings(trader: Trader, entity_type: str = "userAccountAutoLiq", **fields: Any) -> None:
    trader.book.put(entity_type, {"id": trader.account_id, **fields}, account_id=trader.account_id, user_id=None)


@pytest.mark.parametrize(
    ("entity_type", "initiator"),
    [("userAccountAutoLiq", "Admin"), ("permissionedAccountAutoLiq", "Customer")],
)
def test_a_daily_loss_liquidates_and_lets_only_close(trader: Trader, entity_type: str, initiator: str) -> None:
    settings(trader, entity_type, dailyLossAutoLiq=300)
    trader.place("Buy", 5)
    resting = trader.place("Buy", 1, "Limit", price=START - 50)
    trader.price(START - 10)
    assert trader.position() == 5
    trader.price(START - 12)
    assert (trader.position(), trader.status(resting)) == (0, "Canceled")
    [row] = trader.entities("autoLiqTransaction")
    assert (row["initiator"], row["adminAction"]) == (initiator, "AgreedOnLiquidationByAutoLiq")
    assert (row["liquidatedNetPos"], row["cancelledBuyLimitQty"]) == (5, 1)
    status = risk_status(trader)
    assert status["adminAction"] == "AgreedOnLiquidationByAutoLiq"
    assert status["liquidateOnly"]
    assert trader.entities("accountRiskStatusLog")[-1]["adminAction"] == "AgreedOnLiquidationByAutoLiq"
    assert trader.reports(trader.place("Buy", 1))[0]["rejectReason"] == "LiquidationOnly"
    for kind, _, entity in trader.events:
        assert complaints(kind, entity) == []


def test_a_lock_of_the_day_opens_with_the_next_session_and_counts_anew(trader: Trader) -> None:
    settings(trader, dailyLossAutoLiq=300)
    trader.place("Buy", 5)
    trader.price(START - 12)
    lost = trader.entities("cashBalance")[0]
    assert lost["realizedPnL"] == -300.0
    trader.exchange.clock.step(dt.timedelta(hours=8, minutes=30))  # 17:30 in Chicago
    trader.exchange.step()
    assert risk_status(trader)["adminAction"] == "Normal"
    assert "liquidateOnly" not in risk_status(trader)
    balance = trader.entities("cashBalance")[0]
    assert (balance["realizedPnL"], balance["amountSOD"]) == (0.0, lost["amount"])
    assert balance["weekRealizedPnL"] == -300.0
    assert trader.entities("cashBalanceLog")[-1]["cashChangeType"] == "NewSession"
    assert trader.status(trader.place("Buy", 1)) == "Filled"
    assert trader.entities("cashBalance")[0]["tradeDate"] == {"year": 2026, "month": 11, "day": 19}


def test_a_lock_under_do_not_unlock_stays_until_an_administrator_takes_it(trader: Trader) -> None:
    settings(trader, dailyLossAutoLiq=300, doNotUnlock=True)
    trader.place("Buy", 5)
    trader.price(START - 12)
    trader.exchange.clock.step(dt.timedelta(hours=8, minutes=30))
    trader.exchange.step()
    assert risk_status(trader)["adminAction"] == "AgreedOnLiquidationByAutoLiq"
    set_action(trader, "Normal")
    assert trader.status(trader.place("Buy", 1)) == "Filled"


def test_a_fill_that_reaches_a_limit_is_acted_on_at_once(trader: Trader) -> None:
    settings(trader, dailyLossAutoLiq=20)
    trader.place("Buy", 10)
    assert trader.position() == 0
    assert risk_status(trader)["adminAction"] == "AgreedOnLiquidationByAutoLiq"


def test_money_that_is_paid_in_or_out_is_no_profit_or_loss(trader: Trader) -> None:
    settings(trader, dailyLossAutoLiq=300, dailyProfitAutoLiq=300)
    trader.place("Buy", 1)
    body = {"accountId": trader.account_id, "cashChangeType": "ManualAdjustment", "currencyId": 1}
    for change in (5_000, -10_000):
        trader.call("fundTransaction/adjustcash", **body, cashChange=change)
        assert trader.position() == 1


def test_the_peak_follows_open_profit_in_real_time_and_not_at_the_end_of_the_day(trader: Trader) -> None:
    settings(trader, trailingMaxDrawdown=5_000, trailingMaxDrawdownMode="RealTime")
    risk_status(trader)["maxNetLiq"] = trader.cash
    before = trader.cash
    trader.place("Buy", 2)
    trader.price(START + 20)
    assert risk_status(trader)["maxNetLiq"] == round(before + 200 - 2 * 2.19, 2)
    settings(trader, trailingMaxDrawdown=5_000, trailingMaxDrawdownMode="EOD")
    trader.price(START + 30)
    assert risk_status(trader)["maxNetLiq"] == round(before + 200 - 2 * 2.19, 2)
    trader.exchange.clock.step(dt.timedelta(hours=7, minutes=30))
    trader.exchange.step()
    assert risk_status(trader)["maxNetLiq"] == round(before + 300 - 2 * 2.19, 2)


def test_an_account_put_back_to_its_sessions_start_counts_nothing(trader: Trader) -> None:
    settings(trader, dailyLossAutoLiq=300)
    trader.place("Buy", 5)
    trader.price(START - 12)
    resting = trader.call("order/placeorder", **trader.order("Buy", 1)).body["orderId"]
    day = {"year": 2026, "month": 11, "day": 18}
    assert trader.call("account/resetdemoaccountstate", accountIds=[trader.account_id], resetTradeDate=day).body["ok"]
    assert trader.status(resting) == "Rejected"
    assert risk_status(trader)["adminAction"] == "Normal"
    assert trader.status(trader.place("Buy", 1)) == "Filled"


def test_what_an_administrator_does_quickly_one_after_another_is_told_in_its_order(trader: Trader) -> None:
    action = {"adminAction": "LockTradingImmediately", "adminActionReasonCode": "CloseFraud"}
    trader.ask(LOCK, accountId=trader.account_id, **action)
    trader.ask("accountRiskStatus/updatemaxnetliq", accountId=trader.account_id, maxNetLiq=123_456)
    trader.exchange.process()
    told = [entity for kind, _, entity in trader.events if kind == "accountRiskStatus"]
    assert told[-1] == risk_status(trader)
    assert [one["maxNetLiq"] == 123_456 for one in told] == [False, True]
