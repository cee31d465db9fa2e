"""Payloads seen in the field: every line ends as an event or an outcome, and loses nothing on the way."""

import json
import re
from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime

import pytest

from tests.support.shared_material import shared_material
from tests.tradovate.socket.frame_texts import frame, reply
from vendor_admin.tradovate.answers import read_answer
from vendor_admin.tradovate.events import EntityReceived, Malformed, OtherEvent, PeerClosed, Refused, SnapshotPart
from vendor_admin.tradovate.operations import ENTITIES, Operation, entity_type_of
from vendor_admin.tradovate.outcomes import Penalized, Rejected, Success
from vendor_admin.tradovate.socket.frames import Reply, decode_frame
from vendor_admin.tradovate.socket.sync_session import SessionEvent, SyncSession
from vendor_admin.tradovate.trading_calendar import platform_trade_date

FILES = ("recorded.jsonl", "documented.jsonl", "fixtures.jsonl")


@dataclass(frozen=True)
class Capture:
    kind: str
    operation: str | None
    source: str
    raw: str

    @property
    def is_frame(self) -> bool:
        """Say whether the text is what a socket carries, rather than a body or a part of one."""
        if self.raw[0] in "ohc" or self.raw.startswith("a["):
            return True
        value = json.loads(self.raw)
        first = value[0] if isinstance(value, list) and value else value
        return isinstance(first, dict) and ("e" in first or ("s" in first and "i" in first))


@pytest.fixture(scope="module")
def captures() -> list[Capture]:
    lines = [line for name in FILES for line in shared_material(f"captures/{name}").read_text().splitlines()]
    return [Capture(**json.loads(line)) for line in lines]


def session_waiting_for(step: str) -> SyncSession:
    session = SyncSession(access_token="t", sync_request={}, now=0.0)
    session.receive(b"o", now=0.0)
    if step == "sync":
        session.receive(frame(reply(1, 200)), now=0.0)
    return session


def read_socket(capture: Capture) -> list[SessionEvent]:
    """Put a capture through a session, wrapped as the platform would have wrapped it where the wrapper was not kept."""
    data = capture.raw.encode()
    if capture.kind == "sync-initial" and not capture.is_frame:
        body = json.loads(capture.raw)
        element = re.search(r"one element of the (\w+) array", capture.source)
        data = frame(reply(2, 200, {element[1]: [body]} if element else body))
    elif capture.kind == "md" and not capture.is_frame:
        data = frame({"e": "md", "d": json.loads(capture.raw)})
    return session_waiting_for("sync").receive(data, now=0.0)


def entities_in(value: object) -> list[object]:
    """Find every entity in a capture by plain JSON, without our code."""
    if isinstance(value, list):
        return [entity for element in value for entity in entities_in(element)]
    if not isinstance(value, dict):
        return []
    if value.get("e") == "props":
        return [value["d"]["entity"]]
    if "s" in value:
        return entities_in(value.get("d"))
    return [
        entity for found in value.values() if isinstance(found, list) for entity in found if isinstance(entity, dict)
    ]


def test_every_capture_ends_as_an_event_or_an_outcome(captures, capsys):
    ends: Counter[str] = Counter()
    for capture in captures:
        if capture.is_frame or capture.kind in ("md", "sync-initial"):
            frames = decode_frame(capture.raw.encode())
            events: list[object] = [*read_socket(capture)] or [*frames]
            assert not any(isinstance(event, Malformed) for event in events), capture
            assert events, capture
        else:
            operation = Operation(path=capture.operation or "unknown", method="POST")
            events = [read_answer(operation, status=200, body=capture.raw.encode())]
        ends.update(type(event).__name__ for event in events)
    with capsys.disabled():
        print(f"\n{len(captures)} captured lines ran: {dict(ends)}")
    assert len(captures) >= 115


def test_every_capture_can_arrive_at_any_moment_in_any_place(captures):
    for capture in captures:
        data = capture.raw.encode()
        for step in ("authorize", "sync"):
            session = session_waiting_for(step)
            for _ in range(2):
                session.receive(data, now=1.0)
                session.receive(b"a" + data, now=1.0)
                session.receive(b"a[" + data + b",NaN]", now=1.0)
        for status in (200, 400, 401, 404, 408, 423, 429, 500):
            read_answer(Operation(path="x/y", method="POST"), status=status, body=data)


def test_entity_events_keep_every_field_and_every_byte(captures):
    ran = 0
    for capture in captures:
        if capture.kind != "props":
            continue
        (event,) = read_socket(capture)
        assert isinstance(event, EntityReceived)
        text = capture.raw.removeprefix("a")
        assert event.entity.decode() in text
        assert [json.loads(event.entity)] == entities_in(json.loads(text))
        assert event.entity_type in ENTITIES
        ran += 1
    print(f"{ran} entity events compared")
    assert ran


def test_snapshots_keep_every_entity_with_every_field(captures):
    ran = 0
    for capture in captures:
        if capture.kind != "sync-initial":
            continue
        (part,) = [event for event in read_socket(capture) if isinstance(event, SnapshotPart)]
        found = [json.loads(entity) for _, entities in part.collections for entity in entities]
        if "one element of the" in capture.source:
            assert found == [json.loads(capture.raw)]
        else:
            assert found == entities_in(json.loads(capture.raw.removeprefix("a")))
        assert all(entity_type in ENTITIES for entity_type, _ in part.collections)
        ran += 1
    print(f"{ran} snapshots compared")
    assert ran


def test_errors_and_penalties_are_never_taken_for_success(captures):
    ran: Counter[str] = Counter()
    for capture in captures:
        if capture.kind not in ("error", "penalty"):
            continue
        ran[capture.kind] += 1
        if capture.is_frame:
            (answer,) = decode_frame(capture.raw.encode())
            assert isinstance(answer, Reply)
            assert answer.status >= 400
            continue
        outcome = read_answer(Operation(path="x/y", method="POST"), status=200, body=capture.raw.encode())
        assert isinstance(outcome, Penalized if capture.kind == "penalty" else Rejected), capture
        if isinstance(outcome, Rejected):
            assert outcome.error_text in capture.raw
    print(f"compared: {dict(ran)}")
    assert set(ran) == {"error", "penalty"}


def test_answers_to_reads_and_writes_that_worked_are_success(captures):
    ran = 0
    for capture in captures:
        if capture.kind == "rest":
            outcome = read_answer(Operation(path="x/y", method="POST"), status=200, body=capture.raw.encode())
            assert outcome == Success(json.loads(capture.raw), 200)
            ran += 1
    print(f"{ran} answers compared")
    assert ran


def test_a_refused_token_is_understood_in_every_recorded_form(captures):
    texts = set()
    for capture in captures:
        if capture.kind != "error" or capture.operation != "authorize":
            continue
        message = json.loads(capture.raw.removeprefix("a"))
        message = message[0] if isinstance(message, list) else message
        (refused,) = session_waiting_for("authorize").receive(frame({**message, "i": 1}), now=0.0)
        assert isinstance(refused, Refused)
        assert refused.status == 401
        texts.add(refused.text)
    assert texts == {"Invalid access token", "Expired Access Token"}


def test_closing_and_market_data_frames_are_what_they_are(captures):
    closing = [capture for capture in captures if capture.raw.startswith("c[")]
    quotes = [capture for capture in captures if capture.kind == "md" and '"quotes"' in capture.raw]
    assert closing
    assert quotes
    assert all(isinstance(event, PeerClosed) for capture in closing for event in read_socket(capture))
    assert all(isinstance(event, OtherEvent) for capture in quotes for event in read_socket(capture))


def test_the_trade_date_of_recorded_fills_is_ours(captures):
    compared = 0
    for capture in captures:
        for entity in re.finditer(r'"timestamp":\s*"([^"]+)",\s*"tradeDate":\s*({[^}]+})', capture.raw):
            day = json.loads(entity[2])
            assert platform_trade_date(datetime.fromisoformat(entity[1])) == date(**day), capture
            compared += 1
    print(f"{compared} trade dates compared")
    assert compared >= 5


def test_collections_of_the_captures_are_known(captures):
    for capture in captures:
        if capture.kind == "sync-initial" and '"s":200' in capture.raw:
            (part,) = [event for event in read_socket(capture) if isinstance(event, SnapshotPart)]
            collections = json.loads(capture.raw.removeprefix("a"))[0]["d"]
            assert [entity_type for entity_type, _ in part.collections] == [
                entity_type_of(name) for name in collections
            ]
