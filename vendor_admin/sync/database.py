"""The hub's connections to Postgres for everything but the writer: short statements with a time limit, reconnected at
need.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Concatenate, ParamSpec, TypeVar

import psycopg

from vendor_admin.sync import backends

P = ParamSpec("P")
T = TypeVar("T")


class Database:
    """A few connections as the hub role, opened as they are needed: a slow call does not hold up the next one.

    A call that takes too long, or breaks, closes its connection; the next call opens a new one. `name` is what they
    are called at the server.
    """

    def __init__(self, url: str, *, name: str, timeout_seconds: float = 3.0, connections: int = 1) -> None:
        self._url, self._name, self._timeout = url, name, timeout_seconds
        self._slots = [_Slot() for _ in range(connections)]
        self._idle: asyncio.LifoQueue[_Slot] = asyncio.LifoQueue()
        for slot in self._slots:
            self._idle.put_nowait(slot)

    async def call(
        self,
        function: Callable[Concatenate[psycopg.AsyncConnection, P], Awaitable[T]],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Call `function(connection, ...)`. Raises psycopg.Error, OSError or TimeoutError."""
        slot = await self._idle.get()
        try:
            async with asyncio.timeout(self._timeout):
                return await function(await self._connected(slot), *args, **kwargs)
        except (TimeoutError, OSError, psycopg.OperationalError, psycopg.InterfaceError):
            await slot.drop()
            raise
        finally:
            self._idle.put_nowait(slot)

    async def close(self) -> None:
        for slot in self._slots:
            await slot.drop()

    async def _connected(self, slot: "_Slot") -> psycopg.AsyncConnection:
        if slot.connection is None or slot.connection.closed:
            slot.connection = await backends.connect(self._url, name=self._name)
        return slot.connection


class _Slot:
    """One connection, or room for one."""

    def __init__(self) -> None:
        self.connection: psycopg.AsyncConnection | None = None

    async def drop(self) -> None:
        connection, self.connection = self.connection, None
        if connection is not None:
            try:
                async with asyncio.timeout(0.5):
                    await connection.close()
            except (TimeoutError, psycopg.Error, OSError):
                connection.pgconn.finish()
