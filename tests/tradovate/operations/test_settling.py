"""Whether a call of unknown outcome was carried out, by what the platform shows; and when that cannot be told."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.tradovate.operations.examples import BODIES, LIMIT, NOW, PARAMETER, THRESHOLDS
from vendor_admin.tradovate.enums import Environment
from vendor_admin.tradovate.operations import WRITES, LookUp, Reading
from vendor_admin.tradovate.outcomes import Locked, NotSent, Rejected, Success, Unknown

SENT_AT = NOW
READ_AT = NOW + timedelta(minutes=5)
AFTER_SENDING, LONG_BEFORE = "2026-11-10T18:00:02Z", "2026-11-01T09:00:00Z"
MARK = "7KQ2M9XA"


def happened(
    path: str,
    entity_type: str,
    entities: Sequence[dict[str, Any]],
    *,
    environment: Environment | None = None,
    read_at: datetime = READ_AT,
    mark: str = MARK,
    before: dict[str, Any] | None = None,
    ended_at: datetime | None = None,
    **fields: Any,
) -> bool | None:
    write = WRITES[path]
    (request,) = write.split(write.parse({**BODIES[path], **fields}))
    reading = Reading(
        environment=environment or min(write.operation.environments),
        sent_at=SENT_AT,
        read_at=read_at,
        found={entity_type: entities},
        mark=mark,
        before=before,
        ended_at=ended_at,
    )
    return write.happened(request, reading)


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


def permission(**fields: Any) -> dict[str, Any]:
    return {"id": 300, "accountId": 200, "userId": 100, "status": "Accepted", **fields}


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


@pytest.mark.parametrize(
    ("path", "entity_type", "entity"),
    [
        ("userAccountAutoLiq/create", "userAccountAutoLiq", {"id": 200, **THRESHOLDS}),
        ("userAccountAutoLiq/update", "userAccountAutoLiq", {"id": 200, **THRESHOLDS}),
        ("userAccountAutoLiq/updateuserautoliq", "userAccountAutoLiq", {"id": 200, **THRESHOLDS}),
        ("userAccountAutoLiq/updateuserautoliqs", "userAccountAutoLiq", {"id": 200, **THRESHOLDS}),
        ("userAccountPositionLimit/update", "userAccountPositionLimit", BODIES["userAccountPositionLimit/update"]),
        ("userAccountRiskParameter/update", "userAccountRiskParameter", BODIES["userAccountRiskParameter/update"]),
        ("contactInfo/updatecontactinfo", "contactInfo", {"id": 9, **BODIES["contactInfo/updatecontactinfo"]}),
    ],
)
def test_settings_are_settled_by_their_values(path, entity_type, entity):
    assert happened(path, entity_type, [entity]) is True
    assert happened(path, entity_type, []) is False
    changed_name = next(name for name in entity if "id" not in name.lower())
    assert happened(path, entity_type, [{**entity, changed_name: "else"}]) is False


def test_settings_are_compared_by_value_not_by_spelling():
    shown = {**THRESHOLDS, "id": 200, "dailyLossAutoLiq": 1000.0, "flattenTimestamp": "2026-11-10T21:00:00.000+01:00"}
    path = "userAccountAutoLiq/update"
    assert happened(path, "userAccountAutoLiq", [{**shown, "changesLocked": False, "weeklyLossAutoLiq": None}]) is True
    assert happened(path, "userAccountAutoLiq", [{**shown, "dailyLossAutoLiq": 1000.01}]) is False
    assert happened(path, "userAccountAutoLiq", [{**shown, "doNotUnlock": False}]) is False


def test_a_setting_that_was_left_out_and_is_still_there_leaves_doubt():
    shown = {**THRESHOLDS, "id": 200, "weeklyLossAutoLiq": 3000}
    assert happened("userAccountAutoLiq/update", "userAccountAutoLiq", [shown]) is None


def test_thresholds_of_the_trader_are_read_where_they_are_kept():
    path = "userAccountAutoLiq/updateuserautoliq"
    write = WRITES[path]
    request = write.parse({**BODIES[path], "asOwner": False})
    (look_up,) = write.look_ups(request, Environment.DEMO)
    assert (look_up.entity_type, look_up.by, look_up.key) == ("permissionedAccountAutoLiq", "deps", 200)
    kept = {"id": 1, "dailyLossAutoLiq": 1000}
    assert happened(path, "permissionedAccountAutoLiq", [kept], asOwner=False) is True
    assert happened(path, "permissionedAccountAutoLiq", [{"id": 1}], asOwner=False) is False
    assert happened(path, "permissionedAccountAutoLiq", [kept, {"id": 2}], asOwner=False) is None
    assert happened(path, "permissionedAccountAutoLiq", [{**kept, "id": 200}, {"id": 2}], asOwner=False) is True


@pytest.mark.parametrize(
    ("path", "entity_type", "like"),
    [
        ("userAccountPositionLimit/create", "userAccountPositionLimit", {"id": 400, "accountId": 200, **LIMIT}),
        (
            "userAccountRiskParameter/create",
            "userAccountRiskParameter",
            {"id": 500, "userAccountPositionLimitId": 400, **PARAMETER},
        ),
    ],
)
def test_a_limit_without_a_name_is_settled_by_one_that_says_the_same(path, entity_type, like):
    assert happened(path, entity_type, [like]) is True
    assert happened(path, entity_type, [{**like, "productId": 5}]) is False
    assert happened(path, entity_type, []) is False


@pytest.mark.parametrize(
    ("path", "entity_type", "entity_id"),
    [
        ("userAccountPositionLimit/deleteuseraccountpositionlimit", "userAccountPositionLimit", 400),
        ("userAccountPositionLimit/deleteuseraccountriskparameter", "userAccountRiskParameter", 500),
    ],
)
def test_a_deletion_is_settled_by_absence(path, entity_type, entity_id):
    assert happened(path, entity_type, []) is True
    assert happened(path, entity_type, [{"id": entity_id}]) is False


@pytest.mark.parametrize(
    ("found", "verdict"),
    [
        ([{"id": 200, "maxNetLiq": 50000.0}], True),
        ([{"id": 200, "maxNetLiq": 50000.01}], None),
        ([{"id": 200, "maxNetLiq": 49000}], False),
        ([{"id": 200}], False),
        ([], None),
    ],
)
def test_a_peak_is_settled_by_the_risk_status(found, verdict):
    assert happened("accountRiskStatus/updatemaxnetliq", "accountRiskStatus", found) is verdict


@pytest.mark.parametrize(
    ("fields", "verdict"),
    [
        ({}, True),
        ({"amount": 50100}, None),
        ({"realizedPnL": -3}, None),
        ({"tradeDate": {"year": 2026, "month": 11, "day": 9}}, None),
        ({"amountSOD": None}, None),
        ({"accountId": 201}, None),
    ],
)
def test_a_reset_is_seen_only_in_an_account_that_stands_at_the_open(fields, verdict):
    balance = {
        "accountId": 200,
        "tradeDate": {"year": 2026, "month": 11, "day": 10},
        "amount": 50000,
        "amountSOD": 50000.0,
        "realizedPnL": 0,
    }
    assert happened("account/resetdemoaccountstate", "cashBalance", [{**balance, **fields}]) is verdict


def test_an_address_is_read_and_a_password_is_not():
    user = {"id": 100, "name": "new.name", "email": "New@example.com"}
    assert happened("user/modifyemailaddress", "user", [user]) is True
    assert happened("user/modifyemailaddress", "user", [{**user, "email": "old@example.com"}]) is False
    assert happened("user/modifyemailaddress", "user", []) is None
    assert happened("user/modifypassword", "user", [user]) is None


@pytest.mark.parametrize(
    ("found_name", "name_before", "verdict"),
    [
        ("new.name", "old.name", True),
        ("new.name", "new.name", None),
        ("new.name", None, None),
        ("old.name", "old.name", False),
    ],
)
def test_credentials_are_settled_by_a_name_that_changed(found_name, name_before, verdict):
    before = {"name": name_before} if name_before else None
    found = [{"id": 100, "name": found_name}]
    assert happened("user/modifycredentials", "user", found, before=before) is verdict


def test_the_route_of_money_managers_is_settled_too():
    asked = permission(status="Requested", ctaEmail="Anna@example.com")
    assert happened("user/requesttradingpermission", "tradingPermission", [asked]) is True
    assert happened("user/requesttradingpermission", "tradingPermission", [{**asked, "status": "Declined"}]) is False
    assert happened("user/accepttradingpermission", "tradingPermission", [permission()]) is True
    assert happened("user/accepttradingpermission", "tradingPermission", [asked]) is False


def test_looking_at_a_balance_settles_nothing():
    write = WRITES["cashBalance/getcashbalancesnapshot"]
    request = write.parse(BODIES[write.path])
    assert write.look_ups(request, Environment.DEMO) == ()
    assert happened(write.path, "cashBalance", []) is None


BY_NAME = LookUp(Environment.LIVE, "user", "find", "anna")
BY_USER = LookUp(Environment.LIVE, "userPlugin", "deps", 5)


@pytest.mark.parametrize(
    ("look_up", "outcome", "entities"),
    [
        (BY_NAME, Success({"id": 5}), [{"id": 5}]),
        (BY_NAME, Success({}), []),
        (BY_NAME, Success(None), []),
        (BY_NAME, Rejected("Not found", 404), []),
        (BY_NAME, Rejected("Access is denied", 200), None),
        (BY_USER, Success([{"id": 5}, {"id": 6}]), [{"id": 5}, {"id": 6}]),
        (BY_USER, Success([]), []),
        (BY_USER, Success(None), None),
        (BY_USER, Success([1]), None),
        (BY_USER, Rejected("Not found", 404), None),
        (BY_USER, Unknown("timed out"), None),
        (BY_USER, Locked(429, ""), None),
    ],
)
def test_a_read_that_did_not_work_is_not_taken_for_finding_nothing(look_up, outcome, entities):
    assert not isinstance(outcome, NotSent)
    assert look_up.entities(outcome) == entities


def test_a_look_up_knows_its_call():
    assert (BY_NAME.operation.path, BY_NAME.parameters) == ("user/find", {"name": "anna"})
    assert (BY_USER.operation.path, BY_USER.parameters) == ("userPlugin/deps", {"masterid": 5})


SETTLED = [path for path, write in sorted(WRITES.items()) if write.settling is not None]


@pytest.mark.parametrize("path", SETTLED)
def test_every_write_names_what_has_to_be_there_before_nothing_found_counts(path: str) -> None:
    """The platform was seen to answer 200 and an empty list where there were accounts."""
    write = WRITES[path]
    body = BODIES[path] | ({"tradingPermissions": True} if path == "user/canceleverything" else {})
    request = write.split(write.parse(body))[0]
    for environment in write.operation.environments:
        known = {"user": LookUp(environment, "user", "item", 77)}
        reading = Reading(environment=environment, sent_at=SENT_AT, read_at=READ_AT, found={}, known=known)
        look_ups = write.look_ups(request, environment)
        proof = write.proof(request, reading, {one: [] for one in look_ups})
        assert proof is not None
        assert proof.environment is environment
        assert proof.operation.method == "GET"
        decided = write.happened(request, reading) is not None
        can_be_proven = proof not in look_ups
        assert can_be_proven or not decided or path in BY_WHAT_IT_WAS, "it could never be settled by reading"
        assert write.proof(request, reading, {one: [{"id": 1}] for one in look_ups}) is None


BY_WHAT_IT_WAS = (
    "userAccountPositionLimit/deleteuseraccountpositionlimit",
    "userAccountPositionLimit/deleteuseraccountriskparameter",
)


@pytest.mark.parametrize(
    ("path", "before", "proof"),
    [
        (BY_WHAT_IT_WAS[0], {"accountId": 200}, LookUp(Environment.DEMO, "account", "item", 200)),
        (
            BY_WHAT_IT_WAS[1],
            {"userAccountPositionLimitId": 9},
            LookUp(Environment.DEMO, "userAccountPositionLimit", "item", 9),
        ),
        (
            "user/canceleverything",
            {"tradingPermissionIds": [300]},
            LookUp(Environment.DEMO, "tradingPermission", "deps", 100),
        ),
        ("user/canceleverything", {"tradingPermissionIds": []}, LookUp(Environment.DEMO, "user", "item", 100)),
    ],
)
def test_what_has_to_be_there_follows_from_what_was_there_before(path, before, proof):
    write = WRITES[path]
    body = BODIES[path] | ({"tradingPermissions": True} if path == "user/canceleverything" else {})
    request = write.split(write.parse(body))[0]
    reading = Reading(environment=Environment.DEMO, sent_at=SENT_AT, read_at=READ_AT, found={}, before=before)
    assert write.proof(request, reading, {one: [] for one in write.look_ups(request, Environment.DEMO)}) == proof


@pytest.mark.parametrize(
    ("amount", "verdict"), [(1_500.25, None), ("1500.25", None), (1_000, False), (1_500.24, False), (None, False)]
)
def test_a_balance_that_moved_by_the_very_amount_speaks_against_a_log_without_an_entry(amount, verdict):
    balance = {"id": 3, "accountId": 200, "amount": amount}
    path = "cashBalance/changedemobalance"
    assert happened(path, "cashBalance", [balance], before={"amount": "1000.00"}) is verdict
