"""Calls of the catalogue to the sandbox over REST, and what reading says about each afterwards."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.tradovate.operations.vendor_program import Vendor
from vendor_admin.sandbox.running import RunningSandbox
from vendor_admin.tradovate.enums import Environment
from vendor_admin.tradovate.trading_calendar import month_to_add

DEMO, LIVE = Environment.DEMO, Environment.LIVE
ALL_KINDS = {"tradovateSubscriptions": True, "userPlugins": True, "marketDataSubscriptions": True}
LIMITS = {"trailingMaxDrawdown": 2500, "trailingMaxDrawdownLimit": 50100, "trailingMaxDrawdownMode": "EOD"}


@pytest.fixture(scope="module")
def vendor() -> Iterator[Vendor]:
    with RunningSandbox("--seed", "7", "--users", "4", "--no-limits") as sandbox:
        vendor = Vendor(sandbox)
        yield vendor
        vendor.close()


def new_user(vendor: Vendor, name: str) -> int:
    user = {"name": name, "email": f"{name}@example.com", "password": "correct horse 1"}
    made = vendor.does("user/createevaluationusers", LIVE, users=[{**user, "firstName": "Ada", "lastName": "Abel"}])
    return int(made["userId"])


def new_account(vendor: Vendor, user_id: int, name: str) -> Any:
    account = {"userId": user_id, "templateAccountId": vendor.ids["templates"][0]["id"], "name": name}
    return vendor.does(
        "user/createevaluationaccounts", accounts=[{**account, "initialBalance": 25_000, "postTradeRisk": LIMITS}]
    )


def test_a_user_is_made_changed_and_cancelled(vendor):
    user_id = new_user(vendor, "ada.abel")
    address = {"streetAddress1": "12 Main St.", "city": "Chicago", "state": "IL", "postCode": "60601", "country": "US"}
    names = {"firstName": "Ada", "lastName": "O'Abel", "phone": "+1 312 555 0100"}
    vendor.does("contactInfo/updatecontactinfo", LIVE, userId=user_id, **names, **address)
    vendor.does("user/modifyemailaddress", LIVE, userId=user_id, email="ada.new@example.com")
    passwords = {"currentPassword": "correct horse 1", "password": "battery staple 2"}
    vendor.does("user/modifypassword", LIVE, userId=user_id, can_be_read=False, **passwords)
    passwords = {"currentPassword": "battery staple 2", "password": "battery staple 3"}
    before = {"name": "ada.abel"}
    vendor.does("user/modifycredentials", LIVE, userId=user_id, name="ada.renamed", before=before, **passwords)
    for environment in Environment:
        vendor.does("user/canceleverything", environment, userIds=[user_id], tradingPermissions=True, **ALL_KINDS)


def test_subscriptions_are_added_and_undone(vendor):
    user_id = new_user(vendor, "bea.black")
    paying = {"userId": user_id, "accountId": vendor.ids["billing_account_id"]}
    plan = vendor.entities(LIVE, "tradovateSubscriptionPlan")[0]["id"]
    vendor.does("user/addtradovatesubscription", LIVE, tradovateSubscriptionPlanId=plan, **paying)
    vendor.undoes(LIVE)
    entitlement = next(one for one in vendor.entities(LIVE, "entitlement") if one["title"] != "T-Prop")["id"]
    vendor.does("userPlugin/addentitlementsubscription", LIVE, entitlementId=entitlement, **paying)
    vendor.undoes(LIVE)
    year, month = month_to_add(datetime.now(UTC))
    data = vendor.entities(LIVE, "marketDataSubscriptionPlan")[0]["id"]
    vendor.does(
        "user/addmarketdatasubscription", LIVE, marketDataSubscriptionPlanIds=[data], year=year, month=month, **paying
    )
    vendor.undoes(LIVE)


def test_money_moves_and_comes_back(vendor):
    account_id = new_account(vendor, new_user(vendor, "cy.clark"), "MONEY001")["accountId"]
    vendor.does("cashBalance/changedemobalance", accountId=account_id, cashChange="500.25", comment="top-up")
    vendor.undoes(DEMO)
    money = {"cashChange": -300, "cashChangeType": "ChallengePayout", "currencyId": 1}
    vendor.does("fundTransaction/adjustcash", accountId=account_id, **money)
    vendor.undoes(DEMO)
    vendor.does("accountRiskStatus/updatemaxnetliq", accountId=account_id, maxNetLiq=26_000)
    shown = vendor.does("cashBalance/getcashbalancesnapshot", accountId=account_id, can_be_read=False)
    assert shown["totalCashValue"] == 25_000


def test_permissions_are_given_and_taken(vendor):
    made = new_account(vendor, new_user(vendor, "dee.dunn"), "PERMIT001")
    other = new_user(vendor, "eve.east")
    vendor.does("user/createtradingpermission", accountId=made["accountId"], userId=other)
    vendor.undoes(DEMO)
    vendor.does("user/revoketradingpermissions", tradingPermissionIds=[made["tradingPermissionId"]])


def test_risk_is_set_and_put_back(vendor):
    account_id = new_account(vendor, new_user(vendor, "fay.frost"), "RISK001")["accountId"]
    old = {"id": account_id, **LIMITS}
    later = {**LIMITS, "dailyLossAutoLiq": 1100.5, "flattenTimestamp": "2040-01-02T20:00:00+01:00"}
    vendor.does("userAccountAutoLiq/update", id=account_id, before=old, **later)
    vendor.undoes(DEMO)
    owner = {"accountId": account_id, "asOwner": True}
    vendor.does("userAccountAutoLiq/updateuserautoliq", before=old, **owner, **later)
    vendor.does("userAccountAutoLiq/updateuserautoliqs", before=old, items=[{**owner, **LIMITS}])
    vendor.does("userAccountAutoLiq/updateuserautoliq", accountId=account_id, asOwner=False, dailyLossAutoLiq=900)


def test_position_limits_and_their_parameters_come_and_go(vendor):
    account_id = new_account(vendor, new_user(vendor, "gus.green"), "LIMIT001")["accountId"]
    values = {"accountId": account_id, "active": True, "totalBy": "Overall"}
    limit = vendor.does("userAccountPositionLimit/create", exposedLimit=7, **values)
    vendor.does("userAccountPositionLimit/update", id=limit["id"], exposedLimit=9, before=limit, **values)
    vendor.undoes(DEMO)
    of_limit = {"userAccountPositionLimitId": limit["id"]}
    parameter = vendor.does("userAccountRiskParameter/create", maxOpeningOrderQty=3, **of_limit)
    vendor.does("userAccountRiskParameter/update", id=parameter["id"], maxOpeningOrderQty=4, **of_limit)
    vendor.does("userAccountPositionLimit/deleteuseraccountriskparameter", userAccountRiskParameterId=parameter["id"])
    vendor.does("userAccountPositionLimit/deleteuseraccountpositionlimit", before=limit, **of_limit)
    vendor.undoes(DEMO)
