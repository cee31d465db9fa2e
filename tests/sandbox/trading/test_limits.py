"""Position limits and risk parameters on a platform in memory, made by the calls that vendors use."""

import datetime as dt
from typing import Any

import pytest

from tests.sandbox.trading.trader import DEMO, START, Trader

LIMIT, PARAMETER = "userAccountPositionLimit/create", "userAccountRiskParameter/create"
OWN, TOTAL = "MaxPosLimitReached", "MaxTotalPosLimitReached"


@pytest.fixture
def trader(trader: Trader) -> Trader:
    """A trader in the category that allows most, with money for everything."""
    widest = max(trader.book.all("categoryPositionLimit"), key=lambda one: one.entity["exposedLimit"])
    body = {"accountIds": [trader.account_id], "riskCategoryId": widest.entity["riskCategoryId"]}
    assert trader.call("accountRiskStatus/switchriskcategory", **body).body["ok"]
    return trader


def limit(trader: Trader, total_by: str = "Overall", **fields: Any) -> int:
    body = {"accountId": trader.account_id, "active": True, "totalBy": total_by, **fields}
    return int(trader.call(LIMIT, **body).body["id"])


def parameter(trader: Trader, **fields: Any) -> None:
    trader.call(PARAMETER, userAccountPositionLimitId=limit(trader), **fields)


def refused(trader: Trader, action: str, quantity: int, contract_id: int | None = None) -> str:
    """The reason that comes after the answer; empty for an order that is filled."""
    symbol = trader.exchange.market.contracts[contract_id or trader.contract_id].name
    answer = trader.call("order/placeorder", **trader.order(action, quantity) | {"symbol": symbol})
    order_id = answer.body["orderId"]
    reports = trader.reports(order_id)
    if trader.status(order_id) == "Filled":
        return ""
    assert trader.status(order_id) == "Rejected"
    assert reports[-1]["commandStatus"] == "RiskRejected"
    assert reports[-1]["text"]
    return str(reports[-1]["rejectReason"])


def product(trader: Trader, name: str) -> dict[str, Any]:
    view = trader.platform.world.view(DEMO, trader.organization.id)
    return next(record.entity for record in view.all("product") if record.entity["name"] == name)


@pytest.mark.parametrize(
    ("total_by", "field", "counting", "not_counting"),
    [
        ("Contract", "contractId", (), ("MES next", "ES", "CL")),
        ("Product", "productId", ("MES next",), ("ES", "CL")),
        ("FungibleProduct", "fungibleProductId", ("MES next", "ES"), ("NQ", "CL")),
        ("ContractGroup", "contractGroupId", ("MES next", "NQ"), ("CL", "GC")),
        ("DiscountGroup", "riskDiscountContractGroupId", ("ES", "NQ"), ("CL",)),
        ("Exchange", "exchangeId", ("ES", "NQ"), ("CL", "YM")),
        ("ProductType", "productType", ("MES next", "ES", "NQ", "CL", "GC"), ()),
        ("Overall", "", ("MES next", "ES", "NQ", "CL", "GC"), ()),
    ],
)
def test_a_limit_counts_what_it_totals_by(
    trader: Trader, total_by: str, field: str, counting: tuple[str, ...], not_counting: tuple[str, ...]
) -> None:
    own = product(trader, "MES")
    ids = {**own, "contractId": trader.contract_id, "productId": own["id"]}
    ids["fungibleProductId"] = product(trader, "ES")["id"]
    limit(trader, total_by, exposedLimit=2, **({field: ids[field]} if field else {}))
    assert refused(trader, "Buy", 3) == OWN
    assert refused(trader, "Buy", 1) == ""
    for name in (*counting, *not_counting):
        symbol, _, month = name.partition(" ")
        contract_id = trader.contract(symbol, is_front=not month)
        assert refused(trader, "Sell", 1, contract_id) == ""
        assert refused(trader, "Buy", 1) == (TOTAL if name in counting else "")
        assert refused(trader, "Buy", 1, contract_id) == ""
        if name not in counting:
            assert refused(trader, "Sell", 1) == ""


def test_an_order_is_as_large_as_the_parameters_allow_and_what_closes_has_its_own(trader: Trader) -> None:
    parameter(trader, maxOpeningOrderQty=2, maxClosingOrderQty=3, hardLimit=True)
    assert refused(trader, "Buy", 3) == "MaxOrderQtyLimitReached"
    assert [refused(trader, "Buy", 2) for _ in range(2)] == ["", ""]
    assert refused(trader, "Sell", 4) == "MaxOrderQtyLimitReached"
    assert refused(trader, "Sell", 3) == ""


def test_a_parameter_that_is_not_hard_refuses_nothing(trader: Trader) -> None:
    parameter(trader, maxOpeningOrderQty=1, hardLimit=False)
    assert refused(trader, "Buy", 2) == ""


def test_a_contract_far_ahead_may_not_be_opened(trader: Trader) -> None:
    """From November it is one month to the front contract and four to the next."""
    parameter(trader, maxBackMonth=1)
    assert refused(trader, "Buy", 1, trader.contract("MES", is_front=False)) == "BackMonthProhibited"
    assert refused(trader, "Buy", 1) == ""


def test_before_it_expires_a_contract_may_only_be_closed(trader: Trader) -> None:
    expires = trader.exchange.market.contracts[trader.contract_id].expires_at
    parameter(trader, preExpirationDays=10)
    assert refused(trader, "Buy", 1) == ""
    trader.exchange.clock.set_now(expires - dt.timedelta(days=8))
    trader.exchange.step()
    assert refused(trader, "Buy", 1) == "LiquidationOnlyBeforeExpiration"
    assert refused(trader, "Sell", 1) == ""


def test_the_limit_of_the_category_acts_too(trader: Trader) -> None:
    narrowest = min(trader.book.all("categoryPositionLimit"), key=lambda one: one.entity["exposedLimit"])
    limit(trader, exposedLimit=100)
    trader.call(
        "accountRiskStatus/switchriskcategory",
        accountIds=[trader.account_id],
        riskCategoryId=narrowest.entity["riskCategoryId"],
    )
    most = narrowest.entity["exposedLimit"]
    assert refused(trader, "Buy", most + 1) == "MaxOrderQtyLimitReached"
    assert refused(trader, "Buy", most) == ""
    assert refused(trader, "Buy", 1) == OWN


def test_a_limit_that_is_not_active_or_was_deleted_refuses_nothing(trader: Trader) -> None:
    limit(trader, exposedLimit=1, active=False)
    deleted = limit(trader, exposedLimit=1)
    assert refused(trader, "Buy", 2) == OWN
    trader.call("userAccountPositionLimit/deleteuseraccountpositionlimit", userAccountPositionLimitId=deleted)
    assert refused(trader, "Buy", 2) == ""


def test_an_order_needs_margin(trader: Trader) -> None:
    """Fifty dollars a contract."""
    body = {"accountId": trader.account_id, "cashChangeType": "ManualAdjustment", "currencyId": 1}
    trader.call("fundTransaction/adjustcash", **body, cashChange=round(120 - trader.cash, 2))
    assert refused(trader, "Buy", 3) == "NotEnoughLiquidity"
    assert refused(trader, "Buy", 2) == ""
    assert refused(trader, "Buy", 1) == "NotEnoughLiquidity"


def test_a_change_of_an_order_is_weighed_as_a_new_one_in_its_place(trader: Trader) -> None:
    limit(trader, exposedLimit=3)
    resting = trader.place("Buy", 2, "Limit", price=START - 100)
    body = {"orderId": resting, "orderType": "Limit", "price": START - 100}
    trader.call("order/modifyorder", **body, orderQty=4)
    assert trader.version(resting)["orderQty"] == 4
    rejected = [one for one in trader.entities("commandReport") if one["commandStatus"] == "RiskRejected"]
    assert [one["rejectReason"] for one in rejected] == [OWN]
    trader.call("order/modifyorder", **body, orderQty=3)
    trader.price(START - 100)
    assert trader.position() == 3
