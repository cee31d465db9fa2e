"""Shapes that the platform's messages were seen in beside the usual one: each is read as what it means."""

import csv
import json

import pytest

from tests.support.shared_material import shared_material
from tests.tradovate.socket.frame_texts import compact, frame, props, reply
from vendor_admin.tradovate.answers import read_answer
from vendor_admin.tradovate.bodies import PenaltyTicket, penalty_ticket_of
from vendor_admin.tradovate.events import EntityReceived, Malformed, SnapshotPart
from vendor_admin.tradovate.operations import Operation
from vendor_admin.tradovate.outcomes import Penalized
from vendor_admin.tradovate.socket.frames import Reply, decode_frame
from vendor_admin.tradovate.socket.sync_session import (
    Answered,
    Authorized,
    SessionEvent,
    SessionState,
    SyncAccepted,
    SyncSession,
)

ODD_TIMES: list[object] = [None, "soon", -5, True, float("inf"), "NaN", []]
CASH = {"id": 5, "accountId": 1, "amount": 7}


def change(entity: object = CASH, **fields: object) -> dict[str, object]:
    return {"entityType": "cashBalance", "eventType": "Updated", "entity": entity} | fields


def received(*messages: object) -> list[object]:
    return [*decode_frame(frame(*messages))]


def test_a_list_of_changes_is_applied_one_by_one() -> None:
    fill = {"entityType": "fill", "eventType": "Deleted", "entity": [{"id": 1}, {"id": 2}]}
    assert received({"e": "props", "d": [change(), 7, fill]}) == [
        EntityReceived("cashBalance", "Updated", compact(CASH)),
        Malformed(b"7", "props without an object in d"),
        EntityReceived("fill", "Deleted", b'{"id":1}'),
        EntityReceived("fill", "Deleted", b'{"id":2}'),
    ]


@pytest.mark.parametrize("broken", [b'{"id":NaN}', b'{"id":1,"name":"\xff"}'])
def test_a_broken_change_costs_no_other_change_of_its_list(broken: bytes) -> None:
    good, bad = compact(change()), compact(change("@")).replace(b'"@"', broken)
    found = decode_frame(b'a[{"e":"props","d":[%b,%b,%b]}]' % (good, bad, good))
    assert [one for one in found if isinstance(one, EntityReceived)] == received(
        {"e": "props", "d": [change(), change()]}
    )
    assert [one.raw for one in found if isinstance(one, Malformed)] == [bad]


def test_an_empty_list_of_changes_is_nothing() -> None:
    assert received({"e": "props", "d": []}, {"e": "props", "d": change([])}) == []


@pytest.mark.parametrize("fields", [{}, {"eventType": None}, {"eventType": "updated"}])
def test_a_change_without_a_type_of_event_says_how_the_entity_is_now(fields: dict[str, object]) -> None:
    given = {"entityType": "cashBalance", "entity": CASH} | fields
    assert received({"e": "props", "d": given}) == [EntityReceived("cashBalance", "Updated", compact(CASH))]


@pytest.mark.parametrize("name", ["CashBalance", "cashbalance", "CASHBALANCE"])
def test_an_entity_type_in_another_case_is_the_known_type(name: str) -> None:
    assert received({"e": "props", "d": change(entityType=name)}) == [
        EntityReceived("cashBalance", "Updated", compact(CASH))
    ]
    session = SyncSession(access_token="t", sync_request={}, now=0.0)
    for data in (b"o", frame(reply(1, 200))):
        session.receive(data, now=0.0)
    found = session.receive(frame(reply(2, 200, {f"{name}s": [CASH]})), now=0.0)
    assert found[-1] == SnapshotPart([("cashBalance", [compact(CASH)])])
    assert received({"e": "props", "d": change(entityType="UnheardOf")}) == [
        EntityReceived("UnheardOf", "Updated", compact(CASH))
    ]


def test_numbers_of_an_answer_may_be_texts() -> None:
    assert received({"s": "200", "i": "3", "d": 1}, {"s": 200.0, "i": 4.0}) == [
        Reply(3, 200, b"1"),
        Reply(4, 200, None),
    ]
    for odd in ({"s": "yes", "i": 1}, {"s": 200, "i": "first"}, {"s": 200, "i": 1.5}):
        (malformed,) = received(odd)
        assert isinstance(malformed, Malformed)


def lived(frames: list[bytes]) -> tuple[SyncSession, list[SessionEvent]]:
    session = SyncSession(access_token="t", sync_request={}, now=0.0)
    return session, [event for data in frames for event in session.receive(data, now=0.0)]


def test_a_socket_whose_answers_have_texts_for_numbers_becomes_live() -> None:
    session, events = lived([b"o", b'a[{"s":200,"i":"1"}]', b'a[{"s":200,"i":"2","d":{"users":[{"id":1}]}}]'])
    number = session.request("order/list")
    assert session.state is SessionState.LIVE
    assert events == [Authorized(), SyncAccepted(), SnapshotPart([("user", [b'{"id":1}'])])]
    assert session.receive(frame({"s": 200, "i": str(number), "d": []}), now=0.0) == [Answered(number, 200, b"[]")]


def as_texts(*messages: object) -> bytes:
    return frame(*(json.dumps(message) for message in messages))


def test_messages_that_are_texts_are_read_as_what_they_hold() -> None:
    order = props({"id": 1})
    assert decode_frame(as_texts(order, [order, reply(3, 200)])) == [
        EntityReceived("order", "Created", b'{"id": 1}'),
        EntityReceived("order", "Created", b'{"id": 1}'),
        Reply(3, 200, None),
    ]
    session, events = lived([b"o", as_texts(reply(1, 200)), as_texts(reply(2, 200, {"users": [{"id": 1}]})), b"h"])
    assert session.state is SessionState.LIVE
    assert events[-1] == SnapshotPart([("user", [b'{"id": 1}'])])


@pytest.mark.parametrize("text", ["text", "{", '{"e":"props","d":{"entity":NaN}}', "\ud800", '"{}"', "7", ""])
def test_a_text_that_holds_no_message_is_quarantined_beside_good_neighbours(text: str) -> None:
    good = json.dumps(props({"id": 1}))
    before, bad, after = decode_frame(frame(good, text, good))
    assert isinstance(before, EntityReceived)
    assert isinstance(bad, Malformed)
    assert isinstance(after, EntityReceived)


@pytest.mark.parametrize(
    ("body", "seconds", "captcha"),
    [
        ({"p-ticket": "t", "p-time": "60", "p-captcha": "true"}, 60, True),
        ({"p-ticket": "t", "p-time": "15"}, 15, False),
        ({"p-ticket": "t"}, 15, False),
        ({"p-ticket": "t", "p-time": 15, "p-captcha": None}, 15, False),
        ({"p-ticket": "t", "p-time": 15, "p-captcha": "False"}, 15, False),
        ({"p-ticket": "t", "p-time": 15, "p-captcha": ""}, 15, False),
        ({"p-ticket": "t", "p-time": 15, "p-captcha": "required"}, 15, True),
        ({"p-captcha": True}, 15, True),
        ({"p-ticket": "t", "p-time": 0, "p-captcha": False}, 1, False),
        *(({"p-ticket": "t", "p-time": odd}, 15, False) for odd in ODD_TIMES),
        ({"p-ticket": "t", "p-time": 1e300}, 86_400, False),
    ],
)
def test_a_penalty_in_words_is_read_and_never_asks_for_a_try_at_once(
    body: dict[str, object], seconds: float, captcha: bool
) -> None:
    assert penalty_ticket_of(body) == PenaltyTicket(str(body.get("p-ticket", "")), seconds, captcha)


READ = Operation(path="order/list", method="GET")
# Seconds at least, and whether it is a captcha, by line.
FIELD_TICKETS = {"1": (0, True), "2": (15, False), "3": (15, False), "4": (15, False), "5": (0, True), "6": (1, False)}


def test_penalties_from_the_field_are_waited_for() -> None:
    folder = shared_material("field/15-penalty-in-words")
    bodies = [line for line in (folder / "bodies.jsonl").read_bytes().splitlines() if line]
    right = {row["line"]: row["right"] for row in csv.DictReader((folder / "expected.csv").read_text().splitlines())}
    assert right.keys() == {*FIELD_TICKETS, "frame"}
    for number, body in enumerate(bodies, 1):
        seconds, captcha = FIELD_TICKETS[str(number)]
        outcome = read_answer(READ, status=200, body=body)
        assert isinstance(outcome, Penalized)
        assert outcome.captcha == captcha, right[str(number)]
        assert captcha or outcome.wait_seconds >= seconds, right[str(number)]
    session, _ = lived([b"o", frame(reply(1, 200)), frame(reply(2, 200, {}))])
    (answer,) = session.receive((folder / "socket-reply-to-another-request.frame").read_bytes(), now=0.0)
    assert isinstance(answer, Answered)
    assert session.state is SessionState.LIVE
    outcome = read_answer(READ, status=answer.status, body=answer.body)
    assert isinstance(outcome, Penalized)
    assert (outcome.ticket, outcome.wait_seconds) == ("T-6", 12)


def test_the_texts_of_the_field_are_read_like_messages() -> None:
    lines = (shared_material("field/07-messages-as-json-strings") / "frames.txt").read_bytes().splitlines()
    session, events = lived(lines)
    assert session.state is SessionState.LIVE
    assert not [event for event in events if isinstance(event, Malformed)]
    assert sum(isinstance(event, EntityReceived) for event in events) == 3
    assert [event.collections[0][0] for event in events if isinstance(event, SnapshotPart)] == ["user"]
