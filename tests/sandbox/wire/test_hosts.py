"""Organizations move to hosts of their own: what their new and old hosts answer, and what answers name."""

import contextlib
import http.client
import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from tests.sandbox.plain_client import PlainSocket, call, live_socket, log_in
from tests.support.oauth_visitor import application
from vendor_admin.sandbox.serving.server import RunningSandbox


class _StayHere(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *arguments: Any) -> None:
        return None


_opener = urllib.request.build_opener(_StayHere)


def _shake_hands(host: str) -> tuple[int, str]:
    """Status and Location of a handshake that follows nothing."""
    upgrade = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
    with contextlib.closing(http.client.HTTPConnection(host, timeout=10)) as connection:
        connection.request("GET", "/demo/v1/websocket", headers=upgrade | {"Sec-WebSocket-Key": "b" * 22 + "=="})
        answer = connection.getresponse()
        return answer.status, answer.headers.get("Location", "")


def _get(
    sandbox: RunningSandbox, host: str, endpoint: str, token: str, environment: str = "demo"
) -> tuple[int, str, bytes]:
    """Status, Location and body."""
    address = f"{sandbox.rest_url(environment, host=host)}/{endpoint}"
    request = urllib.request.Request(address, headers={"Authorization": f"Bearer {token}"})
    try:
        with _opener.open(request, timeout=10) as answer:
            return answer.status, "", answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers.get("Location", ""), error.read()


def _shared(sandbox: RunningSandbox) -> str:
    return sandbox.view("hosts")["shared"]


def _hosts_named(sandbox: RunningSandbox) -> dict[str, Any] | None:
    """`apiHosts` of a login of the first organization."""
    credentials = sandbox.organizations()[0]["credentials"]
    return call(sandbox, "demo", "auth/accesstokenrequest", body=credentials)[1].get("apiHosts")


def _entries(sandbox: RunningSandbox, after: int, host: str) -> list[tuple[str, str, str]]:
    entries = sandbox.view("ledger", after=after)["entries"]
    return [(entry["kind"], entry["endpoint"], entry["text"]) for entry in entries if entry["host"] == host]


@pytest.fixture(autouse=True)
def back_home(sandbox: RunningSandbox) -> Iterator[None]:
    yield
    for environment in ("demo", "live"):
        sandbox.control("move", host=_shared(sandbox), environment=environment)
    sandbox.control("api-hosts")
    sandbox.control("clear-limits")


@pytest.mark.parametrize(("status", "is_redirect"), [(307, True), (308, True), (404, False), (421, False)])
def test_a_moved_organization_is_served_at_its_new_host_and_sent_away_at_the_old(
    sandbox: RunningSandbox, token: str, status: int, is_redirect: bool
) -> None:
    foreign, shared, start = log_in(sandbox, 1), _shared(sandbox), sandbox.state()["ledger_n"]
    new = sandbox.control("move", organization=20, status=status)["host"]
    location = f"http://{new}/demo/v1/account/item?id=18000001" if is_redirect else ""
    assert _get(sandbox, shared, "account/item?id=18000001", token) == (status, location, b"")
    assert _get(sandbox, new, "account/item?id=18000001", token)[0] == 200
    assert _get(sandbox, shared, "account/list", foreign)[0] == 200, "others stay"
    assert _get(sandbox, new, "account/list", foreign)[:2] == (307, f"http://{shared}/demo/v1/account/list")
    assert _get(sandbox, shared, "user/list", token, "live")[0] == 200, "LIVE did not move"
    assert [endpoint for kind, endpoint, text in _entries(sandbox, start, new) if text == "200"] == ["account/item"]


def test_signing_in_and_renewing_go_on_at_the_old_host_unless_they_moved_too(
    sandbox: RunningSandbox, token: str
) -> None:
    sandbox.control("move", organization=20)
    assert _hosts_named(sandbox)
    assert _get(sandbox, _shared(sandbox), "auth/renewaccesstoken", token)[0] == 200
    new = sandbox.control("move", organization=20, moves_authentication=True)["host"]
    assert _get(sandbox, _shared(sandbox), "auth/renewaccesstoken", token)[0] == 307
    assert _get(sandbox, new, "auth/renewaccesstoken", token)[0] == 200
    request = urllib.request.Request(
        f"{sandbox.rest_url('demo')}/auth/accesstokenrequest",
        data=json.dumps(sandbox.organizations()[0]["credentials"]).encode(),
    )
    with pytest.raises(urllib.error.HTTPError, match="307"):
        _opener.open(request, timeout=10)


def test_answers_of_authentication_name_the_hosts_once_there_is_one_of_its_own(
    sandbox: RunningSandbox, token: str
) -> None:
    assert _hosts_named(sandbox) is None
    new, shared = sandbox.control("move", organization=20)["host"], _shared(sandbox)
    others = ("mdLive", "mdDemo", "replay", "reportingLive", "reportingDemo", "riskMonitorDemo", "userContext")
    expected = {"live": shared, "demo": new} | dict.fromkeys(others, shared)
    assert _hosts_named(sandbox) == expected
    status, renewed = call(sandbox, "live", "auth/renewaccesstoken", token)
    assert (status, renewed["apiHosts"]) == (200, expected)
    app = application(sandbox)
    member = sandbox.view("oauth/members", organization=20)[3]
    tokens = app.tokens(member["name"])
    assert (tokens["apiHosts"], tokens["expires_in"]) == (expected, 4_800)
    assert app.refresh(tokens["refresh_token"])["apiHosts"] == expected
    words = {"userId": member["user_id"], "currentPassword": member["password"], "password": "another-word-1"}
    assert call(sandbox, "live", "user/modifypassword", token, words)[1]["apiHosts"] == expected
    words = {"userId": member["user_id"], "currentPassword": "another-word-1", "name": "renamed-1"}
    changed = call(sandbox, "live", "user/modifycredentials", token, words | {"password": member["password"]})[1]
    assert changed["apiHosts"] == expected
    assert "apiHosts" not in call(sandbox, "live", "auth/me", token)[1]


def test_errors_and_tickets_name_no_hosts(sandbox: RunningSandbox, token: str) -> None:
    sandbox.control("move", organization=20)
    credentials = sandbox.organizations()[0]["credentials"] | {"password": "wrong"}
    wrong = {"userId": 2_000_001, "currentPassword": "wrong", "password": "another-word-1"}
    for endpoint, body in (("auth/accesstokenrequest", credentials), ("user/modifypassword", wrong)):
        status, answer = call(sandbox, "live", endpoint, token, body)
        assert (status, bool(answer["errorText"]), "apiHosts" in answer) == (200, True, False)
    sandbox.control("call", fault="captcha", endpoint="auth/renewaccesstoken")
    assert "apiHosts" not in call(sandbox, "live", "auth/renewaccesstoken", token)[1]
    sandbox.control("write", fault="penalty", path="user/modifypassword")
    assert "apiHosts" not in call(sandbox, "live", "user/modifypassword", token, wrong)[1]
    sandbox.control("clear-writes")
    assert "apiHosts" not in application(sandbox).exchange("no-code")


def test_what_is_named_can_be_chosen(sandbox: RunningSandbox) -> None:
    sandbox.control("api-hosts", organization=20, when="always")
    assert (_hosts_named(sandbox) or {})["demo"] == _shared(sandbox)
    new = sandbox.control("move", organization=20)["host"]
    sandbox.control("api-hosts", organization=20, only=["demo"])
    assert _hosts_named(sandbox) == {"demo": new}
    sandbox.control("api-hosts", organization=20, when="never")
    assert _hosts_named(sandbox) is None
    untrusted: list[Any] = [{"demo": "user@evil.test"}, [], "demo.platform.test", {"demo": None}]
    for value in untrusted:
        sandbox.control("api-hosts", organization=20, value=value)
        assert _hosts_named(sandbox) == value
    for wrong in ({"when": "often"}, {"only": ["moon"]}):
        with pytest.raises(ValueError, match="api-hosts"):
            sandbox.control("api-hosts", **wrong)


def test_the_sockets_of_a_moved_organization_close_or_stay(sandbox: RunningSandbox, token: str) -> None:
    with live_socket(sandbox, token) as first, live_socket(sandbox, log_in(sandbox, 1)) as foreign:
        kept = sandbox.control("move", organization=20, closes_sockets=False)
        assert kept["closed"] == 0
        sandbox.control("inject", organization=20, entityType="account", entity={"id": 18_000_001, "restricted": True})
        first.read_until_quiet(0.2)
        assert first.events(), "a socket that stays is served"
        assert sandbox.control("move", organization=20)["closed"] == 1
        assert first.close_code(5) == 1000
        foreign.read_until_quiet(0.2)


def test_a_socket_opens_at_the_new_host_with_the_same_token(sandbox: RunningSandbox, token: str) -> None:
    new = sandbox.control("move", organization=20)["host"]
    with PlainSocket(sandbox, host=new) as socket:
        assert socket.authorize(token)["s"] == 200
        assert sandbox.state()["sockets"][0]["host"] == new
    with PlainSocket(sandbox) as socket:
        assert socket.authorize(token)["s"] == 421, "others live here, so only the token tells"
        assert socket.close_code(5) == 1000


@pytest.mark.parametrize("status", [421, 307])
def test_a_host_that_everybody_left_refuses_handshakes(sandbox: RunningSandbox, status: int) -> None:
    start = sandbox.state()["ledger_n"]
    new = sandbox.control("move", handshake_status=status)["host"]
    location = f"ws://{new}/demo/v1/websocket" if status == 307 else ""
    assert _shake_hands(_shared(sandbox)) == (status, location)
    refusals = [entry for entry in _entries(sandbox, start, _shared(sandbox)) if entry[0] == "lifecycle"]
    assert refusals == [("lifecycle", "", f"handshake {status} {location}".strip())]
    with PlainSocket(sandbox, "live"):
        pass


def test_a_handshake_can_be_led_to_a_host_that_nobody_named(sandbox: RunningSandbox, token: str) -> None:
    """A client that follows gives its token to that host, and the ledger shows it there."""
    collector, start = sandbox.control("open-host")["host"], sandbox.state()["ledger_n"]
    sandbox.control("handshake", status=307, location=f"ws://{collector}/demo/v1/websocket")
    with PlainSocket(sandbox) as gullible:
        gullible.authorize(token)
    assert ("frame", "authorize", "(token)") in _entries(sandbox, start, collector)
    with PlainSocket(sandbox) as socket:
        assert socket.authorize(token)["s"] == 200, "only the next handshake"


def test_renewal_fails_on_demo_for_a_time_while_live_renews(sandbox: RunningSandbox, token: str) -> None:
    sandbox.control("call", fault="500", endpoint="auth/renewaccesstoken", environment="demo", for_seconds=600)
    for _ in range(2):
        status, text = call(sandbox, "demo", "auth/renewaccesstoken", token)
        assert (status, text.partition(": ")[0]) == (500, "Internal Server Error, error id")
    assert call(sandbox, "live", "auth/renewaccesstoken", token)[0] == 200
    sandbox.control("clear-limits")
    sandbox.control("call", fault="500", endpoint="auth/renewaccesstoken", for_seconds=0)
    assert call(sandbox, "demo", "auth/renewaccesstoken", token)[0] == 200, "its time is over"


@pytest.mark.parametrize(("fault", "status"), [("307", 307), ("308", 308), ("421", 421), ("404-empty", 404)])
def test_a_call_can_be_misdirected_without_a_move(sandbox: RunningSandbox, token: str, fault: str, status: int) -> None:
    sandbox.control("call", fault=fault, endpoint="account/list", location="https://elsewhere.test/v1")
    assert _get(sandbox, "", "account/list", token) == (status, "https://elsewhere.test/v1", b"")


def test_who_am_i_is_asked_on_live(sandbox: RunningSandbox, token: str) -> None:
    assert call(sandbox, "live", "auth/me", token)[1]["userId"] == 2_000_000
    assert call(sandbox, "demo", "auth/me", token)[0] == 404


def test_a_move_says_what_it_cannot_do(sandbox: RunningSandbox) -> None:
    taken = _shared(sandbox).rpartition(":")[2]
    for fields, why in (
        ({"host": "127.0.0.1:1"}, "no host of the sandbox"),
        ({"status": 200}, "status is one of 307"),
        ({"port": int(taken)}, "the port is taken"),
    ):
        with pytest.raises(ValueError, match=why):
            sandbox.control("move", organization=20, **fields)
