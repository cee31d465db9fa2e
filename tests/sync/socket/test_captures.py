"""Payloads recorded in the field: each through the client, and what a sync socket carries through it into Postgres."""

import json
import re
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from tests.support.running_hub import wait_until
from tests.support.shared_material import captured_lines
from tests.sync.scripted_platform import ScriptedPlatform
from tests.sync.stored import Stored
from vendor_admin.mirrors.columns import mirror_models, platform_columns
from vendor_admin.tradovate.answers import read_answer
from vendor_admin.tradovate.events import EntityReceived, SnapshotPart
from vendor_admin.tradovate.operations import Operation
from vendor_admin.tradovate.socket.sync_session import SyncSession

Line = dict[str, Any]


def is_frame(line: Line) -> bool:
    """Whether the text is what a socket carries as it stands."""
    raw = line["raw"]
    if raw[0] in "ohc" or raw.startswith("a["):
        return True
    value = json.loads(raw)
    first = value[0] if isinstance(value, list) and value else value
    return isinstance(first, dict) and ("e" in first or ("s" in first and "i" in first))


def as_frame(line: Line) -> bytes | None:
    """The frame that carried a line, wrapped anew where only a part was kept; None for what no socket carries."""
    raw = str(line["raw"])
    if line["kind"] == "sync-initial" and not is_frame(line):
        element = re.search(r"one element of the (\w+) array", line["source"])
        body = f'{{"{element[1]}":[{raw}]}}' if element else raw
        return f'a[{{"s":200,"i":2,"d":{body}}}]'.encode()
    if line["kind"] == "md" and not is_frame(line):
        return f'a[{{"e":"md","d":{raw}}}]'.encode()
    if line["kind"] in ("sync-initial", "props", "md", "frame", "replay") or is_frame(line):
        # Answers to other requests keep their number, unless it is that of our own two.
        return raw.encode()
    return None


def live_session() -> SyncSession:
    session = SyncSession(access_token="t", sync_request={}, now=0.0)
    for data in (b"o", b'a[{"s":200,"i":1}]', b'a[{"s":200,"i":2,"d":{}}]'):
        session.receive(data, now=0.0)
    return session


def entities_by_client(frame: bytes) -> list[tuple[str, bytes]]:
    """What the client makes of a frame: (entity type, entity)."""
    found: list[tuple[str, bytes]] = []
    for event in live_session().receive(frame, now=0.0):
        match event:
            case EntityReceived():
                found.append((event.entity_type, event.entity))
            case SnapshotPart():
                found += [(entity_type, entity) for entity_type, entities in event.collections for entity in entities]
    return found


def has_entities(line: Line) -> bool:
    return line["kind"] in ("props", "sync-initial")


def ends_the_socket(frame: bytes) -> bool:
    """Frames that rightly end a socket: they run on sockets of their own."""
    session = live_session()
    session.receive(frame, now=0.0)
    return session.state != "live"


@pytest.fixture
def lines() -> list[Line]:
    return captured_lines()


def test_every_captured_line_goes_through_the_client_and_ends_somewhere(
    lines: list[Line], capsys: pytest.CaptureFixture[str]
) -> None:
    endings: Counter[str] = Counter()
    for line in lines:
        frame = as_frame(line)
        if frame is None:
            operation = Operation(path=line["operation"] or "unknown", method="POST")
            ends: list[object] = [read_answer(operation, status=200, body=line["raw"].encode())]
        else:
            fresh = SyncSession(access_token="t", sync_request={}, now=0.0)
            ends = [*live_session().receive(frame, now=0.0)] or [*fresh.data_to_send()] or ["heartbeat or opening"]
            fresh.receive(frame, now=0.0)
        endings.update(type(end).__name__ if not isinstance(end, str) else end for end in ends)
    with capsys.disabled():
        print(f"\ncaptures: {len(lines)} lines ran through the client: {dict(endings)}")
    assert len(lines) >= 115


def test_every_captured_line_of_a_socket_ends_in_postgres_or_as_an_outcome(
    lines: list[Line],
    platform: ScriptedPlatform,
    connect: Callable[..., Any],
    start_hub: Callable[..., Any],
    stored: Stored,
    capsys: pytest.CaptureFixture[str],
) -> None:
    connect(platform)
    start_hub()
    wait_until(lambda: [peer for peer in platform.open_peers if peer.is_synced], what="a synced socket")
    endings: Counter[str] = Counter()
    for number, line in enumerate(lines, 1):
        frame = as_frame(line)
        if frame is None or ends_the_socket(frame):
            endings["typed outcome"] += 1
            continue
        known = len(stored.quarantine())
        platform.send(frame, b"a[%b]" % props_of_mark(number))
        wait_until(partial(stored.events, "captureMark", number), what=f"line {number}: {frame!r:.200}")
        if not has_entities(line):
            endings["typed outcome"] += 1
            continue
        refused = stored.quarantine()[known:]
        ends = {ending_of(entity_type, entity, stored, refused) for entity_type, entity in entities_by_client(frame)}
        assert ends, f"nothing became of {line}"
        endings.update([" and ".join(sorted(ends))])
    print({(row["entity_type"], row["reason"], bytes(row["raw"])[:150]) for row in stored.quarantine()})
    with capsys.disabled():
        print(f"\ncaptures: {sum(endings.values())} lines ran: {dict(endings)}")
    assert sum(endings.values()) == len(lines)
    assert endings["stored event and mirrored row"] > 10
    assert len(platform.peers) == 1, "a captured line broke the socket"


def props_of_mark(number: int) -> bytes:
    return b'{"e":"props","d":{"entityType":"captureMark","eventType":"Created","entity":{"id":%d}}}' % number


def ending_of(entity_type: str, entity: bytes, stored: Stored, refused: list[dict[str, Any]]) -> str:
    """Where one entity ended; checks that nothing of it was lost there."""
    values = json.loads(entity)
    if any(entity in bytes(row["raw"]) for row in refused):
        assert all(row["reason"] for row in refused)
        return "quarantine"
    events = stored.events(entity_type, int(values["id"]))
    assert values in [event["payload"] for event in events], f"{entity_type} lost: {values}"
    model = mirror_models().get(entity_type)
    if model is None:
        rows = [row["payload"] for row in stored.mirror("genericentity", int(values["id"]))]
        assert values in rows
        return "stored event and mirrored row"
    (row,) = stored.rows(f'SELECT * FROM "{model._meta.db_table}" WHERE entity_id = %s', int(values["id"]))  # noqa: S608
    keys = {column.json_key for column in platform_columns(model)} | {"id", "accountId"}
    unknown = {key: value for key, value in values.items() if key not in keys}
    if row["deleted_at"] is None and events[-1]["payload"] == values:
        assert (row["extra"] or {}) == unknown, f"{entity_type}: unknown fields"
    return "stored event and mirrored row"
