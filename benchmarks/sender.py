"""The sending side, in its own process: a WebSocket server that writes pre-rendered frames as told.

Run as `python -m benchmarks.sender FRAMES [CERTIFICATE KEY]`. A client presents the token `group:number`; the number
chooses the organization's frames. Commands, each for a `group`: `send` (`events`, at a `rate`; 0 is flat out),
`sockets`, `forget_beats`, `beats`.
"""

import asyncio
import json
import ssl
import sys
import time
from pathlib import Path
from typing import Any

import uvloop
from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.server import ServerProtocol

from benchmarks.events import EVENTS_PER_FRAME, load_frames

HEARTBEAT_SECONDS = 2.5
PACE_SECONDS = 0.005
CHUNK = 8


class Peer:
    """One client's socket."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._protocol = ServerProtocol(max_size=None)
        self.group, self.number = "", 0
        self.is_live = False
        self.last_beat_at = 0.0
        self.longest_silence = 0.0
        self.beats = 0
        self._written_at = 0.0

    async def serve(self) -> None:
        """Shake hands, authorize, accept the sync request, and note the client's beats until it leaves."""
        try:
            while data := await self._reader.read(65536):
                self._protocol.receive_data(data)
                for event in self._protocol.events_received():
                    if isinstance(event, Request):
                        self._protocol.send_response(self._protocol.accept(event))
                        self._protocol.send_text(b"o")
                    elif isinstance(event, Frame) and event.opcode is Opcode.TEXT:
                        self._take(bytes(event.data))
                for out in self._protocol.data_to_send():
                    self._writer.write(out)
                if self._protocol.close_expected():
                    break
        except (OSError, ssl.SSLError):
            pass
        finally:
            self.is_live = False
            self._writer.close()

    def _take(self, data: bytes) -> None:
        now = time.monotonic()
        endpoint, _, rest = data.partition(b"\n")
        if endpoint == b"authorize":
            group, _, number = rest.rpartition(b"\n")[2].decode().partition(":")
            self.group, self.number = group, int(number)
            self._protocol.send_text(b'a[{"s":200,"i":1,"d":{}}]')
        elif endpoint == b"user/syncrequest":
            self._protocol.send_text(b'a[{"s":200,"i":2,"d":{}}]')
            self.is_live = True
        else:
            self.longest_silence = max(self.longest_silence, now - self.last_beat_at)
            self.beats += 1
        self.last_beat_at = now

    def write(self, data: bytes) -> None:
        """Write bytes of frames."""
        self._writer.write(data)
        self._written_at = time.monotonic()

    async def drain(self) -> None:
        """Wait until the client has taken enough of what was written."""
        await self._writer.drain()

    def beat(self) -> None:
        """Send a heartbeat if nothing else was sent lately."""
        if self.is_live and time.monotonic() - self._written_at > HEARTBEAT_SECONDS / 2:
            self.write(_framed(b"h"))

    def forget_beats(self) -> None:
        self.last_beat_at, self.longest_silence, self.beats = time.monotonic(), 0.0, 0


class Sender:
    """All sockets, and the commands."""

    def __init__(self, frames: list[list[bytes]]) -> None:
        self._frames = [[_framed(text) for text in texts] for texts in frames]
        self._peers: set[Peer] = set()

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = Peer(reader, writer)
        self._peers.add(peer)
        try:
            await peer.serve()
        finally:
            self._peers.discard(peer)

    async def beat(self) -> None:
        """Heartbeats for ever, spread over the interval."""
        while True:
            peers = list(self._peers)
            pause = HEARTBEAT_SECONDS / max(len(peers), 1)
            for peer in peers:
                await asyncio.sleep(pause)
                peer.beat()
            if not peers:
                await asyncio.sleep(0.2)

    async def do(self, command: dict[str, Any]) -> dict[str, Any]:
        """Carry out one command and return its answer."""
        live = [peer for peer in self._peers if peer.is_live and peer.group == command.get("group", peer.group)]
        match command["do"]:
            case "send":
                return await self._send(live, events=command["events"], rate=command["rate"])
            case "forget_beats":
                for peer in live:
                    peer.forget_beats()
            case "beats":
                now = time.monotonic()
                silences = [max(peer.longest_silence, now - peer.last_beat_at) for peer in live]
                return {"beats": sum(peer.beats for peer in live), "longest_silence": max(silences, default=0.0)}
        return {"sockets": len(live)}

    async def _send(self, live: list[Peer], *, events: int, rate: float) -> dict[str, Any]:
        frames_each = events // EVENTS_PER_FRAME // len(live)
        started = time.time()
        each = [
            self._send_to(peer, count=frames_each, frames_per_second=rate / EVENTS_PER_FRAME / len(live))
            for peer in live
        ]
        sent = await asyncio.gather(*each)
        return {"started": started, "ended": time.time(), "events": sum(sent) * EVENTS_PER_FRAME}

    async def _send_to(self, peer: Peer, *, count: int, frames_per_second: float) -> int:
        """Write frames flat out, or as many as are due every few milliseconds; when used up they begin anew."""
        frames = self._frames[peer.number % len(self._frames)]
        started, done = time.monotonic(), 0
        while done < count and peer.is_live:
            due = CHUNK
            if frames_per_second:
                await asyncio.sleep(PACE_SECONDS)
                due = int((time.monotonic() - started) * frames_per_second) - done
            due = min(due, count - done)
            for number in range(done, done + due):
                peer.write(frames[number % len(frames)])
            done += due
            try:
                await peer.drain()
            except OSError:
                break
        return done


def _framed(text: bytes) -> bytes:
    return Frame(Opcode.TEXT, text).serialize(mask=False)


async def _main(path: Path, certificate: list[str]) -> None:
    context = None
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificate)
    sender = Sender(load_frames(path))
    server = await asyncio.start_server(sender.accept, "127.0.0.1", 0, ssl=context, backlog=1024)
    _say({"port": server.sockets[0].getsockname()[1]})
    beating = asyncio.create_task(sender.beat())
    commands = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(commands), sys.stdin)
    while line := await commands.readline():
        _say(await sender.do(json.loads(line)))
    beating.cancel()


def _say(answer: dict[str, Any]) -> None:
    print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_main(Path(sys.argv[1]), sys.argv[2:]))
