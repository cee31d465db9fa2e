"""Risk settings: auto-liquidation, position limits, risk parameters, locks and categories."""

from typing import Any

import pytest

from tests.sandbox.plain_client import live_socket
from tests.sandbox.vendor import Vendor
from tests.support.running_hub import wait_until

AUTO_LIQ = "userAccountAutoLiq"
LIMIT = "userAccountPositionLimit"
PARAMETER = "userAccountRiskParameter"
LOCK = "accountRiskStatus/setadminautoliqaction"
SWITCH = "accountRiskStatus/switchriskcategory"


@pytest.fixture
def account(vendor: Vendor) -> int:
    return vendor.new_account(postTradeRisk={"dailyLossAutoLiq": 500, "doNotUnlock": True, "changesLocked": True})


def test_an_update_replaces_all_settings_and_can_be_reverted(vendor: Vendor, account: int) -> None:
    before = vendor.entity("demo", AUTO_LIQ, account)
    wanted = {"id": account, "trailingMaxDrawdown": 2_000, "trailingMaxDrawdownMode": "RealTime"}
    assert vendor.demo(f"{AUTO_LIQ}/update", wanted) == (200, wanted)
    assert vendor.entity("demo", AUTO_LIQ, account) == wanted
    assert vendor.demo(f"{AUTO_LIQ}/update", before) == (200, before)
    assert vendor.entity("demo", AUTO_LIQ, account) == before


def test_an_update_gives_one_event_on_demo(vendor: Vendor, account: int) -> None:
    with live_socket(vendor.sandbox, vendor.token) as demo:
        vendor.demo(f"{AUTO_LIQ}/update", {"id": account, "weeklyLossAutoLiq": 900})
        demo.read_until_quiet(0.3)
        [event] = demo.events()
    assert event["eventType"] == "Updated"
    assert event["entity"] == {"id": account, "weeklyLossAutoLiq": 900}


@pytest.mark.parametrize(
    ("fields", "constraint"),
    [
        ({"dailyLossAutoLiq": 0}, "dailyLossAutoLiq"),
        ({"marginPercentageAutoLiq": 101}, "marginPercentageAutoLiq"),
        ({"trailingMaxDrawdownLimit": 50_000}, "trailingMaxDrawdownLimit"),
    ],
)
def test_unsound_settings_are_told_field_by_field(
    vendor: Vendor, account: int, fields: dict[str, Any], constraint: str
) -> None:
    before = vendor.entity("demo", AUTO_LIQ, account)
    answer = vendor.demo(f"{AUTO_LIQ}/update", {"id": account} | fields)[1]
    assert [violation["constraint"] for violation in answer["violations"]] == [constraint]
    assert vendor.entity("demo", AUTO_LIQ, account) == before


def test_settings_need_a_known_account_and_are_made_once(vendor: Vendor, account: int) -> None:
    for action in ("create", "update"):
        assert vendor.demo(f"{AUTO_LIQ}/{action}", {"id": 5})[0] == 404
        assert vendor.demo(f"{AUTO_LIQ}/{action}", {"dailyLossAutoLiq": 5})[1]["violations"]
        assert vendor.live(f"{AUTO_LIQ}/{action}", {"id": account})[0] == 404
    assert vendor.demo(f"{AUTO_LIQ}/create", {"id": account})[1]["violations"]
    vendor.sandbox.control("delete", organization=vendor.organization, entityType=AUTO_LIQ, id=account)
    created = {"id": account, "dailyLossAutoLiq": 700}
    assert vendor.demo(f"{AUTO_LIQ}/create", created) == (200, created)


def test_a_word_that_is_no_mode_is_a_400(vendor: Vendor, account: int) -> None:
    body = {"id": account, "trailingMaxDrawdown": 5, "trailingMaxDrawdownMode": "Realtime"}
    assert vendor.demo(f"{AUTO_LIQ}/update", body, is_described=False)[0] == 400


def test_the_owners_and_the_permitted_users_settings_are_two(vendor: Vendor, account: int) -> None:
    path = f"{AUTO_LIQ}/updateuserautoliq"
    as_owner = vendor.demo(path, {"accountId": account, "asOwner": True, "dailyLossAutoLiq": 800})[1]
    assert as_owner == {AUTO_LIQ: {"id": account, "dailyLossAutoLiq": 800}}
    assert vendor.entity("demo", AUTO_LIQ, account) == as_owner[AUTO_LIQ]
    other = vendor.demo(path, {"accountId": account, "dailyLossAutoLiq": 300, "doNotUnlock": True})[1]
    assert other == {"permissionedAccountAutoLiq": {"id": account, "dailyLossAutoLiq": 300}}
    assert vendor.entity("demo", AUTO_LIQ, account)["dailyLossAutoLiq"] == 800
    assert vendor.demo(path, {"accountId": account, "dailyLossAutoLiq": -1})[1]["errorText"]
    assert vendor.demo(path, {"accountId": 5})[0] == 404


def test_several_accounts_are_updated_all_or_none(vendor: Vendor, account: int) -> None:
    path, second = f"{AUTO_LIQ}/updateuserautoliqs", vendor.new_account()
    items = [{"accountId": one, "asOwner": True, "dailyLossAutoLiq": 650} for one in (account, second)]
    answer = vendor.demo(path, {"items": items})[1]
    assert [one[AUTO_LIQ]["dailyLossAutoLiq"] for one in answer["userAutoLiqs"]] == [650, 650]
    bad = [items[0] | {"dailyLossAutoLiq": 1}, items[1] | {"dailyLossAutoLiq": -1}]
    assert vendor.demo(path, {"items": bad})[1]["userAutoLiqs"] == []
    assert vendor.entity("demo", AUTO_LIQ, account)["dailyLossAutoLiq"] == 650


def _limit(account_id: int, **fields: Any) -> dict[str, Any]:
    return {"accountId": account_id, "active": True, "totalBy": "Overall", "exposedLimit": 4} | fields


def test_a_limit_is_made_changed_and_removed_with_its_parameters(vendor: Vendor, account: int) -> None:
    limit = vendor.demo(f"{LIMIT}/create", _limit(account, description="Step 1"))[1]
    parameter = vendor.demo(f"{PARAMETER}/create", {"userAccountPositionLimitId": limit["id"], "hardLimit": True})[1]
    changed = limit | {"exposedLimit": 2}
    del changed["description"]
    assert vendor.demo(f"{LIMIT}/update", changed) == (200, changed)
    assert vendor.entity("demo", LIMIT, limit["id"]) == changed
    larger = parameter | {"maxOpeningOrderQty": 3}
    assert vendor.demo(f"{PARAMETER}/update", larger) == (200, larger)
    with live_socket(vendor.sandbox, vendor.token) as demo:
        removed = vendor.demo(f"{LIMIT}/deleteuseraccountpositionlimit", {"userAccountPositionLimitId": limit["id"]})
        demo.read_until_quiet(0.3)
        assert [(event["entityType"], event["eventType"]) for event in demo.events()] == [
            (PARAMETER, "Deleted"),
            (LIMIT, "Deleted"),
        ]
    assert removed == (200, {"success": True})
    assert limit["id"] not in vendor.entities("demo", LIMIT)


def test_a_parameter_is_removed_by_the_odd_path(vendor: Vendor, account: int) -> None:
    limit = vendor.demo(f"{LIMIT}/create", _limit(account))[1]
    parameter = vendor.demo(f"{PARAMETER}/create", {"userAccountPositionLimitId": limit["id"]})[1]
    body = {"userAccountRiskParameterId": parameter["id"]}
    assert vendor.demo(f"{LIMIT}/deleteuseraccountriskparameter", body) == (200, {"success": True})
    assert vendor.demo(f"{LIMIT}/deleteuseraccountriskparameter", body)[0] == 404
    assert limit["id"] in vendor.entities("demo", LIMIT)


@pytest.mark.parametrize(
    ("fields", "constraint"),
    [
        ({"totalBy": "Contract"}, "contractId"),
        ({"totalBy": "Product", "productId": 5}, "productId"),
        ({"exposedLimit": -1}, "exposedLimit"),
        ({"riskTimePeriodId": 5}, "riskTimePeriodId"),
        ({"description": "x" * 65}, "description"),
    ],
)
def test_an_unsound_limit_is_told_field_by_field(
    vendor: Vendor, account: int, fields: dict[str, Any], constraint: str
) -> None:
    answer = vendor.demo(f"{LIMIT}/create", _limit(account, **fields))[1]
    assert [violation["constraint"] for violation in answer["violations"]] == [constraint]
    assert vendor.of_account(LIMIT, account) == []


def test_limits_stay_where_they_are_and_unknown_ones_are_404(vendor: Vendor, account: int) -> None:
    limit = vendor.demo(f"{LIMIT}/create", _limit(account))[1]
    parameter = vendor.demo(f"{PARAMETER}/create", {"userAccountPositionLimitId": limit["id"]})[1]
    other = vendor.demo(f"{LIMIT}/create", _limit(account))[1]
    moved = limit | {"accountId": vendor.new_account()}
    assert vendor.demo(f"{LIMIT}/update", moved)[1]["violations"][0]["constraint"] == "accountId"
    moved = parameter | {"userAccountPositionLimitId": other["id"]}
    assert vendor.demo(f"{PARAMETER}/update", moved)[1]["violations"]
    assert vendor.demo(f"{LIMIT}/update", _limit(account))[1]["violations"][0]["constraint"] == "id"
    assert vendor.demo(f"{LIMIT}/update", limit | {"id": 5})[0] == 404
    assert vendor.demo(f"{LIMIT}/create", _limit(5))[0] == 404
    assert vendor.demo(f"{PARAMETER}/create", {"userAccountPositionLimitId": 5})[0] == 404
    assert vendor.live(f"{LIMIT}/update", limit)[0] == 404


def _lock(account_id: int, action: str, **fields: Any) -> dict[str, Any]:
    reason = {"adminActionReasonCode": "RestrictedRiskRestriction"}
    return {"accountId": account_id, "adminAction": action} | reason | fields


def test_a_lock_stays_until_normal_is_set_and_is_logged(vendor: Vendor, account: int) -> None:
    for action in ("LockTradingImmediately", "LiquidateOnlyModeImmediately", "Normal"):
        status = vendor.demo(LOCK, _lock(account, action))[1]["accountRiskStatus"]
        assert status["adminAction"] == action
        assert ("liquidateOnly" in status) == (action == "LiquidateOnlyModeImmediately")
        assert vendor.entity("demo", "accountRiskStatus", account) == status
    assert [entry["adminAction"] for entry in vendor.of_account("accountRiskStatusLog", account)] == [
        "LockTradingImmediately",
        "LiquidateOnlyModeImmediately",
        "Normal",
    ]


def test_liquidating_flattens_the_account(vendor: Vendor) -> None:
    vendor.sandbox.control("events", count=2_000, organization=vendor.organization)
    held = next(one for one in vendor.entities("demo", "position").values() if one["netPos"])
    vendor.demo(LOCK, _lock(held["accountId"], "LiquidateImmediately"))
    wait_until(
        lambda: not any(one["netPos"] for one in vendor.of_account("position", held["accountId"])),
        what="nothing to be open: what a lock does is done after the answer",
    )


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"accountId": 0}, "Account Id should be greater than 0"),
        ({"adminAction": "DisableAutoLiq"}, "Admin Action should be between Normal and LiquidateImmediately"),
        ({"adminActionReasonCode": "Other"}, "Admin Action Reason should be specified"),
        ({"adminActionReason": "x" * 8_193}, "Admin Action Reason should be no longer than 8192"),
    ],
)
def test_a_lock_is_refused_in_the_platforms_words(
    vendor: Vendor, account: int, fields: dict[str, Any], text: str
) -> None:
    assert vendor.demo(LOCK, _lock(account, "Normal") | fields) == (200, {"errorText": text})


def test_a_lock_on_live_is_denied_and_of_an_unknown_account_is_404(vendor: Vendor, account: int) -> None:
    assert vendor.live(LOCK, _lock(account, "Normal")) == (401, "Access is denied")
    assert vendor.demo(LOCK, _lock(5, "Normal"))[0] == 404


def test_a_revoked_account_is_locked_without_a_word(vendor: Vendor, account: int) -> None:
    [permission] = vendor.of_account("tradingPermission", account)
    vendor.demo("user/revoketradingpermission", {"tradingPermissionId": permission["id"]})
    assert "errorText" not in vendor.demo(LOCK, _lock(account, "LockTradingImmediately"))[1]


def test_auto_liq_state_is_cleared(vendor: Vendor, account: int) -> None:
    vendor.demo(LOCK, _lock(account, "LiquidateOnlyModeImmediately"))
    status = vendor.demo("accountRiskStatus/resetautoliqstatus", {"accountId": account})[1]["accountRiskStatus"]
    assert status["adminAction"] == "Normal"
    assert "liquidateOnly" not in status


def test_accounts_already_in_a_category_are_passed_over(vendor: Vendor, account: int) -> None:
    before, category = vendor.entity("demo", "account", account), vendor.ids["templates"][2]["risk_category_id"]
    there = vendor.new_account(templateAccountId=vendor.ids["templates"][2]["id"])
    after = vendor.sandbox.state()["ledger_n"]
    body = {"accountIds": [account, there], "riskCategoryId": category}
    assert vendor.demo(SWITCH, body) == (200, {"ok": True})
    assert vendor.entity("demo", "account", account) == before | {"riskCategoryId": category}
    assert vendor.demo(SWITCH, body) == (200, {"ok": True})
    assert [entry["event_type"] for entry in vendor.ledger(SWITCH, after=after)] == ["applied", "unchanged"]


def test_a_switch_with_an_unknown_id_changes_nothing(vendor: Vendor, account: int) -> None:
    category = vendor.ids["templates"][2]["risk_category_id"]
    assert vendor.demo(SWITCH, {"accountIds": [account, 5], "riskCategoryId": category})[0] == 404
    assert vendor.demo(SWITCH, {"accountIds": [account], "riskCategoryId": 5})[0] == 404
    assert vendor.entity("demo", "account", account)["riskCategoryId"] != category
    assert vendor.demo(SWITCH, {"accountIds": [], "riskCategoryId": category})[1] == {
        "errorText": "Empty accountIds",
        "ok": False,
    }
    too_many = vendor.demo(SWITCH, {"accountIds": [account] * 10_001, "riskCategoryId": category})[1]
    assert too_many["errorText"] == "Only 10000 accounts are allowed in single operation"
