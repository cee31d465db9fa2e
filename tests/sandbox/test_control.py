"""The control door: each fault is felt by a plain client, and the truth is told."""

import http.client
import json
import time
from collections.abc import Iterator

import pytest
import requests
from websockets.exceptions import InvalidStatus

from tests.sandbox.plain_client import PlainSocket, call, live_socket, log_in
from tests.support.database import ROOT
from vendor_admin.sandbox.control import door as control
from vendor_admin.sandbox.serving.server import RunningSandbox


@pytest.fixture
def socket(sandbox: RunningSandbox, token: str) -> Iterator[PlainSocket]:
    with live_socket(sandbox, token) as opened:
        del opened.frames[:]
        yield opened


def _touch(sandbox: RunningSandbox, account_id: int) -> None:
    sandbox.control(
        "inject", organization=20, entityType="account", entity={"id": account_id, "restricted": account_id % 2 == 0}
    )


def _ids(socket: PlainSocket) -> list[int]:
    return [event["entity"]["id"] for event in socket.events()]


@pytest.mark.parametrize("header", [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}])
def test_the_control_door_answers_no_web_page(sandbox: RunningSandbox, header: dict[str, str]) -> None:
    before = sandbox.state()["produced"]
    door = f"{sandbox.url}/control"
    assert requests.post(f"{door}/events", json={"count": 5}, headers=header, timeout=10).status_code == 403
    assert requests.get(f"{door}/organizations", headers=header, timeout=10).status_code == 403
    assert sandbox.state()["produced"] == before
    typed = requests.get(f"{door}/state", headers={"Sec-Fetch-Site": "none"}, timeout=10)
    assert typed.status_code == 200


@pytest.mark.parametrize("verb", ["events", "burst"])
def test_a_burst_sends_exactly_as_many_events(sandbox: RunningSandbox, socket: PlainSocket, verb: str) -> None:
    before = sandbox.state()["produced"]
    sandbox.control(verb, **{"events" if verb == "burst" else "count": 700})
    socket.read_until_quiet(0.3)
    assert sandbox.state()["produced"] == before + 700
    assert 0 < len(socket.events()) < 700


def test_frames_are_duplicated(sandbox: RunningSandbox, socket: PlainSocket) -> None:
    sandbox.control("duplicate", value=1, organization=20)
    _touch(sandbox, 18_000_001)
    socket.read_until_quiet(0.3)
    assert _ids(socket) == [18_000_001, 18_000_001]


def test_frames_change_places(sandbox: RunningSandbox, socket: PlainSocket) -> None:
    sandbox.control("reorder", value=1, organization=20)
    _touch(sandbox, 18_000_001)
    time.sleep(0.1)
    _touch(sandbox, 18_000_002)
    socket.read_until_quiet(0.3)
    assert _ids(socket) == [18_000_002, 18_000_001]


def test_frames_are_late(sandbox: RunningSandbox, socket: PlainSocket) -> None:
    sandbox.control("delay", value=0.4, organization=20)
    began = time.monotonic()
    _touch(sandbox, 18_000_001)
    socket.receive(3)
    assert time.monotonic() - began >= 0.4
    assert _ids(socket) == [18_000_001]


def test_a_half_open_socket_says_nothing_and_is_given_up_after_the_silence(
    sandbox: RunningSandbox, socket: PlainSocket
) -> None:
    sandbox.control("configure", silence_seconds=1.0, heartbeat_seconds=0.2)
    try:
        assert sandbox.control("half-open", organization=20) == {"sockets": 1}
        while socket.receive(0.3) is not None:
            continue
        _touch(sandbox, 18_000_001)
        assert socket.close_code(5) is None
        assert _ids(socket) == []
        deadline = time.monotonic() + 5  # the client sees the end a moment before the server has written it down
        while sandbox.state()["sockets"] and time.monotonic() < deadline:
            time.sleep(0.02)
        assert sandbox.state()["sockets"] == []
    finally:
        sandbox.control("configure", silence_seconds=10, heartbeat_seconds=2.5)


def test_beats_can_be_missed(sandbox: RunningSandbox, token: str) -> None:
    sandbox.control("configure", heartbeat_seconds=0.1)
    try:
        with live_socket(sandbox, token) as socket:
            assert socket.receive(1) == "h"
            sandbox.control("mute", organization=20)
            socket.read_until_quiet(0.3)
            assert socket.receive(1) is None
            sandbox.control("mute", organization=20, value=False)
            assert socket.receive(1) == "h"
    finally:
        sandbox.control("configure", heartbeat_seconds=2.5)


def test_a_raw_frame_goes_out_as_it_stands(sandbox: RunningSandbox, socket: PlainSocket) -> None:
    sandbox.control("raw", frame='a[{"e":"weather"}] ', organization=20)
    assert socket.receive(3) == 'a[{"e":"weather"}] '


@pytest.mark.parametrize(("fault", "status"), [("429", 429), ("423", 423), ("401", 401), ("404", 404), ("500", 500)])
def test_a_call_gets_a_status_for_as_many_calls_as_asked(
    sandbox: RunningSandbox, token: str, fault: str, status: int
) -> None:
    sandbox.control("call", fault=fault, endpoint="account/list", calls=2)
    answers = [call(sandbox, "demo", "account/LIST", token) for _ in range(3)]
    assert [answer[0] for answer in answers] == [status, status, 200]
    assert status not in (429, 423) or answers[0][1] is None


def test_a_429_on_a_socket_has_no_leading_a(sandbox: RunningSandbox, token: str) -> None:
    sandbox.control("call", fault="429", endpoint="user/syncrequest")
    with PlainSocket(sandbox) as socket:
        socket.authorize(token)
        socket.synchronize(entityTypes=[])
        assert socket.receive(3) == '{"s":429,"i":2}'
        socket.ask("user/syncrequest", 3, json.dumps({"splitResponses": True}))
        assert socket.answer(3)["s"] == 200


def test_a_penalty_ticket_stands_in_a_200_and_is_redeemed_after_the_wait(sandbox: RunningSandbox, token: str) -> None:
    sandbox.control("configure", limits_enabled=True)
    try:
        sandbox.control("call", fault="penalty", endpoint="auth/me", seconds=1)
        status, body = call(sandbox, "live", "auth/me", token)
        assert (status, body["p-time"], body["p-captcha"]) == (200, 1, False)
        time.sleep(1.05)
        assert call(sandbox, "live", "auth/me", token, {"p-ticket": body["p-ticket"]})[1]["userId"] == 2_000_000
        sandbox.control("call", fault="captcha", endpoint="auth/me")
        assert call(sandbox, "live", "auth/me", token)[1]["p-captcha"] is True
    finally:
        sandbox.control("configure", limits_enabled=False)
        sandbox.control("clear-limits")


def test_failed_logins_lead_to_a_ticket_in_a_200(sandbox: RunningSandbox) -> None:
    credentials = sandbox.organizations()[0]["credentials"]
    sandbox.control("configure", limits_enabled=True)
    try:
        wrong = [
            call(sandbox, "live", "auth/accesstokenrequest", body=credentials | {"password": "x"}) for _ in range(6)
        ]
        assert [status for status, _ in wrong] == [200] * 6
        assert ["errorText" in body for _, body in wrong] == [True] * 5 + [False]
        assert wrong[5][1]["p-time"] == 15
    finally:
        sandbox.control("configure", limits_enabled=False)
        sandbox.control("clear-limits")


def test_an_answer_is_slow_or_cut(sandbox: RunningSandbox, token: str) -> None:
    sandbox.control("call", fault="slow", endpoint="account/list", seconds=0.3)
    began = time.monotonic()
    assert call(sandbox, "demo", "account/list", token)[0] == 200
    assert time.monotonic() - began >= 0.3
    sandbox.control("call", fault="cut", endpoint="account/list")
    with pytest.raises((http.client.IncompleteRead, ConnectionError)):
        call(sandbox, "demo", "account/list", token)


def test_a_key_without_scopes_is_a_401_for_ever(sandbox: RunningSandbox, token: str) -> None:
    sandbox.control("key", organization=20, has_scopes=False)
    try:
        assert [call(sandbox, "demo", "account/list", token)[0] for _ in range(2)] == [401, 401]
        assert call(sandbox, "live", "auth/me", token)[0] == 200
    finally:
        sandbox.control("key", organization=20, has_scopes=True)


def test_a_key_without_the_vendor_flag_sees_only_itself(sandbox: RunningSandbox, token: str) -> None:
    sandbox.control("key", organization=20, is_vendor=False)
    try:
        users = call(sandbox, "live", "user/list", token)[1]
        assert [user["id"] for user in users] == [2_000_000]
    finally:
        sandbox.control("key", organization=20, is_vendor=True)


def test_a_revoked_token_is_refused_and_open_sockets_stay(
    sandbox: RunningSandbox, token: str, socket: PlainSocket
) -> None:
    assert sandbox.control("revoke", token=token) == {"sessions": 1}
    assert call(sandbox, "demo", "account/list", token) == (401, "Access is denied")
    socket.ask("account/list", 4)
    assert socket.answer(4)["s"] == 200


def test_new_connections_can_be_refused(sandbox: RunningSandbox, token: str) -> None:
    sandbox.control("refuse", seconds=60)
    try:
        with pytest.raises(InvalidStatus):
            PlainSocket(sandbox)
        with pytest.raises((http.client.IncompleteRead, ConnectionError)):
            call(sandbox, "demo", "account/list", token)
    finally:
        sandbox.control("refuse", seconds=0)
    assert call(sandbox, "demo", "account/list", token)[0] == 200


@pytest.mark.parametrize(("code", "seen"), [(0, None), (1000, 1000), (3000, 3000)])
def test_sockets_are_closed_with_a_code(
    sandbox: RunningSandbox, socket: PlainSocket, code: int, seen: int | None
) -> None:
    sandbox.control("close", code=code, reason="bye", organization=20)
    assert socket.close_code(3) == seen
    assert (code != 3000) or socket.frames[-1] == 'c[3000,"bye"]'


def test_a_shutdown_event_is_said_before_the_end(sandbox: RunningSandbox, socket: PlainSocket) -> None:
    sandbox.control("shutdown", reasonCode="IPQuotaReached", organization=20)
    assert json.loads(str(socket.receive(3))[1:]) == [{"e": "shutdown", "d": {"reasonCode": "IPQuotaReached"}}]


def test_a_huge_snapshot_comes_in_one_frame() -> None:
    with RunningSandbox("--organizations", "1", "--users", "3") as sandbox:
        sandbox.control("huge-snapshot", organization=20, bytes=20_000_000)
        with live_socket(sandbox, log_in(sandbox), entityTypes=["fill"]) as socket:
            assert max(map(len, socket.frames)) > 20_000_000
            truth = sandbox.view("expected", organization=20, environment="demo")["entities"]["fill"]
            assert len(socket.snapshot()["fills"]) == len(truth)


def test_drift_is_silent_and_the_truth_knows_it(sandbox: RunningSandbox, socket: PlainSocket) -> None:
    sandbox.control("mutate", organization=20, entityType="account", id=18_000_001, fields={"name": "DRIFTED1"})
    gone = sandbox.control("delete", organization=20, entityType="account", id=18_000_003)["entity"]
    assert socket.receive(0.3) in (None, "h")
    accounts = {
        account["id"]: account
        for account in sandbox.view("expected", organization="Northwind Funding", environment="demo")["entities"][
            "account"
        ]
    }
    assert accounts[18_000_001]["name"] == "DRIFTED1"
    assert gone["id"] not in accounts


def test_another_organization_and_the_wrong_host_are_404(sandbox: RunningSandbox, token: str) -> None:
    other = log_in(sandbox, 1)
    assert call(sandbox, "demo", "account/item", token, id=18_000_001)[0] == 200
    assert call(sandbox, "demo", "account/item", other, id=18_000_001)[0] == 404
    assert call(sandbox, "live", "account/item", token, id=18_000_001)[0] == 404
    assert call(sandbox, "demo", "account/deps", other, masterid=2_000_001) == (200, [])


def test_more_than_ten_ids_are_an_empty_404(sandbox: RunningSandbox, token: str) -> None:
    ids = ",".join(str(18_000_001 + number) for number in range(11))
    assert call(sandbox, "demo", "account/items", token, ids=ids) == (404, None)
    assert call(sandbox, "demo", "account/ldeps", token, masterids=ids) == (404, None)


def test_wrong_logins_are_a_200_with_a_text(sandbox: RunningSandbox) -> None:
    credentials = sandbox.organizations()[0]["credentials"]
    key = call(sandbox, "demo", "auth/accesstokenrequest", body=credentials | {"appId": "nobody"})
    password = call(sandbox, "demo", "auth/accesstokenrequest", body=credentials | {"password": "x"})
    assert key == (200, {"errorText": "The app is not registered"})
    assert password[1]["errorText"].startswith("Incorrect username or password")
    assert call(sandbox, "demo", "auth/accesstokenrequest", body={"name": "x"})[0] == 400


GOOD: dict[str, object] = {
    "organization": 20,
    "entityType": "account",
    "entity": {"id": 18_000_001},
    "id": 18_000_001,
    "fields": {},
    "fault": "500",
    "frame": "h",
    "rate": 0,
    "events": 0,
    "count": 0,
    "contract": "MESZ6",
    "price": 6_700,
}
NEEDS = [(verb, field) for verb, known in control.VERBS.items() for field in known.needs]


@pytest.mark.parametrize(("verb", "field"), NEEDS)
def test_a_missing_field_is_named(sandbox: RunningSandbox, verb: str, field: str) -> None:
    body = {name: GOOD[name] for name in control.VERBS[verb].needs if name != field}
    status, answer = _post(sandbox, verb, body)
    assert (status, answer["error"].startswith(f"{verb}: the field {field} is missing")) == (400, True)


@pytest.mark.parametrize(
    ("verb", "body", "words"),
    [
        ("nothing", {}, "unknown verb nothing; known: api-hosts, burst"),
        ("malformed", {"kind": "no"}, "known: "),
        ("configure", {"no": 1}, "unknown setting no"),
        ("configure", {"heartbeat_seconds": "soon"}, "configure: "),
        ("shutdown", {"reasoncode": "Maintenance"}, "shutdown: there is no field reasoncode (known: "),
        ("rate", {"rate": "fast"}, "rate: rate must be a number"),
        ("key", {"organization": 20, "is_vendor": "no"}, "key: is_vendor must be true or false"),
        ("mutate", GOOD | {"fields": [1], "id": 1}, "no field"),
        ("mutate", {"organization": 20, "entityType": "account", "id": 1, "fields": [1]}, "fields must be an object"),
        ("mutate", {"organization": 20, "entityType": "account", "id": 1, "fields": {}}, "no such entity"),
        ("delete", {"organization": 99, "entityType": "account", "id": 1}, "no organization 99"),
        ("inject", {"organization": 20, "environment": "moon", "entityType": "x", "entity": 1}, "moon"),
        ("call", {"fault": "no"}, "call: 'no' is not a valid CallFault"),
        ("clock", {"at": "noon"}, "clock: "),
        ("oauth/password", {"user_id": 1}, "oauth/password: the field password is missing"),
        ("write", {}, "write: the field fault is missing"),
    ],
)
def test_a_body_that_makes_no_sense_is_explained(
    sandbox: RunningSandbox, verb: str, body: dict[str, object], words: str
) -> None:
    status, answer = _post(sandbox, verb, body)
    assert status == 400
    assert words in answer["error"]


def test_every_field_of_a_control_call_is_documented() -> None:
    rows = [line for line in (ROOT / "docs/sandbox.md").read_text().splitlines() if line.startswith("| `")]
    for verb, known in control.VERBS.items():
        row = next((row for row in rows if f"`{verb}`" in row.split("|")[1]), "")
        missing = [name for name in (*known.needs, *known.takes) if f"`{name}`" not in row]
        assert row, f"{verb} is not documented"
        assert missing == [], verb
        assert all(f"**`{name}`**" in row for name in known.needs), verb


def test_a_shutdown_says_its_reason(sandbox: RunningSandbox, socket: PlainSocket) -> None:
    sandbox.control("shutdown", reasonCode="Maintenance", reason="tonight", close=False, organization=20)
    said = json.loads(str(socket.receive(3))[1:])
    assert said == [{"e": "shutdown", "d": {"reasonCode": "Maintenance", "reason": "tonight"}}]


def _post(sandbox: RunningSandbox, verb: str, body: dict[str, object]) -> tuple[int, dict[str, str]]:
    answer = requests.post(f"{sandbox.url}/control/{verb}", json=body, timeout=10)
    return answer.status_code, answer.json()
