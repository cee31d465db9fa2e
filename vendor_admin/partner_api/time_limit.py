"""How long the statements of one read may take: a rare value cannot occupy the database."""

from collections.abc import Mapping

from django.db import OperationalError
from psycopg.errors import QueryCanceled

from vendor_admin.listing import lists

ADVICE = "That needs to look at too many rows. Name an account, a member or ids, and leave out the rarer filters."


def settings_of_read() -> Mapping[str, str]:
    """The settings of PostgreSQL's for the transaction that a read is answered in."""
    return {"statement_timeout": f"{lists.QUERY_TIMEOUT_MS}ms"}


def too_slow_of(error: Exception) -> lists.TooSlow | None:
    """What a read is told whose statement was stopped at that limit; None for every other error."""
    # The class says so, whatever language the server speaks.
    is_stopped = isinstance(error, OperationalError) and isinstance(error.__cause__, QueryCanceled)
    return lists.TooSlow(ADVICE) if is_stopped else None
