"""Users: made in batches on LIVE, refused in the platform's words, changed afterwards."""

from typing import Any

import pytest

from tests.sandbox.plain_client import live_socket
from tests.sandbox.vendor import Vendor

CREATE = "user/createevaluationusers"
SIGN_UP = "user/signuporganizationmember"
CONTACT = "contactInfo/updatecontactinfo"


def _error(vendor: Vendor, **fields: Any) -> str:
    status, answer = vendor.live(CREATE, {"users": [vendor.new_user_fields(**fields)]})
    assert status == 200
    return answer["results"][0].get("errorText", "")


def test_a_new_user_is_seen_on_both_hosts_with_an_event_on_each(vendor: Vendor) -> None:
    with live_socket(vendor.sandbox, vendor.token) as demo, live_socket(vendor.sandbox, vendor.token, "live") as live:
        user_id = vendor.new_user(name="FRESH_1", email="fresh@traders.example")
        for socket, environment in ((demo, "demo"), (live, "live")):
            socket.read_until_quiet(0.3)
            [event] = socket.events()
            assert (event["entityType"], event["eventType"]) == ("user", "Created")
            assert event["entity"] == vendor.entity(environment, "user", user_id)
    assert vendor.entity("live", "user", user_id)["status"] == "UnconfirmedEmail"


def test_each_user_of_a_batch_succeeds_or_fails_by_itself(vendor: Vendor) -> None:
    good, short, twin, last = (vendor.new_user_fields() for _ in range(4))
    short["password"], twin["name"] = "short", good["name"].lower()
    status, answer = vendor.live(CREATE, {"users": [good, short, twin, last]})
    results = answer["results"]
    assert status == 200
    assert [sorted(result) for result in results] == [["userId"], ["errorText"], ["errorText"], ["userId"]]
    names = {user["name"] for user in vendor.entities("live", "user").values()}
    assert {good["name"], last["name"]} <= names
    assert short["name"] not in names


def test_a_hundred_users_are_a_batch_and_one_more_is_none(vendor: Vendor) -> None:
    users = [vendor.new_user_fields() for _ in range(101)]
    assert vendor.live(CREATE, {"users": users}) == (
        200,
        {"errorText": "Only 100 users are allowed in single operation", "results": []},
    )
    answer = vendor.live(CREATE, {"users": users[:100]})[1]
    assert len({result["userId"] for result in answer["results"]}) == 100
    assert vendor.live(CREATE, {"users": []})[1]["errorText"] == "Empty users"


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"name": "ab"}, "Name should be no shorter than 3"),
        ({"name": "x" * 65}, "Name should be no longer than 64"),
        ({"password": "1234567"}, "Password should be no shorter than 8"),
        ({"password": "x" * 65}, "Password should be no longer than 64"),
        ({"password": "Password1"}, "Password is found in a list of compromised passwords"),
        ({"email": "nobody"}, "Email does not meet the policy"),
        ({"email": "x" * 60 + "@example.com"}, "Email should be no longer than 64"),
        ({"lastName": ""}, "Last Name should be specified"),
        (
            {"firstName": "x" * 31, "lastName": "y" * 30},
            "First Name and Last Name should be no longer than 60 together",
        ),
        ({"tradovateSubscriptionPlanId": 5}, "Tradovate subscription plan not found"),
        ({"entitlementIds": [5]}, "Entitlement not found"),
        ({"entitlementIds": [31]}, "The user has not signed the market data agreement"),
    ],
)
def test_a_user_is_refused_in_the_platforms_words(vendor: Vendor, fields: dict, text: str) -> None:
    assert _error(vendor, **fields) == text


def test_names_and_addresses_are_unique_on_the_whole_platform(vendor: Vendor) -> None:
    other = Vendor(vendor.sandbox, organization=1)
    theirs = other.entity("live", "user", other.new_user())
    assert _error(vendor, name=theirs["name"]) == "User already exists"
    assert _error(vendor, email=theirs["email"].upper()) == "Email is already registered"


def test_sixty_characters_of_names_pass(vendor: Vendor) -> None:
    assert _error(vendor, firstName="x" * 30, lastName="y" * 30) == ""


def test_the_group_trade_entitlement_fails_the_whole_request(vendor: Vendor) -> None:
    users = [vendor.new_user_fields(), vendor.new_user_fields(entitlementIds=[22])]
    answer = vendor.live(CREATE, {"users": users})[1]
    assert answer["results"] == []
    assert answer["errorText"]
    assert users[0]["name"] not in {user["name"] for user in vendor.entities("live", "user").values()}


def test_plan_and_entitlements_come_with_the_user(vendor: Vendor) -> None:
    plan_id = next(iter(vendor.ids["tradovateSubscriptionPlan"].values()))
    before = vendor.of_account("cashBalance", vendor.ids["billing_account_id"])
    user_id = vendor.new_user(tradovateSubscriptionPlanId=plan_id, entitlementIds=[12])
    [membership] = vendor.of_user("tradovateSubscription", user_id)
    [plugin] = vendor.of_user("userPlugin", user_id)
    assert (membership["tradovateSubscriptionPlanId"], plugin["entitlementId"]) == (plan_id, 12)
    assert plugin["accountId"] == vendor.ids["billing_account_id"]
    assert plugin["cashBalanceLogId"] in vendor.entities("live", "cashBalanceLog")
    assert before == vendor.of_account("cashBalance", vendor.ids["billing_account_id"]), "DEMO has no billing account"


def test_a_user_who_fails_halfway_leaves_nothing_behind(vendor: Vendor) -> None:
    users = [vendor.new_user_fields(entitlementIds=[12, 12]), vendor.new_user_fields()]
    accounts = vendor.entities("live", "cashBalance")
    with live_socket(vendor.sandbox, vendor.token, "live") as live:
        results = vendor.live(CREATE, {"users": users})[1]["results"]
        live.read_until_quiet(0.3)
        assert [event["entity"]["id"] for event in live.events()] == [results[1]["userId"]]
    assert results[0] == {"errorText": "The user already has this entitlement"}
    assert users[0]["name"] not in {user["name"] for user in vendor.entities("live", "user").values()}
    assert vendor.entities("live", "cashBalance") == accounts
    fixed = users[0] | {"entitlementIds": [12]}
    assert "userId" in vendor.live(CREATE, {"users": [fixed]})[1]["results"][0]


def test_users_are_not_made_on_demo_nor_by_ordinary_users(vendor: Vendor) -> None:
    body = {"users": [vendor.new_user_fields()]}
    assert vendor.demo(CREATE, body) == (404, f"Not found: {CREATE}")
    vendor.sandbox.control("key", organization=vendor.organization, is_vendor=False)
    try:
        assert vendor.live(CREATE, body) == (401, "Access is denied")
    finally:
        vendor.sandbox.control("key", organization=vendor.organization, is_vendor=True)


def test_a_body_without_a_required_field_or_of_no_json_is_a_400(vendor: Vendor) -> None:
    fields = vendor.new_user_fields()
    del fields["email"]
    status, text = vendor.live(CREATE, {"users": [fields]}, is_described=False)
    assert (status, text) == (400, 'Invalid JSON: missing required field "email", offset: 0x00000001')
    assert vendor.live(CREATE, {"users": [{"name": 5}]}, is_described=False)[0] == 400
    assert vendor.live(CREATE, "nonsense", is_described=False)[0] == 400


def test_the_older_sign_up_answers_with_codes(vendor: Vendor) -> None:
    fields = vendor.new_user_fields()
    assert vendor.live(SIGN_UP, fields)[1]["errorCode"] == "Success"
    codes = {
        "UserAlreadyExists": fields,
        "EmailAlreadyRegistered": vendor.new_user_fields(email=fields["email"]),
        "WeakPassword": vendor.new_user_fields(password="short"),
        "PasswordCompromised": vendor.new_user_fields(password="qwerty123"),
        "EmailPolicyFailed": vendor.new_user_fields(email="nobody"),
    }
    for code, body in codes.items():
        assert vendor.live(SIGN_UP, body)[1]["errorCode"] == code


def _contact(user_id: int, **fields: Any) -> dict[str, Any]:
    return {
        "userId": user_id,
        "firstName": "Ada",
        "lastName": "Abel",
        "streetAddress1": "1 Example Street",
        "city": "Chicago",
        "state": "Illinois",
        "postCode": "60601",
        "country": "US",
        "phone": "+13125550100",
    } | fields


def test_contact_information_is_made_and_then_replaced(vendor: Vendor) -> None:
    user_id = vendor.new_user()
    made = vendor.live(CONTACT, _contact(user_id))[1]["contactInfo"]
    replaced = vendor.live(CONTACT, _contact(user_id, city="Springfield"))[1]["contactInfo"]
    assert replaced == made | {"city": "Springfield"}
    assert vendor.of_user("contactInfo", user_id) == [replaced]
    assert vendor.demo(CONTACT, _contact(user_id))[0] == 404


@pytest.mark.parametrize(
    ("fields", "constraints"),
    [
        ({"phone": "123"}, {"phone"}),
        ({"phone": "call me maybe"}, {"phone"}),
        ({"streetAddress1": "ab"}, {"streetAddress1"}),
        ({"streetAddress1": "x" * 62}, {"streetAddress1"}),
        ({"streetAddress1": "1 <b>Street</b>"}, {"streetAddress1"}),
        ({"city": "C"}, {"city"}),
        ({"postCode": "606"}, {"postCode"}),
        ({"country": "usa"}, {"country"}),
        ({"state": "I", "postCode": "123456789012"}, {"state", "postCode"}),
        ({"firstName": "x" * 31, "lastName": "y" * 30}, {"lastName"}),
        ({"userId": 5}, {"userId"}),
    ],
)
def test_what_is_wrong_with_an_address_is_told_field_by_field(
    vendor: Vendor, fields: dict[str, Any], constraints: set[str]
) -> None:
    status, answer = vendor.live(CONTACT, _contact(2_000_001) | fields)
    assert status == 200
    assert {violation["constraint"] for violation in answer["violations"]} == constraints
    assert all(violation["description"] for violation in answer["violations"])


def test_another_address_has_to_be_confirmed_again(vendor: Vendor) -> None:
    user_id = vendor.new_user()
    vendor.sandbox.control("user-status", organization=vendor.organization, user=user_id, status="Active")
    answer = vendor.live("user/modifyemailaddress", {"userId": user_id, "email": "other.one@traders.example"})[1]
    assert answer == {"status": "UnconfirmedEmail"}
    for environment in ("demo", "live"):
        assert vendor.entity(environment, "user", user_id)["email"] == "other.one@traders.example"
    taken = {"userId": vendor.new_user(), "email": "OTHER.one@traders.example"}
    assert vendor.live("user/modifyemailaddress", taken)[1] == {"errorText": "Email is already registered"}
    assert vendor.live("user/modifyemailaddress", {"userId": 5, "email": "a@b.example"})[0] == 404


def test_a_password_is_changed_with_the_users_own_or_the_administrators(vendor: Vendor) -> None:
    user_id, path = vendor.new_user(password="the first one"), "user/modifypassword"
    administrators = vendor.sandbox.organizations()[0]["credentials"]["password"]
    for current, text in (
        ("wrong", "Current password is incorrect"),
        ("the first one", None),
        ("the first one", "Current password is incorrect"),
        (administrators, None),
    ):
        body = {"userId": user_id, "password": "the second one", "currentPassword": current}
        assert vendor.live(path, body)[1].get("errorText") == text
    weak = {"userId": user_id, "password": "short", "currentPassword": administrators}
    assert vendor.live(path, weak)[1]["errorText"] == "Password should be no shorter than 8"


def test_name_and_password_are_changed_together(vendor: Vendor) -> None:
    user_id, path = vendor.new_user(password="the first one"), "user/modifycredentials"
    body = {"userId": user_id, "name": "RENAMED_1", "password": "the second one", "currentPassword": "the first one"}
    assert vendor.live(path, body)[1]["name"] == "RENAMED_1"
    assert vendor.entity("demo", "user", user_id)["name"] == "RENAMED_1"
    again = body | {"name": vendor.entity("live", "user", 2_000_001)["name"], "currentPassword": "the second one"}
    assert vendor.live(path, again)[1] == {"errorText": "User already exists"}


def test_passwords_are_in_no_ledger(vendor: Vendor) -> None:
    user_id = vendor.new_user(password="a very secret word")
    body = {"userId": user_id, "password": "another secret word", "currentPassword": "a very secret word"}
    vendor.live("user/modifypassword", body)
    texts = [entry["text"] for entry in vendor.sandbox.view("ledger", limit=20_000)["entries"]]
    assert not [text for text in texts if "secret word" in text]
