"""OCO and OSO: orders that cancel each other, and orders that send others as they fill."""

from typing import Any

import pytest

from tests.sandbox.platform_texts import complaints
from tests.sandbox.trading.trader import START, Trader


def oco(trader: Trader, quantity: int = 2) -> tuple[int, int]:
    """A target above and a stop below, for a long position."""
    body = trader.order("Sell", quantity, "Limit", price=START + 10)
    other = {"action": "Sell", "orderType": "Stop", "stopPrice": START - 10}
    answer = trader.call("order/placeoco", **body, other=other).body
    return answer["orderId"], answer["ocoId"]


def oso(trader: Trader, quantity: int = 2, *, brackets: int = 2, **fields: Any) -> tuple[int, list[int]]:
    """A buy below the market with a target and a stop."""
    entry = trader.order("Buy", quantity, "Limit", price=START - 10) | fields
    made: dict[str, Any] = {"bracket1": {"action": "Sell", "orderType": "Limit", "price": START}}
    if brackets == 2:
        made["bracket2"] = {"action": "Sell", "orderType": "Stop", "stopPrice": START - 20}
    answer = trader.call("order/placeoso", **entry, **made).body
    return answer["orderId"], [answer[name] for name in ("oso1Id", "oso2Id") if name in answer]


def test_the_orders_of_an_oco_name_each_other_and_both_work(trader: Trader) -> None:
    trader.place("Buy", 2)
    first, second = oco(trader)
    assert (trader.status(first), trader.status(second)) == ("Working", "Working")
    assert trader.entity("order", first)["linkedId"] == second
    assert trader.entity("order", second)["linkedId"] == first
    assert trader.entity("order", first)["ocoId"] == trader.entity("order", second)["ocoId"] == first


@pytest.mark.parametrize(("price", "filled"), [(START + 10, 0), (START - 10, 1)])
def test_of_an_oco_the_filled_one_cancels_the_other(trader: Trader, price: float, filled: int) -> None:
    trader.place("Buy", 2)
    orders = oco(trader)
    trader.price(price)
    assert trader.status(orders[filled]) == "Filled"
    assert trader.status(orders[1 - filled]) == "Canceled"
    assert trader.position() == 0
    assert not trader.exchange.market.working(orders[1 - filled])


def test_a_part_of_one_order_of_an_oco_takes_as_much_from_the_other(trader: Trader) -> None:
    trader.place("Buy", 5)
    first, second = oco(trader, 5)
    trader.price(START + 10, size=2)
    assert trader.entities("executionReport")[-1]["execType"] == "Replaced"
    assert trader.version(second)["orderQty"] == 3
    trader.price(START - 10)
    assert trader.position() == 0
    assert (trader.status(first), trader.status(second)) == ("Canceled", "Filled")


def test_of_an_oco_whose_orders_the_market_fills_in_one_step_the_first_counts(trader: Trader) -> None:
    trader.place("Buy", 5)
    near, far = (
        {"action": "Sell", "orderType": "Limit", "price": START + 10},
        {"action": "Sell", "orderType": "Limit", "price": START + 20},
    )
    answer = trader.call("order/placeoco", **(trader.order("Sell", 5) | near), other=far).body
    trader.price(START + 20, size=50)
    assert (trader.status(answer["orderId"]), trader.status(answer["ocoId"])) == ("Filled", "Canceled")
    assert trader.position() == 0
    assert sum(fill["qty"] for fill in trader.entities("fill") if fill["action"] == "Sell") == 5


def test_of_two_that_fill_in_parts_in_one_step_no_more_than_the_whole_counts(trader: Trader) -> None:
    trader.place("Buy", 5)
    limit = {"action": "Sell", "orderType": "Limit", "price": START + 10}
    answer = trader.call("order/placeoco", **(trader.order("Sell", 5) | limit), other=limit).body
    trader.price(START + 10, size=3)
    trader.price(START + 10, size=50)
    assert trader.position() == 0
    assert "Working" not in (trader.status(answer["orderId"]), trader.status(answer["ocoId"]))
    assert trader.exchange.market.working_count == 0


def test_cancelling_one_order_of_an_oco_leaves_the_other(trader: Trader) -> None:
    trader.place("Buy", 2)
    first, second = oco(trader)
    trader.call("order/cancelorder", orderId=first)
    assert (trader.status(first), trader.status(second)) == ("Canceled", "Working")


def test_the_brackets_of_an_oso_wait_suspended_for_their_parent(trader: Trader) -> None:
    entry, (target, stop) = oso(trader)
    assert (entry + 1, entry + 2) == (target, stop)
    assert [trader.status(one) for one in (entry, target, stop)] == ["Working", "Suspended", "Suspended"]
    assert trader.entity("order", target)["parentId"] == trader.entity("order", stop)["parentId"] == entry
    assert not trader.exchange.market.working(target)


@pytest.mark.parametrize("brackets", [1, 2])
def test_a_filled_entry_sends_its_brackets(trader: Trader, brackets: int) -> None:
    entry, legs = oso(trader, brackets=brackets)
    trader.price(START - 10)
    assert trader.status(entry) == "Filled"
    assert [trader.status(leg) for leg in legs] == ["Working"] * brackets
    trader.price(START)
    assert [trader.status(leg) for leg in legs] == ["Filled", "Canceled"][:brackets]
    assert trader.position() == 0
    for kind, _, entity in trader.events:
        assert complaints(kind, entity) == []


def test_a_part_of_the_entry_sends_brackets_of_its_size_and_they_grow_with_it(trader: Trader) -> None:
    entry, (target, stop) = oso(trader, 5)
    trader.price(START - 10, size=2)
    assert trader.status(entry) == "Working"
    assert trader.version(target)["orderQty"] == trader.version(stop)["orderQty"] == 2
    trader.price(START - 10, size=3)
    assert trader.status(entry) == "Filled"
    assert trader.version(target)["orderQty"] == trader.version(stop)["orderQty"] == 5
    trader.price(START - 20)
    assert trader.position() == 0
    assert (trader.status(target), trader.status(stop)) == ("Canceled", "Filled")


def test_cancelling_the_rest_of_an_entry_leaves_brackets_for_what_it_filled(trader: Trader) -> None:
    entry, (target, stop) = oso(trader, 5)
    trader.price(START - 10, size=2)
    trader.call("order/cancelorder", orderId=entry)
    assert [trader.status(one) for one in (entry, target, stop)] == ["Canceled", "Working", "Working"]
    trader.price(START)
    assert trader.position() == 0


def test_brackets_that_are_done_come_again_for_what_the_entry_fills_later(trader: Trader) -> None:
    entry, (target, stop) = oso(trader, 5, price=START - 10)
    trader.price(START - 10, size=2)
    trader.price(START)
    assert trader.position() == 0
    assert (trader.status(target), trader.status(stop)) == ("Filled", "Canceled")
    trader.price(START - 10)
    assert (trader.status(entry), trader.position()) == ("Filled", 3)
    legs = [one for one in trader.entities("order") if one.get("parentId") == entry and one["ordStatus"] == "Working"]
    assert [trader.version(leg["id"])["orderQty"] for leg in legs] == [3, 3]


def test_cancelling_an_entry_that_filled_nothing_cancels_its_brackets(trader: Trader) -> None:
    entry, legs = oso(trader)
    trader.call("order/cancelorder", orderId=entry)
    assert [trader.status(leg) for leg in legs] == ["Canceled", "Canceled"]


def test_with_a_rejected_parent_its_brackets_are_rejected(trader: Trader) -> None:
    entry, legs = oso(trader, 50)
    assert trader.status(entry) == "Rejected"
    assert [trader.status(leg) for leg in legs] == ["Rejected", "Rejected"]
    assert [trader.reports(leg)[0]["rejectReason"] for leg in legs] == ["ParentRejected", "ParentRejected"]


def test_a_suspended_bracket_can_be_changed_before_it_is_sent(trader: Trader) -> None:
    _, (target, _) = oso(trader)
    trader.call("order/modifyorder", orderId=target, orderQty=2, orderType="Limit", price=START + 5)
    assert trader.status(target) == "Suspended"
    trader.price(START - 10)
    trader.price(START)
    assert trader.status(target) == "Working"
    trader.price(START + 5)
    assert trader.status(target) == "Filled"


def test_cancelling_one_suspended_bracket_leaves_the_other(trader: Trader) -> None:
    _, (target, stop) = oso(trader)
    trader.call("order/cancelorder", orderId=target)
    assert (trader.status(target), trader.status(stop)) == ("Canceled", "Suspended")
    trader.price(START - 10)
    assert trader.status(stop) == "Working"


def test_brackets_are_checked_before_anything_is_written(trader: Trader) -> None:
    entry = trader.order("Buy", 1, "Limit", price=START - 10)
    bracket = {"action": "Sell", "orderType": "Limit", "price": START + 0.1}
    assert trader.call("order/placeoso", **entry, bracket1=bracket).body["failureReason"] == "InvalidPrice"
    assert trader.entities("order") == []
    assert trader.call("order/placeoco", **entry, other=bracket).body["failureReason"] == "InvalidPrice"
    assert trader.entities("order") == []
