"""The hub's connections to Postgres for everything but the writer: short statements with a time limit, reconnected at
need.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Concatenate, ParamSpec, TypeVar

import psycopg

P = ParamSpec("P")
T = TypeVar("T")


class Database:
    """One connection as the hub role. A call that takes too long, or breaks, closes it; the next call opens a new
    one.
    """

    def __init__(self, url: str, *, timeout_seconds: float = 3.0) -> None:
        self._url, self._timeout = url, timeout_seconds
        self._connection: psycopg.AsyncConnection | None = None
        self._lock = asyncio.Lock()

    async def call(
        self,
        function: Callable[Concatenate[psycopg.AsyncConnection, P], Awaitable[T]],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Call `function(connection, ...)`. Raises psycopg.Error, OSError or TimeoutError."""
        async with self._lock:
            try:
                async with asyncio.timeout(self._timeout):
                    return await function(await self._connected(), *args, **kwargs)
            except (TimeoutError, OSError, psycopg.OperationalError, psycopg.InterfaceError):
                await self._drop()
                raise

    async def close(self) -> None:
        await self._drop()

    async def _connected(self) -> psycopg.AsyncConnection:
        if self._connection is None or self._connection.closed:
            self._connection = await psycopg.AsyncConnection.connect(
                self._url,
                autocommit=True,
                application_name="vendor-admin hub",
                options="-c statement_timeout=10s -c idle_in_transaction_session_timeout=5s -c timezone=UTC",
            )
        return self._connection

    async def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                async with asyncio.timeout(0.5):
                    await connection.close()
            except (TimeoutError, psycopg.Error, OSError):
                connection.pgconn.finish()
