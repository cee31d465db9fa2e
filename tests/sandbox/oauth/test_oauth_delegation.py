"""What a member's token is worth: the own entities, nothing of risk, no writes, the member's own sessions."""

import json

import pytest
import requests

from tests.sandbox.plain_client import EVERY_TYPE, PlainSocket, call, log_in
from tests.sandbox.platform_texts import validator
from tests.support.oauth_visitor import ALLOW, VERIFIER, Application, application, decide, form, member, sign_in
from vendor_admin.sandbox.oauth.delegation import REFUSED_TYPES
from vendor_admin.sandbox.serving.server import RunningSandbox
from vendor_admin.sandbox.world.entities import KINDS
from vendor_admin.tradovate.enums import Environment


@pytest.fixture
def user(sandbox: RunningSandbox) -> dict:
    return member(sandbox)


@pytest.fixture
def delegated(app: Application, user: dict) -> str:
    return str(app.tokens(user["name"])["access_token"])


def test_auth_me_names_the_member_with_and_without_v1(sandbox: RunningSandbox, user: dict, delegated: str) -> None:
    status, identity = call(sandbox, "live", "auth/me", delegated)
    assert status == 200
    assert [error.message for error in validator("OAuthMeResponse").iter_errors(identity)] == []
    assert (identity["userId"], identity["name"], identity["email"]) == (user["user_id"], user["name"], user["email"])
    assert (identity["organizationName"], identity["emailVerified"]) == ("Northwind Funding", True)
    assert len(identity["fullName"].split()) == 2
    bare = requests.get(f"{sandbox.url}/live/auth/me", headers={"Authorization": f"Bearer {delegated}"}, timeout=10)
    assert bare.json() == identity


@pytest.mark.parametrize("entity_type", sorted(REFUSED_TYPES))
def test_risk_and_permissions_are_refused(sandbox: RunningSandbox, delegated: str, entity_type: str) -> None:
    for environment in KINDS[entity_type].environments:
        for operation in KINDS[entity_type].operations:
            assert call(sandbox, environment, f"{entity_type}/{operation}", delegated)[0] == 401
    for seen_in_the_field in ("accountRiskStatus", "userAccountPositionLimit", "tradingPermission"):
        assert seen_in_the_field in REFUSED_TYPES


@pytest.mark.parametrize("environment", list(Environment))
def test_a_member_reads_the_own_entities_only(
    sandbox: RunningSandbox, user: dict, delegated: str, environment: Environment
) -> None:
    sandbox.control("events", count=3_000, organization=20)
    truth = sandbox.view("expected", organization=20, environment=environment.value)["entities"]
    accounts = call(sandbox, environment, "account/list", delegated)[1]
    mine = [account for account in truth["account"] if account["userId"] == user["user_id"]]
    assert accounts == mine
    assert len(mine) == (3 if environment is Environment.DEMO else 0)
    assert [found["id"] for found in call(sandbox, environment, "user/list", delegated)[1]] == [user["user_id"]]
    ids = {account["id"] for account in mine}
    for entity_type in ("order", "position", "cashBalance"):
        if environment not in KINDS[entity_type].environments:
            continue
        found = call(sandbox, environment, f"{entity_type}/list", delegated)[1]
        assert found == [entity for entity in truth[entity_type] if entity["accountId"] in ids]
    assert call(sandbox, environment, "product/list", delegated)[1] == truth["product"]


def test_ids_of_others_are_not_found(sandbox: RunningSandbox, delegated: str, user: dict) -> None:
    truth = sandbox.view("expected", organization=20, environment="demo")["entities"]
    other = next(account for account in truth["account"] if account["userId"] != user["user_id"])
    assert call(sandbox, "demo", "account/item", delegated, id=other["id"])[0] == 404
    assert call(sandbox, "demo", "account/items", delegated, ids=other["id"])[1] == []
    assert call(sandbox, "demo", "account/find", delegated, name=other["name"])[0] == 404
    assert call(sandbox, "demo", "account/deps", delegated, masterid=other["userId"])[1] == []
    assert call(sandbox, "demo", "cashBalance/deps", delegated, masterid=other["id"])[1] == []


@pytest.mark.parametrize(
    "endpoint",
    [
        "user/createevaluationusers",
        "user/createevaluationaccounts",
        "user/revoketradingpermissions",
        "user/canceleverything",
        "accountRiskStatus/setadminautoliqaction",
        "cashBalance/changedemobalance",
        "order/placeorder",
        "userAccountAutoLiq/update",
        "nonsense/list",
    ],
)
@pytest.mark.parametrize("environment", list(Environment))
def test_everything_but_reading_is_refused(
    sandbox: RunningSandbox, delegated: str, endpoint: str, environment: Environment
) -> None:
    assert call(sandbox, environment, endpoint, delegated, {}) == (401, "Access is denied")


def test_a_key_without_scopes_or_vendor_flag_changes_nothing_for_members(
    sandbox: RunningSandbox, delegated: str
) -> None:
    before = call(sandbox, "demo", "account/list", delegated)
    sandbox.control("key", organization=20, has_scopes=False, is_vendor=False)
    try:
        assert call(sandbox, "demo", "account/list", delegated) == before
        assert len(before[1]) == 3
    finally:
        sandbox.control("key", organization=20, has_scopes=True, is_vendor=True)


def test_a_delegated_token_is_renewed_within_its_login(sandbox: RunningSandbox, user: dict, delegated: str) -> None:
    status, renewed = call(sandbox, "live", "auth/renewaccesstoken", delegated)
    assert (status, renewed["userId"], renewed["name"]) == (200, user["user_id"], user["name"])
    assert call(sandbox, "live", "auth/me", renewed["accessToken"])[1]["userId"] == user["user_id"]
    assert call(sandbox, "demo", "accountRiskStatus/list", renewed["accessToken"])[0] == 401


def test_a_third_link_of_a_member_ends_the_first_and_a_refresh_comes_back_as_the_newest(
    sandbox: RunningSandbox, app: Application
) -> None:
    sandbox.control("configure", logins_per_user=2)
    try:
        name, administrator = member(sandbox, 1)["name"], log_in(sandbox)
        links = [app.tokens(name) for _ in range(3)]
        assert [_status(sandbox, link) for link in links] == [408, 200, 200]
        back = app.refresh(links[0]["refresh_token"])
        assert [_status(sandbox, link) for link in (*links, back)] == [408, 408, 200, 200]
        assert call(sandbox, "live", "auth/me", administrator)[0] == 200, "the administrator has sessions of his own"
    finally:
        sandbox.control("configure", logins_per_user=1_000)


def _status(sandbox: RunningSandbox, issued: dict) -> int:
    return call(sandbox, "live", "auth/me", issued["access_token"])[0]


@pytest.mark.parametrize("split", [True, False])
def test_a_members_socket_carries_the_own_entities_only(
    sandbox: RunningSandbox, user: dict, delegated: str, split: bool
) -> None:
    with PlainSocket(sandbox) as socket:
        assert socket.authorize(delegated)["s"] == 200
        socket.synchronize(entityTypes=EVERY_TYPE, splitResponses=split)
        socket.read_until_quiet(0.3)
        sandbox.control("events", count=2_000, organization=20)
        socket.read_until_quiet(0.3)
        snapshot, events = socket.snapshot(), socket.events()
    accounts = snapshot["accounts"]
    assert {account["userId"] for account in accounts.values()} == {user["user_id"]}
    assert list(snapshot["users"]) == [user["user_id"]]
    assert not {"accountRiskStatuses", "userAccountAutoLiqs"} & {name for name in snapshot if snapshot[name]}
    assert {event["entityType"] for event in events}.isdisjoint(REFUSED_TYPES)
    orders = [event["entity"] for event in events if event["entityType"] == "order"]
    assert orders
    assert {order["accountId"] for order in orders} <= set(accounts)


def test_the_ledger_knows_codes_and_tokens_by_hash_only(sandbox: RunningSandbox, app: Application, user: dict) -> None:
    start = sandbox.state()["ledger_n"]
    page = app.ask(state="the-state-of-the-client")
    back = decide(sandbox, sign_in(sandbox, page, user["name"]), **ALLOW)
    code = back.headers["Location"].split("code=")[1].split("&")[0]
    issued = app.exchange(code)
    again = app.refresh(issued["refresh_token"])
    entries = sandbox.view("ledger", after=start, kind="oauth")["entries"]
    everything = json.dumps(entries)
    secrets = [code, VERIFIER, app.client_secret, user["password"], "the-state-of-the-client", form(page)["visit"]]
    secrets += [token for pair in (issued, again) for name, token in pair.items() if name.endswith("_token")]
    assert [secret for secret in secrets if secret in everything] == []
    steps = [(entry["endpoint"], entry["direction"], entry["organization"]) for entry in entries]
    endpoints = ("oauth", "oauth/sign-in", "oauth/consent", "auth/oauthtoken", "auth/oauthtoken")
    assert steps == [(endpoint, way, "Northwind Funding") for endpoint in endpoints for way in ("received", "sent")]
    texts = [json.loads(entry["text"]) for entry in entries]
    assert texts[5]["code"] == texts[6]["code"] != ""
    assert texts[6]["code"].startswith("sha256:")
    assert texts[7]["refresh_token"] == texts[8]["refresh_token"]


def test_the_same_seed_gives_the_same_clients_codes_and_tokens() -> None:
    runs = []
    for _ in range(2):
        with RunningSandbox("--seed", "11", "--users", "3", "--today", "2026-11-20", "--no-limits") as own:
            app = application(own)
            code = app.code(member(own)["name"])
            runs.append((own.view("oauth/clients"), own.view("oauth/members"), code, app.exchange(code)))
    assert runs[0] == runs[1]
