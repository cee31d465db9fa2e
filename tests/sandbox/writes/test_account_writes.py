"""Simulated accounts and trading permissions: made from templates, granted, revoked."""

from typing import Any

import pytest

from tests.sandbox.plain_client import live_socket
from tests.sandbox.vendor import Vendor

CREATE = "user/createevaluationaccounts"
POST_TRADE = {
    "dailyLossAutoLiq": 500,
    "trailingMaxDrawdown": 1_500,
    "trailingMaxDrawdownLimit": 25_100,
    "trailingMaxDrawdownMode": "EOD",
    "doNotUnlock": True,
    "changesLocked": True,
    "flattenTimestamp": "2027-01-04T21:59:00+00:00",
}
PRE_TRADE = [{"active": True, "totalBy": "Overall", "exposedLimit": 5, "parameters": [{"maxOpeningOrderQty": 2}]}]


def _error(vendor: Vendor, user_id: int = 2_000_001, **fields: Any) -> str:
    status, answer = vendor.demo(CREATE, {"accounts": [vendor.new_account_fields(user_id, **fields)]})
    assert status == 200
    return answer["results"][0].get("errorText", "")


def test_an_account_comes_with_permission_balance_and_risk(vendor: Vendor) -> None:
    template = vendor.ids["templates"][1]
    fields = {"templateAccountId": template["id"], "postTradeRisk": POST_TRADE, "preTradeRisk": PRE_TRADE}
    account_id = vendor.new_account(user_id=2_000_001, **fields)
    account = vendor.entity("demo", "account", account_id)
    assert account["riskCategoryId"] == template["risk_category_id"]
    [permission] = vendor.of_account("tradingPermission", account_id)
    assert (permission["userId"], permission["status"]) == (2_000_001, "Accepted")
    [balance] = vendor.of_account("cashBalance", account_id)
    assert (balance["amount"], balance["amountSOD"]) == (25_000, 25_000)
    auto_liq = vendor.entity("demo", "userAccountAutoLiq", account_id)
    wanted = POST_TRADE | {"id": account_id, "flattenTimestamp": "2027-01-04T21:59:00.000Z"}
    assert auto_liq == wanted
    [limit] = vendor.of_account("userAccountPositionLimit", account_id)
    assert limit["exposedLimit"] == 5
    parameters = vendor.entities("demo", "userAccountRiskParameter").values()
    assert [one["maxOpeningOrderQty"] for one in parameters if one["userAccountPositionLimitId"] == limit["id"]] == [2]
    assert vendor.entity("demo", "accountRiskStatus", account_id)["maxNetLiq"] == 25_000
    assert account_id not in vendor.entities("live", "account")


def test_a_template_carries_no_daily_loss_and_no_drawdown(vendor: Vendor) -> None:
    account_id = vendor.new_account()
    assert vendor.entity("demo", "userAccountAutoLiq", account_id) == {"id": account_id}


def test_the_events_of_an_account_come_on_demo_in_order(vendor: Vendor) -> None:
    with live_socket(vendor.sandbox, vendor.token) as demo, live_socket(vendor.sandbox, vendor.token, "live") as live:
        vendor.new_account(user_id=2_000_001, preTradeRisk=PRE_TRADE)
        for socket in (demo, live):
            socket.read_until_quiet(0.3)
        assert [event["entityType"] for event in demo.events()] == [
            "account",
            "cashBalance",
            "cashBalanceLog",
            "userAccountAutoLiq",
            "accountRiskStatus",
            "marginSnapshot",
            "userAccountPositionLimit",
            "userAccountRiskParameter",
            "tradingPermission",
        ]
        assert {event["eventType"] for event in demo.events()} == {"Created"}
        assert live.events() == []


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"userId": 5}, "User not found"),
        ({"templateAccountId": 5}, "Template account not found"),
        ({"name": "eval1"}, "Name should be capital letters followed by digits"),
        ({"name": "EVAL"}, "Name should be capital letters followed by digits"),
        ({"name": "E" * 64 + "1"}, "Name should be no longer than 64"),
        ({"initialBalance": 0}, "Initial Balance should be greater than 0"),
        ({"postTradeRisk": {"dailyLossAutoLiq": -5}}, "dailyLossAutoLiq should be greater than 0"),
        ({"postTradeRisk": {"trailingMaxDrawdownMode": "EOD"}}, "trailingMaxDrawdown should be specified"),
        (
            {"preTradeRisk": [{"active": True, "totalBy": "Product", "parameters": []}]},
            "productId should be specified when totalBy is Product",
        ),
        (
            {"preTradeRisk": [{"active": True, "totalBy": "Overall", "parameters": [{"maxOpeningOrderQty": -1}]}]},
            "maxOpeningOrderQty should be no less than 0",
        ),
    ],
)
def test_an_account_is_refused_in_the_platforms_words(vendor: Vendor, fields: dict[str, Any], text: str) -> None:
    before = len(vendor.entities("demo", "account"))
    assert _error(vendor, fields.pop("userId", 2_000_001), **fields) == text
    assert len(vendor.entities("demo", "account")) == before


def test_names_of_accounts_are_unique_on_the_whole_platform(vendor: Vendor) -> None:
    other = Vendor(vendor.sandbox, organization=1)
    theirs = other.entity("demo", "account", other.new_account())
    assert _error(vendor, name=theirs["name"]) == "Account name is already in use"
    twins = [vendor.new_account_fields(2_000_001, name="TWIN1") for _ in range(2)]
    results = vendor.demo(CREATE, {"accounts": twins})[1]["results"]
    assert [sorted(result) for result in results] == [["accountId", "tradingPermissionId"], ["errorText"]]


def test_a_hundred_accounts_are_a_batch_and_one_more_is_none(vendor: Vendor) -> None:
    accounts = [vendor.new_account_fields(2_000_001) for _ in range(101)]
    text = "Only 100 accounts are allowed in single operation"
    assert vendor.demo(CREATE, {"accounts": accounts})[1] == {"errorText": text, "results": []}
    results = vendor.demo(CREATE, {"accounts": accounts[:100]})[1]["results"]
    assert len({result["accountId"] for result in results}) == 100
    assert vendor.demo(CREATE, {"accounts": []})[1]["errorText"] == "Empty accounts"


def test_accounts_are_not_made_on_live(vendor: Vendor) -> None:
    body = {"accounts": [vendor.new_account_fields(2_000_001)]}
    assert vendor.live(CREATE, body) == (404, f"Not found: {CREATE}")


def test_the_older_way_opens_an_account_of_the_administrators_own(vendor: Vendor) -> None:
    fields = vendor.new_account_fields(0)
    del fields["userId"]
    account_id = vendor.demo("user/opendemoaccount", fields)[1]["accountId"]
    assert vendor.entity("demo", "account", account_id)["userId"] == 2_000_000
    assert vendor.of_account("tradingPermission", account_id) == []
    assert vendor.demo("user/opendemoaccount", {"name": "EVAL1"})[1]["errorText"]


def test_a_permission_is_granted_once_and_again_after_it_was_revoked(vendor: Vendor) -> None:
    account_id, user_id = vendor.new_account(), vendor.new_user(firstName="Dana", lastName="Ito")
    grant = {"accountId": account_id, "userId": user_id}
    granted = vendor.demo("user/createtradingpermission", grant)[1]["tradingPermission"]
    assert (granted["status"], granted["ctaContact"], granted["approvedById"]) == ("Accepted", "Dana Ito", 2_000_000)
    assert vendor.demo("user/createtradingpermission", grant)[1] == {"errorText": "Trading permission already exists"}
    revoke = {"tradingPermissionId": granted["id"]}
    revoked = vendor.demo("user/revoketradingpermission", revoke)[1]["tradingPermission"]
    assert revoked["status"] == "Revoked"
    text = "Trading permission is already revoked"
    assert vendor.demo("user/revoketradingpermission", revoke)[1] == {"errorText": text}
    assert vendor.demo("user/createtradingpermission", grant)[1]["tradingPermission"]["id"] != granted["id"]


def test_unknown_ids_and_the_wrong_host_are_404(vendor: Vendor) -> None:
    account_id = vendor.new_account()
    [permission] = vendor.of_account("tradingPermission", account_id)
    create, revoke = "user/createtradingpermission", "user/revoketradingpermission"
    assert vendor.demo(create, {"accountId": 5, "userId": 2_000_001})[0] == 404
    assert vendor.demo(create, {"accountId": account_id, "userId": 5})[0] == 404
    assert vendor.demo(revoke, {"tradingPermissionId": 5})[0] == 404
    assert vendor.live(revoke, {"tradingPermissionId": permission["id"]})[0] == 404
    other = Vendor(vendor.sandbox, organization=1)
    assert other.demo(revoke, {"tradingPermissionId": permission["id"]})[0] == 404
    assert vendor.of_account("tradingPermission", account_id) == [permission]


def test_a_closed_account_takes_no_permission(vendor: Vendor) -> None:
    account_id = vendor.new_account()
    vendor.sandbox.control(
        "inject", organization=vendor.organization, entityType="account", entity={"id": account_id, "closed": True}
    )
    body = {"accountId": account_id, "userId": vendor.new_user()}
    assert vendor.demo("user/createtradingpermission", body)[1] == {"errorText": "Demo account is closed"}
    change = {"accountId": account_id, "cashChange": 10}
    assert vendor.demo("cashBalance/changedemobalance", change)[1] == {"errorText": "Demo account is closed"}


def test_many_permissions_are_revoked_at_once_all_or_none(vendor: Vendor) -> None:
    accounts = [vendor.new_account() for _ in range(3)]
    ids = [vendor.of_account("tradingPermission", account_id)[0]["id"] for account_id in accounts]
    path = "user/revoketradingpermissions"
    assert vendor.demo(path, {"tradingPermissionIds": [*ids, 5]})[0] == 404
    assert vendor.entity("demo", "tradingPermission", ids[0])["status"] == "Accepted"
    vendor.demo("user/revoketradingpermission", {"tradingPermissionId": ids[0]})
    assert vendor.demo(path, {"tradingPermissionIds": ids}) == (200, {"ok": True})
    assert {vendor.entity("demo", "tradingPermission", one)["status"] for one in ids} == {"Revoked"}
    assert vendor.demo(path, {"tradingPermissionIds": []})[1]["errorText"] == "Empty tradingPermissionIds"


def test_requesting_and_accepting_permissions_is_closed_to_vendors(vendor: Vendor) -> None:
    account_id = vendor.new_account(user_id=2_000_000)
    request = {"accountId": account_id, "ctaContact": "Advisor", "ctaEmail": "advisor@example.com"}
    assert vendor.demo("user/requesttradingpermission", request)[1] == {"errorText": "Access is denied"}
    assert vendor.demo("user/accepttradingpermission", {"tradingPermissionId": 5})[1]["errorText"]
    vendor.sandbox.control("key", organization=vendor.organization, is_vendor=False)
    try:
        asked = vendor.demo("user/requesttradingpermission", request)[1]["tradingPermission"]
        accepted = vendor.demo("user/accepttradingpermission", {"tradingPermissionId": asked["id"]})[1]
        assert (asked["status"], accepted["tradingPermission"]["status"]) == ("Requested", "Accepted")
    finally:
        vendor.sandbox.control("key", organization=vendor.organization, is_vendor=True)


def test_the_permissions_of_an_account_are_listed(vendor: Vendor) -> None:
    account_id = vendor.new_account()
    answer = vendor.demo("user/getaccounttradingpermissions", {"accountId": account_id})[1]
    assert answer["tradingPermissions"] == vendor.of_account("tradingPermission", account_id)
