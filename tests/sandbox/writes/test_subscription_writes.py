"""Memberships, entitlements, market data, and ending all of it."""

from typing import Any

import pytest

from tests.sandbox.plain_client import live_socket
from tests.sandbox.vendor import Vendor

MEMBERSHIP = "user/addtradovatesubscription"
END_MEMBERSHIP = "user/canceltradovatesubscription"
ENTITLEMENT = "userPlugin/addentitlementsubscription"
PERMISSION = "userPlugin/changepluginpermission"
DATA = "user/addmarketdatasubscription"
EXPIRE_DATA = "user/expiremarketdatasubscription"
CANCEL = "user/canceleverything"
SIM_PLUS = 31
TOP, DOM = 41, 42


@pytest.fixture
def user(vendor: Vendor) -> int:
    return vendor.new_user()


def _plan(vendor: Vendor) -> int:
    return next(iter(vendor.ids["tradovateSubscriptionPlan"].values()))


def _money(vendor: Vendor) -> float:
    account_id = vendor.ids["billing_account_id"]
    return next(
        one["amount"] for one in vendor.entities("live", "cashBalance").values() if one["accountId"] == account_id
    )


def _at(vendor: Vendor, moment: str) -> None:
    vendor.sandbox.control("clock", at=moment)


def _sign(vendor: Vendor, user_id: int, **fields: Any) -> None:
    vendor.sandbox.control("sign-agreement", organization=vendor.organization, user=user_id, **fields)


def test_a_membership_is_added_once_and_ends_with_its_period(vendor: Vendor, user: int) -> None:
    body = {"tradovateSubscriptionPlanId": _plan(vendor), "userId": user}
    answer = vendor.live(MEMBERSHIP, body)[1]
    added = answer["tradovateSubscription"]
    assert (answer["errorCode"], added["paidAmount"], added["cancelledRenewal"]) == ("Success", 0, False)
    assert vendor.live(MEMBERSHIP, body)[1]["errorCode"] == "ConflictWithExisting"
    end = {"tradovateSubscriptionId": added["id"], "cancelReason": "Failed"}
    ended = vendor.live(END_MEMBERSHIP, end)[1]["tradovateSubscription"]
    assert ended == added | {"cancelledRenewal": True, "cancelReason": "Failed"}
    assert vendor.live(END_MEMBERSHIP, end)[1]["errorText"] == "The subscription is already cancelled"
    over = vendor.live(END_MEMBERSHIP, end | {"expire": True})[1]["tradovateSubscription"]
    assert over["expirationDate"] != ended["expirationDate"]
    assert vendor.live(MEMBERSHIP, body)[1]["errorCode"] == "Success"


def test_a_membership_needs_known_ids_and_the_live_host(vendor: Vendor, user: int) -> None:
    assert vendor.live(MEMBERSHIP, {"tradovateSubscriptionPlanId": 5, "userId": user})[0] == 404
    assert vendor.live(MEMBERSHIP, {"tradovateSubscriptionPlanId": _plan(vendor), "userId": 5})[0] == 404
    assert vendor.demo(MEMBERSHIP, {"tradovateSubscriptionPlanId": _plan(vendor), "userId": user})[0] == 404
    theirs = _plan(Vendor(vendor.sandbox, organization=1))
    assert vendor.live(MEMBERSHIP, {"tradovateSubscriptionPlanId": theirs, "userId": user})[0] == 404


def _change_plan(vendor: Vendor, **fields: Any) -> None:
    vendor.sandbox.control(
        "mutate",
        organization=vendor.organization,
        environment="live",
        entityType="tradovateSubscriptionPlan",
        id=_plan(vendor),
        fields=fields,
    )


def test_plans_that_cost_are_paid_from_the_billing_account(vendor: Vendor, user: int) -> None:
    _change_plan(vendor, price=30.0)
    try:
        body = {"tradovateSubscriptionPlanId": _plan(vendor), "userId": user}
        assert vendor.live(MEMBERSHIP, body)[1]["errorCode"] == "IncorrectPaymentMethod"
        account_id, before = vendor.ids["billing_account_id"], _money(vendor)
        wrong = vendor.new_account()
        assert vendor.live(MEMBERSHIP, body | {"accountId": wrong})[1]["errorCode"] == "IncorrectPaymentMethod"
        added = vendor.live(MEMBERSHIP, body | {"accountId": account_id})[1]["tradovateSubscription"]
        assert _money(vendor) == before - 30
        entry = vendor.entity("live", "cashBalanceLog", added["cashBalanceLogId"])
        assert (entry["delta"], entry["cashChangeType"]) == (-30, "TradovateSubscription")
        _change_plan(vendor, price=before)
        again = {"tradovateSubscriptionPlanId": _plan(vendor), "userId": vendor.new_user(), "accountId": account_id}
        assert vendor.live(MEMBERSHIP, again)[1]["errorCode"] == "InsufficientFunds"
    finally:
        _change_plan(vendor, price=0.0)


def test_a_trial_is_given_once_and_a_discontinued_plan_never(vendor: Vendor, user: int) -> None:
    body = {"tradovateSubscriptionPlanId": _plan(vendor), "userId": user}
    _change_plan(vendor, trial=True)
    try:
        added = vendor.live(MEMBERSHIP, body)[1]["tradovateSubscription"]
        vendor.live(END_MEMBERSHIP, {"tradovateSubscriptionId": added["id"], "expire": True})
        assert vendor.live(MEMBERSHIP, body)[1]["errorCode"] == "SingleTrialOnly"
        _change_plan(vendor, trial=False, discontinuedDate={"year": 2020, "month": 1, "day": 1})
        assert vendor.live(MEMBERSHIP, body)[1]["errorCode"] == "PlanDiscontinued"
    finally:
        _change_plan(vendor, trial=False, discontinuedDate={"year": 2099, "month": 1, "day": 1})


def test_sim_plus_comes_only_after_the_signature_and_brings_top_of_book(vendor: Vendor, user: int) -> None:
    body = {"entitlementId": SIM_PLUS, "userId": user, "accountId": vendor.ids["billing_account_id"]}
    refused = vendor.live(ENTITLEMENT, body | {"nonProSigned": True})[1]
    assert refused["errorText"] == "The user has not signed the market data agreement"
    _sign(vendor, user)
    added = vendor.live(ENTITLEMENT, body)[1]["entitlementSubscription"]
    assert (added["pluginName"], added["approval"]) == ("TProp", True)
    [data] = vendor.of_user("marketDataSubscription", user)
    assert data["marketDataSubscriptionPlanId"] == TOP
    assert vendor.live(ENTITLEMENT, body)[1]["errorCode"] == "ConflictWithExisting"
    assert vendor.demo(ENTITLEMENT, body)[0] == 404
    assert vendor.live(ENTITLEMENT, body | {"entitlementId": 5})[0] == 404


@pytest.mark.parametrize("other_environment", [False, True])
def test_the_signature_passes_by_the_filter_of_entity_types(vendor: Vendor, user: int, other_environment: bool) -> None:
    demo = live_socket(vendor.sandbox, vendor.token, entityTypes=[])
    live = live_socket(vendor.sandbox, vendor.token, "live", entityTypes=[])
    with demo, live:
        _sign(vendor, user, other_environment=other_environment)
        told, silent = (demo, live) if other_environment else (live, demo)
        for socket in (told, silent):
            socket.read_until_quiet(0.3)
        [event] = told.events()
        assert silent.events() == []
    entity = event["entity"]
    if other_environment:
        assert event["entityType"] == "OtherEnvAdminAlertSignal"
        entity = entity["adminAlertSignal"]
    assert entity["subjectId"] == user


def test_a_signature_may_come_without_a_notice(vendor: Vendor, user: int) -> None:
    with live_socket(vendor.sandbox, vendor.token, "live") as live:
        _sign(vendor, user, notice=False)
        live.read_until_quiet(0.3)
        assert live.events() == []
    assert vendor.live(ENTITLEMENT, {"entitlementId": SIM_PLUS, "userId": user})[1]["errorCode"] == "Success"


def test_a_plugin_is_withdrawn_and_approved_by_name(vendor: Vendor) -> None:
    body = {"userId": 2_000_001, "pluginName": "TProp", "approval": False}
    assert vendor.live(PERMISSION, body) == (200, {"ok": True})
    assert [one["approval"] for one in vendor.of_user("userPlugin", 2_000_001)] == [False]
    assert vendor.live(PERMISSION, body | {"approval": True}) == (200, {"ok": True})
    assert [one["approval"] for one in vendor.of_user("userPlugin", 2_000_001)] == [True]
    unknown = vendor.live(PERMISSION, body | {"pluginName": "Nothing"})[1]
    assert unknown == {"errorText": "Plugin not found", "ok": False}


@pytest.mark.parametrize(
    ("moment", "month"),
    [
        ("2026-11-15T12:00:00-06:00", (2026, 11)),
        ("2026-11-30T18:59:00-06:00", (2026, 11)),
        ("2026-11-30T19:00:00-06:00", (2026, 12)),
        ("2026-12-01T00:30:00+00:00", (2026, 11)),
        ("2026-12-31T19:30:00-06:00", (2027, 1)),
    ],
)
def test_market_data_is_sold_for_one_month_and_the_cut_over_is_at_nineteen(
    vendor: Vendor, user: int, moment: str, month: tuple[int, int]
) -> None:
    _at(vendor, moment)
    before, account_id = _money(vendor), vendor.ids["billing_account_id"]
    body = {"marketDataSubscriptionPlanIds": [TOP], "userId": user, "accountId": account_id}
    wrong = [(2026, 11), (2026, 12), (2027, 1)]
    wrong.remove(month)
    for year, number in wrong:
        text = vendor.live(DATA, body | {"year": year, "month": number})[1]["errorText"]
        assert text == f"Market data can be added for {month[1]}/{month[0]} only"
    answer = vendor.live(DATA, body | {"year": month[0], "month": month[1]})[1]
    assert answer["errorCode"] == "Success"
    assert _money(vendor) == before - 4
    [data] = vendor.of_user("marketDataSubscription", user)
    assert (data["year"], data["month"], data["renewalAccountId"]) == (*month, account_id)


def _data(vendor: Vendor, user: int, **fields: Any) -> dict[str, Any]:
    _at(vendor, "2026-11-15T12:00:00-06:00")
    account_id = vendor.ids["billing_account_id"]
    body = {"marketDataSubscriptionPlanIds": [TOP], "year": 2026, "month": 11, "userId": user, "accountId": account_id}
    return body | fields


def test_market_data_is_refused_with_the_platforms_codes(vendor: Vendor, user: int) -> None:
    assert vendor.live(DATA, _data(vendor, user, accountId=5))[1]["errorCode"] == "IncorrectPaymentMethod"
    body = _data(vendor, user)
    del body["accountId"]
    assert vendor.live(DATA, body)[1]["errorCode"] == "IncorrectPaymentMethod"
    assert vendor.live(DATA, _data(vendor, user, creditCardId=1))[1]["errorCode"] == "IncorrectPaymentMethod"
    assert vendor.live(DATA, _data(vendor, user, month=13))[1]["errorText"]
    assert vendor.live(DATA, _data(vendor, user, marketDataSubscriptionPlanIds=[5]))[0] == 404
    assert vendor.live(DATA, _data(vendor, user))[1]["errorCode"] == "Success"
    assert vendor.live(DATA, _data(vendor, user))[1]["errorCode"] == "ConflictWithExisting"


def test_several_plans_are_added_all_or_none(vendor: Vendor, user: int) -> None:
    before = _money(vendor)
    assert vendor.live(DATA, _data(vendor, user, marketDataSubscriptionPlanIds=[DOM, 5]))[0] == 404
    assert vendor.of_user("marketDataSubscription", user) == []
    assert _money(vendor) == before
    assert vendor.live(DATA, _data(vendor, user, marketDataSubscriptionPlanIds=[TOP, DOM]))[1]["errorCode"] == "Success"
    assert _money(vendor) == before - 20


def test_a_professional_gets_no_data_of_others(vendor: Vendor, user: int) -> None:
    vendor.sandbox.control(
        "inject",
        organization=vendor.organization,
        environment="live",
        entityType="user",
        entity={"id": user, "professional": True},
    )
    code = vendor.live(DATA, _data(vendor, user))[1]["errorCode"]
    assert code == "IncompatibleCMEMarketDataSubscriptionPlans"


def test_market_data_expires_and_may_be_bought_again(vendor: Vendor, user: int) -> None:
    data = vendor.live(DATA, _data(vendor, user))[1]["marketDataSubscription"]
    body = {"marketDataSubscriptionId": data["id"]}
    assert vendor.live(EXPIRE_DATA, body)[1]["marketDataSubscription"]["expired"] is True
    assert vendor.live(EXPIRE_DATA, body)[1]["errorText"]
    assert vendor.live(EXPIRE_DATA, {"marketDataSubscriptionId": 5})[0] == 404
    assert vendor.live(DATA, _data(vendor, user))[1]["errorCode"] == "Success"


SWITCHES = ("tradovateSubscriptions", "userPlugins", "marketDataSubscriptions", "tradingPermissions")


def _furnished_user(vendor: Vendor) -> tuple[int, dict[str, list[int]]]:
    """A user with one thing of each kind, and the answer that ending all of them should give."""
    user = vendor.new_user(tradovateSubscriptionPlanId=_plan(vendor), entitlementIds=[12])
    vendor.live(DATA, _data(vendor, user))
    account = vendor.new_account(user_id=user)
    return user, {
        "tradovateSubscriptionIds": [one["id"] for one in vendor.of_user("tradovateSubscription", user)],
        "userPluginIds": [one["id"] for one in vendor.of_user("userPlugin", user)],
        "marketDataSubscriptionIds": [one["id"] for one in vendor.of_user("marketDataSubscription", user)],
        "tradingPermissionIds": [one["id"] for one in vendor.of_account("tradingPermission", account)],
    }


def test_each_host_ends_its_own_things_and_a_second_time_nothing(vendor: Vendor) -> None:
    user, everything = _furnished_user(vendor)
    body = {"userIds": [user, 5]} | dict.fromkeys(SWITCHES, True)
    live = vendor.live(CANCEL, body)[1]
    demo = vendor.demo(CANCEL, body)[1]
    assert live == everything | {"tradingPermissionIds": []}
    assert demo == {key: [] for key in everything} | {"tradingPermissionIds": everything["tradingPermissionIds"]}
    for answer in (vendor.live(CANCEL, body)[1], vendor.demo(CANCEL, body)[1]):
        assert answer == {key: [] for key in everything}
    assert vendor.of_user("userPlugin", user)[0]["approval"] is False
    assert vendor.of_user("tradovateSubscription", user)[0]["cancelledRenewal"] is True


@pytest.mark.parametrize("switch", SWITCHES)
def test_each_switch_ends_one_kind(vendor: Vendor, switch: str) -> None:
    user, everything = _furnished_user(vendor)
    body = {"userIds": [user], switch: True}
    answers = [vendor.live(CANCEL, body)[1], vendor.demo(CANCEL, body)[1]]
    name = switch.removesuffix("s") + "Ids"
    ended = {key: [one for answer in answers for one in answer[key]] for key in everything}
    assert ended == {key: [] for key in everything} | {name: everything[name]}


def test_without_a_switch_nothing_ends(vendor: Vendor) -> None:
    user, everything = _furnished_user(vendor)
    assert vendor.live(CANCEL, {"userIds": [user]})[1] == {key: [] for key in everything}
