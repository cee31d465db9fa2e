"""The sync socket's protocol, driven by hand: no socket, no clock."""

import json

import pytest

from tests.tradovate.socket.frame_texts import ORDER, compact, frame, props, reply
from vendor_admin.tradovate.errors import RequestNotPossible
from vendor_admin.tradovate.socket.sync_session import (
    Answered,
    Authorized,
    EntityReceived,
    Malformed,
    OtherEvent,
    PeerClosed,
    PeerSilent,
    Penalty,
    Refused,
    SessionState,
    Shutdown,
    SnapshotPart,
    SnapshotSettled,
    SyncAccepted,
    SyncSession,
)

SYNC_REQUEST = {"splitResponses": True, "entityTypes": ["order"]}


def opening(*, now: float = 100.0) -> SyncSession:
    return SyncSession(access_token="the-token", sync_request=SYNC_REQUEST, now=now)


def authorizing(*, now: float = 100.0) -> SyncSession:
    session = opening(now=now)
    session.receive(b"o", now=now)
    return session


def syncing(*, now: float = 100.0) -> SyncSession:
    session = authorizing(now=now)
    session.receive(frame(reply(1, 200)), now=now)
    return session


def live(*, now: float = 100.0) -> SyncSession:
    session = syncing(now=now)
    session.receive(frame(reply(2, 200, {"users": [], "contractGroups": []})), now=now)
    session.data_to_send()
    return session


def test_it_opens_authorizes_and_asks_once_for_sync():
    session = opening()
    assert session.data_to_send() == []
    assert session.receive(b"o", now=100.0) == []
    assert str(session.state) == "authorizing"
    assert session.data_to_send() == ["authorize\n1\n\nthe-token"]

    assert session.receive(frame(reply(1, 200)), now=100.1) == [Authorized()]
    assert session.state is SessionState.SYNCING
    (request,) = session.data_to_send()
    endpoint, request_id, query, body = request.split("\n")
    assert (endpoint, request_id, query, json.loads(body)) == ("user/syncrequest", "2", "", SYNC_REQUEST)

    first = frame(reply(2, 200, {"users": [{"id": 1}], "accountRiskStatuses": [{"id": 2}, {"id": 3}]}))
    assert session.receive(first, now=100.2) == [
        SyncAccepted(),
        SnapshotPart([("user", [b'{"id":1}']), ("accountRiskStatus", [b'{"id":2}', b'{"id":3}'])]),
    ]
    assert str(session.state) == "live"
    assert session.data_to_send() == []


def test_a_second_sync_request_is_never_sent():
    session = syncing()
    session.data_to_send()
    session.receive(frame(reply(1, 200)), now=101.0)
    session.receive(b"o", now=101.0)
    session.receive(frame(reply(2, 200, {})), now=101.0)
    session.receive(frame(reply(1, 200)), now=101.0)
    assert session.data_to_send() == []
    with pytest.raises(RequestNotPossible):
        session.request("user/syncRequest", body=SYNC_REQUEST)
    assert session.data_to_send() == []


def test_parts_of_the_snapshot_come_between_events_in_order():
    session = syncing()
    events = session.receive(
        frame(
            reply(2, 200, {"users": [{"id": 1}]}),
            props({"id": 5}),
            reply(2, 200, {"currencies": [{"id": 9}]}),
            props({"id": 6}, event_type="Deleted"),
        ),
        now=101.0,
    )
    assert events == [
        SyncAccepted(),
        SnapshotPart([("user", [b'{"id":1}'])]),
        EntityReceived("order", "Created", b'{"id":5}'),
        SnapshotPart([("currency", [b'{"id":9}'])]),
        EntityReceived("order", "Deleted", b'{"id":6}'),
    ]


def test_events_before_the_first_part_are_delivered():
    assert syncing().receive(frame(props()), now=101.0) == [EntityReceived("order", "Created", compact(ORDER))]


def test_a_snapshot_settles_when_no_part_came_for_the_quiet_period():
    session = live(now=100.0)
    assert session.tick(now=101.9) == []
    session.receive(frame(reply(2, 200, {"orders": [{"id": 1}]})), now=101.9)
    assert session.tick(now=102.1) == []
    session.receive(frame(props()), now=103.8)
    assert session.tick(now=103.9) == [SnapshotSettled()]
    assert session.tick(now=110.0) == []


def test_a_part_after_the_quiet_period_settles_anew():
    session = live(now=100.0)
    assert session.tick(now=102.0) == [SnapshotSettled()]
    assert session.receive(frame(reply(2, 200, {"fills": [{"id": 1}]})), now=103.0) == [
        SnapshotPart([("fill", [b'{"id":1}'])])
    ]
    assert session.tick(now=105.0) == [SnapshotSettled()]


def test_a_bad_entity_in_a_snapshot_is_quarantined_alone():
    body = {"orders": [{"id": 1}, 7, None, {"id": 2}], "users": {"id": 3}, "errorText": "", "a b": [{"id": 4}]}
    accepted, part, *bad = syncing().receive(frame(reply(2, 200, body)), now=101.0)
    assert accepted == SyncAccepted()
    assert part == SnapshotPart([("order", [b'{"id":1}', b'{"id":2}']), ("user", [b'{"id":3}'])])
    assert [(event.raw, event.entity_type) for event in bad if isinstance(event, Malformed)] == [
        (b"7", "order"),
        (b"null", "order"),
        (b'[{"id":4}]', None),
    ]


BAD_ENTITIES = [
    b'{"id":9,"name":NaN}',
    b'{"id":9,"name":"\\ud83d"}',
    b'{"id":9,"name":"\\u0000"}',
    b'{"id":9,"name":"\xff"}',
    b'{"id":9,"name":"\x01"}',
]


@pytest.mark.parametrize("bad", BAD_ENTITIES)
def test_an_unreadable_entity_does_not_cost_the_snapshot(bad):
    good = b'{"id":1,"name":"\xc3\xa9","x":1.50}'
    data = b'a[{ "s" : 200 , "i":2,"d":{"users":[%b , %b,{"id":2}] , "accountRiskStatuses":[ ]}}]' % (good, bad)
    session = syncing()
    assert session.receive(data, now=101.0)[:2] == [
        SyncAccepted(),
        SnapshotPart([("user", [good, b'{"id":2}']), ("accountRiskStatus", [])]),
    ]
    (malformed,) = [event for event in syncing().receive(data, now=101.0) if isinstance(event, Malformed)]
    assert (malformed.raw, malformed.entity_type) == (bad, "user")
    assert session.state is SessionState.LIVE


@pytest.mark.parametrize("bad", BAD_ENTITIES)
def test_an_unreadable_entity_does_not_cost_its_neighbours_in_a_list(bad):
    data = b'a[{"e":"props","d":{"entityType":"order","eventType":"Created","entity":[{"id":1},%b,{"id":2}]}}]' % bad
    events = live().receive(data, now=101.0)
    assert [event.entity for event in events if isinstance(event, EntityReceived)] == [b'{"id":1}', b'{"id":2}']
    assert [event.raw for event in events if isinstance(event, Malformed)] == [bad]


@pytest.mark.parametrize("body", ["nonsense", [1, 2], 7])
def test_a_snapshot_that_is_no_object_is_quarantined(body):
    accepted, bad = syncing().receive(frame(reply(2, 200, body)), now=101.0)
    assert accepted == SyncAccepted()
    assert isinstance(bad, Malformed)
    assert bad.raw == compact(body)


def test_a_snapshot_inside_a_json_string_is_opened():
    _, part = syncing().receive(frame(reply(2, 200, '{"users":[{"id":1}]}')), now=101.0)
    assert part == SnapshotPart([("user", [b'{"id":1}'])])


def test_an_empty_snapshot_is_a_part_without_collections():
    assert syncing().receive(frame(reply(2, 200)), now=101.0) == [SyncAccepted(), SnapshotPart([])]


def test_a_heartbeat_goes_out_when_we_were_silent_for_two_and_a_half_seconds():
    session = live(now=100.0)
    session.tick(now=102.499)
    assert session.data_to_send() == []
    assert session.next_deadline() == 102.5
    session.tick(now=102.5)
    assert session.data_to_send() == ["[]"]
    session.receive(b"h", now=104.0)
    session.tick(now=104.9)
    assert session.data_to_send() == []
    session.tick(now=105.0)
    assert session.data_to_send() == ["[]"]


def test_heartbeats_are_exact_when_ticks_follow_the_deadline():
    session = live(now=100.0)
    beats = []
    now = 100.0
    while now < 200.0:
        now = session.next_deadline() or 0.0
        session.receive(b"h", now=now)
        session.tick(now=now)
        beats += [now for text in session.data_to_send() if text == "[]"]
    assert beats == [100.0 + 2.5 * beat for beat in range(1, len(beats) + 1)]
    assert len(beats) == 40


def test_a_request_of_ours_puts_the_heartbeat_off():
    session = live(now=100.0)
    session.receive(b"h", now=102.0)
    session.request("auth/me")
    session.tick(now=102.6)
    assert session.data_to_send() == ["auth/me\n3\n\n"]
    session.tick(now=104.5)
    assert session.data_to_send() == ["[]"]


def test_no_heartbeat_is_sent_before_the_socket_is_open():
    session = opening(now=100.0)
    session.tick(now=105.0)
    assert session.data_to_send() == []


@pytest.mark.parametrize("make", [opening, authorizing, syncing, live])
def test_a_peer_silent_for_ten_seconds_is_dead_in_any_state(make):
    session = make(now=100.0)
    assert not any(isinstance(event, PeerSilent) for event in session.tick(now=109.99))
    assert session.tick(now=110.0) == [PeerSilent(10.0)]
    assert session.state is SessionState.CLOSED
    assert session.next_deadline() is None
    assert session.data_to_send() == []
    assert session.receive(frame(props()), now=110.1) == []


def test_any_frame_is_a_sign_of_life():
    session = live(now=100.0)
    session.receive(b"h", now=105.0)
    session.receive(b"nonsense", now=112.0)
    session.tick(now=121.9)
    assert session.state is SessionState.LIVE


def test_silence_is_not_counted_while_nobody_reads():
    session = live(now=100.0)
    session.tick(now=102.0)
    session.pause(now=103.0)
    assert session.tick(now=160.0) == []
    assert session.data_to_send() == ["[]"]
    assert session.next_deadline() == 162.5
    session.resume(now=170.0)
    assert session.tick(now=179.9) == []
    assert session.tick(now=180.0) == [PeerSilent(10.0)]


def test_a_snapshot_does_not_settle_while_nobody_reads():
    session = live(now=100.0)
    session.pause(now=100.5)
    assert session.tick(now=130.0) == []
    session.resume(now=130.0)
    assert session.tick(now=131.9) == []
    assert session.tick(now=132.0) == [SnapshotSettled()]


def test_a_resume_without_a_pause_is_no_sign_of_life():
    session = live(now=100.0)
    session.resume(now=109.0)
    assert session.tick(now=110.0) == [PeerSilent(10.0)]


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("Invalid access token", "Invalid access token"),
        ('"Expired Access Token"', "Expired Access Token"),
        ({"errorText": "Access is denied"}, "Access is denied"),
        (None, ""),
    ],
)
@pytest.mark.parametrize(
    ("make", "request_id", "step"), [(authorizing, 1, "authorize"), (syncing, 2, "user/syncrequest")]
)
def test_a_refusal_names_the_step_and_the_reason(make, request_id, step, body, text):
    session = make()
    assert session.receive(frame(reply(request_id, 401, body)), now=101.0) == [Refused(step, 401, text)]
    assert session.state is SessionState.CLOSING


@pytest.mark.parametrize("data", [b'{"s":429,"i":1}', b'{"s":429}', b'[{"s":429,"i":1,"d":""}]'])
def test_a_lock_without_the_leading_letter_is_seen(data):
    assert authorizing().receive(data, now=101.0) == [Refused("authorize", 429, "")]


def test_a_refusal_can_hide_in_a_200():
    assert syncing().receive(frame(reply(2, 200, {"errorText": "splitResponses"})), now=101.0) == [
        Refused("user/syncrequest", 200, "splitResponses")
    ]


def test_a_penalty_ticket_is_no_acceptance():
    session = syncing()
    body = {"p-ticket": "secret-ticket", "p-time": 15, "p-captcha": False}
    (penalty,) = session.receive(frame(reply(2, 200, body)), now=101.0)
    assert penalty == Penalty("user/syncrequest", "secret-ticket", 15.0, False)
    assert "secret-ticket" not in repr(penalty)
    assert session.state is SessionState.CLOSING


def test_a_lock_without_a_request_number_ends_a_live_session():
    assert live().receive(b'{"s":429}', now=101.0) == [Refused("session", 429, "")]


def test_other_answers_without_a_request_number_are_quarantined():
    (malformed,) = live().receive(b'{"s":200,"d":{"a":1}}', now=101.0)
    assert isinstance(malformed, Malformed)


def test_an_answer_that_stays_out_counts_as_refused():
    session = authorizing(now=100.0)
    for second in range(101, 160):
        session.receive(b"h", now=float(second))
        assert session.tick(now=float(second)) == []
    (refused,) = session.tick(now=160.0)
    assert isinstance(refused, Refused)
    assert (refused.step, refused.status) == ("authorize", 0)


def test_shutdown_gives_its_code_and_the_rest_is_still_read():
    session = live()
    notice = {"e": "shutdown", "d": {"reasonCode": "Maintenance", "reason": "see you"}}
    assert session.receive(frame(notice, props()), now=101.0) == [
        Shutdown("Maintenance", "see you"),
        EntityReceived("order", "Created", compact(ORDER)),
    ]
    assert session.state is SessionState.CLOSING
    assert session.receive(b'c[1000,"bye"]', now=101.5) == [PeerClosed(1000, "bye")]
    assert session.state is SessionState.CLOSED


@pytest.mark.parametrize("d", [None, "soon", 5, {}, {"reasonCode": 7}])
def test_a_shutdown_in_an_odd_shape_is_still_a_shutdown(d):
    (shutdown,) = live().receive(frame({"e": "shutdown", "d": d}), now=101.0)
    assert isinstance(shutdown, Shutdown)


def test_events_that_are_not_about_entities_are_passed_on():
    assert live().receive(frame({"e": "md", "d": {"quotes": []}}, {"e": "news"}), now=101.0) == [
        OtherEvent("md", b'{"quotes":[]}'),
        OtherEvent("news", b"null"),
    ]


def test_other_requests_use_the_query_line_and_get_their_answer():
    session = live()
    request_id = session.request("order/items", query="ids=1,2")
    second_id = session.request("order/placeorder", body={"qty": 1})
    assert session.data_to_send() == [
        f"order/items\n{request_id}\nids=1,2\n",
        f'order/placeorder\n{second_id}\n\n{{"qty":1}}',
    ]
    assert session.receive(frame(reply(second_id, 404, "Not found"), reply(request_id, 200, [])), now=101.0) == [
        Answered(second_id, 404, b'"Not found"'),
        Answered(request_id, 200, b"[]"),
    ]


@pytest.mark.parametrize("make", [opening, authorizing])
def test_no_request_goes_out_before_the_token_is_accepted(make):
    with pytest.raises(RequestNotPossible):
        make().request("order/list")


def test_after_close_nothing_comes_or_goes():
    session = live()
    session.request("order/list")
    assert session.close(now=101.0) == []
    assert session.state is SessionState.CLOSED
    assert session.data_to_send() == []
    assert session.tick(now=200.0) == []
    assert session.receive(frame(props()), now=101.0) == []
    with pytest.raises(RequestNotPossible):
        session.request("order/list")


def test_the_token_is_not_in_the_repr():
    assert "the-token" not in repr(opening())
