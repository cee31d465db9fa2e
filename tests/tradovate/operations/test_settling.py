"""What reading the platform tells of a call without an answer: creations, money, permissions, subscriptions."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.tradovate.operations.examples import BODIES
from tests.tradovate.operations.settled import MARK, READ_AT, SENT_AT, happened, permission
from vendor_admin.tradovate.enums import Environment
from vendor_admin.tradovate.operations import WRITES, LookUp

AFTER_SENDING, LONG_BEFORE = "2026-11-10T18:00:02Z", "2026-11-01T09:00:00Z"


@pytest.mark.parametrize(
    ("path", "entity_type", "name"),
    [
        ("user/createevaluationusers", "user", "anna.field"),
        ("user/createevaluationaccounts", "account", "FIRMEVAL0001"),
    ],
)
@pytest.mark.parametrize(
    ("found", "verdict"),
    [
        ({"timestamp": AFTER_SENDING}, True),
        ({"timestamp": "2026-11-10T17:59:00Z"}, True),  # their clock may be behind ours
        ({"timestamp": LONG_BEFORE}, False),
        ({}, None),
        ({"timestamp": "yesterday"}, None),
        ({"timestamp": AFTER_SENDING, "name": "SOMETHING1"}, False),
        (None, False),
    ],
)
def test_a_creation_is_settled_by_name_and_age(path, entity_type, name, found, verdict):
    entities = [] if found is None else [{"id": 5, "name": name, **found}]
    assert happened(path, entity_type, entities) is verdict


def test_what_is_missing_soon_after_sending_may_yet_come():
    soon = SENT_AT + timedelta(seconds=59)
    assert happened("user/createevaluationusers", "user", [], read_at=soon) is None
    assert (
        happened("user/createevaluationusers", "user", [], read_at=READ_AT, ended_at=READ_AT - (soon - SENT_AT)) is None
    )
    made = [{"id": 5, "name": "anna.field", "timestamp": AFTER_SENDING}]
    assert happened("user/createevaluationusers", "user", made, read_at=soon) is True


def log_entry(**fields: Any) -> dict[str, Any]:
    entry = {"accountId": 200, "timestamp": AFTER_SENDING, "delta": 500.25, "cashChangeType": "ManualAdjustment"}
    return {**entry, "comment": f"{MARK} top-up", **fields}


@pytest.mark.parametrize(
    ("entries", "verdict"),
    [
        ([log_entry()], True),
        ([log_entry(comment=f"Demo Change: {MARK}")], True),
        ([log_entry(delta=1)], True),
        ([log_entry(comment="")], None),
        ([log_entry(comment=None)], None),
        ([log_entry(comment=MARK[:5])], None),
        ([log_entry(comment="Demo Change")], None),
        ([log_entry(comment="9ZZZZZZZ top-up")], None),
        ([log_entry(comment="", timestamp=None)], None),
        ([log_entry(comment="", timestamp=LONG_BEFORE)], False),
        ([log_entry(comment="", delta=500.24)], False),
        ([log_entry(comment="", accountId=201)], False),
        ([log_entry(comment="", fillPairId=7)], False),
        ([log_entry(comment="", fillPairId=0, fillId=0)], None),
        ([log_entry(comment="", accountId="200", delta="500.250")], None),
        ([log_entry(comment="", timestamp="2062-11-10T18:00:02Z")], None),
        ([], False),
    ],
)
def test_a_balance_change_is_settled_by_its_mark_in_the_log(entries, verdict):
    assert happened("cashBalance/changedemobalance", "cashBalanceLog", entries) is verdict


def test_an_adjustment_is_settled_in_the_same_way():
    payout = log_entry(delta=-500)
    assert happened("fundTransaction/adjustcash", "cashBalanceLog", [payout]) is True
    assert happened("fundTransaction/adjustcash", "cashBalanceLog", [{**payout, "comment": ""}]) is None
    assert happened("fundTransaction/adjustcash", "cashBalanceLog", []) is False


def test_an_empty_log_proves_nothing_once_the_session_is_over():
    path = "cashBalance/changedemobalance"
    same_session = datetime(2026, 11, 10, 22, 59, tzinfo=UTC)
    assert happened(path, "cashBalanceLog", [], read_at=same_session) is False
    assert happened(path, "cashBalanceLog", [], read_at=same_session + timedelta(minutes=1)) is None


def test_without_a_mark_a_matching_entry_is_never_taken_for_ours():
    assert happened("cashBalance/changedemobalance", "cashBalanceLog", [log_entry()], mark="") is None


def test_a_doubt_about_money_words_both_possibilities():
    write = WRITES["cashBalance/changedemobalance"]
    doubt = write.doubt(write.parse(BODIES[write.path]))
    assert "already has +500.25" in doubt.if_done
    assert "twice" in doubt.if_done
    assert "lacks +500.25" in doubt.if_not_done


@pytest.mark.parametrize(
    ("found", "verdict"),
    [
        ([permission()], True),
        ([permission(status="Approved")], True),
        ([permission(status="Requested")], None),
        ([permission(status="Revoked")], False),
        ([permission(status="Revoked", id=299), permission()], True),
        ([permission(accountId=201)], False),
        ([permission(userId=101)], False),
        ([], False),
    ],
)
def test_a_permission_is_settled_by_the_users_permissions(found, verdict):
    assert happened("user/createtradingpermission", "tradingPermission", found) is verdict


@pytest.mark.parametrize("path", ["user/revoketradingpermission", "user/revoketradingpermissions"])
@pytest.mark.parametrize(
    ("found", "verdict"),
    [([permission(status="Revoked")], True), ([permission()], False), ([permission(id=301)], None), ([], None)],
)
def test_a_revocation_is_settled_by_the_permission_itself(path, found, verdict):
    assert happened(path, "tradingPermission", found) is verdict


def membership(**fields: Any) -> dict[str, Any]:
    last_day = {"year": 2026, "month": 11, "day": 30}
    ids = {"id": 55, "userId": 100, "tradovateSubscriptionPlanId": 77}
    return {**ids, "timestamp": AFTER_SENDING, "expirationDate": last_day, **fields}


@pytest.mark.parametrize(
    ("found", "verdict"),
    [
        ([membership()], True),
        ([membership(timestamp=LONG_BEFORE)], None),
        ([membership(timestamp=LONG_BEFORE), membership(id=56)], True),
        ([membership(timestamp=LONG_BEFORE, cancelledRenewal=True)], False),
        ([membership(timestamp=LONG_BEFORE, expirationDate={"year": 2026, "month": 10, "day": 31})], False),
        ([membership(timestamp=LONG_BEFORE, expirationDate={"year": 2026, "month": 11, "day": 10})], None),
        ([membership(expirationDate={"year": 2026, "month": 11, "day": 10})], True),
        ([membership(cancelledRenewal=True)], True),
        ([membership(timestamp=None)], None),
        ([membership(tradovateSubscriptionPlanId=78)], False),
        ([membership(userId=101)], False),
        ([], False),
    ],
)
def test_a_membership_is_settled_by_a_new_one_that_goes_on(found, verdict):
    assert happened("user/addtradovatesubscription", "tradovateSubscription", found) is verdict


@pytest.mark.parametrize(
    ("found", "expire", "verdict"),
    [
        (membership(cancelledRenewal=True), False, True),
        (membership(cancelledRenewal=True), True, False),
        (membership(expirationDate={"year": 2026, "month": 11, "day": 10}), True, True),
        (membership(), False, False),
        (membership(id=56), False, None),
    ],
)
def test_a_cancellation_is_settled_by_the_membership_itself(found, expire, verdict):
    path = "user/canceltradovatesubscription"
    assert happened(path, "tradovateSubscription", [found], expire=expire) is verdict


@pytest.mark.parametrize(("day", "verdict"), [(20, True), (21, True), (23, True), (24, False)])
def test_an_end_on_a_weekend_may_be_dated_with_the_monday(day, verdict):
    ended = membership(expirationDate={"year": 2026, "month": 11, "day": day})
    saturday = datetime(2026, 11, 21, 18, 0, tzinfo=UTC)
    path = "user/canceltradovatesubscription"
    assert happened(path, "tradovateSubscription", [ended], expire=True, read_at=saturday) is verdict


def plugin(**fields: Any) -> dict[str, Any]:
    ids = {"id": 60, "userId": 100, "entitlementId": 12, "pluginName": "simPlus"}
    return {**ids, "timestamp": AFTER_SENDING, "approval": True, **fields}


@pytest.mark.parametrize(
    ("found", "verdict"),
    [
        ([plugin()], True),
        ([plugin(timestamp=LONG_BEFORE)], None),
        ([plugin(timestamp=LONG_BEFORE, approval=False)], False),
        ([plugin(approval=False)], True),
        ([plugin(entitlementId=13)], False),
        ([], False),
    ],
)
def test_an_entitlement_is_settled_by_a_new_plugin(found, verdict):
    assert happened("userPlugin/addentitlementsubscription", "userPlugin", found) is verdict


@pytest.mark.parametrize(
    ("found", "verdict"),
    [
        ([plugin()], True),
        ([plugin(approval=False)], False),
        ([plugin(), plugin(id=61, approval=False)], None),
        ([plugin(pluginName="other")], None),
        ([], None),
    ],
)
def test_a_plugins_approval_is_settled_by_its_flag(found, verdict):
    assert happened("userPlugin/changepluginpermission", "userPlugin", found) is verdict


def data(**fields: Any) -> dict[str, Any]:
    ids = {"id": 56, "userId": 100, "marketDataSubscriptionPlanId": 5, "year": 2026, "month": 11}
    return {**ids, "timestamp": AFTER_SENDING, "expired": False, **fields}


@pytest.mark.parametrize(
    ("found", "verdict"),
    [
        ([data()], True),
        ([data(timestamp=LONG_BEFORE)], None),
        ([data(expired=True)], True),
        ([data(timestamp=LONG_BEFORE, expired=True)], False),
        ([data(month=10)], False),
        ([data(marketDataSubscriptionPlanId=6)], False),
        ([], False),
    ],
)
def test_market_data_is_settled_by_plan_and_month(found, verdict):
    assert happened("user/addmarketdatasubscription", "marketDataSubscription", found) is verdict


def test_market_data_of_several_plans_is_in_doubt_when_only_some_are_there():
    plans = [5, 6]
    path = "user/addmarketdatasubscription"
    some = happened(path, "marketDataSubscription", [data()], marketDataSubscriptionPlanIds=plans)
    both = [data(), data(id=57, marketDataSubscriptionPlanId=6)]
    assert some is None
    assert happened(path, "marketDataSubscription", both, marketDataSubscriptionPlanIds=plans) is True


@pytest.mark.parametrize(
    ("found", "verdict"), [([data(expired=True)], True), ([data()], False), ([data(id=57)], None), ([], None)]
)
def test_an_expiry_is_settled_by_the_subscription_itself(found, verdict):
    assert happened("user/expiremarketdatasubscription", "marketDataSubscription", found) is verdict


@pytest.mark.parametrize(
    ("entity_type", "found", "verdict"),
    [
        ("tradovateSubscription", [], True),
        ("tradovateSubscription", [membership(cancelledRenewal=True)], True),
        ("tradovateSubscription", [membership()], False),
        ("userPlugin", [plugin(approval=False)], True),
        ("userPlugin", [plugin(expirationDate={"year": 2026, "month": 11, "day": 9})], True),
        ("userPlugin", [plugin(expirationDate={"year": 2026, "month": 11, "day": 10})], False),
        ("tradovateSubscription", [membership(expirationDate={"year": 2026, "month": 11, "day": 10})], False),
        ("userPlugin", [plugin()], False),
        ("userPlugin", [plugin(autorenewal=False, expirationDate={"year": 2026, "month": 11, "day": 30})], None),
        ("userPlugin", [plugin(autorenewal=False)], False),
        ("marketDataSubscription", [data(expired=True)], True),
        ("marketDataSubscription", [data(month=10)], True),
        ("marketDataSubscription", [data()], False),
        ("marketDataSubscription", [data(userId=101)], True),
    ],
)
def test_cancelling_on_live_is_settled_by_what_goes_on_there(entity_type, found, verdict):
    assert happened("user/canceleverything", entity_type, found, environment=Environment.LIVE) is verdict


def test_cancelling_on_demo_is_settled_by_permissions_alone():
    path, environment = "user/canceleverything", Environment.DEMO
    for found, verdict in (([permission()], False), ([permission(status="Revoked")], True), ([], True)):
        assert happened(path, "tradingPermission", found, environment=environment, tradingPermissions=True) is verdict
    assert happened(path, "tradingPermission", [permission()], environment=environment) is True, "not asked for"


def test_cancelling_reads_each_kind_where_it_lives():
    write = WRITES["user/canceleverything"]
    request = write.parse({**BODIES[write.path], "tradingPermissions": True, "userPlugins": False})
    live = write.look_ups(request, Environment.LIVE)
    assert [(one.entity_type, one.by, one.key) for one in live] == [
        ("tradovateSubscription", "deps", 100),
        ("marketDataSubscription", "deps", 100),
    ]
    assert write.look_ups(request, Environment.DEMO) == (LookUp(Environment.DEMO, "tradingPermission", "deps", 100),)
