"""Looking at orders without placing them."""

from typing import Any

import pytest

from tests.sandbox.trading.trader import START, Trader

MARGIN = 50.0


def look(trader: Trader, *orders: dict[str, Any]) -> Any:
    return trader.call("order/dryrun", accountId=trader.account_id, orders=list(orders)).body


def order(trader: Trader, action: str = "Buy", quantity: int = 1, **fields: Any) -> dict[str, Any]:
    wanted = {"contractId": trader.contract_id, "action": action, "orderQty": quantity, "orderType": "Market"}
    return wanted | fields


def test_an_order_that_would_be_sent_tells_margin_and_fees_and_changes_nothing(trader: Trader) -> None:
    trader.place("Buy", 1)
    trader.new_events()
    answer = look(trader, order(trader, quantity=2))
    assert answer["rejectReason"] == "Success"
    details = answer["details"]
    assert (details["beforeInitialMarginReq"], details["initialMarginReq"]) == (MARGIN, 3 * MARGIN)
    assert (details["beforeNetPos"], details["hypoLongPos"], details["isExitOrder"]) == (1, 3, False)
    assert details["totalCash"] == trader.cash
    assert details["excess"] == round(details["netLiqValue"] - 3 * MARGIN, 2)
    assert answer["fees"]["commission"] == 1.58
    assert (trader.events, len(trader.entities("order"))) == ([], 1)


def test_orders_are_weighed_one_after_another(trader: Trader) -> None:
    assert look(trader, order(trader, quantity=6))["rejectReason"] == "Success"
    assert look(trader, order(trader, quantity=6), order(trader, quantity=6))["rejectReason"] == "MaxPosLimitReached"
    trader.place("Buy", 2)
    assert look(trader, order(trader, "Sell", 2))["details"]["isExitOrder"] is True


@pytest.mark.parametrize(
    ("reason", "fields"),
    [
        ("InvalidPrice", {"orderType": "Limit", "price": START + 0.1}),
        ("OtherExecutionRelated", {"orderQty": 0}),
        ("MaxOrderQtyLimitReached", {"orderQty": 50}),
    ],
)
def test_what_would_be_refused_is_told_with_its_reason(trader: Trader, reason: str, fields: dict[str, Any]) -> None:
    answer = look(trader, order(trader, **fields))
    assert (answer["rejectReason"], bool(answer["comment"])) == (reason, True)


def test_there_are_one_to_four_orders_of_a_known_contract(trader: Trader) -> None:
    for orders in ([], [order(trader)] * 5, [order(trader, contractId=5)]):
        assert look(trader, *orders)["errorText"]
    assert trader.call("order/dryrun", accountId=5, orders=[order(trader)]).body["errorText"] == "Access is denied"
