"""What a request is refused for, in words a person can act on, and never with the value in them."""

import copy
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, get_args

import pytest

from tests.tradovate.operations.examples import ACCOUNT, BODIES, NOW, USER
from vendor_admin.tradovate.catalogue.fields import TotalBy
from vendor_admin.tradovate.errors import InvalidRequest
from vendor_admin.tradovate.operations import WRITES
from vendor_admin.tradovate.operations.balances import ChangeDemoBalance, cap_warning

DAY = {"year": 2026, "month": 11, "day": 10}
PLANS = {"marketDataSubscriptionPlanIds": [5], "userId": 100}


def faults_of(path: str, body: Any, *, now: datetime = NOW) -> list[str]:
    with pytest.raises(InvalidRequest) as refused:
        WRITES[path].read(body, now=now)
    return [str(fault) for fault in refused.value.faults]


def changed(path: str, **fields: Any) -> dict[str, Any]:
    return {**copy.deepcopy(BODIES[path]), **fields}


def test_every_fault_is_listed_at_once():
    users = [{**USER, "name": "ab", "password": "short"}, {"name": "good.name", "email": "none", "age": 5}]
    assert faults_of("user/createevaluationusers", {"users": users}) == [
        "users[0].name must be 3 to 64 characters; it has 2",
        "users[0].password must be 8 to 64 characters; it has 5",
        "users[1].age is not a field of this request",
        "users[1].email must be an e-mail address of at most 64 characters",
        "users[1].password is missing",
        "users[1].firstName is missing",
        "users[1].lastName is missing",
    ]


def test_the_error_is_a_value_error_that_names_the_operation():
    with pytest.raises(InvalidRequest, match="cannot be sent: userId is missing; password must") as refused:
        WRITES["user/modifypassword"].read({"password": "2short", "currentPassword": "x"}, now=NOW)
    assert isinstance(refused.value, ValueError)
    assert refused.value.operation == "user/modifypassword"
    assert "2short" not in str(refused.value)


@pytest.mark.parametrize("path", ["user/createevaluationusers", "user/modifypassword", "user/modifycredentials"])
@pytest.mark.parametrize("password", ["1234567", "x" * 65, "tab\tinside", "\ud800broken"])
def test_a_password_is_refused_without_being_repeated(path, password):
    fields = {"users": [{**USER, "password": password}]} if "users" in BODIES[path] else {"password": password}
    (text,) = faults_of(path, changed(path, **fields))
    assert "password must" in text
    assert password not in text


@pytest.mark.parametrize("length", [8, 64])
def test_passwords_of_eight_to_sixty_four_characters_pass(length):
    WRITES["user/modifypassword"].read(changed("user/modifypassword", password="x" * length), now=NOW)


def test_a_new_password_differs_from_the_old_one():
    body = changed("user/modifypassword", password="same words", currentPassword="same words")
    assert faults_of("user/modifypassword", body) == ["password must differ from the current password"]


@pytest.mark.parametrize("path", ["user/createevaluationusers", "contactInfo/updatecontactinfo"])
def test_both_names_together_have_at_most_sixty_characters(path):
    def body(first: str, last: str) -> dict[str, Any]:
        names = {"firstName": first, "lastName": last}
        return {"users": [{**USER, **names}]} if "users" in BODIES[path] else changed(path, **names)

    assert WRITES[path].read(body("A" * 30, "B" * 30), now=NOW)
    (text,) = faults_of(path, body("A" * 31, "B" * 30))
    assert text.endswith("firstName must have at most 60 characters together with the last name; both have 61")


def test_group_trade_is_kept_out_of_a_creation():
    (text,) = faults_of("user/createevaluationusers", {"users": [{**USER, "entitlementIds": [12, 22]}]})
    assert text == "users[0].entitlementIds must not hold 22 (GroupTrade): no user would be made"


def test_names_that_must_be_unique_are_so_within_a_call():
    users = [USER, {**USER, "name": "ANNA.field", "email": "other@example.com"}]
    assert faults_of("user/createevaluationusers", {"users": users}) == [
        "users[0].name occurs more than once in this call",
        "users[1].name occurs more than once in this call",
    ]
    assert len(faults_of("user/createevaluationaccounts", {"accounts": [ACCOUNT, ACCOUNT]})) == 2


@pytest.mark.parametrize(
    "name", ["eval1", "EVAL", "1EVAL", "EVAL1A", "EVAL_1", "EVAL 1", "", "É1", "A1\n", "A" * 64 + "1"]
)
def test_an_account_name_is_capital_letters_then_digits(name):
    (text,) = faults_of("user/createevaluationaccounts", {"accounts": [{**ACCOUNT, "name": name}]})
    assert text.startswith("accounts[0].name must ")


@pytest.mark.parametrize(
    ("path", "field", "item"),
    [
        ("user/createevaluationusers", "users", lambda n: {**USER, "name": f"user{n}", "email": f"u{n}@example.com"}),
        ("user/createevaluationaccounts", "accounts", lambda n: {**ACCOUNT, "name": f"EVAL{n}"}),
    ],
)
def test_a_call_holds_one_to_a_hundred_items(path, field, item):
    assert WRITES[path].read({field: [item(n) for n in range(100)]}, now=NOW)
    (text,) = faults_of(path, {field: [item(n) for n in range(101)]})
    assert text == f"{field} may hold at most 100 in one call; it has 101"
    (text,) = faults_of(path, {field: []})
    assert text.startswith(f"{field} must hold at least one")


def test_parts_of_parts_are_checked():
    risk = {"active": True, "totalBy": "Everything", "parameters": [{"maxOpeningOrderQty": -1}]}
    body = {"accounts": [{**ACCOUNT, "preTradeRisk": [risk], "postTradeRisk": {"trailingMaxDrawdownMode": "Realtime"}}]}
    assert faults_of("user/createevaluationaccounts", body) == [
        f"accounts[0].preTradeRisk[0].totalBy must be one of {', '.join(get_args(TotalBy))}",
        "accounts[0].preTradeRisk[0].parameters[0].maxOpeningOrderQty must be a whole number, zero or more",
        "accounts[0].postTradeRisk.trailingMaxDrawdownMode must be one of EOD, RealTime",
    ]


@pytest.mark.parametrize(
    ("path", "edge"), [("cashBalance/changedemobalance", 1_000_000), ("fundTransaction/adjustcash", 100_000)]
)
def test_the_limits_of_a_balance_change_are_excluded(path, edge):
    just_inside = Decimal(edge) - Decimal("0.01")
    for amount in (just_inside, -just_inside):
        assert WRITES[path].read(changed(path, cashChange=amount), now=NOW).cash_change == amount
    assert faults_of(path, changed(path, cashChange=edge)) == [f"cashChange must be less than {edge:,}"]
    assert faults_of(path, changed(path, cashChange=-edge)) == [f"cashChange must be greater than {-edge:,}"]
    assert faults_of(path, changed(path, cashChange=0)) == ["cashChange must not be zero"]


@pytest.mark.parametrize("path", ["cashBalance/changedemobalance", "fundTransaction/adjustcash"])
def test_a_comment_has_at_most_sixty_four_characters(path):
    assert WRITES[path].read(changed(path, comment="x" * 64), now=NOW)
    (text,) = faults_of(path, changed(path, comment="x" * 65))
    assert text == "comment must be at most 64 characters; it has 65"


@pytest.mark.parametrize(
    "amount", [float("nan"), float("inf"), "NaN", 0.1 + 0.2, "1234567890.1234567", 10**12, "1e-9", "1e400", "abc", True]
)
def test_an_amount_that_would_not_arrive_as_it_is_is_refused(amount):
    path = "accountRiskStatus/updatemaxnetliq"
    (text,) = faults_of(path, changed(path, maxNetLiq=amount))
    assert text.startswith("maxNetLiq must ")


@pytest.mark.parametrize("sign", ["<", ">", "{", "*", "=", "€", "🙂", "_", "@", "!"])
def test_contact_information_holds_no_special_characters(sign):
    (text,) = faults_of("contactInfo/updatecontactinfo", changed("contactInfo/updatecontactinfo", city=f"Li{sign}ge"))
    assert text == f"city must not hold special characters such as {sign!r}"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("phone", "123456789"),
        ("phone", "1" * 22),
        ("phone", "call me maybe"),
        ("country", "us"),
        ("country", "USA"),
        ("streetAddress1", "ab"),
        ("streetAddress2", "x" * 62),
        ("city", "x" * 36),
        ("state", "x"),
        ("postCode", "123"),
        ("lastName", "X"),
    ],
)
def test_contact_information_keeps_its_lengths(field, value):
    (text,) = faults_of("contactInfo/updatecontactinfo", changed("contactInfo/updatecontactinfo", **{field: value}))
    assert text.startswith(f"{field} must be ")


def test_cancelling_nothing_or_a_user_twice_is_refused():
    switches = dict.fromkeys(
        ("tradovateSubscriptions", "userPlugins", "marketDataSubscriptions", "tradingPermissions"), False
    )
    assert faults_of("user/canceleverything", {"userIds": [1, 1], **switches}) == [
        "must have at least one of the four switches on",
        "userIds must name each user once",
    ]
    switches["userPlugins"] = True
    assert WRITES["user/canceleverything"].read({"userIds": [1], **switches}, now=NOW)
    del switches["tradingPermissions"]
    assert faults_of("user/canceleverything", {"userIds": [1], **switches}) == ["tradingPermissions is missing"]


@pytest.mark.parametrize(
    "path",
    [
        "user/modifyemailaddress",
        "user/modifypassword",
        "user/modifycredentials",
        "user/addtradovatesubscription",
        "userPlugin/addentitlementsubscription",
        "userPlugin/changepluginpermission",
        "user/addmarketdatasubscription",
    ],
)
def test_no_call_falls_back_on_the_administrator(path):
    body = changed(path)
    del body["userId"]
    assert faults_of(path, body) == ["userId is missing"]


@pytest.mark.parametrize(
    ("day", "text"),
    [
        ({"year": 2026, "month": 2, "day": 30}, "resetTradeDate.day is not a day of that month"),
        ({"year": 2026, "month": 11, "day": 11}, "resetTradeDate must not lie in the future"),
        ({"year": 26, "month": 11, "day": 10}, "resetTradeDate.year must be a year in full, 2000 to 2100"),
    ],
)
def test_an_account_is_reset_to_a_session_there_was(day, text):
    path = "account/resetdemoaccountstate"
    assert faults_of(path, changed(path, resetTradeDate=day)) == [text]


def test_the_session_that_has_begun_in_the_evening_can_be_reset_to():
    evening = datetime(2026, 11, 10, 23, 30, tzinfo=UTC)  # 17:30 in Chicago: the session of the 11th
    path = "account/resetdemoaccountstate"
    assert WRITES[path].read(changed(path, resetTradeDate={**DAY, "day": 11}), now=evening)


def test_over_a_weekend_mondays_session_can_be_reset_to_and_no_later_one():
    saturday = datetime(2026, 11, 14, 15, tzinfo=UTC)
    path = "account/resetdemoaccountstate"
    assert WRITES[path].read(changed(path, resetTradeDate={**DAY, "day": 16}), now=saturday)
    with pytest.raises(InvalidRequest):
        WRITES[path].read(changed(path, resetTradeDate={**DAY, "day": 17}), now=saturday)


def test_market_data_is_added_for_a_month_that_is_not_over():
    path = "user/addmarketdatasubscription"
    assert WRITES[path].read({**PLANS, "year": 2026, "month": 12}, now=NOW)
    assert faults_of(path, {**PLANS, "year": 2026, "month": 10}) == ["month must not be over: it is 2026-11"]


def test_market_data_of_the_ending_month_is_refused_after_the_cut_over():
    path = "user/addmarketdatasubscription"
    after = datetime(2026, 12, 1, 1, 0, tzinfo=UTC)  # 30 November, 19:00 in Chicago
    assert WRITES[path].read({**PLANS, "year": 2026, "month": 12}, now=after)
    (text,) = faults_of(path, {**PLANS, "year": 2026, "month": 11}, now=after)
    assert text.startswith("month must be 2026-12: from 19:00 Central")


@pytest.mark.parametrize(
    ("path", "field", "most"),
    [
        ("userAccountPositionLimit/create", "exposedLimit", 2**31 - 1),
        ("user/createtradingpermission", "userId", 2**63 - 1),
    ],
)
def test_whole_numbers_fit_what_the_platform_keeps_them_in(path, field, most):
    assert WRITES[path].read(changed(path, **{field: most}), now=NOW)
    assert len(faults_of(path, changed(path, **{field: most + 1}))) == 1
    assert len(faults_of(path, changed(path, **{field: -1}))) == 1


def test_a_flatten_time_has_an_offset():
    body = changed("userAccountAutoLiq/update", flattenTimestamp="2026-11-10T20:00:00")
    assert faults_of("userAccountAutoLiq/update", body) == ["flattenTimestamp must be a time with its offset"]


def test_an_object_made_in_python_is_checked_like_a_body():
    write = WRITES["cashBalance/changedemobalance"]
    write.validate(ChangeDemoBalance(account_id=5, cash_change=Decimal(10)), now=NOW)
    wrong: Any = ChangeDemoBalance(account_id=0, cash_change=Decimal("NaN"), comment="x" * 65)
    with pytest.raises(InvalidRequest) as refused:
        write.validate(wrong, now=NOW)
    assert [fault.field for fault in refused.value.faults] == ["accountId", "cashChange", "comment"]


def test_a_balance_above_the_documented_cap_is_warned_of():
    assert cap_warning(balance=Decimal(49_000), change=Decimal(1_000)) is None
    assert cap_warning(balance=Decimal(60_000), change=Decimal(-1)) is None
    assert "51,000.00" in str(cap_warning(balance=Decimal(50_000), change=Decimal(1_000)))
