"""A platform that sends exactly the bytes a test gives it: sync sockets with look-ups on one port."""

import asyncio
import http
import json
import threading
import time
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import parse_qs

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response


@dataclass(eq=False)
class Peer:
    """One socket as the platform sees it. `received_at` are monotonic times of the client's frames."""

    connection: ServerConnection
    token: str = ""
    sync_request: dict[str, Any] = field(default_factory=dict)
    is_synced: bool = False
    opened_at: float = field(default_factory=time.monotonic)
    received_at: list[float] = field(default_factory=list)
    closed_at: float | None = None

    @property
    def is_open(self) -> bool:
        return self.closed_at is None


class ScriptedPlatform:
    """`with ScriptedPlatform() as platform:` listens on a free port of 127.0.0.1 in a thread of its own.

    A syncrequest is answered with the raw frames in `snapshot`, each of which may name the request's number as `{i}`.
    `lists` holds the entities that `list` and `ldeps` (by account) answer, by entity type; a type without is a 404.
    `items` holds what is known by id, where that is asked for.
    `shards` holds snapshots of a shard's own, by its remainder, with the seconds that they take to come.
    `behind` holds messages that go out in the frame of an answer, behind it, by endpoint; each goes out once.
    `tickets` holds bodies that answer the next calls of an endpoint instead, `failures` (status, body) of others; each
    goes out once.
    """

    def __init__(self) -> None:
        self.snapshot: list[bytes] = [b'a[{"s":200,"i":{i},"d":{}}]']
        self.shards: dict[int, tuple[float, list[bytes]]] = {}
        self.lists: dict[str, list[dict[str, Any]]] = {}
        self.items: dict[str, list[dict[str, Any]]] = {}
        self.behind: dict[str, list[bytes]] = {}
        self.tickets: dict[str, list[object]] = {}
        self.failures: dict[str, list[tuple[int, object]]] = {}
        self.calls: list[str] = []
        self.peers: list[Peer] = []
        self.sends_heartbeats = True
        self.accepts = True
        self.opens_after_seconds = 0.0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="scripted platform", daemon=True)
        self._server: Server | None = None
        self._port = 0

    @property
    def rest_url(self) -> str:
        return f"http://127.0.0.1:{self._port}/v1"

    @property
    def websocket_url(self) -> str:
        return f"ws://127.0.0.1:{self._port}/v1/websocket"

    @property
    def open_peers(self) -> list[Peer]:
        return [peer for peer in list(self.peers) if peer.is_open]

    def send(self, *frames: bytes, peer: Peer | None = None) -> None:
        """Send text frames with these very bytes to one socket, or to all that have synced."""
        peers = [peer] if peer else [one for one in self.open_peers if one.is_synced]
        assert peers, "no socket has synced"
        self._run(self._send(peers, frames)).result(60)

    def close(self, *, code: int = 1000, reason: str = "") -> None:
        """Close every socket politely."""
        self._run(self._close(code, reason)).result(10)

    def __enter__(self) -> Self:
        self._thread.start()
        self._run(self._start()).result(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._run(self._end()).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def _run(self, coroutine: Any) -> Future[Any]:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop)

    async def _start(self) -> None:
        self._server = await serve(
            self._speak,
            "127.0.0.1",
            0,
            process_request=self._answer_call,
            ping_interval=None,
            compression=None,
            max_size=None,
            close_timeout=1,
        )
        self._port = next(iter(self._server.sockets)).getsockname()[1]

    async def _end(self) -> None:
        if self._server is not None:
            self._server.close(code=1001)
            await self._server.wait_closed()

    async def _send(self, peers: list[Peer], frames: tuple[bytes, ...]) -> None:
        for frame in frames:
            for peer in peers:
                await peer.connection.send(frame, text=True)

    async def _close(self, code: int, reason: str) -> None:
        for peer in self.open_peers:
            await peer.connection.close(code, reason)

    async def _speak(self, connection: ServerConnection) -> None:
        peer = Peer(connection)
        self.peers.append(peer)
        beating = asyncio.create_task(self._beat(connection))
        try:
            await asyncio.sleep(self.opens_after_seconds)
            await connection.send("o")
            async for text in connection:
                peer.received_at.append(time.monotonic())
                await self._answer(peer, str(text))
        except ConnectionClosed:
            pass
        finally:
            peer.closed_at = time.monotonic()
            beating.cancel()

    async def _beat(self, connection: ServerConnection) -> None:
        while True:
            await asyncio.sleep(1)
            if self.sends_heartbeats:
                await connection.send("h")

    async def _answer(self, peer: Peer, text: str) -> None:
        endpoint, *lines = text.split("\n", 3)
        if endpoint == "authorize":
            peer.token = lines[2]
            await peer.connection.send(f'a[{{"s":200,"i":{lines[0]}}}]')
        elif endpoint == "user/syncrequest":
            peer.sync_request = json.loads(lines[2])
            remainder = peer.sync_request.get("shardingExpression", {}).get("remainder", -1)
            seconds, snapshot = self.shards.get(remainder, (0.0, self.snapshot))
            await asyncio.sleep(seconds)
            for frame in snapshot:
                await peer.connection.send(frame.replace(b"{i}", lines[0].encode()), text=True)
            peer.is_synced = True
        elif endpoint != "[]":
            self.calls.append(f"{endpoint}?{lines[1]}")
            tickets, failures = self.tickets.get(endpoint), self.failures.get(endpoint)
            if tickets:
                status, body = 200, tickets.pop(0)
            else:
                status, body = failures.pop(0) if failures else self.look_up(endpoint, lines[1])
            answer = f'{{"s":{status},"i":{lines[0]},"d":{json.dumps(body)}}}'.encode()
            messages = [answer, *self.behind.pop(endpoint, [])]
            await peer.connection.send(b"a[" + b",".join(messages) + b"]", text=True)

    def look_up(self, endpoint: str, query: str) -> tuple[int, object]:
        """Status and body of `list` and `ldeps`."""
        entity_type, _, operation = endpoint.partition("/")
        entities = self.lists.get(entity_type)
        if operation == "items" and entity_type in self.items:
            ids = {int(one) for one in parse_qs(query)["ids"][0].split(",")}
            return 200, [entity for entity in self.items[entity_type] if entity["id"] in ids]
        if entities is None or operation not in ("list", "ldeps"):
            return 404, "Not found"
        if operation == "ldeps":
            masters = {int(one) for text in parse_qs(query)["masterids"] for one in text.split(",")}
            entities = [
                entity for entity in entities if masters & {entity.get(key) for key in ("accountId", "id", "userId")}
            ]
        return 200, entities

    def _answer_call(self, connection: ServerConnection, request: Request) -> Response | None:
        """Lets sockets open, or not."""
        if self.accepts:
            return None
        return connection.respond(http.HTTPStatus.SERVICE_UNAVAILABLE, "closed")
