"""A hub's threads for Django's side: a few for the database, and others for what waits for a platform's answer.

A host that hangs keeps its thread for as long as a login may take. So an organization has few of those at once, they
hold no database connection between calls, and nobody else waits for them.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Any, TypeVar

from django.db import close_old_connections, connections
from django.db.backends.base.base import BaseDatabaseWrapper

T = TypeVar("T")

FOR_DATABASE = 8
FOR_PLATFORM = 32
# Long lists that are read at once, by all sockets of a hub.
FOR_LISTS = 4
# One for each environment.
OF_ONE_ORGANIZATION = 2
CLOSE_SECONDS = 5.0


class Threads:
    """The threads of one hub."""

    def __init__(self) -> None:
        self._for_database = ThreadPoolExecutor(max_workers=FOR_DATABASE, thread_name_prefix="hub")
        self._for_platform = ThreadPoolExecutor(max_workers=FOR_PLATFORM, thread_name_prefix="hub-platform")
        self._for_lists = ThreadPoolExecutor(max_workers=FOR_LISTS, thread_name_prefix="hub-lists")
        self._turns: dict[int, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(OF_ONE_ORGANIZATION))
        self._opened: set[BaseDatabaseWrapper] = set()

    async def run(self, function: Callable[..., T], **arguments: Any) -> T:
        """Run what asks the database alone; its connection is checked before and after."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._for_database, partial(self._with_fresh_connection, function, arguments))

    async def run_for(self, organization_id: int, function: Callable[..., T], **arguments: Any) -> T:
        """Run what may wait for the platform's answer. An organization waits for its own calls before."""
        loop, turns = asyncio.get_running_loop(), self._turns[organization_id]
        await turns.acquire()
        try:
            call = self._for_platform.submit(_with_own_connection, function, arguments)
        except RuntimeError:
            turns.release()
            raise
        call.add_done_callback(partial(_release, turns, loop))  # who no longer waits for it frees no thread by that
        return await asyncio.wrap_future(call)

    async def run_list(self, function: Callable[[], T]) -> T:
        """Run a step of the reading of a long list: such never keep other calls waiting, only each other."""
        return await asyncio.get_running_loop().run_in_executor(self._for_lists, function)

    def end_list(self, close: Callable[[], object]) -> None:
        """Run the last step of such a reading; nobody waits for it."""
        with suppress(RuntimeError):  # the hub has ended
            self._for_lists.submit(close)

    async def close(self) -> None:
        """End the threads and close their database connections. A call that takes longer is left to end by itself."""
        await asyncio.wait([asyncio.create_task(asyncio.to_thread(self._end))], timeout=CLOSE_SECONDS)

    def _end(self) -> None:
        self._for_lists.shutdown(wait=False, cancel_futures=True)
        self._for_platform.shutdown(wait=False, cancel_futures=True)
        self._for_database.shutdown(cancel_futures=True)
        for connection in self._opened:
            connection.inc_thread_sharing()
            connection.close()
        self._for_platform.shutdown()

    def _with_fresh_connection(self, function: Callable[..., T], arguments: dict[str, object]) -> T:
        close_old_connections()
        self._opened.update(connections.all(initialized_only=True))
        try:
            return function(**arguments)
        finally:
            close_old_connections()
            self._opened.update(connections.all(initialized_only=True))


def _release(turns: asyncio.Semaphore, loop: asyncio.AbstractEventLoop, call: Future[Any]) -> None:
    with suppress(RuntimeError):  # the hub has ended
        loop.call_soon_threadsafe(turns.release)


def _with_own_connection(function: Callable[..., T], arguments: dict[str, object]) -> T:
    try:
        return function(**arguments)
    finally:
        connections.close_all()
