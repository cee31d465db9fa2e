"""The opaque cursor of the event list: a place in the log, the life of the database it is of, and a time.

The time is of the last row that was read. It tells whether what follows may have been dropped since: the log goes by
whole months of arrival, and a place from before its oldest month is no place any more.
"""

import base64
import binascii
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from django.db import connection

from vendor_admin.errors import Gone, Unavailable
from vendor_admin.organizations import incarnations
from vendor_admin.organizations.models import Incarnation
from vendor_admin.partner_api.request_errors import InvalidParameters, ParameterFault
from vendor_admin.sync.log.cursor import LogCursor
from vendor_admin.sync.log.retention import LEAST_RETENTION_DAYS

LATEST_WORDS: Final = ("now", "latest")
_IDENTITY: Final = ("system_identifier", "timeline", "database_oid")
_VERSION: Final = "1"
_NO_LIFE: Final = "0"
_LONGEST: Final = 120
_LARGEST_ID: Final = 2**63 - 1
_LARGEST_SECONDS: Final = 32_503_680_000  # the year 3000
# Nothing younger than this is ever dropped, so its place needs no look at the log's months.
_ALWAYS_KEPT: Final = timedelta(days=LEAST_RETENTION_DAYS - 1)
# What arrived just before a month ended may have been committed after its end.
_LATE: Final = timedelta(hours=1)


class Expired(Gone):
    """What follows the cursor is not there any more, or it is of another life of the database.

    `oldest_cursor` is where reading can go on; what lies between is lost to the reader.
    """


@dataclass(frozen=True, slots=True)
class EventCursor:
    """A place of a reader. `at` is the arrival of the row before it, in whole seconds."""

    life: str
    place: LogCursor
    at: datetime

    def __str__(self) -> str:
        text = f"{_VERSION}.{self.life}.{self.place}.{int(self.at.timestamp())}"
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def present_life() -> str:
    """The life of the database that cursors are of now. Two queries.

    Raises Unavailable where the database has become another one and no worker has seen to that yet.
    """
    known = Incarnation.objects.order_by("-id").first()
    if known is None:
        return _NO_LIFE
    if incarnations.identity_of_database().is_other_than(known, *_IDENTITY):
        raise Unavailable("The database was restored or moved. A worker looks into it.", retry_after_seconds=10)
    return _NO_LIFE if known.is_first else known.token.hex[:12]


def beginning(*, life: str, now: datetime) -> EventCursor:
    """Before the oldest row that is kept."""
    return EventCursor(life, LogCursor(), now)


def cursor_of(text: str, *, life: str, now: datetime) -> EventCursor:
    """The cursor that a reader gives back. Raises InvalidParameters for what is none, and Expired."""
    found = _parsed(text)
    if found is None:
        said = "This is no cursor of this address. Give back `next_cursor` unchanged."
        raise InvalidParameters([ParameterFault("after", "invalid_cursor", said)], code="invalid_cursor")
    oldest = str(beginning(life=life, now=now))
    if found.life != life:
        said = "The database was restored since: what this cursor says of it does not hold any more."
        raise Expired(said, oldest_cursor=oldest)
    if found.place != LogCursor() and found.at < now - _ALWAYS_KEPT and found.at < _oldest_month() + _LATE:
        raise Expired("What follows this cursor is older than what is kept of the log.", oldest_cursor=oldest)
    return found


def _parsed(text: str) -> EventCursor | None:
    if len(text) > _LONGEST or not text.isascii():
        return None
    try:
        version, life, *numbers = (
            base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True).decode().split(".")
        )
        tx, row_id, seconds = (int(number) for number in numbers if number.isdecimal())
    except (ValueError, binascii.Error):
        return None
    if version != _VERSION or len(numbers) != 3 or max(tx, row_id) > _LARGEST_ID or seconds > _LARGEST_SECONDS:
        return None
    return EventCursor(life, LogCursor(tx, row_id), datetime.fromtimestamp(seconds, UTC))


def _oldest_month() -> datetime:
    """When the oldest month begins of which the log is kept."""
    with connection.cursor() as database:
        database.execute(
            "SELECT to_date(min(right(c.relname, 7)), 'YYYY_MM')::timestamp AT TIME ZONE 'UTC'"
            " FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
            " WHERE i.inhparent = 'sync_entityevent'::regclass AND c.relname ~ '_[0-9]{4}_[0-9]{2}$'"
        )
        row = database.fetchone()
    return row[0] if row and row[0] is not None else datetime.min.replace(tzinfo=UTC)
