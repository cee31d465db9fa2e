"""What orders are refused for before anything is sent."""

from datetime import UTC, datetime
from typing import Any, get_args

import pytest

from tests.tradovate.operations.examples import BODIES, LOSS, NOW, ORDER, PROFIT
from vendor_admin.tradovate.errors import InvalidRequest
from vendor_admin.tradovate.operations import WRITES
from vendor_admin.tradovate.operations.trading.terms import OrderType

PLACE, OCO, OSO = "order/placeorder", "order/placeoco", "order/placeoso"
MODIFY, CANCEL = "order/modifyorder", "order/cancelorder"
LIQUIDATE, LIQUIDATE_MANY = "order/liquidateposition", "order/liquidatepositions"
START = "orderStrategy/startorderstrategy"

MARKET = {"accountId": 200, "action": "Buy", "symbol": "MESZ6", "orderQty": 2, "orderType": "Market"}


def faults_of(path: str, body: Any, *, now: datetime = NOW) -> dict[str, str]:
    """Code of each fault by its field; empty where the body passes."""
    try:
        WRITES[path].read(body, now=now)
    except InvalidRequest as refused:
        return {fault.field: fault.code for fault in refused.faults}
    return {}


def texts_of(path: str, body: Any) -> list[str]:
    with pytest.raises(InvalidRequest) as refused:
        WRITES[path].read(body, now=NOW)
    return [str(fault) for fault in refused.value.faults]


NEEDED: dict[str, tuple[str, ...]] = {
    "Limit": ("price",),
    "LimitIfTouched": ("price", "limitIfTouchedPrice"),
    "MIT": ("price",),
    "Market": (),
    "MarketLimit": (),
    "MarketStopWithProtection": ("stopPrice",),
    "MarketWithProtection": (),
    "QTS": (),
    "Stop": ("stopPrice",),
    "StopLimit": ("price", "stopPrice"),
    "TrailingStop": ("pegDifference",),
    "TrailingStopLimit": ("price", "pegDifference"),
}


@pytest.mark.parametrize("order_type", get_args(OrderType))
def test_every_type_of_order_names_the_prices_that_it_lacks(order_type: str) -> None:
    needed = NEEDED[order_type]
    body = {**MARKET, "orderType": order_type}
    assert faults_of(PLACE, body) == dict.fromkeys(needed, "required")
    assert faults_of(PLACE, {**body, **dict.fromkeys(needed, 4100.25)}) == {}


def test_a_trailing_stop_takes_its_distance_from_a_stop_price_too() -> None:
    assert faults_of(PLACE, {**MARKET, "orderType": "TrailingStop", "stopPrice": 3888.25}) == {}
    (text,) = texts_of(PLACE, {**MARKET, "orderType": "TrailingStop"})
    assert text.startswith("pegDifference is needed for an order of type TrailingStop")


@pytest.mark.parametrize("quantity", [0, -1, 10_001, 2**31])
@pytest.mark.parametrize("path", [PLACE, MODIFY])
def test_a_quantity_is_one_contract_or_more_and_never_huge(path: str, quantity: int) -> None:
    body = {**BODIES[path], "orderQty": quantity, "maxShow": None}
    assert faults_of(path, body) == {"orderQty": "out_of_range"}
    assert faults_of(path, {**body, "orderQty": 10_000}) == {}


def test_no_more_is_shown_than_there_is() -> None:
    assert faults_of(PLACE, {**ORDER, "maxShow": 3}) == {"maxShow": "out_of_range"}
    assert faults_of(OSO, {**BODIES[OSO], "bracket1": {**PROFIT, "maxShow": 3}}) == {"bracket1.maxShow": "out_of_range"}
    assert faults_of(OCO, {**BODIES[OCO], "other": {**LOSS, "maxShow": 3}}) == {"other.maxShow": "out_of_range"}


@pytest.mark.parametrize("path", [PLACE, OCO, OSO, MODIFY, CANCEL, LIQUIDATE, LIQUIDATE_MANY, START])
def test_whatever_a_program_sends_is_automated(path: str) -> None:
    (text,) = texts_of(path, {**BODIES[path], "isAutomated": False})
    assert text == "isAutomated must be true: what a program sends is automated"
    silent = {name: value for name, value in BODIES[path].items() if name != "isAutomated"}
    write = WRITES[path]
    assert write.body(write.read(silent, now=NOW))["isAutomated"] is True, "it is said where nothing was said"


def test_a_good_till_date_has_its_date_and_no_other_order_has_one() -> None:
    dated = {**MARKET, "timeInForce": "GTD"}
    assert faults_of(PLACE, dated) == {"expireTime": "required"}
    assert faults_of(PLACE, {**dated, "expireTime": "2026-11-12T20:00:00Z"}) == {}
    assert faults_of(PLACE, {**dated, "expireTime": "2026-11-10T18:00:00Z"}) == {"expireTime": "in_the_past"}
    assert faults_of(PLACE, {**dated, "expireTime": "2026-11-12T20:00:00"}) == {"expireTime": "wrong_type"}
    for time_in_force in ("Day", "FOK", "GTC", "IOC"):
        body = {**MARKET, "timeInForce": time_in_force}
        assert faults_of(PLACE, body) == {}
        assert faults_of(PLACE, {**body, "expireTime": "2026-11-12T20:00:00Z"}) == {"expireTime": "needs_another"}
    assert faults_of(PLACE, {**MARKET, "timeInForce": "GTX"}) == {"timeInForce": "unknown_value"}


def test_an_order_goes_out_in_the_future_and_before_it_expires() -> None:
    assert faults_of(PLACE, {**MARKET, "activationTime": "2026-11-10T17:59:00Z"}) == {"activationTime": "in_the_past"}
    late = {**ORDER, "activationTime": ORDER["expireTime"]}
    assert faults_of(PLACE, late) == {"activationTime": "out_of_range"}
    assert faults_of(CANCEL, {"orderId": 6, "activationTime": "2026-11-10T17:00:00Z"}) == {
        "activationTime": "in_the_past"
    }


@pytest.mark.parametrize(("name", "longest"), [("clOrdId", 64), ("text", 64), ("accountSpec", 64), ("customTag50", 50)])
def test_texts_keep_their_lengths(name: str, longest: int) -> None:
    assert faults_of(PLACE, {**MARKET, name: "x" * longest}) == {}
    assert faults_of(PLACE, {**MARKET, name: "x" * (longest + 1)}) == {name: "too_long"}


def test_an_account_is_named_by_its_id() -> None:
    body = {name: value for name, value in MARKET.items() if name != "accountId"}
    assert faults_of(PLACE, {**body, "accountSpec": "FIRMEVAL0001"}) == {"accountId": "required"}


def test_a_price_may_lie_below_zero() -> None:
    assert faults_of(PLACE, {**MARKET, "orderType": "Limit", "price": -37.63}) == {}


def test_a_bracket_closes_what_the_entry_opens() -> None:
    assert faults_of(OSO, {**MARKET, "bracket1": {**PROFIT, "action": "Buy"}}) == {"bracket1.action": "unknown_value"}
    assert faults_of(OSO, {**MARKET, "action": "Sell", "bracket1": {**LOSS, "action": "Buy"}}) == {}


def test_brackets_need_an_entry_and_an_entry_a_bracket() -> None:
    no_entry = {name: value for name, value in BODIES[OSO].items() if name not in ("orderType", "orderQty")}
    assert faults_of(OSO, no_entry) == {"orderType": "required", "orderQty": "required"}
    assert faults_of(OSO, MARKET) == {"bracket1": "required"}
    assert faults_of(OSO, {**MARKET, "bracket1": None}) == {"bracket1": "wrong_type"}


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (PROFIT, LOSS, {}),
        (LOSS, PROFIT, {}),
        (PROFIT, {**PROFIT, "price": 4300}, {"bracket2.orderType": "not_unique"}),
        (LOSS, {**LOSS, "orderType": "TrailingStop"}, {"bracket2.orderType": "not_unique"}),
        ({**PROFIT, "orderType": "MIT"}, PROFIT, {"bracket2.orderType": "not_unique"}),
    ],
)
def test_two_brackets_are_of_two_kinds(first: Any, second: Any, expected: dict[str, str]) -> None:
    assert faults_of(OSO, {**MARKET, "bracket1": first, "bracket2": second}) == expected


@pytest.mark.parametrize(
    ("action", "stop_price", "is_good"),
    [("Buy", 4150.24, True), ("Buy", 4150.25, False), ("Sell", 4150.26, True), ("Sell", 4150.25, False)],
)
@pytest.mark.parametrize(
    "prices", [{"orderType": "Limit", "price": 4150.25}, {"orderType": "Stop", "stopPrice": 4150.25}]
)
def test_the_stop_of_a_bracket_lies_on_the_losing_side_of_the_entry(
    action: str, stop_price: float, is_good: bool, prices: dict[str, Any]
) -> None:
    closing = "Sell" if action == "Buy" else "Buy"
    bracket = {"action": closing, "orderType": "Stop", "stopPrice": stop_price}
    found = faults_of(OSO, {**MARKET, **prices, "action": action, "bracket1": bracket})
    assert found == ({} if is_good else {"bracket1.stopPrice": "out_of_range"})


def test_a_faulty_bracket_is_told_by_its_place() -> None:
    bracket = {"action": "Sell", "orderType": "Limit"}
    assert faults_of(OSO, {**MARKET, "bracket1": LOSS, "bracket2": bracket}) == {"bracket2.price": "required"}
    assert faults_of(OCO, {**MARKET, "other": bracket}) == {"other.price": "required"}


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ({"orderType": "Limit", "price": 100}, {"orderType": "Stop", "stopPrice": 99}, {}),
        (
            {"orderType": "Limit", "price": 100},
            {"orderType": "Stop", "stopPrice": 100},
            {"other.stopPrice": "out_of_range"},
        ),
        ({"orderType": "Stop", "stopPrice": 101}, {"orderType": "Limit", "price": 100}, {"stopPrice": "out_of_range"}),
        ({"orderType": "Stop", "stopPrice": 101}, {"action": "Buy", "orderType": "Limit", "price": 100}, {}),
    ],
)
def test_of_two_orders_that_cancel_each_other_the_stop_has_the_worse_price(
    one: dict[str, Any], other: dict[str, Any], expected: dict[str, str]
) -> None:
    assert faults_of(OCO, {**MARKET, "action": "Sell", **one, "other": {"action": "Sell", **other}}) == expected


def test_a_position_is_liquidated_once_in_a_call() -> None:
    assert faults_of(LIQUIDATE_MANY, {"positions": [5, 5], "admin": True}) == {"positions": "not_unique"}
    assert faults_of(LIQUIDATE_MANY, {"positions": [], "admin": True}) == {"positions": "too_few"}
    assert faults_of(LIQUIDATE_MANY, {"positions": [5]}) == {"admin": "required"}


def test_a_dry_run_holds_one_to_four_orders() -> None:
    path = "order/dryrun"
    (order,) = BODIES[path]["orders"]
    assert faults_of(path, {"accountId": 200, "orders": [order] * 4}) == {}
    assert faults_of(path, {"accountId": 200, "orders": [order] * 5}) == {"orders": "too_many"}
    assert faults_of(path, {"accountId": 200, "orders": []}) == {"orders": "too_few"}
    stop = {**order, "orderType": "Stop"}
    assert faults_of(path, {"accountId": 200, "orders": [order, stop]}) == {"orders[1].stopPrice": "required"}


def test_an_order_stays_readable_after_its_time_is_over() -> None:
    later = datetime(2027, 1, 1, tzinfo=UTC)
    assert faults_of(PLACE, ORDER, now=later) == {"expireTime": "in_the_past", "activationTime": "in_the_past"}
    assert WRITES[PLACE].parse(ORDER).symbol == "MESZ6"
