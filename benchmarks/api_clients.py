"""Many programs that call the partner API at once: `python -m benchmarks.api_clients`, told by lines of JSON on stdin.

`{"port": …, "clients": 200, "seconds": 60, "calls": [{"path": …, "key": …}, …]}` is answered with what came back: each
status with its count, and milliseconds of the requests in order. Each client keeps one connection and sends the next
request when it has the answer to the one before.
"""

import asyncio
import json
import sys
import time
from collections import Counter
from typing import Any

LONGEST_ANSWER_SECONDS = 60.0
BROKEN = "no answer"


async def _call_all(task: dict[str, Any]) -> dict[str, Any]:
    statuses: Counter[str] = Counter()
    milliseconds: list[float] = []
    until = time.monotonic() + task["seconds"]
    clients = [
        _client(task["port"], task["calls"], first=number, until=until, statuses=statuses, milliseconds=milliseconds)
        for number in range(task["clients"])
    ]
    began = time.monotonic()
    await asyncio.gather(*clients)
    seconds = time.monotonic() - began
    return {"statuses": statuses, "milliseconds": sorted(milliseconds), "seconds": seconds}


async def _client(
    port: int,
    calls: list[dict[str, str]],
    *,
    first: int,
    until: float,
    statuses: Counter[str],
    milliseconds: list[float],
) -> None:
    connection: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
    number = first
    while time.monotonic() < until:
        call = calls[number % len(calls)]
        number += 1
        began = time.monotonic()
        try:
            async with asyncio.timeout(LONGEST_ANSWER_SECONDS):
                if connection is None:
                    connection = await asyncio.open_connection("127.0.0.1", port)
                status, is_last = await _ask(*connection, call=call)
        except (OSError, TimeoutError, EOFError, ValueError):
            status, is_last = BROKEN, True
        statuses[status] += 1
        milliseconds.append((time.monotonic() - began) * 1000)
        if is_last and connection is not None:
            connection[1].close()
            connection = None
    if connection is not None:
        connection[1].close()


async def _ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, call: dict[str, str]) -> tuple[str, bool]:
    """The status of an answer that was read whole, and whether its connection ends with it."""
    head = f"GET {call['path']} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {call['key']}\r\n\r\n"
    writer.write(head.encode())
    await writer.drain()
    lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower().split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines[1:] if ": " in line)
    await reader.readexactly(int(headers["content-length"]))
    return lines[0].split()[1], headers.get("connection") == "close"


def _main() -> None:
    for line in sys.stdin:
        print(json.dumps(asyncio.run(_call_all(json.loads(line)))), flush=True)


if __name__ == "__main__":
    _main()
