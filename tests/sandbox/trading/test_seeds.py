"""The examples of the documents that this sandbox was written after, sent as they stand."""

import json
import re
from typing import Any

import pytest

from tests.sandbox.plain_client import live_socket
from tests.sandbox.trading.javascript import objects
from tests.sandbox.trading.trader import Trader
from tests.sandbox.vendor import Vendor
from tests.support.shared_material import shared_material


def seed(number: int) -> str:
    [path] = sorted(shared_material("seeds").glob(f"{number:03d}_*.txt"))
    return path.read_text()


def example(number: int, account_id: int) -> dict[str, Any]:
    """The objects of a document's example, with an account for its placeholders."""
    text = re.sub(r"^\d{1,2}(?=\D)", "", seed(number), flags=re.MULTILINE)  # the numbers of a listing's lines
    start = text.rindex("const URL = '")
    names = {"myAcctId": account_id, "yourAcctId": account_id, "name": "DEMO1", "yourUserName": "DEMO1"}
    return objects(text[start : start + 2_000], names)


@pytest.mark.parametrize("number", [0, 1])
def test_the_strategy_of_the_documents_enters_with_its_bracket(trader: Trader, number: int) -> None:
    found = example(number, trader.account_id)
    assert json.loads(found["body"]["params"]) == found["params"]
    trader.price(4_175.0)
    body = found["body"] | {"symbol": trader.symbol}
    answer = trader.call("orderStrategy/startorderstrategy", **body).body
    assert answer["orderStrategy"]["status"] == "ActiveStrategy"
    assert trader.position() == -1
    legs = [trader.version(one["id"]) for one in trader.entities("order") if one["ordStatus"] == "Working"]
    assert [(leg["orderType"], leg.get("price"), leg.get("stopPrice")) for leg in legs] == [
        ("Limit", 4_145.0, None),
        ("Stop", None, 4_190.0),
    ]
    trader.price(4_145.0)
    assert trader.position() == 0
    assert trader.entity("orderStrategy", answer["orderStrategy"]["id"])["status"] == "ExecutionFinished"


@pytest.mark.parametrize("number", [0, 1])
def test_a_contract_of_the_documents_that_has_expired_is_refused(trader: Trader, number: int) -> None:
    body = example(number, trader.account_id)["body"]
    assert trader.call("orderStrategy/startorderstrategy", **body).body["failureReason"] == "InvalidContract"


def test_the_message_of_the_documents_starts_a_strategy_over_the_socket(vendor: Vendor) -> None:
    """The path in small letters, and the fields in the order in which the example has them."""
    account_id = vendor.new_account()
    body = example(0, account_id)["body"]
    quotes = vendor.sandbox.view("market/quotes")
    symbol = next(one["contract"] for one in quotes if one["contract"].startswith("MES"))
    endpoint = re.search(r"mySocket\.send\(`(orderstrategy/\w+)\\n(\d+)\\n\\n\$", seed(0))
    assert endpoint
    with live_socket(vendor.sandbox, vendor.token) as socket:
        socket.ask(endpoint[1], int(endpoint[2]), json.dumps(body | {"symbol": symbol}))
        answer = socket.answer(int(endpoint[2]))
    assert answer["s"] == 200
    assert answer["d"]["orderStrategy"]["accountId"] == account_id


def test_the_interruption_of_the_documents_names_the_strategy(trader: Trader) -> None:
    [body] = re.findall(r"body: '(\{\"orderStrategyId\":1\})'", seed(2))
    answer = trader.call("orderStrategy/interruptorderstrategy", **json.loads(body)).body
    assert answer == {"failureReason": "UnknownReason", "errorText": "Access is denied"}
    params = {"entryVersion": {"orderQty": 1, "orderType": "Market"}, "brackets": [{"qty": 1, "stopLoss": -5}]}
    wish = {"accountId": trader.account_id, "symbol": trader.symbol, "action": "Buy", "orderStrategyTypeId": 2}
    started = trader.call("orderStrategy/startorderstrategy", **wish, params=json.dumps(params)).body
    named = json.loads(body) | {"orderStrategyId": started["orderStrategy"]["id"]}
    stopped = trader.call("orderStrategy/interruptorderstrategy", **named).body["orderStrategy"]
    assert stopped["status"] == "ExecutionInterrupted"


def test_the_oso_of_the_documents_buys_below_the_market_and_takes_its_profit(trader: Trader) -> None:
    body = example(3, trader.account_id)["initial"]
    assert body["isAutomated"] is True
    trader.price(4_175.0)
    answer = trader.call("order/placeoso", **(body | {"symbol": trader.symbol})).body
    assert set(answer) == {"orderId", "oso1Id"}
    assert (trader.status(answer["orderId"]), trader.status(answer["oso1Id"])) == ("Working", "Suspended")
    trader.price(4_150.0)
    assert (trader.status(answer["orderId"]), trader.status(answer["oso1Id"])) == ("Filled", "Working")
    trader.price(4_200.0)
    assert (trader.status(answer["oso1Id"]), trader.position()) == ("Filled", 0)
    assert trader.entities("cashBalance")[0]["realizedPnL"] == 50 * 5.0


def test_the_plain_requests_of_the_documents_are_read_and_refused_for_their_contract(trader: Trader) -> None:
    [body] = re.findall(r"body: '(\{\"action\":\"Buy\",\"symbol\":\"string\".*?\})'\n", seed(3))
    assert trader.call("order/placeoso", **json.loads(body)).body["failureReason"] == "UnknownReason"
    named = json.loads(body) | {"accountId": trader.account_id}
    assert trader.call("order/placeoso", **named).body["failureReason"] == "InvalidContract"
    [start] = re.findall(r"body: '(\{\"symbol\":\"string\".*?\})'\n", seed(1))
    started = trader.call("orderStrategy/startorderstrategy", **json.loads(start)).body
    assert started == {"failureReason": "UnknownReason", "errorText": "Access is denied"}
