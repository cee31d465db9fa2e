"""Limits that act on a platform in memory: what is closed, what is written of it, and what may be sent afterwards."""

from typing import Any

import pytest

from tests.sandbox.platform_texts import complaints
from tests.sandbox.trading.trader import START, Trader

POINT = 5.0  # dollars a point of MES
FEES = 2 * 2.19  # of buying two contracts


def limit_losses(trader: Trader, **settings: Any) -> None:
    """Give the account settings of auto-liquidation, by the call that vendors use."""
    answer = trader.call("userAccountAutoLiq/create", id=trader.account_id, **settings)
    assert answer.body["id"] == trader.account_id


def lose(trader: Trader, dollars: float, *, quantity: int = 2) -> None:
    """Buy, and let the price fall until that much is lost."""
    trader.place("Buy", quantity)
    trader.new_events()
    trader.price(START - dollars / quantity / POINT)


def risk_status(trader: Trader) -> dict[str, Any]:
    return trader.entity("accountRiskStatus", trader.account_id)


def refused(trader: Trader, action: str = "Buy", quantity: int = 1) -> str:
    """The reason that an order is refused for, by the answer or later; empty where it is taken."""
    answer = trader.call("order/placeorder", **trader.order(action, quantity))
    if "failureReason" in answer.body:
        return str(answer.body["failureReason"])
    order_id = answer.body["orderId"]
    reasons = [report.get("rejectReason", "") for report in trader.reports(order_id)]
    assert (trader.status(order_id) == "Rejected") == any(reasons)
    return "".join(reasons)


@pytest.mark.parametrize(
    ("field", "lost"),
    [
        ("dailyLossAutoLiq", 400),
        ("weeklyLossAutoLiq", 400),
        ("dailyProfitAutoLiq", -400),
        ("weeklyProfitAutoLiq", -400),
    ],
)
def test_an_account_that_reaches_a_limit_is_closed_and_may_open_nothing(trader: Trader, field: str, lost: int) -> None:
    limit_losses(trader, **{field: 400 + FEES if lost > 0 else 400 - FEES})
    lose(trader, lost)
    assert trader.position() == 0
    assert risk_status(trader)["adminAction"] == "AgreedOnLiquidationByAutoLiq"
    assert refused(trader) == "LiquidationOnly"


@pytest.mark.parametrize("field", ["dailyLossAutoLiq", "weeklyLossAutoLiq"])
def test_a_cent_before_its_limit_an_account_trades_on(trader: Trader, field: str) -> None:
    limit_losses(trader, **{field: 400 + FEES + 0.01})
    lose(trader, 400)
    assert trader.position() == 2
    assert risk_status(trader)["adminAction"] == "Normal"


def test_a_loss_in_percent_is_of_what_the_day_began_with(trader: Trader) -> None:
    percent = (400 + FEES) * 100 / trader.cash
    limit_losses(trader, dailyLossPercentageAutoLiq=percent - 0.0001)
    lose(trader, 395)
    assert trader.position() == 2
    trader.price(START - 40)
    assert trader.position() == 0


def test_margin_closes_a_position_that_binds_too_much_of_the_account(trader: Trader) -> None:
    """Two contracts bind 100 dollars."""
    limit_losses(trader, marginPercentageAutoLiq=50)
    trader.call("fundTransaction/adjustcash", **cash_change(trader, 500 - trader.cash))
    lose(trader, 200)
    assert trader.position() == 2
    assert trader.entity("marginSnapshot", trader.account_id)["autoLiqLevel"] == 200
    lose_more = START - (500 - FEES - 200) / 2 / POINT
    trader.price(lose_more - lose_more % 0.25)
    assert trader.position() == 0


@pytest.mark.parametrize("mode", ["EOD", "RealTime"])
def test_a_drawdown_closes_at_its_floor_which_follows_at_once_or_at_the_end_of_day(trader: Trader, mode: str) -> None:
    """The account gains 400 from its peak before it falls."""
    peak = round(trader.cash)
    trader.call("fundTransaction/adjustcash", **cash_change(trader, peak - trader.cash + FEES))
    risk_status(trader)["maxNetLiq"] = peak
    limit_losses(trader, trailingMaxDrawdown=500, trailingMaxDrawdownLimit=peak + 1_000, trailingMaxDrawdownMode=mode)
    lose(trader, -400)
    assert risk_status(trader)["maxNetLiq"] == (peak if mode == "EOD" else peak + 400)
    floor_at = -50 if mode == "EOD" else -10  # points from the start at which the floor is reached
    trader.price(START + floor_at + 0.25)
    assert trader.position() == 2
    trader.price(START + floor_at)
    assert trader.position() == 0


def test_at_a_liquidation_orders_are_cancelled_first_and_positions_closed_at_the_market(trader: Trader) -> None:
    limit_losses(trader, dailyLossAutoLiq=500)
    trader.place("Buy", 2)
    target = trader.place("Sell", 2, "Limit", price=START + 100)
    other = trader.place("Buy", 1, "Limit", price=START - 300)
    trader.new_events()
    trader.price(START - 60)
    told = trader.new_events()
    assert (trader.status(target), trader.status(other), trader.position()) == ("Canceled", "Canceled", 0)
    ended = [
        number for number, (kind, _, entity) in enumerate(told) if kind == "order" and entity["id"] in (target, other)
    ]
    closed = next(number for number, (kind, _, _) in enumerate(told) if kind == "fill")
    assert max(ended) < closed
    [order] = [entity for kind, event, entity in told if kind == "order" and event == "Created"]
    assert (order["action"], order["admin"]) == ("Sell", True)


def test_what_was_closed_is_written_and_nothing_of_it_names_the_rule(trader: Trader) -> None:
    limit_losses(trader, dailyLossAutoLiq=500)
    lose(trader, 600)
    [transaction] = trader.entities("autoLiqTransaction")
    assert (transaction["contractId"], transaction["liquidatedNetPos"]) == (trader.contract_id, 2)
    assert (transaction["initiator"], transaction["adminAction"]) == ("Admin", "AgreedOnLiquidationByAutoLiq")
    logged = trader.entities("accountRiskStatusLog")[-1]
    assert logged["adminAction"] == "AgreedOnLiquidationByAutoLiq"
    assert logged["liquidateOnly"] == risk_status(trader)["liquidateOnly"]
    for kind, entity in (("autoLiqTransaction", transaction), ("accountRiskStatusLog", logged)):
        assert complaints(kind, entity) == []
        assert "loss" not in str(entity).lower()


def test_in_closing_only_what_opens_is_cancelled_and_a_position_may_be_closed(trader: Trader) -> None:
    limit_losses(trader, dailyLossLiqOnly=400)
    trader.place("Buy", 2)
    opening = trader.place("Buy", 1, "Limit", price=START - 500)
    closing = trader.place("Sell", 1, "Limit", price=START + 500)
    trader.price(START - 45)
    assert trader.position() == 2
    assert risk_status(trader)["adminAction"] == "AgreedOnLiqOnlyModeByAutoLiq"
    assert (trader.status(opening), trader.status(closing)) == ("Canceled", "Working")
    assert refused(trader, "Sell", 2) == "LiquidationOnly", "one is being sold already"
    assert refused(trader, "Sell", 1) == ""
    assert refused(trader) == "LiquidationOnly"


def test_in_closing_only_no_more_orders_stay_than_the_position_has_contracts(trader: Trader) -> None:
    """Each of the two closes by itself; together they would turn the position."""
    trader.place("Buy", 2)
    target = trader.place("Sell", 2, "Limit", price=START + 10)
    stop = trader.place("Sell", 2, "Stop", stopPrice=START - 10)
    set_action(trader, "LiquidateOnlyModeImmediately")
    assert (trader.status(target), trader.status(stop)) == ("Working", "Canceled")


def test_in_closing_only_a_pair_of_orders_stays_for_one_of_them_fills(trader: Trader) -> None:
    trader.place("Buy", 2)
    other = {"action": "Sell", "orderType": "Stop", "stopPrice": START - 10}
    pair = trader.call("order/placeoco", **trader.order("Sell", 2, "Limit", price=START + 10, other=other)).body
    set_action(trader, "LiquidateOnlyModeImmediately")
    assert (trader.status(pair["orderId"]), trader.status(pair["ocoId"])) == ("Working", "Working")
    trader.price(START + 10)
    assert trader.position() == 0


def test_what_the_market_cannot_take_is_closed_at_the_next_step(trader: Trader) -> None:
    limit_losses(trader, dailyLossAutoLiq=500)
    trader.place("Buy", 2)
    trader.price(START - 100, size=0)
    assert trader.position() == 2
    assert refused(trader) == "LiquidationOnly"
    trader.exchange.step()
    assert trader.position() == 0
    assert [one["liquidatedNetPos"] for one in trader.entities("autoLiqTransaction")] == [2]


def test_a_switch_of_risk_category_closes_what_its_limits_do_not_allow(trader: Trader) -> None:
    by_contracts = {limit["exposedLimit"]: limit["riskCategoryId"] for limit in category_limits(trader)}
    switch_category(trader, by_contracts[10])
    trader.place("Buy", 6)
    other = trader.contract("CL")
    trader.call("order/placeorder", **trader.order("Sell", 1) | {"symbol": name_of(trader, other)})
    resting = trader.place("Sell", 6, "Limit", price=START + 100)
    switch_category(trader, by_contracts[15])
    assert (trader.position(), trader.position(other), trader.status(resting)) == (6, -1, "Working")
    switch_category(trader, by_contracts[5])
    assert (trader.position(), trader.position(other), trader.status(resting)) == (0, 0, "Canceled")
    closed = {one["contractId"]: one["liquidatedNetPos"] for one in trader.entities("autoLiqTransaction")}
    assert closed == {trader.contract_id: 6, other: -1}
    assert risk_status(trader)["adminAction"] == "Normal"


def test_a_switch_of_risk_category_leaves_what_its_limits_allow(trader: Trader) -> None:
    categories = {limit["exposedLimit"]: limit["riskCategoryId"] for limit in category_limits(trader)}
    switch_category(trader, categories[10])
    trader.place("Buy", 3)
    other = trader.contract("CL")
    trader.call("order/placeorder", **trader.order("Sell", 1) | {"symbol": name_of(trader, other)})
    body = {"accountId": trader.account_id, "active": True, "totalBy": "Contract", "contractId": trader.contract_id}
    trader.call("userAccountPositionLimit/create", **body, exposedLimit=2)
    switch_category(trader, categories[15])
    assert (trader.position(), trader.position(other)) == (0, -1)


def category_limits(trader: Trader) -> list[dict[str, Any]]:
    return [record.entity for record in trader.book.all("categoryPositionLimit")]


def switch_category(trader: Trader, category_id: int) -> None:
    body = {"accountIds": [trader.account_id], "riskCategoryId": category_id}
    assert trader.call("accountRiskStatus/switchriskcategory", **body).body["ok"]


def name_of(trader: Trader, contract_id: int) -> str:
    return str(trader.exchange.market.contracts[contract_id].name)


def test_on_hold_no_limit_acts(trader: Trader) -> None:
    limit_losses(trader, dailyLossAutoLiq=500)
    risk_status(trader)["adminAction"] = "PlaceAutoLiqOnHold"
    lose(trader, 900)
    assert trader.position() == 2
    assert refused(trader) == ""


@pytest.mark.parametrize(
    ("action", "held", "opening", "closing"),
    [
        ("LockTradingImmediately", 2, "TradingLocked", "TradingLocked"),
        ("LiquidateOnlyModeImmediately", 2, "LiquidationOnly", ""),
        ("LiquidateImmediately", 0, "TradingLocked", "TradingLocked"),
    ],
)
def test_each_lock_of_an_admin_does_what_it_says_and_normal_ends_it(
    trader: Trader, action: str, held: int, opening: str, closing: str
) -> None:
    trader.place("Buy", 2)
    set_action(trader, action)
    assert trader.position() == held
    assert risk_status(trader)["adminAction"] == action
    assert refused(trader) == opening
    assert refused(trader, "Sell") == closing
    set_action(trader, "Normal")
    assert refused(trader) == ""


def cash_change(trader: Trader, dollars: float) -> dict[str, Any]:
    return {
        "accountId": trader.account_id,
        "cashChange": round(dollars, 2),
        "cashChangeType": "ManualAdjustment",
        "currencyId": 1,
    }


def set_action(trader: Trader, action: str) -> None:
    answer = trader.call(
        "accountRiskStatus/setadminautoliqaction",
        accountId=trader.account_id,
        adminAction=action,
        adminActionReasonCode="RestrictedRiskRestriction",
    )
    assert answer.body["accountRiskStatus"]["adminAction"] == action
