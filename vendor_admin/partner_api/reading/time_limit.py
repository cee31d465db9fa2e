"""How long the statements of one request may take: a rare value cannot occupy the database."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import OperationalError, connection
from psycopg.errors import QueryCanceled

from vendor_admin.listing.lists import QUERY_TIMEOUT_MS, TooSlow

ADVICE = "That needs to look at too many rows. Name an account, a member or ids, and leave out the rarer filters."


@contextmanager
def bounded() -> Iterator[None]:
    """Limit the statements that follow in the view's transaction. Raises TooSlow, after which it is rolled back.

    Without a savepoint of its own, which lists.bounded has: a request ends with its answer.
    """
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL statement_timeout = {QUERY_TIMEOUT_MS}")
    try:
        yield
    except OperationalError as error:
        if isinstance(error.__cause__, QueryCanceled):  # whatever language the server speaks
            raise TooSlow(ADVICE) from error
        raise
