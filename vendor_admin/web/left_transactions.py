"""Database transactions that ended in no way: a thread that is left in one would answer errors until it is restarted.

Django closes a lost connection between requests, but not one that it believes to be inside a transaction.
"""

from contextlib import suppress

import structlog
from django.db import Error, connections

log = structlog.get_logger(__name__)


def drop_left_open() -> None:
    """Drop the connections of this thread that are inside a transaction. Only between requests: then none may be."""
    for connection in connections.all(initialized_only=True):
        if not connection.in_atomic_block:
            continue
        log.error("web.transaction_left_open", database=connection.alias)
        with suppress(Error):
            connection.close()
        del connections[connection.alias]
