"""How a socket is opened: the connection, and what is asked of the platform first."""

import ssl
from functools import cache

from websockets.asyncio.client import connect

from vendor_admin.mirrors.columns import mirror_models
from vendor_admin.sync.leases import Held

MAX_FRAME_BYTES = 128 * 2**20


class _ConnectHere(connect):
    """Opens a connection where it is told to and nowhere else: the library would follow ten redirects to any host,
    which would be given the access token."""

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
        max_queue=16,
        ping_interval=None,
        compression=None,
        open_timeout=10,
        close_timeout=1,
        user_agent_header="vendor-admin",
    )


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
