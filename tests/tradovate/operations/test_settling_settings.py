"""What reading the platform tells of a call without an answer: settings, limits, names, and how it is read."""

import pytest

from tests.tradovate.operations.examples import BODIES, LIMIT, PARAMETER, THRESHOLDS
from tests.tradovate.operations.settled import READ_AT, SENT_AT, happened, permission
from vendor_admin.tradovate.enums import Environment
from vendor_admin.tradovate.operations import WRITES, LookUp, Reading
from vendor_admin.tradovate.outcomes import Locked, NotSent, Rejected, Success, Unknown


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
