"""Reads one page of an organization's events: the platform's log and what the service itself tells, in one order.

An unfiltered page reads just its rows. A filtered one looks at LOOKED_AT rows of the log at most, whatever it finds,
and its cursor stands behind them: so no call reads a whole log, and no index beside that of the order is needed, which
each flush would pay for. Must run inside the organization's scope.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from django.db import connection

from vendor_admin.mirrors.models import Account
from vendor_admin.sync.events.cursors import LATEST_WORDS, EventCursor, beginning, cursor_of, present_life
from vendor_admin.sync.events.event_types import (
    RESYNC_KINDS,
    SERVICE_KIND,
    TYPES_WITH_USER,
    Chosen,
    Facts,
    entity_types_of,
    event_type_of,
    facts_of,
    needs_earlier,
)
from vendor_admin.sync.events.query import EventQuery
from vendor_admin.sync.log.cursor import LogCursor

LOOKED_AT: Final = 10_000
# A page ends early where its objects would be more than this together.
PAGE_BYTES: Final = 8 * 2**20
# How many of the rows that wait for a long transaction are counted.
MOST_COUNTED: Final = 1_000
# A cursor at the end of a quiet log gets a new time so often: otherwise it would seem to be behind retention one day.
_REFRESH: Final = timedelta(days=1)

_COLUMNS = "tx::text::bigint AS tx, id, received_at, kind, entity_type, entity_id, account_id, environment, payload"
_SERVICE_COLUMNS = (
    f"tx::text::bigint, id, received_at, {SERVICE_KIND}::smallint, entity_type::text, entity_id, NULL::bigint,"
    " environment, payload"
)
# The transaction is read by a query of its own: PostgreSQL takes the index in the wanted order for a value that it does
# not know. Of one that it knows it expects next to nothing behind it, as its statistics are older than the newest rows
# and know nothing of a transaction with many, and sorts all that there is for each page.
_AFTER = (
    "organization_id = %(organization)s AND (tx, id) > ((SELECT %(tx)s::text::xid8), %(id)s)"
    " AND tx < pg_snapshot_xmin(pg_current_snapshot()) ORDER BY sync_{0}.tx, id LIMIT %(limit)s"
)
# Both parts go by an index in the wanted order, so that the server merges as much as the page takes.
_ROWS = f"""
(SELECT {_COLUMNS} FROM sync_entityevent WHERE {_AFTER.format("entityevent")})
UNION ALL
(SELECT {_SERVICE_COLUMNS} FROM sync_serviceevent WHERE {_AFTER.format("serviceevent")})
ORDER BY tx, id LIMIT %(limit)s
"""
# The time as answers have it, written by the server: of a thousand rows that takes a tenth of what Python needs.
_TEXTS = """tx, id, to_char(received_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), kind, entity_type,
       entity_id, account_id, environment, payload::text"""
_PAGE = f"SELECT {_TEXTS} FROM ({_ROWS}) AS r ORDER BY tx, id"
_FILTERED = f"""
WITH looked AS MATERIALIZED ({_ROWS}),
     last AS (SELECT tx, id, received_at, (SELECT count(*) FROM looked) AS looked_at
                FROM looked ORDER BY tx DESC, id DESC LIMIT 1)
SELECT l.tx, l.id, l.received_at, l.looked_at, r.* FROM last l LEFT JOIN LATERAL (
    SELECT {_TEXTS} FROM looked
     WHERE (%(types)s::text[] IS NULL OR entity_type = ANY (%(types)s))
       AND (%(account)s::bigint IS NULL OR account_id = %(account)s)
       AND (%(member)s::text IS NULL
            OR (entity_type = 'user' AND entity_id = %(member)s::bigint)
            OR account_id = ANY (%(accounts)s::bigint[])
            OR (entity_type = ANY (%(with_user)s) AND payload ->> 'userId' = %(member)s))
     ORDER BY tx, id) AS r ON true
"""
# What an entity was before some rows: by the log's index of entities, one look for each.
_EARLIER = """
SELECT asked.id, earlier.payload FROM unnest(%s::bigint[], %s::timestamptz[], %s::text[], %s::bigint[], %s::text[])
       AS asked(id, received_at, entity_type, entity_id, environment)
 CROSS JOIN LATERAL (
       SELECT e.payload::text AS payload FROM sync_entityevent e
        WHERE e.organization_id = %s AND e.entity_type = asked.entity_type AND e.entity_id = asked.entity_id
          AND (e.received_at, e.id) < (asked.received_at, asked.id) AND e.environment = asked.environment
        ORDER BY e.received_at DESC, e.id DESC LIMIT 1) AS earlier
"""
# One array for the server to plan with, not a parameter for each of a page's accounts.
_MEMBERS = """
SELECT environment, entity_id, user_id FROM mirrors_account
 WHERE organization_id = %s AND entity_id = ANY (%s) AND user_id IS NOT NULL
"""
_LAG = """
SELECT clock_timestamp(), min(received_at), count(*), pg_snapshot_xmin(pg_current_snapshot())::text FROM (
    SELECT received_at FROM sync_entityevent
     WHERE organization_id = %s AND tx >= pg_snapshot_xmin(pg_current_snapshot()) ORDER BY tx, id LIMIT %s) AS held
"""
_END = """
SELECT o.id, e.tx, e.row_id FROM unnest(%s::bigint[]) AS o(id) CROSS JOIN LATERAL (
    SELECT tx, row_id FROM (
        (SELECT tx::text::bigint AS tx, id AS row_id FROM sync_entityevent
          WHERE organization_id = o.id AND tx < pg_snapshot_xmin(pg_current_snapshot())
          ORDER BY sync_entityevent.tx DESC, id DESC LIMIT 1)
        UNION ALL
        (SELECT tx::text::bigint, id FROM sync_serviceevent
          WHERE organization_id = o.id AND tx < pg_snapshot_xmin(pg_current_snapshot())
          ORDER BY sync_serviceevent.tx DESC, id DESC LIMIT 1)) AS ends
     ORDER BY tx DESC, row_id DESC LIMIT 1) AS e
"""


class _LogRow(NamedTuple):
    """A row as the statements give it; `payload` is JSON text, `received` a time as RFC 3339."""

    tx: int
    id: int
    received: str
    kind: int
    entity_type: str
    entity_id: int
    account_id: int | None
    environment: str
    payload: str


class Event(NamedTuple):
    """One event as partners see it. `payload` is the object's JSON as it was received; `received` is RFC 3339 in UTC,
    in microseconds.
    """

    id: int
    tx: int
    type: str
    received: str
    kind: int
    is_resync: bool
    environment: str
    entity_type: str
    entity_id: int
    account_id: int | None
    member_id: int | None
    payload: str

    @property
    def received_at(self) -> datetime:
        return datetime.fromisoformat(self.received)


@dataclass(frozen=True, slots=True)
class Lag:
    """How far readers are behind what is committed, as a long transaction of any database of the server holds them.

    `rows` counts MOST_COUNTED at most; `horizon` is the number of the oldest running transaction.
    """

    seconds: float
    rows: int
    horizon: str


@dataclass(frozen=True, slots=True)
class EventPage:
    """Events in order, the cursor behind the last row looked at, and whether more is known to follow."""

    events: Sequence[Event]
    next_cursor: EventCursor
    has_more: bool
    lag: Lag | None = None


def read_page(query: EventQuery, *, organization_id: int, now: datetime) -> EventPage:
    """The page that a reader asked for. Raises InvalidParameters, Expired, Unavailable."""
    life = present_life()
    if query.after in LATEST_WORDS:
        place = ends_of_logs([organization_id]).get(organization_id, LogCursor())
        return EventPage((), EventCursor(life, place, now), has_more=False, lag=_lag(organization_id))
    cursor = cursor_of(query.after, life=life, now=now) if query.after else beginning(life=life, now=now)
    page = read_events(query, organization_id=organization_id, cursor=cursor)
    if not page.has_more:
        page = replace(page, lag=_lag(organization_id))
        if not page.events and page.next_cursor.at < now - _REFRESH:
            page = replace(page, next_cursor=replace(page.next_cursor, at=now))
    return page


def read_events(query: EventQuery, *, organization_id: int, cursor: EventCursor) -> EventPage:
    """The events of `query` behind a place; its `after` and `wait_seconds` do not count."""
    if query.is_filtered:
        return _filtered_page(query, organization_id=organization_id, cursor=cursor)
    values = _place(organization_id, cursor) | {"limit": query.limit}
    with connection.cursor() as database:
        database.execute(_PAGE, values)
        rows = list(map(_LogRow._make, database.fetchall()))
    kept = _within_bytes(rows)
    events = _events(kept, organization_id=organization_id)
    return EventPage(events, _behind(kept, cursor), has_more=len(rows) == query.limit or len(kept) < len(rows))


def ends_of_logs(organization_ids: Sequence[int]) -> dict[int, LogCursor]:
    """Where the events of each organization end now; what has none is left out. One query for all of them."""
    with connection.cursor() as database:
        database.execute(_END, [list(organization_ids)])
        return {row[0]: LogCursor(row[1], row[2]) for row in database.fetchall()}


def _filtered_page(query: EventQuery, *, organization_id: int, cursor: EventCursor) -> EventPage:
    values = _place(organization_id, cursor) | {
        "limit": LOOKED_AT,
        "types": entity_types_of(query.types) if query.types else None,
        "account": query.account_id,
        "member": None if query.member_id is None else str(query.member_id),
        "accounts": [] if query.member_id is None else _accounts_of(query.member_id),
        "with_user": list(TYPES_WITH_USER),
    }
    with connection.cursor() as database:
        database.execute(_FILTERED, values)
        found = database.fetchall()
    if not found:
        return EventPage((), cursor, has_more=False)
    last_tx, last_id, last_at, looked_at = found[0][:4]
    kept = _within_bytes([_LogRow._make(row[4:]) for row in found if row[4] is not None])
    chosen = Chosen(query.types)
    wanted = [
        event
        for event in _events(kept, organization_id=organization_id)
        if not query.types or chosen.has(event.type)
    ]  # fmt: skip
    events = wanted[: query.limit]
    if len(events) < len(wanted):
        return EventPage(events, _behind(events, cursor), has_more=True)
    if len(kept) < sum(1 for row in found if row[4] is not None):
        return EventPage(events, _behind(kept, cursor), has_more=True)
    behind = EventCursor(cursor.life, LogCursor(last_tx, last_id), last_at)
    return EventPage(events, behind, has_more=looked_at == LOOKED_AT)


def _place(organization_id: int, cursor: EventCursor) -> dict[str, Any]:
    return {"organization": organization_id, "tx": str(cursor.place.tx), "id": cursor.place.id}


def _behind(rows: Sequence[_LogRow] | Sequence[Event], cursor: EventCursor) -> EventCursor:
    if not rows:
        return cursor
    return EventCursor(cursor.life, LogCursor(rows[-1].tx, rows[-1].id), datetime.fromisoformat(rows[-1].received))


def _within_bytes(rows: list[_LogRow]) -> list[_LogRow]:
    """The first rows whose objects stay within PAGE_BYTES; one at least."""
    total = 0
    for number, row in enumerate(rows):
        total += len(row.payload)
        if total > PAGE_BYTES and number:
            return rows[:number]
    return rows


def _events(rows: Sequence[_LogRow], *, organization_id: int) -> list[Event]:
    facts = [facts_of(row.payload) for row in rows]
    earlier = _earlier([row for row in rows if needs_earlier(row.entity_type, row.kind)], organization_id)
    members = _members_of({row.account_id for row in rows if row.account_id is not None}, organization_id)
    return [
        Event(
            row.id,
            row.tx,
            event_type_of(row.entity_type, row.kind, known, earlier.get(row.id)),
            row.received,
            row.kind,
            row.kind in RESYNC_KINDS,
            row.environment,
            row.entity_type,
            row.entity_id,
            row.account_id,
            _member_of(row, known, members),
            row.payload,
        )
        for row, known in zip(rows, facts, strict=True)
    ]


def _earlier(rows: Sequence[_LogRow], organization_id: int) -> dict[int, Facts]:
    if not rows:
        return {}
    asked = zip(*((row.id, row.received, row.entity_type, row.entity_id, row.environment) for row in rows), strict=True)
    with connection.cursor() as database:
        database.execute(_EARLIER, [*(list(values) for values in asked), organization_id])
        return {row_id: facts_of(payload) for row_id, payload in database.fetchall()}


def _member_of(row: _LogRow, facts: Facts, members: dict[tuple[str, int | None], int]) -> int | None:
    if row.entity_type == "user":
        return row.entity_id
    if isinstance(facts.user_id, int) and facts.user_id > 0 and row.entity_type in TYPES_WITH_USER:
        return facts.user_id
    return members.get((row.environment, row.account_id))


def _members_of(account_ids: set[int], organization_id: int) -> dict[tuple[str, int | None], int]:
    """Whose the accounts are, as far as the mirrors know."""
    if not account_ids:
        return {}
    with connection.cursor() as database:
        database.execute(_MEMBERS, [organization_id, list(account_ids)])
        return {(environment, account_id): user_id for environment, account_id, user_id in database.fetchall()}


def _accounts_of(member_id: int) -> list[int]:
    return list(Account.objects.filter(user_id=member_id).values_list("entity_id", flat=True))


def _lag(organization_id: int) -> Lag:
    with connection.cursor() as database:
        database.execute(_LAG, [organization_id, MOST_COUNTED])
        at, oldest, rows, horizon = database.fetchone()
    return Lag(0.0 if oldest is None else max((at - oldest).total_seconds(), 0.0), rows, horizon)
