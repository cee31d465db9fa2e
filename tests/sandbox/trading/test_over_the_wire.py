"""Orders over REST and over the socket of a real process, and their chain on a sync socket."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.sandbox.plain_client import PlainSocket, call, live_socket
from tests.sandbox.vendor import Vendor
from tests.support.warm_sandboxes import WarmSandboxes
from vendor_admin.sandbox.serving.server import RunningSandbox

WAIT_SECONDS = 10.0


@pytest.fixture(scope="module")
def sandbox(warm_sandboxes: WarmSandboxes) -> Iterator[RunningSandbox]:
    world = ("--seed", "7", "--users", "3", "--no-limits", "--logins-per-user", "1000", "--always-open")
    with RunningSandbox(*world, start=warm_sandboxes.start) as running:
        yield running


def order(vendor: Vendor, account_id: int, **fields: Any) -> dict[str, Any]:
    status, contracts = call(vendor.sandbox, "demo", "contract/suggest", vendor.token, None, t="MES", l=1)
    assert status == 200
    wanted = {"symbol": contracts[0]["name"], "action": "Buy", "orderQty": 1, "orderType": "Market"}
    return {"accountId": account_id, **wanted, **fields}


def wait_for(socket: PlainSocket, is_it: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """The first event that fits; reads until it comes."""
    for _ in range(200):
        for event in socket.events():
            if is_it(event):
                return event
        socket.receive(WAIT_SECONDS / 100)
    raise AssertionError(f"it did not come; got {[(one['entityType'], one['eventType']) for one in socket.events()]}")


def fill_of(order_id: int) -> Callable[[dict[str, Any]], bool]:
    return lambda event: event["entityType"] == "fill" and event["entity"]["orderId"] == order_id


def test_an_order_over_rest_reaches_a_sync_socket_as_a_chain(vendor: Vendor) -> None:
    account_id = vendor.new_account()
    with live_socket(vendor.sandbox, vendor.token) as socket:
        status, answer = vendor.demo("order/placeorder", order(vendor, account_id))
        assert status == 200
        wait_for(socket, fill_of(answer["orderId"]))
        wait_for(socket, lambda event: event["entityType"] == "accountRiskStatus")
    types = [event["entityType"] for event in socket.events()]
    assert types[:4] == ["order", "orderVersion", "command", "commandReport"]
    assert types[-2:] == ["marginSnapshot", "accountRiskStatus"]
    [position] = vendor.of_account("position", account_id)
    assert position["netPos"] == 1
    [balance] = vendor.of_account("cashBalance", account_id)
    assert balance["amount"] == 25_000 - 2.19


def test_an_order_over_the_socket_is_answered_before_its_chain_comes(vendor: Vendor) -> None:
    account_id = vendor.new_account()
    with live_socket(vendor.sandbox, vendor.token) as socket:
        socket.ask("order/placeOrder", 7, json.dumps(order(vendor, account_id, action="Sell", orderQty=2)))
        answer = socket.answer(7)
        assert answer["s"] == 200
        wait_for(socket, fill_of(answer["d"]["orderId"]))
    about = [message for message in socket.messages() if str(answer["d"]["orderId"]) in json.dumps(message)]
    assert about[0] == answer
    assert [one["netPos"] for one in vendor.of_account("position", account_id)] == [-2]


def test_a_refused_order_leaves_nothing(vendor: Vendor) -> None:
    account_id = vendor.new_account()
    answer = vendor.demo("order/placeorder", order(vendor, account_id, symbol="NOPE"))[1]
    assert answer["failureReason"] == "InvalidContract"
    assert vendor.of_account("order", account_id) == []
