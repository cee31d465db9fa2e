"""Strategies with several brackets: start, follow, change, interrupt."""

import json
from typing import Any

import pytest

from tests.sandbox.platform_texts import complaints
from tests.sandbox.trading.trader import START, Trader

BRACKETS = [{"qty": 1, "profitTarget": 5, "stopLoss": -5}, {"qty": 2, "profitTarget": 10, "stopLoss": -5}]


def start(trader: Trader, action: str = "Buy", *, entry: dict[str, Any] | None = None, **fields: Any) -> Any:
    """Start a strategy; gives the answer's body."""
    brackets = fields.pop("brackets", BRACKETS)
    version = {"orderQty": sum(one["qty"] for one in brackets), "orderType": "Market"} | (entry or {})
    body = {
        "accountId": trader.account_id,
        "symbol": trader.symbol,
        "action": action,
        "orderStrategyTypeId": 2,
        "params": json.dumps({"entryVersion": version, "brackets": brackets}),
        "uuid": "strategy-1",
    }
    return trader.call("orderStrategy/startorderstrategy", **(body | fields)).body


def working(trader: Trader) -> list[dict[str, Any]]:
    """The newest versions of what works, in the order in which they were made."""
    live = [one["id"] for one in trader.entities("order") if one["ordStatus"] == "Working"]
    return [trader.version(order_id) for order_id in live]


def status(trader: Trader, strategy: dict[str, Any]) -> str:
    return str(trader.entity("orderStrategy", strategy["id"])["status"])


def test_a_strategy_enters_and_sets_its_brackets_by_points(trader: Trader) -> None:
    strategy = start(trader)["orderStrategy"]
    assert (strategy["status"], strategy["uuid"], strategy["orderStrategyTypeId"]) == (
        "ActiveStrategy",
        "strategy-1",
        2,
    )
    assert trader.position() == 3
    prices = [(one["orderType"], one["orderQty"], one.get("price") or one["stopPrice"]) for one in working(trader)]
    assert prices == [
        ("Limit", 1, START + 5),
        ("Stop", 1, START - 5),
        ("Limit", 2, START + 10),
        ("Stop", 2, START - 5),
    ]
    labels = [one["label"] for one in trader.entities("orderStrategyLink")]
    assert labels == ["entry", "target1", "stop1", "target2", "stop2"]
    for kind, _, entity in trader.events:
        assert complaints(kind, entity) == []


def test_a_strategy_ends_when_its_brackets_have_closed_everything(trader: Trader) -> None:
    strategy = start(trader)["orderStrategy"]
    trader.price(START + 5)
    assert (trader.position(), len(working(trader))) == (2, 2)
    assert status(trader, strategy) == "ActiveStrategy"
    trader.price(START - 5)
    assert (trader.position(), working(trader)) == (0, [])
    assert status(trader, strategy) == "ExecutionFinished"
    assert trader.entities("orderStrategyLink") == []
    assert ("orderStrategyLink", "Deleted") in [(kind, event) for kind, event, _ in trader.events]


def test_brackets_are_released_in_their_order_as_the_entry_fills(trader: Trader) -> None:
    start(trader, entry={"orderType": "Limit", "price": START - 2})
    trader.price(START - 2, size=2)
    quantities = [one["orderQty"] for one in working(trader)]
    assert quantities == [3, 1, 1, 1, 1]
    trader.price(START - 2)
    assert [one["orderQty"] for one in working(trader)] == [1, 1, 2, 2]


def test_a_trailing_stop_follows_the_price(trader: Trader) -> None:
    strategy = start(trader, brackets=[{"qty": 1, "stopLoss": -5, "trailingStop": True}])["orderStrategy"]
    [stop] = working(trader)
    assert (stop["orderType"], stop["stopPrice"], stop["pegDifference"]) == ("TrailingStop", START - 5, 5)
    trader.price(START + 20)
    assert working(trader)[0]["stopPrice"] == START + 15
    trader.price(START + 15)
    assert (trader.position(), status(trader, strategy)) == (0, "ExecutionFinished")


def test_the_distance_of_a_trailing_stop_may_be_given_in_points(trader: Trader) -> None:
    start(trader, brackets=[{"qty": 1, "trailingStop": 8}])
    assert working(trader)[0]["stopPrice"] == START - 8


def test_interrupting_cancels_what_rests_and_leaves_the_position(trader: Trader) -> None:
    strategy = start(trader)["orderStrategy"]
    answer = trader.call("orderStrategy/interruptorderstrategy", orderStrategyId=strategy["id"]).body
    assert answer["orderStrategy"]["status"] == "ExecutionInterrupted"
    assert (working(trader), trader.position()) == ([], 3)
    assert trader.entities("orderStrategyLink") == []
    again = trader.call("orderStrategy/interruptorderstrategy", orderStrategyId=strategy["id"]).body
    assert (again["failureReason"], bool(again["errorText"])) == ("TooLate", True)


def test_orders_that_a_user_cancels_do_not_come_again(trader: Trader) -> None:
    strategy = start(trader, brackets=[{"qty": 2, "profitTarget": 5, "stopLoss": -5}])["orderStrategy"]
    target, stop = working(trader)
    trader.call("order/cancelorder", orderId=target["orderId"])
    assert [one["orderId"] for one in working(trader)] == [stop["orderId"]]
    trader.call("order/cancelorder", orderId=stop["orderId"])
    assert (working(trader), trader.position()) == ([], 2)
    assert status(trader, strategy) == "ExecutionFinished"


def test_a_strategy_whose_entry_is_cancelled_was_stopped_by_its_user(trader: Trader) -> None:
    strategy = start(trader, entry={"orderType": "Limit", "price": START - 50})["orderStrategy"]
    trader.call("order/cancelorder", orderId=trader.entities("order")[0]["id"])
    assert status(trader, strategy) == "StoppedByUser"


def test_a_strategy_whose_entry_is_rejected_has_failed(trader: Trader) -> None:
    strategy = start(trader, brackets=[{"qty": 50, "profitTarget": 5}])["orderStrategy"]
    assert status(trader, strategy) == "ExecutionFailed"
    assert trader.entity("orderStrategy", strategy["id"])["failureMessage"]


def test_the_prices_of_a_strategy_can_be_changed(trader: Trader) -> None:
    strategy = start(trader)["orderStrategy"]
    changed = [one | {"stopLoss": -2} for one in BRACKETS]
    command = json.dumps({"brackets": changed})
    answer = trader.call("orderStrategy/modifyorderstrategy", orderStrategyId=strategy["id"], command=command).body
    assert json.loads(answer["orderStrategy"]["params"])["brackets"] == changed
    stops = [one["stopPrice"] for one in working(trader) if one["orderType"] == "Stop"]
    assert stops == [START - 2, START - 2]


@pytest.mark.parametrize("command", ["", "cancel everything", '{"brackets": []}'])
def test_another_grammar_of_a_change_is_not_supported(trader: Trader, command: str) -> None:
    strategy = start(trader)["orderStrategy"]
    answer = trader.call("orderStrategy/modifyorderstrategy", orderStrategyId=strategy["id"], command=command).body
    assert answer["failureReason"] == "Unsupported"
    assert len(working(trader)) == 4


@pytest.mark.parametrize(
    ("reason", "fields"),
    [
        ("Unsupported", {"orderStrategyTypeId": 1}),
        ("UnknownReason", {"params": "no json"}),
        ("UnknownReason", {"params": None}),
        ("UnknownReason", {"params": "x" * 8_193}),
        ("UnknownReason", {"brackets": []}),
        ("UnknownReason", {"brackets": [{"qty": 1}, {"qty": 0}]}),
        ("UnknownReason", {"entry": {"orderQty": 1}}),
        ("InvalidPrice", {"brackets": [{"qty": 1, "profitTarget": -5}]}),
        ("InvalidPrice", {"brackets": [{"qty": 1, "stopLoss": 5}]}),
        ("InvalidPrice", {"brackets": [{"qty": 1, "profitTarget": 0.1}]}),
        ("InvalidPrice", {"brackets": [{"qty": 1, "trailingStop": True}]}),
        ("AdvancedTrailingStopUnsupported", {"brackets": [{"qty": 1, "stopLoss": -5, "autoTrail": {"freq": 1}}]}),
        ("InvalidContract", {"symbol": "NOPE"}),
    ],
)
def test_a_bad_strategy_is_refused_and_leaves_nothing(trader: Trader, reason: str, fields: dict[str, Any]) -> None:
    answer = start(trader, **fields)
    assert answer["failureReason"] == reason, answer
    assert trader.events == []
    assert trader.exchange.orders.strategies == {}


def test_a_strategy_that_is_undone_never_enters(trader: Trader) -> None:
    trader.spoil("orderStrategy/startorderstrategy")
    start(trader)
    assert (trader.position(), trader.events, trader.exchange.orders.strategies) == (0, [], {})
