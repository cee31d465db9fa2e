"""Placing an order, and the chain of entities that tells what becomes of it."""

import pytest

from tests.sandbox.platform_texts import complaints
from tests.sandbox.trading.trader import START, Trader

FEES = 0.79 + 1.40
POINT = 5.0


def test_a_market_order_is_told_in_the_platforms_order(trader: Trader) -> None:
    order_id = trader.place("Buy", 1)
    told = [(entity_type, event_type) for entity_type, event_type, _ in trader.events]
    assert told == [
        ("order", "Created"),
        ("orderVersion", "Created"),
        ("command", "Created"),
        ("commandReport", "Created"),
        ("order", "Updated"),
        ("executionReport", "Created"),
        ("fill", "Created"),
        ("fillFee", "Created"),
        ("order", "Updated"),
        ("position", "Created"),
        ("cashBalance", "Updated"),
        ("cashBalanceLog", "Created"),
        ("cashBalanceLog", "Created"),
        ("marginSnapshot", "Updated"),
        ("accountRiskStatus", "Updated"),
    ]
    assert trader.status(order_id) == "Filled"


def test_the_ids_of_a_chain_follow_each_other_as_recorded_ones_do(trader: Trader) -> None:
    order_id = trader.place("Buy", 1)
    assert trader.entity("command", order_id)["commandType"] == "New"
    assert trader.entity("orderVersion", order_id)["orderQty"] == 1
    assert trader.reports(order_id)[0]["id"] == order_id + 1
    assert trader.entities("fill")[-1]["id"] == order_id + 3


def test_nothing_is_told_before_the_call_is_answered(trader: Trader) -> None:
    answer = trader.ask("order/placeorder", **trader.order("Buy", 1))
    assert trader.events == []
    trader.exchange.process()
    assert trader.events[0][2]["id"] == answer.body["orderId"]
    assert trader.events[0][2]["ordStatus"] == "PendingNew"


def test_every_entity_fits_the_platforms_schema(trader: Trader) -> None:
    trader.place("Buy", 2)
    trader.place("Sell", 3, "Limit", price=START, clOrdId="mine", text="note", customTag50="tag", isAutomated=True)
    trader.place("Sell", 1, "Stop", stopPrice=START - 5)
    assert len(trader.events) > 30
    for entity_type, _, entity in trader.events:
        assert complaints(entity_type, entity) == []


def test_a_round_trip_moves_cash_by_its_result_less_fees(trader: Trader) -> None:
    before = trader.cash
    trader.place("Buy", 2)
    trader.price(START + 4)
    trader.place("Sell", 2)
    assert trader.position() == 0
    assert trader.cash == round(before + 4 * 2 * POINT - 4 * FEES, 2)
    assert "netPrice" not in trader.entities("position")[0]
    logged = sum(log["delta"] for log in trader.entities("cashBalanceLog")[1:])
    assert round(logged, 2) == round(trader.cash - before, 2)


def test_pairs_are_made_first_in_first_out(trader: Trader) -> None:
    trader.place("Buy", 1)
    trader.price(START + 10)
    trader.place("Buy", 1)
    assert trader.entities("position")[0]["netPrice"] == START + 5
    trader.place("Sell", 1)
    [pair] = trader.entities("fillPair")
    assert (pair["buyPrice"], pair["sellPrice"], pair["qty"]) == (START, START + 10, 1)
    assert trader.entities("position")[0]["netPrice"] == START + 10
    assert trader.entities("cashBalance")[0]["realizedPnL"] == 10 * POINT


def test_a_fill_that_turns_a_position_closes_the_old_one_and_opens_a_new_one(trader: Trader) -> None:
    trader.place("Buy", 1)
    trader.price(START + 2)
    trader.place("Sell", 3)
    assert trader.position() == -2
    assert trader.entities("position")[0]["netPrice"] == START + 2
    assert trader.entities("fillPair")[0]["qty"] == 1


def test_a_limit_order_rests_until_the_price_comes(trader: Trader) -> None:
    order_id = trader.place("Buy", 1, "Limit", price=START - 10)
    assert trader.status(order_id) == "Working"
    assert trader.entities("executionReport")[-1]["execType"] == "New"
    trader.price(START - 10)
    assert trader.status(order_id) == "Filled"
    assert trader.entities("fill")[-1]["price"] == START - 10


def test_several_fills_of_the_depth_are_several_chains(trader: Trader) -> None:
    trader.price(START, size=2)
    order_id = trader.place("Buy", 5)
    fills = [one for one in trader.entities("fill") if one["orderId"] == order_id]
    assert [one["qty"] for one in fills] == [2, 2, 1]
    reports = [one for one in trader.entities("executionReport") if one["orderId"] == order_id]
    assert [one["ordStatus"] for one in reports] == ["Working", "Working", "Filled"]
    assert [one["cumQty"] for one in reports] == [2, 4, 5]
    assert trader.position() == 5


@pytest.mark.parametrize(
    ("order_type", "prices", "status"),
    [
        ("Market", {}, "Filled"),
        ("MarketLimit", {}, "Filled"),
        ("MarketWithProtection", {}, "Filled"),
        ("Limit", {"price": START - 5}, "Working"),
        ("Stop", {"stopPrice": START + 5}, "Working"),
        ("StopLimit", {"stopPrice": START + 5, "price": START + 6}, "Working"),
        ("MarketStopWithProtection", {"stopPrice": START + 5}, "Working"),
        ("MIT", {"price": START - 5}, "Working"),
        ("LimitIfTouched", {"limitIfTouchedPrice": START - 5, "price": START - 4}, "Working"),
        ("TrailingStop", {"stopPrice": START + 5}, "Working"),
        ("TrailingStop", {"pegDifference": 5}, "Working"),
        ("TrailingStopLimit", {"stopPrice": START + 5, "price": START + 6}, "Working"),
        ("QTS", {"price": START + 5, "stopPrice": START + 5}, "Working"),
    ],
)
def test_every_type_of_order_reaches_the_market(
    trader: Trader, order_type: str, prices: dict[str, float], status: str
) -> None:
    order_id = trader.place("Buy", 1, order_type, **prices)
    assert trader.status(order_id) == status
    version = trader.version(order_id)
    assert {name: version.get(name) for name in prices} == prices
