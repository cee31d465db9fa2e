"""The socket protocol, seen by a plain client."""

import json
import time

import pytest
from websockets.exceptions import InvalidStatus

from tests.sandbox.plain_client import EVERY_TYPE, PlainSocket, call, live_socket, log_in
from vendor_admin.sandbox.serving.server import RunningSandbox
from vendor_admin.sandbox.wire.malformed import MALFORMED_FRAMES


def test_the_open_frame_comes_first_and_a_good_token_is_accepted(sandbox: RunningSandbox, token: str) -> None:
    with PlainSocket(sandbox) as socket:
        assert socket.authorize(token) == {"s": 200, "i": 1}
        assert socket.frames[0] == "o"


def test_a_wrong_token_gets_401_and_the_socket_stays(sandbox: RunningSandbox, token: str) -> None:
    with PlainSocket(sandbox) as socket:
        assert socket.authorize("nonsense") == {"s": 401, "i": 1, "d": "Invalid access token"}
        socket.ask("authorize", 5, token)
        assert socket.answer(5)["s"] == 200


def test_an_expired_token_is_answered_by_json_inside_json(sandbox: RunningSandbox) -> None:
    token = log_in(sandbox, 2)
    sandbox.control("expire", organization=22)
    with PlainSocket(sandbox) as socket:
        assert json.loads(socket.authorize(token)["d"]) == "Expired Access Token"
    assert call(sandbox, "demo", "account/list", token) == (401, "Expired Access Token")


def test_nothing_is_answered_before_authorization(sandbox: RunningSandbox) -> None:
    with PlainSocket(sandbox) as socket:
        socket.ask("account/list", 3)
        assert socket.answer(3)["s"] == 401


def test_a_vendor_that_does_not_split_is_dropped_without_a_word(sandbox: RunningSandbox, token: str) -> None:
    with PlainSocket(sandbox) as socket:
        socket.authorize(token)
        socket.ask("user/syncrequest", 2, json.dumps({"entityTypes": ["account"]}))
        assert socket.close_code(3) is None
        assert socket.snapshot() == {}


def test_without_entity_types_almost_nothing_arrives(sandbox: RunningSandbox, token: str) -> None:
    with live_socket(sandbox, token, entityTypes=[]) as socket:
        sandbox.control("events", count=500)
        socket.read_until_quiet(0.3)
        assert set(socket.snapshot()) == {"users", "contractGroups"}
        assert {event["entityType"] for event in socket.events()} <= {"user"}


def test_entity_types_filter_snapshot_and_updates(sandbox: RunningSandbox, token: str) -> None:
    with live_socket(sandbox, token, entityTypes=["order", "cashBalance"]) as socket:
        sandbox.control("events", count=500)
        socket.read_until_quiet(0.3)
        assert set(socket.snapshot()) == {"users", "contractGroups", "orders", "cashBalances"}
        assert {event["entityType"] for event in socket.events()} - {"user"} == {"order", "cashBalance"}


@pytest.mark.parametrize("expression", ["modAccountId", "modUserId"])
def test_shards_are_disjoint_and_together_everything(sandbox: RunningSandbox, token: str, expression: str) -> None:
    sockets = [
        live_socket(
            sandbox,
            token,
            shardingExpression={"expressionType": expression, "divisor": 3, "remainder": remainder},
        )
        for remainder in range(3)
    ]
    with sockets[0], sockets[1], sockets[2], live_socket(sandbox, token) as whole:
        sandbox.control("events", count=600, organization=20)
        for socket in (*sockets, whole):
            socket.read_until_quiet(0.3)
        every = [(name, key) for socket in sockets for name, found in socket.snapshot().items() for key in found]
        assert len(every) == len(set(every))
        assert set(every) == {(name, key) for name, found in whole.snapshot().items() for key in found}
        texts = [json.dumps(event) for socket in sockets for event in socket.events()]
        assert sorted(texts) == sorted(json.dumps(event) for event in whole.events())
        assert sum(bool(socket.events()) for socket in sockets) > 1


def test_a_second_sync_request_on_a_socket_is_refused(sandbox: RunningSandbox, token: str) -> None:
    with live_socket(sandbox, token) as socket:
        socket.ask("user/syncrequest", 9, json.dumps({"splitResponses": True}))
        assert socket.answer(9)["s"] == 400


def test_contradicting_filters_are_refused(sandbox: RunningSandbox, token: str) -> None:
    sharding = {"expressionType": "modAccountId", "divisor": 2, "remainder": 2}
    for body in ({"users": [1], "entityTypes": ["order"]}, {"shardingExpression": sharding}):
        with PlainSocket(sandbox) as socket:
            socket.authorize(token)
            socket.synchronize(**body)
            assert socket.answer(2)["s"] == 400


def test_the_snapshot_comes_in_parts_between_which_events_arrive(sandbox: RunningSandbox, token: str) -> None:
    sandbox.control("configure", snapshot_part=20, snapshot_pause_seconds=0.02)
    sandbox.control("rate", rate=2_000)
    with PlainSocket(sandbox) as socket:
        socket.authorize(token)
        socket.synchronize(entityTypes=EVERY_TYPE)
        deadline = time.monotonic() + 10
        while len([frame for frame in socket.frames if '"i":2' in frame]) < 8 and time.monotonic() < deadline:
            socket.receive(1)
    sandbox.control("rate", rate=0)
    sandbox.control("configure", snapshot_part=500, snapshot_pause_seconds=0.005)
    kinds = ["part" if message.get("i") == 2 else "event" for message in socket.messages()[1:]]
    first_part, last_part = kinds.index("part"), len(kinds) - 1 - kinds[::-1].index("part")
    assert "event" in kinds[first_part:last_part]


def test_after_snapshot_and_events_the_client_knows_the_platforms_state(sandbox: RunningSandbox, token: str) -> None:
    sandbox.control("rate", rate=3_000)
    with PlainSocket(sandbox) as socket:
        socket.authorize(token)
        socket.synchronize(entityTypes=EVERY_TYPE)
        while socket.events_seen < 1_500:
            socket.receive(1)
        sandbox.control("rate", rate=0)
        socket.read_until_quiet()
        mirror: dict[str, dict[int, dict]] = {}
        for message in socket.messages():
            if message.get("i") == 2:
                for collection, entities in message["d"].items():
                    mirror.setdefault(collection, {}).update({entity["id"]: entity for entity in entities})
            elif message.get("e") == "props" and message["d"]["entityType"] in ("order", "position", "cashBalance"):
                entity = message["d"]["entity"]
                mirror.setdefault(message["d"]["entityType"] + "s", {})[entity["id"]] = entity
        truth = sandbox.view("expected", organization=20, environment="demo")["entities"]
    for entity_type in ("order", "position", "cashBalance"):
        assert mirror[entity_type + "s"] == {entity["id"]: entity for entity in truth[entity_type]}


def test_a_quiet_platform_beats_and_a_busy_one_need_not(sandbox: RunningSandbox, token: str) -> None:
    sandbox.control("configure", heartbeat_seconds=0.2)
    try:
        with live_socket(sandbox, token) as socket:
            del socket.frames[:]
            for _ in range(3):
                assert socket.receive(1) == "h"
    finally:
        sandbox.control("configure", heartbeat_seconds=2.5)


def test_a_silent_client_is_dropped(sandbox: RunningSandbox, token: str) -> None:
    sandbox.control("configure", silence_seconds=0.5)
    try:
        with live_socket(sandbox, token) as socket:
            assert socket.close_code(3) is None
    finally:
        sandbox.control("configure", silence_seconds=10)


def test_a_socket_that_does_not_authorize_is_dropped(sandbox: RunningSandbox) -> None:
    sandbox.control("configure", unauthorized_seconds=0.5)
    try:
        with PlainSocket(sandbox) as socket:
            assert socket.close_code(3) is None
    finally:
        sandbox.control("configure", unauthorized_seconds=30)


def test_over_the_limit_the_oldest_socket_closes_and_its_token_is_revoked(sandbox: RunningSandbox) -> None:
    sandbox.control("configure", sockets_per_user=2)
    tokens = [log_in(sandbox, 1) for _ in range(3)]
    try:
        with PlainSocket(sandbox) as oldest, PlainSocket(sandbox) as second, PlainSocket(sandbox, "live") as third:
            for socket, token in zip((oldest, second, third), tokens, strict=True):
                assert socket.authorize(token)["s"] == 200
            assert json.loads(str(oldest.receive(3))[1:])[0]["d"]["reasonCode"] == "ConnectionQuotaReached"
            assert oldest.close_code(3) == 1000
            second.ask("account/list", 4)
            assert second.answer(4)["s"] == 200
        assert [call(sandbox, "demo", "account/list", token)[0] for token in tokens] == [408, 200, 200]
    finally:
        sandbox.control("configure", sockets_per_user=50)


def test_a_login_too_many_closes_the_sockets_of_the_oldest_login(sandbox: RunningSandbox) -> None:
    sandbox.control("revoke", organization=21)
    sandbox.control("configure", logins_per_user=2)
    try:
        first, second = log_in(sandbox, 1), log_in(sandbox, 1)
        with live_socket(sandbox, first) as socket:
            third = log_in(sandbox, 1)
            assert socket.close_code(3) == 1000
        assert [call(sandbox, "demo", "account/list", token)[0] for token in (first, second, third)] == [408, 200, 200]
    finally:
        sandbox.control("configure", logins_per_user=1000)


def test_entity_operations_work_over_the_socket_with_a_query_line(sandbox: RunningSandbox, token: str) -> None:
    _, accounts = call(sandbox, "demo", "account/list", token)
    with PlainSocket(sandbox) as socket:
        socket.authorize(token)
        socket.ask("account/item", 7, query=f"id={accounts[0]['id']}")
        assert socket.answer(7) == {"s": 200, "i": 7, "d": accounts[0]}
        socket.ask("md/getChart", 8)
        assert socket.answer(8) == {"s": 404, "i": 8, "d": "Not found: md/getChart"}


@pytest.mark.parametrize("kind", sorted(MALFORMED_FRAMES))
def test_every_malformed_frame_arrives_as_it_was_made(sandbox: RunningSandbox, token: str, kind: str) -> None:
    with live_socket(sandbox, token) as socket:
        sent = sandbox.control("malformed", kind=kind)["frames"]
        deadline = time.monotonic() + 5
        while sent[0] not in socket.frames:
            assert time.monotonic() < deadline
            socket.receive(1)


def test_maintenance_tells_open_sockets_and_refuses_new_ones(sandbox: RunningSandbox, token: str) -> None:
    with live_socket(sandbox, token) as socket:
        sandbox.control("maintenance", on=True)
        try:
            assert "Maintenance" in str(socket.receive(3))
            assert socket.close_code(3) == 1000
            assert call(sandbox, "demo", "account/list", token)[0] == 503
            with pytest.raises(InvalidStatus):
                PlainSocket(sandbox)
        finally:
            sandbox.control("maintenance", on=False)
    assert call(sandbox, "demo", "account/list", token)[0] == 200
