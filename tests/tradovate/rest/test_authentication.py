"""Signing in, renewing, asking who: and what each failure means."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from tests.support.scripted_server import ScriptedServer, running_server
from vendor_admin.tradovate.enums import NotSentKind
from vendor_admin.tradovate.outcomes import Locked, NotSent, Penalized, Rejected, Unauthorized, Unknown
from vendor_admin.tradovate.rest.authentication import (
    AccessToken,
    Credentials,
    Identity,
    SignInProblem,
    renew_access_token,
    request_access_token,
    sign_in_problem_of,
    who_am_i,
)
from vendor_admin.tradovate.rest.client import RestClient

CREDENTIALS = Credentials(
    name="vendor", password="p-a-s-s", app_id="Admin", app_version="1.0", cid="7", sec="s-e-c", device_id="device-1"
)
EXPIRES_AT = datetime(2026, 11, 21, 5, 20, tzinfo=UTC)
TOKEN = AccessToken("old-token", EXPIRES_AT, 90, "vendor")
ANSWER = {
    "accessToken": "new-token",
    "expirationTime": "2026-11-21T06:40:00.000Z",
    "userStatus": "Active",
    "userId": 90,
    "name": "vendor",
    "somethingNew": 1,
}


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with running_server() as running:
        yield running


@pytest.fixture
def client(server: ScriptedServer) -> Iterator[RestClient]:
    client = RestClient(base_url=server.url)
    yield client
    client.close()


def test_a_login_sends_the_key_and_the_device_and_obeys_the_expiration(server, client):
    server.will_answer(200, ANSWER)
    token = request_access_token(client, CREDENTIALS)
    assert token == AccessToken("new-token", datetime(2026, 11, 21, 6, 40, tzinfo=UTC), 90, "vendor")
    assert server.seen[0].path == "/demo/v1/auth/accesstokenrequest"
    assert server.seen[0].json == {
        "name": "vendor",
        "password": "p-a-s-s",
        "appId": "Admin",
        "appVersion": "1.0",
        "cid": "7",
        "sec": "s-e-c",
        "deviceId": "device-1",
    }
    assert "Authorization" not in server.seen[0].headers


def test_a_penalty_ticket_goes_with_the_next_login(server, client):
    server.will_answer(200, ANSWER)
    request_access_token(client, CREDENTIALS, penalty_ticket="t1")
    assert server.seen[0].json["p-ticket"] == "t1"


@pytest.mark.parametrize(
    "body",
    [
        {"errorText": "Incorrect username or password", "accessToken": "x", "expirationTime": "2026-11-21T06:40:00Z"},
        {**ANSWER, "expirationTime": None},
        {**ANSWER, "expirationTime": "soon"},
        {**ANSWER, "expirationTime": 1700000000},
        {**ANSWER, "userId": "vendor"},
        {**ANSWER, "userId": 0},
        {**ANSWER, "accessToken": ""},
        {"userStatus": "TemporaryLocked"},
        {},
        [],
    ],
    ids=repr,
)
def test_a_200_that_gives_no_usable_token_is_a_failed_login(server, client, body):
    server.will_answer(200, body)
    outcome = request_access_token(client, CREDENTIALS)
    assert isinstance(outcome, Rejected)
    assert len(server.seen) == 1


def test_renewal_uses_the_present_token_and_gives_the_next(server, client):
    server.will_answer(200, {"accessToken": "next", "expirationTime": "2026-11-21T06:40:00Z"})
    renewed = renew_access_token(client, TOKEN)
    assert renewed == AccessToken("next", datetime(2026, 11, 21, 6, 40, tzinfo=UTC), 90, "vendor")
    assert (server.seen[0].method, server.seen[0].path) == ("GET", "/demo/v1/auth/renewaccesstoken")
    assert server.seen[0].headers["Authorization"] == "Bearer old-token"


def test_a_renewal_that_names_no_new_token_extends_the_old_one(server, client):
    server.will_answer(200, {"expirationTime": "2026-11-21T06:40:00Z"})
    renewed = renew_access_token(client, TOKEN)
    assert isinstance(renewed, AccessToken)
    assert renewed.token == "old-token"


def test_logins_and_renewals_tell_the_hosts_that_the_platform_names(server, client):
    server.will_answer(200, {**ANSWER, "apiHosts": {"demo": "demo-alpha7.platform.test", "userContext": "c.test"}})
    server.will_answer(200, {**ANSWER, "apiHosts": {"demo": "demo-alpha8.platform.test"}})
    server.will_answer(200, ANSWER)
    tokens = [request_access_token(client, CREDENTIALS), *(renew_access_token(client, TOKEN) for _ in range(2))]
    named = [one.api_hosts.named for one in tokens if isinstance(one, AccessToken)]
    assert named == [{"demo": "demo-alpha7.platform.test"}, {"demo": "demo-alpha8.platform.test"}, {}]


def test_an_expired_token_cannot_be_renewed(server, client):
    server.will_answer(401, "Expired Access Token")
    assert renew_access_token(client, TOKEN) == Unauthorized("Expired Access Token")


def test_me_says_whose_token_it_is(server, client):
    server.will_answer(200, {"userId": 90, "name": "vendor", "fullName": "V", "email": "v@example.com"})
    assert who_am_i(client, TOKEN) == Identity(90, "vendor", "V", "v@example.com", "")


@pytest.mark.parametrize("body", [{"errorText": "Access is denied"}, {"name": "x"}, []], ids=repr)
def test_me_without_a_user_is_a_failure(server, client, body):
    server.will_answer(200, body)
    assert isinstance(who_am_i(client, TOKEN), Rejected)


@pytest.mark.parametrize(
    ("failure", "problem"),
    [
        (Rejected("Incorrect username or password. Please try again.", 200), SignInProblem.WRONG_CREDENTIALS),
        (Rejected("The app is not registered", 200), SignInProblem.APP_NOT_REGISTERED),
        (Rejected("Access is denied", 200), SignInProblem.NOT_PERMITTED),
        (Rejected("User is locked", 200), SignInProblem.LOCKED),
        (Rejected("something else", 200), SignInProblem.OTHER),
        (Unauthorized(""), SignInProblem.WRONG_CREDENTIALS),
        (Penalized("t", 15.0, False), SignInProblem.PENALTY),
        (Penalized("t", 15.0, True), SignInProblem.CAPTCHA),
        (Locked(429, ""), SignInProblem.LOCKED),
        (Unknown("no answer"), SignInProblem.NO_ANSWER),
        (NotSent(NotSentKind.TLS, "x"), SignInProblem.UNREACHABLE),
    ],
    ids=repr,
)
def test_a_caller_can_tell_why_a_login_failed(failure, problem):
    assert sign_in_problem_of(failure) is problem


def test_secrets_are_in_no_repr():
    shown = repr(CREDENTIALS) + repr(TOKEN)
    for secret in ("p-a-s-s", "s-e-c", "old-token"):
        assert secret not in shown
