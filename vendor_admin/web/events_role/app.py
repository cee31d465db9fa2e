"""The events role's application: one plain async view beside /livez.

A request is answered by Django in a thread of a small pool. One that finds nothing and is willing to wait goes back to
the event loop, where it costs a few kilobytes; when its organization has news, Django answers it once more.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Any, Final

import structlog

from vendor_admin.sync.api import Waiting
from vendor_admin.sync.log.cursor import LogCursor
from vendor_admin.web.events_role.django_calls import Answer, answer_to, ends_of
from vendor_admin.web.events_role.waiters import Waiters, first_of

log = structlog.get_logger(__name__)

PATH: Final = "/api/v1/events"
THREADS: Final = 4
# Who was woken by events that are none of those asked for looks again after this at the earliest.
REST_SECONDS: Final = 1.0

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
_TEXT = [(b"content-type", b"text/plain; charset=utf-8"), (b"cache-control", b"no-store")]


class EventsApplication:
    """An ASGI application. `stop` sends all who wait away with what is there."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="events")
        self._poller_pool = ThreadPoolExecutor(1, thread_name_prefix="events-poller")
        self._waiters: Waiters | None = None
        self._poller: asyncio.Task[None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            await self._answer(scope, receive, send)

    def stop(self) -> None:
        if self._waiters is not None:
            self._waiters.stop()

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                self._waiters = Waiters(self._ends_of)
                self._poller = asyncio.create_task(self._waiters.run())
                await send({"type": "lifespan.startup.complete"})
            elif message["type"] == "lifespan.shutdown":
                if self._poller is not None:
                    self._poller.cancel()
                    await asyncio.gather(self._poller, return_exceptions=True)
                self._pool.shutdown()
                self._poller_pool.shutdown()
                await send({"type": "lifespan.shutdown.complete"})
                return

    async def _ends_of(self, organization_ids: Sequence[int]) -> Mapping[int, LogCursor]:
        return await asyncio.get_running_loop().run_in_executor(self._poller_pool, ends_of, organization_ids)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/livez":
            await _send(send, Answer(200, _TEXT, b"ok\n", None))
        elif scope["path"].rstrip("/") != PATH:
            said = b"This process answers /api/v1/events alone. Your proxy sends it other addresses, too.\n"
            await _send(send, Answer(404, _TEXT, said, None))
        else:
            answer = await self._events(scope, receive)
            if answer is not None:
                await _send(send, answer)

    async def _events(self, scope: Scope, receive: Receive) -> Answer | None:
        """The answer, at once or after waiting; None if the caller has gone."""
        answer = await self._ask(scope)
        waiters = self._waiters
        if answer.waiting is None or waiters is None:
            return answer
        gone = asyncio.Event()
        watch = asyncio.create_task(_until_gone(receive, gone))
        deadline = time.monotonic() + answer.waiting.seconds
        try:
            while answer.waiting is not None and (left := deadline - time.monotonic()) > 0:
                if not waiters.has_room(answer.waiting.organization_id):
                    return answer
                answer = await self._wait(scope, waiters, answer, answer.waiting, gone, seconds=left)
                if gone.is_set():
                    return None
                if waiters.is_stopping:
                    return answer
            return answer
        finally:
            watch.cancel()
            with suppress(asyncio.CancelledError):
                await watch

    async def _wait(
        self, scope: Scope, waiters: Waiters, answer: Answer, waiting: Waiting, gone: asyncio.Event, *, seconds: float
    ) -> Answer:
        """Wait for news and ask again; the same answer where none came."""
        began = time.monotonic()
        with waiters.waiting(waiting.organization_id, waiting.place) as waiter:
            await first_of(waiter.has_news.wait, gone.wait, seconds=seconds)
            if gone.is_set() or not waiter.has_news.is_set():
                return answer
        later = await self._ask(scope, after=waiting.cursor)
        if later.waiting is not None and not waiters.is_stopping:  # others' events: not at each of their flushes
            rest = min(REST_SECONDS, seconds - (time.monotonic() - began))
            if rest > 0:
                await first_of(gone.wait, seconds=rest)
        return later

    async def _ask(self, scope: Scope, *, after: str = "") -> Answer:
        return await asyncio.get_running_loop().run_in_executor(self._pool, partial(answer_to, scope, after=after))


async def _until_gone(receive: Receive, gone: asyncio.Event) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    gone.set()


async def _send(send: Send, answer: Answer) -> None:
    await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
    await send({"type": "http.response.body", "body": answer.body})
