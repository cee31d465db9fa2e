"""A hub in its own process, as the bootstep of the Celery worker runs it: `python -m benchmarks.hub_process NAME`.

The command `watch` notes from then on for every row the time from its arrival to the answer of its COMMIT; `latencies`
tells them. `look` tells how many rows wait, and how many statements were sent so far.
"""

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any

import django
import psycopg
import uvloop

django.setup()

from django.conf import settings  # noqa: E402

from vendor_admin.sync.hub.hub import Hub, HubSettings  # noqa: E402
from vendor_admin.sync.log import batch_writer  # noqa: E402
from vendor_admin.sync.log.rows import BadRow, Row  # noqa: E402

Write = Callable[..., Awaitable[int]]


class Watch:
    """Stands in front of `write_batch` and keeps (received at, seconds until committed) of every row."""

    def __init__(self, write: Write) -> None:
        self._write = write
        self.seen: list[tuple[str, float]] = []

    async def __call__(self, connection: Any, rows: Sequence[Row | BadRow], **options: Any) -> int:
        count = await self._write(connection, rows, **options)
        now = time.time()
        self.seen += [(row.received_at, now) for row in rows]
        return count

    def latencies(self, *, skip_seconds: float) -> list[float]:
        """Seconds from received to committed, sorted, of the rows that arrived after the first `skip_seconds`."""
        pairs = [(datetime.fromisoformat(received).timestamp(), committed) for received, committed in self.seen]
        begin = min((received for received, _ in pairs), default=0.0) + skip_seconds
        return sorted(committed - received for received, committed in pairs if received >= begin)


class CountingConnection(psycopg.AsyncConnection):
    """Counts what all of a hub's connections send."""

    statements = 0

    async def execute(self, *arguments: Any, **options: Any) -> Any:
        CountingConnection.statements += 1
        return await super().execute(*arguments, **options)


async def _main(name: str) -> None:
    psycopg.AsyncConnection = CountingConnection  # type: ignore[misc, assignment]
    hub = Hub(HubSettings(name=name, database_url=settings.DATABASE_HUB_URL))
    running = asyncio.create_task(hub.run())
    commands = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(commands), sys.stdin)
    plain = batch_writer.write_batch
    watch = Watch(plain)
    while line := await commands.readline():
        match json.loads(line):
            case {"do": "watch"}:
                watch = Watch(plain)
                batch_writer.write_batch = watch
                answer: dict[str, Any] = {}
            case {"do": "latencies", "skip_seconds": skip}:
                batch_writer.write_batch = plain
                answer = {"latencies": watch.latencies(skip_seconds=skip)}
            case _:
                answer = {"waiting": hub.waiting_rows, "statements": CountingConnection.statements}
        print(json.dumps(answer), flush=True)
    hub.stop()
    await running


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_main(sys.argv[1]))
