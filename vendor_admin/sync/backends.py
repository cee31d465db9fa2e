"""A hub's connections at the server: how they are named and bounded, and how those of one that stands still are ended.

A backend keeps its locks for as long as its client stands still. Inside a pipeline no timeout of the session ends it
before PostgreSQL 17, so whoever takes over must be able to: every connection carries its hub's name.
"""

import asyncio
import re
from collections.abc import Collection

import psycopg
import structlog

log = structlog.get_logger(__name__)

# The server cuts application names at 63 bytes. A hub's name ends with its process and a random part.
_PREFIX, _NAME_LENGTH = "vendor-admin hub ", 36
_NOT_ASCII = re.compile(r"[^!-~]")
# How long a statement waits for a row. Another hub's flush of the same rows takes a tenth of it.
LOCK_MS = 500
# What the server ends by itself. By keepalives and TCP_USER_TIMEOUT it notices that a client's host is gone.
_OPTIONS = {
    "timezone": "UTC",
    "statement_timeout": "7s",
    "idle_in_transaction_session_timeout": "5s",
    "tcp_keepalives_idle": "5",
    "tcp_keepalives_interval": "2",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "10000",
}
# A transaction that takes longer stands still. Less than the ttl of a lease. Known to PostgreSQL 17 and later.
TRANSACTION_SECONDS = 8
_HAS_TRANSACTION_TIMEOUT = 170_000
END_SECONDS = 0.5

# Those of another role are not ours to end, whatever they are called.
_END = """
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
 WHERE datname = current_database() AND usename = current_user AND pid <> pg_backend_pid()
   AND EXISTS (SELECT FROM unnest(%s::text[]) AS beginning WHERE starts_with(application_name, beginning))
"""


def application_name(hub: str, part: str = "") -> str:
    """What a hub's connection is called at the server: printable ASCII, at most 63 bytes, beginning with the hub."""
    return f"{_PREFIX}{_NOT_ASCII.sub('?', hub)[-_NAME_LENGTH:]} {part}"


async def connect(url: str, *, name: str) -> psycopg.AsyncConnection:
    """An autocommitting connection called `name`, on which nothing waits or stands still without end."""
    options = _OPTIONS | {"lock_timeout": str(LOCK_MS)}
    connection = await psycopg.AsyncConnection.connect(
        url,
        autocommit=True,
        connect_timeout=5,
        application_name=name,
        options=" ".join(f"-c {key}={value}" for key, value in options.items()),
        prepare_threshold=2,
        keepalives_idle=10,
        keepalives_interval=5,
        keepalives_count=3,
        tcp_user_timeout=20_000,
    )
    try:
        if connection.info.server_version >= _HAS_TRANSACTION_TIMEOUT:
            await connection.execute(f"SET transaction_timeout = '{TRANSACTION_SECONDS}s'")
    except BaseException:
        connection.pgconn.finish()
        raise
    return connection


async def end(connection: psycopg.AsyncConnection, *, names: Collection[str]) -> bool:
    """End this role's other connections to this database whose names begin with one of these. Waits a moment until
    they are gone; returns whether none is left.
    """
    deadline, is_news = asyncio.get_running_loop().time() + END_SECONDS, True
    while True:
        row = await (await connection.execute(_END, [list(names)])).fetchone()
        if row is None or not row[0]:
            return True
        if is_news:
            log.warning("hub.connections_ended", names=sorted(names), count=row[0])
            is_news = False
        if asyncio.get_running_loop().time() > deadline:
            return False
        await asyncio.sleep(0.02)
