"""The ledger says exactly what a plain client received, in order, text for text."""

import json
import time
from pathlib import Path

from tests.sandbox.plain_client import EVERY_TYPE, PlainSocket, live_socket, log_in
from vendor_admin.sandbox.ledger import Ledger, Line
from vendor_admin.sandbox.serving.server import RunningSandbox


def _received(socket: PlainSocket) -> list[tuple[str, str, int]]:
    found = []
    for message in socket.messages():
        if message.get("e") == "props":
            data = message["d"]
            found.append((data["entityType"], data["eventType"], data["entity"]["id"]))
        elif message.get("i") == 2:
            for entities in message["d"].values():
                found += [("", "Snapshot", entity["id"]) for entity in entities]
    return found


def test_the_ledger_equals_what_was_received(sandbox: RunningSandbox, token: str, tmp_path: Path) -> None:
    start = sandbox.state()["ledger_n"]
    with live_socket(sandbox, token) as socket:
        sandbox.control("rate", rate=2_000)
        while socket.events_seen < 1_000:
            socket.receive(1)
        sandbox.control("rate", rate=0)
        socket.read_until_quiet()
        number = max(state["socket"] for state in sandbox.state()["sockets"])
    entries = [
        entry
        for entry in sandbox.view("ledger", after=start, limit=20_000)["entries"]
        if entry["socket"] == number and entry["direction"] == "sent"
    ]
    assert [entry["n"] for entry in entries] == sorted({entry["n"] for entry in entries})
    said = [
        ("" if entry["kind"] == "snapshot" else entry["entity_type"], entry["event_type"], entry["entity_id"])
        for entry in entries
        if entry["kind"] in ("event", "snapshot")
    ]
    assert said == _received(socket)
    texts = [entry["text"] for entry in entries if entry["kind"] == "event"]
    assert "".join(frame for frame in socket.frames if '"props"' in frame).count('"entity":') == len(texts)
    assert all(f'"entity":{text}}}' in "".join(socket.frames) for text in texts[:200])


def test_a_dropped_frame_is_in_the_ledger_as_dropped(sandbox: RunningSandbox, token: str) -> None:
    with live_socket(sandbox, token) as socket:
        start = sandbox.state()["ledger_n"]
        sandbox.control("drop", value=1, organization=20)
        sandbox.control("inject", organization=20, entityType="account", entity={"id": 18_000_001, "closed": True})
        sandbox.control("inject", organization=20, entityType="account", entity={"id": 18_000_002, "closed": True})
        socket.read_until_quiet(0.3)
        ids = [event["entity"]["id"] for event in socket.events()]
    entries = sandbox.view("ledger", after=start, kind="event")["entries"]
    assert [(entry["entity_id"], entry["direction"]) for entry in entries] in (
        [(18_000_001, "dropped"), (18_000_002, "sent")],
        [(18_000_001, "dropped"), (18_000_002, "dropped")],
    )
    assert ids == [entry["entity_id"] for entry in entries if entry["direction"] == "sent"]


def test_the_ledger_file_holds_every_entry_after_the_end(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    with RunningSandbox("--users", "3", "--ledger", str(path)) as sandbox:
        with live_socket(sandbox, log_in(sandbox)) as socket:
            sandbox.control("events", count=500)
            socket.read_until_quiet(0.3)
        last = sandbox.state()["ledger_n"]
    numbers = [json.loads(line)["n"] for line in path.read_text().splitlines()]
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) >= last


def test_the_ring_forgets_the_oldest_entries_only() -> None:
    ledger = Ledger(bound=10)
    for number in range(25):
        ledger.note(Line(1, "", "demo"), direction="sent", kind="frame", text=str(number))
    assert [entry.n for entry in ledger.after(0, limit=100)] == list(range(16, 26))
    assert [entry.n for entry in ledger.after(20, limit=2)] == [21, 22]
    assert ledger.after(25, limit=5) == []


def test_events_are_sent_at_the_rate_that_was_asked_for() -> None:
    """The floor is far below what the process can do, for machines that do something else as well."""
    with RunningSandbox("--users", "10", "--organizations", "1") as sandbox, PlainSocket(sandbox) as socket:
        socket.authorize(log_in(sandbox))
        socket.synchronize(entityTypes=EVERY_TYPE)
        socket.read_until_quiet(0.3)
        for rate in (500, 12_000):
            sandbox.control("rate", rate=rate)
            began, before = time.monotonic(), sandbox.state()["sockets"][0]["messages_sent"]
            while time.monotonic() < began + 2:
                socket.receive(1)
            sent = sandbox.state()["sockets"][0]["messages_sent"] - before
            reached = sent / (time.monotonic() - began)
            print(f"asked for {rate} events/s, sent {reached:.0f}/s")
            assert 0.4 * rate < reached < 1.3 * rate
            sandbox.control("rate", rate=0)
            socket.read_until_quiet(0.3)
