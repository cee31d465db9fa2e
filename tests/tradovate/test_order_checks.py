"""What is said against an order by its contract and the market."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from tests.tradovate.operations.examples import BODIES, LOSS, NOW, PROFIT
from vendor_admin.tradovate.operations import WRITES
from vendor_admin.tradovate.operations.trading.order_changes import ModifyOrder
from vendor_admin.tradovate.operations.trading.order_strategies import StartOrderStrategy
from vendor_admin.tradovate.operations.trading.orders import PlaceOCO, PlaceOrder, PlaceOSO
from vendor_admin.tradovate.order_checks import TradedContract, change_faults, order_faults, strategy_faults

CONTRACT = TradedContract("MESZ6", Decimal("0.25"), datetime(2026, 12, 18, 14, 30, tzinfo=UTC))
PRICE = Decimal("4175.00")
OF_KIND = {PlaceOrder: "order/placeorder", PlaceOCO: "order/placeoco", PlaceOSO: "order/placeoso"}
MARKET = {"accountId": 200, "action": "Buy", "symbol": "MESZ6", "orderQty": 1, "orderType": "Market"}


def found(
    fields: dict[str, Any],
    *,
    kind: type[PlaceOrder] = PlaceOrder,
    contract: TradedContract | None = CONTRACT,
    market_price: Decimal | None = PRICE,
    now: datetime = NOW,
) -> dict[str, str]:
    order = WRITES[OF_KIND[kind]].parse({**MARKET, **fields})
    return {fault.field: fault.code for fault in order_faults(order, contract, market_price=market_price, now=now)}


def test_an_order_that_fits_its_contract_and_the_market_has_no_fault() -> None:
    assert found({"orderType": "Limit", "price": 4150.25}) == {}
    assert found({"orderType": "Limit", "price": 4150.3}, contract=TradedContract("MESZ6")) == {}, (
        "nothing is known of it"
    )


def test_an_unknown_or_expired_contract_is_told() -> None:
    assert found({}, contract=None) == {"symbol": "not_found"}
    assert CONTRACT.expires_at is not None
    assert found({}, now=CONTRACT.expires_at) == {"symbol": "in_the_past"}


@pytest.mark.parametrize("name", ["price", "stopPrice", "limitIfTouchedPrice", "pegDifference"])
def test_every_price_lies_on_the_tick_grid(name: str) -> None:
    assert found({name: 4200.25}) == {}
    assert found({name: -4200.25}) == {}
    assert found({name: 4200.26}) == {name: "out_of_range"}


@pytest.mark.parametrize(("tick", "price"), [("0.015625", "110.328125"), ("0.00005", "1.08345"), ("0.1", "2043.7")])
def test_ticks_are_counted_without_rounding(tick: str, price: str) -> None:
    contract = TradedContract("X", Decimal(tick))
    assert found({"orderType": "Limit", "price": price}, contract=contract, market_price=None) == {}
    off = WRITES["order/placeorder"].parse({**MARKET, "orderType": "Limit", "price": f"{price}1"})
    (fault,) = order_faults(off, contract, now=NOW)
    assert fault.text == f"must be a multiple of the contract's tick, {tick}"


@pytest.mark.parametrize("order_type", ["Stop", "StopLimit", "MarketStopWithProtection", "TrailingStop"])
@pytest.mark.parametrize(
    ("action", "stop_price", "is_good"),
    [("Buy", 4175.25, True), ("Buy", 4175, False), ("Sell", 4174.75, True), ("Sell", 4175, False)],
)
def test_a_stop_lies_where_the_market_has_not_been(
    order_type: str, action: str, stop_price: float, is_good: bool
) -> None:
    order = {"action": action, "orderType": order_type, "stopPrice": stop_price}
    assert found(order) == ({} if is_good else {"stopPrice": "out_of_range"})
    assert found(order, market_price=None) == {}, "no price is known"


@pytest.mark.parametrize(("order_type", "name"), [("MIT", "price"), ("LimitIfTouched", "limitIfTouchedPrice")])
@pytest.mark.parametrize(
    ("action", "touched", "is_good"),
    [("Buy", 4174.75, True), ("Buy", 4175, False), ("Sell", 4175.25, True), ("Sell", 4175, False)],
)
def test_what_waits_for_a_touch_lies_on_the_other_side(
    order_type: str, name: str, action: str, touched: float, is_good: bool
) -> None:
    faults = found({"action": action, "orderType": order_type, name: touched})
    assert faults == ({} if is_good else {name: "out_of_range"})


def test_both_orders_of_an_oco_are_looked_at_and_brackets_wait_for_their_entry() -> None:
    assert found({"other": {**LOSS, "stopPrice": 4175.3}}, kind=PlaceOCO) == {"other.stopPrice": "out_of_range"}
    assert found({"other": {**LOSS, "stopPrice": 4175.25}}, kind=PlaceOCO) == {"other.stopPrice": "out_of_range"}
    assert found({"bracket1": {**LOSS, "stopPrice": 4180}}, kind=PlaceOSO) == {}, "the market may be higher by then"
    both = {"bracket1": PROFIT, "bracket2": {**LOSS, "stopPrice": 4100.1}}
    assert found(both, kind=PlaceOSO) == {"bracket2.stopPrice": "out_of_range"}


def test_a_strategy_is_looked_at_with_its_entry_and_points() -> None:
    def of(contract: TradedContract | None, *, action: str = "Sell", now: datetime = NOW, **params: Any) -> list[str]:
        body = BODIES["orderStrategy/startorderstrategy"]
        given = {**body, "action": action, "params": {**body["params"], **params}}
        strategy = WRITES["orderStrategy/startorderstrategy"].parse(given)
        assert isinstance(strategy, StartOrderStrategy)
        return [fault.field for fault in strategy_faults(strategy, contract, market_price=PRICE, now=now)]

    assert of(CONTRACT) == []
    assert of(None) == ["symbol"]
    assert of(CONTRACT, now=datetime(2027, 1, 1, tzinfo=UTC)) == ["symbol"]
    entry = {"orderQty": 1, "orderType": "Stop", "stopPrice": 4175}
    assert of(CONTRACT, entryVersion=entry) == ["params.entryVersion.stopPrice"]
    brackets = [{"qty": 1, "profitTarget": -30.1, "stopLoss": 15}, {"qty": 1, "stopLoss": 0.3}]
    assert of(CONTRACT, brackets=brackets) == ["params.brackets[0].profitTarget", "params.brackets[1].stopLoss"]


def test_new_terms_of_an_order_are_looked_at_by_its_action() -> None:
    change = WRITES["order/modifyorder"].parse({"orderId": 5, "orderQty": 1, "orderType": "Stop", "stopPrice": 4180})
    assert isinstance(change, ModifyOrder)
    assert list(change_faults(change, CONTRACT, action="Buy", market_price=PRICE)) == []
    assert [one.field for one in change_faults(change, CONTRACT, action="Sell", market_price=PRICE)] == ["stopPrice"]
