"""How a socket is opened: the connection, and what is asked of the platform first."""

import asyncio
import ssl
from functools import cache

from websockets.asyncio.client import ClientConnection, connect
from websockets.proxy import get_proxy

from vendor_admin.mirrors.columns import mirror_models
from vendor_admin.organizations.platform_access.network_policy import addresses_to_call, judge_name
from vendor_admin.sync.leases import Held

# A part of the first picture holds all entities of a type, where the platform does not split it.
MAX_FRAME_BYTES = 64 * 2**20
# Afterwards: events, and lists that are short enough to be asked for over a socket.
MAX_FRAME_BYTES_OF_EVENTS = 16 * 2**20
LATE_PARTS_SECONDS = 60.0
# Messages that wait in memory while an earlier one is read: a socket then stops listening.
MAX_WAITING = 2


class _ConnectHere(connect):
    """Opens a connection where it is told to and nowhere else: the library would follow ten redirects to any host,
    which would be given the access token, and look names up that may have changed their mind."""

    async def open_tcp_connection(self) -> ClientConnection:
        if get_proxy(self.ws_uri) is not None:  # which looks names up itself
            judge_name(self.ws_uri.host)
            return await super().open_tcp_connection()
        failed = OSError("no address")
        for address in await asyncio.to_thread(addresses_to_call, self.ws_uri.host):
            self.create_connection_kwargs["host"] = address
            try:
                return await super().open_tcp_connection()
            except OSError as error:
                failed = error
        raise failed

    def process_redirect(self, exc: Exception) -> Exception | str:
        return exc


def connecting(url: str) -> connect:
    """An asynchronous context manager that opens a connection for the platform's protocol, and closes it. A redirect
    is not followed: it raises InvalidStatus.
    """
    return _ConnectHere(
        url,
        ssl=_trusted() if url.startswith("wss:") else None,
        max_size=MAX_FRAME_BYTES,
        max_queue=MAX_WAITING,
        ping_interval=None,
        compression=None,
        open_timeout=10,
        close_timeout=1,
        user_agent_header="vendor-admin",
    )


def expect_no_more_snapshot(connection: ClientConnection) -> None:
    """Let no message be longer than events are, from a while after the picture's end on; one that is ends the socket
    (1009). The platform does not say which part is the last: one that it needs long for may come later.
    """
    asyncio.get_running_loop().call_later(LATE_PARTS_SECONDS, _lower_limit, connection)


def _lower_limit(connection: ClientConnection) -> None:
    connection.protocol.max_message_size = min(MAX_FRAME_BYTES, MAX_FRAME_BYTES_OF_EVENTS)


def sync_request(lease: Held, *, penalty_ticket: str | None = None) -> dict[str, object]:
    """The body of a vendor's syncrequest: split answer, the entity types by name, the shard, and a served penalty's
    ticket.
    """
    body: dict[str, object] = {
        "splitResponses": True,
        "entityTypes": lease.entity_types or sorted(mirror_models()),
    }
    if lease.shard_count > 1:
        body["shardingExpression"] = {
            "expressionType": lease.sharding,
            "divisor": lease.shard_count,
            "remainder": lease.shard,
        }
    if penalty_ticket:
        body["p-ticket"] = penalty_ticket
    return body


@cache
def _trusted() -> ssl.SSLContext:
    """One for all sockets: a context of its own would cost each of them the public authorities again, some 700 KiB."""
    return ssl.create_default_context()
