"""What would undo a write, made of what was before, what was asked for and what was answered."""

from typing import Any

import pytest

from tests.tradovate.operations.examples import BODIES, LIMIT, NOW, PARAMETER
from vendor_admin.tradovate.operations import WRITES, Reversal, write_at

LIMIT_ENTITY = {"id": 400, "accountId": 200, **LIMIT, "exposedLimit": 3, "fieldOfTomorrow": 1}
PARAMETER_ENTITY = {"id": 500, "userAccountPositionLimitId": 400, **PARAMETER, "maxOpeningOrderQty": 9}
OLD_THRESHOLDS = {"id": 200, "dailyLossAutoLiq": 750.5, "changesLocked": None, "fieldOfTomorrow": 1}


def reversal(path: str, *, old: Any = None, answer: Any = None, **fields: Any) -> Reversal | None:
    write = WRITES[path]
    (request,) = write.split(write.parse({**BODIES[path], **fields}))
    return write.revert(request, old, answer)


def undone(path: str, *, old: Any = None, answer: Any = None, **fields: Any) -> tuple[str, dict[str, Any]]:
    """The path and body of the reversal, which must itself pass validation."""
    found = reversal(path, old=old, answer=answer, **fields)
    assert found is not None
    write = write_at(found.path)
    write.validate(found.request, now=NOW)
    return found.path, write.body(found.request)


def test_a_new_account_is_taken_from_its_trader():
    path, body = undone("user/createevaluationaccounts", answer={"accountId": 7, "tradingPermissionId": 300})
    assert (path, body) == ("user/revoketradingpermission", {"tradingPermissionId": 300})


def test_a_new_user_loses_what_costs_money_and_stays():
    path, body = undone("user/createevaluationusers", answer={"userId": 100})
    assert path == "user/canceleverything"
    assert body == {
        "userIds": [100],
        "tradovateSubscriptions": True,
        "userPlugins": True,
        "marketDataSubscriptions": True,
        "tradingPermissions": True,
    }
    found = reversal("user/createevaluationusers", answer={"userId": 100})
    assert found is not None
    assert "stays" in found.remains


@pytest.mark.parametrize(
    ("path", "answer", "expected"),
    [
        (
            "user/addtradovatesubscription",
            {"tradovateSubscription": {"id": 55}},
            ("user/canceltradovatesubscription", {"tradovateSubscriptionId": 55, "expire": True}),
        ),
        (
            "userPlugin/addentitlementsubscription",
            {"entitlementSubscription": {"id": 60, "pluginName": "simPlus"}},
            ("userPlugin/changepluginpermission", {"userId": 100, "pluginName": "simPlus", "approval": False}),
        ),
        (
            "user/addmarketdatasubscription",
            {"marketDataSubscription": {"id": 56}},
            ("user/expiremarketdatasubscription", {"marketDataSubscriptionId": 56}),
        ),
        (
            "user/createtradingpermission",
            {"tradingPermission": {"id": 300}},
            ("user/revoketradingpermission", {"tradingPermissionId": 300}),
        ),
        (
            "userAccountPositionLimit/create",
            {"id": 400},
            (
                "userAccountPositionLimit/deleteuseraccountpositionlimit",
                {"userAccountPositionLimitId": 400},
            ),
        ),
        (
            "userAccountRiskParameter/create",
            {"id": 500},
            ("userAccountPositionLimit/deleteuseraccountriskparameter", {"userAccountRiskParameterId": 500}),
        ),
    ],
)
def test_what_was_made_is_undone_by_the_id_in_the_answer(path, answer, expected):
    assert undone(path, answer=answer) == expected
    nothing: tuple[Any, ...] = (None, {}, [], {name: {} for name in answer})
    for useless in nothing:
        assert reversal(path, answer=useless) is None


def test_market_data_of_several_plans_cannot_be_undone_by_one_id():
    answer = {"marketDataSubscription": {"id": 56}}
    assert reversal("user/addmarketdatasubscription", answer=answer, marketDataSubscriptionPlanIds=[5, 6]) is None


@pytest.mark.parametrize("path", ["user/revoketradingpermission", "user/revoketradingpermissions"])
def test_a_revoked_permission_is_granted_anew(path):
    old = {"id": 300, "userId": 100, "accountId": 200, "status": "Accepted"}
    assert undone(path, old=old) == ("user/createtradingpermission", {"accountId": 200, "userId": 100})
    assert reversal(path, old={**old, "status": "Revoked"}) is None
    assert reversal(path) is None


def test_a_balance_change_is_undone_by_the_opposite():
    path, body = undone("cashBalance/changedemobalance")
    assert path == "cashBalance/changedemobalance"
    assert body["cashChange"] == -500.25
    path, body = undone("fundTransaction/adjustcash")
    assert path == "fundTransaction/adjustcash"
    assert (body["cashChange"], body["cashChangeType"], body["currencyId"]) == (500, "ChallengePayout", 1)


def test_a_peak_is_put_back():
    expected = ("accountRiskStatus/updatemaxnetliq", {"accountId": 200, "maxNetLiq": 51000})
    assert undone("accountRiskStatus/updatemaxnetliq", old={"id": 200, "maxNetLiq": 51000.0}) == expected
    for old in (None, {"id": 200}, {"id": 200, "maxNetLiq": 50000}):
        assert reversal("accountRiskStatus/updatemaxnetliq", old=old) is None


@pytest.mark.parametrize(
    ("path", "old", "expected"),
    [
        (
            "userAccountAutoLiq/update",
            OLD_THRESHOLDS,
            ("userAccountAutoLiq/update", {"id": 200, "dailyLossAutoLiq": 750.5}),
        ),
        (
            "userAccountAutoLiq/create",
            OLD_THRESHOLDS,
            ("userAccountAutoLiq/update", {"id": 200, "dailyLossAutoLiq": 750.5}),
        ),
        (
            "userAccountAutoLiq/updateuserautoliq",
            OLD_THRESHOLDS,
            (
                "userAccountAutoLiq/updateuserautoliq",
                {"accountId": 200, "asOwner": True, "dailyLossAutoLiq": 750.5},
            ),
        ),
        (
            "userAccountAutoLiq/updateuserautoliqs",
            OLD_THRESHOLDS,
            (
                "userAccountAutoLiq/updateuserautoliqs",
                {"items": [{"accountId": 200, "asOwner": True, "dailyLossAutoLiq": 750.5}]},
            ),
        ),
        (
            "userAccountPositionLimit/update",
            LIMIT_ENTITY,
            ("userAccountPositionLimit/update", {"id": 400, "accountId": 200, **LIMIT, "exposedLimit": 3}),
        ),
        (
            "userAccountPositionLimit/deleteuseraccountpositionlimit",
            LIMIT_ENTITY,
            ("userAccountPositionLimit/create", {"accountId": 200, **LIMIT, "exposedLimit": 3}),
        ),
        (
            "userAccountRiskParameter/update",
            PARAMETER_ENTITY,
            (
                "userAccountRiskParameter/update",
                {"id": 500, "userAccountPositionLimitId": 400, **PARAMETER, "maxOpeningOrderQty": 9},
            ),
        ),
        (
            "userAccountPositionLimit/deleteuseraccountriskparameter",
            PARAMETER_ENTITY,
            (
                "userAccountRiskParameter/create",
                {"userAccountPositionLimitId": 400, **PARAMETER, "maxOpeningOrderQty": 9},
            ),
        ),
    ],
)
def test_settings_are_put_back_as_they_were(path, old, expected):
    assert undone(path, old=old) == expected


def test_settings_that_were_not_known_cannot_be_put_back():
    for path in ("userAccountAutoLiq/update", "userAccountPositionLimit/update", "contactInfo/updatecontactinfo"):
        assert reversal(path) is None


def test_new_thresholds_are_cleared():
    assert undone("userAccountAutoLiq/create") == ("userAccountAutoLiq/update", {"id": 200})


def test_contact_information_is_put_back_if_it_was_complete():
    old = {"id": 9, **BODIES["contactInfo/updatecontactinfo"], "city": "Ghent", "iraCustodianName": "x"}
    path, body = undone("contactInfo/updatecontactinfo", old=old)
    assert path == "contactInfo/updatecontactinfo"
    assert body == {**BODIES["contactInfo/updatecontactinfo"], "city": "Ghent"}
    assert reversal("contactInfo/updatecontactinfo", old={"id": 9, "userId": 100}) is None


def test_an_address_is_put_back():
    assert undone("user/modifyemailaddress", old={"email": "old@example.com"}) == (
        "user/modifyemailaddress",
        {"userId": 100, "email": "old@example.com"},
    )
    assert reversal("user/modifyemailaddress", old={"email": "new@example.com"}) is None


def test_an_approval_is_turned_round_only_if_it_was_the_other_way():
    path = "userPlugin/changepluginpermission"
    assert undone(path, old={"approval": False})[1]["approval"] is False
    assert reversal(path, old={"approval": True}) is None
    assert reversal(path) is None


def test_what_ended_at_once_is_added_anew():
    old = {"id": 55, "userId": 100, "accountId": 900, "tradovateSubscriptionPlanId": 77, "planPrice": 0}
    expected = {"tradovateSubscriptionPlanId": 77, "accountId": 900, "userId": 100}
    assert undone("user/canceltradovatesubscription", old=old) == ("user/addtradovatesubscription", expected)
    assert reversal("user/canceltradovatesubscription", old=old, expire=False) is None
    data = {"id": 56, "userId": 100, "marketDataSubscriptionPlanId": 5, "year": 2026, "month": 11}
    path, body = undone("user/expiremarketdatasubscription", old=data)
    assert path == "user/addmarketdatasubscription"
    assert body["marketDataSubscriptionPlanIds"] == [5]


@pytest.mark.parametrize(
    "path",
    [
        "user/canceleverything",
        "account/resetdemoaccountstate",
        "user/modifypassword",
        "user/modifycredentials",
        "cashBalance/getcashbalancesnapshot",
        "user/requesttradingpermission",
    ],
)
def test_what_cannot_be_undone_says_so(path):
    assert reversal(path, old={"id": 1}, answer={"id": 1, "ok": True}) is None
