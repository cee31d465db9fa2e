"""The plainest client there can be: urllib and a blocking websockets socket. Shares nothing with the product's."""

import contextlib
import json
import time
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from vendor_admin.sandbox.serving.server import RunningSandbox
from vendor_admin.sandbox.world.entities import KINDS

EVERY_TYPE = sorted(KINDS)


def call(sandbox: RunningSandbox, environment: str, endpoint: str, token: str = "", body: Any = None, **query: Any):
    """Status and body of one REST call: parsed JSON, text, or None when the body is empty."""
    address = f"{sandbox.rest_url(environment)}/{endpoint}"
    if query:
        address += "?" + urllib.parse.urlencode(query)
    data = None if body is None else json.dumps(body).encode()
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    request = urllib.request.Request(address, data=data, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, _parsed(answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return error.code, _parsed(error.read())


def _parsed(data: bytes) -> Any:
    try:
        return json.loads(data) if data else None
    except ValueError:
        return data.decode()


def log_in(sandbox: RunningSandbox, organization: int = 0) -> str:
    credentials = sandbox.organizations()[organization]["credentials"]
    status, body = call(sandbox, "demo", "auth/accesstokenrequest", body=credentials)
    assert status == 200, body
    return body["accessToken"]


class PlainSocket:
    """A socket that keeps every frame it got, and answers silence with `[]`."""

    def __init__(self, sandbox: RunningSandbox, environment: str = "demo", *, host: str = "") -> None:
        self._stack = contextlib.ExitStack()
        address = sandbox.websocket_url(environment, host=host)
        self.connection: ClientConnection = self._stack.enter_context(
            connect(address, max_size=None, ping_interval=None, close_timeout=2)
        )
        self.frames: list[str] = []
        self.events_seen = 0
        self._beat_at = time.monotonic() + 2.0

    def __enter__(self) -> "PlainSocket":
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    def ask(self, endpoint: str, number: int, body: str = "", query: str = "") -> None:
        self.connection.send(f"{endpoint}\n{number}\n{query}\n{body}")

    def receive(self, seconds: float) -> str | None:
        """The next frame, or None when none comes in time; raises ConnectionClosed."""
        if time.monotonic() > self._beat_at:
            self.connection.send("[]")
            self._beat_at = time.monotonic() + 2.0
        try:
            frame = self.connection.recv(timeout=seconds)
        except TimeoutError:
            return None
        assert isinstance(frame, str)
        self.frames.append(frame)
        self.events_seen += frame.count('"e":"props"')
        return frame

    def answer(self, number: int, seconds: float = 5.0) -> dict[str, Any]:
        """The first answer with this number."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            frame = self.receive(deadline - time.monotonic())
            if frame and frame.startswith("{"):
                frame = f"a[{frame}]"
            if frame and frame.startswith("a"):
                for message in json.loads(frame[1:]):
                    if message.get("i") == number:
                        return message
        raise AssertionError(f"no answer {number}; got {self.frames[-3:]}")

    def authorize(self, token: str) -> dict[str, Any]:
        self.ask("authorize", 1, token)
        return self.answer(1)

    def synchronize(self, **body: Any) -> None:
        self.ask("user/syncrequest", 2, json.dumps({"splitResponses": True} | body))

    def read_until_quiet(self, quiet_seconds: float = 0.5, most_seconds: float = 30.0) -> None:
        """Read until nothing but heartbeats came for a while."""
        deadline = time.monotonic() + most_seconds
        quiet_at = time.monotonic() + quiet_seconds
        while time.monotonic() < min(deadline, quiet_at):
            frame = self.receive(max(0.01, quiet_at - time.monotonic()))
            if frame and frame != "h":
                quiet_at = time.monotonic() + quiet_seconds

    def close_code(self, seconds: float) -> int | None:
        """Read without beating until the other side ends it: its code, None without a word; fails if it lives on."""
        deadline = time.monotonic() + seconds
        try:
            while time.monotonic() < deadline:
                frame = self.connection.recv(timeout=deadline - time.monotonic())
                assert isinstance(frame, str)
                self.frames.append(frame)
        except ConnectionClosed as closed:
            return closed.rcvd.code if closed.rcvd else None
        except TimeoutError:
            pass
        raise AssertionError(f"the socket lives on; got {self.frames[-3:]}")

    def messages(self) -> list[dict[str, Any]]:
        """Every message of the good `a` frames received so far."""
        return [message for frame in self.frames if frame.startswith("a") for message in json.loads(frame[1:])]

    def snapshot(self) -> dict[str, dict[int, dict[str, Any]]]:
        """The parts merged: collection -> id -> entity."""
        merged: dict[str, dict[int, dict[str, Any]]] = {}
        for message in self.messages():
            if message.get("i") == 2 and isinstance(message.get("d"), dict):
                for collection, entities in message["d"].items():
                    merged.setdefault(collection, {}).update({entity["id"]: entity for entity in entities})
        return merged

    def events(self) -> list[dict[str, Any]]:
        return [message["d"] for message in self.messages() if message.get("e") == "props"]


def live_socket(sandbox: RunningSandbox, token: str, environment: str = "demo", **body: Any) -> PlainSocket:
    """A socket past its sync request whose snapshot has been read."""
    socket = PlainSocket(sandbox, environment)
    assert socket.authorize(token)["s"] == 200
    socket.synchronize(**({"entityTypes": EVERY_TYPE} | body))
    assert socket.answer(2)["s"] == 200
    socket.read_until_quiet(0.3)
    return socket
