"""Building blocks of every list: columns, filters, pages by key, and a count that stops at 10,000.

A page is read by its key (`WHERE key < cursor ORDER BY key DESC LIMIT n`), never by OFFSET: the millionth page costs
what the first one costs, and rows that arrive meanwhile neither repeat nor hide others.
"""

import base64
import binascii
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.core.exceptions import BadRequest, EmptyResultSet
from django.db import OperationalError, connection, transaction
from django.db.models import Model, Q, QuerySet
from django.db.models.fields.tuple_lookups import Tuple, TupleGreaterThan, TupleLessThan
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from psycopg.errors import QueryCanceled

from vendor_admin.amounts import read_id
from vendor_admin.errors import Unavailable
from vendor_admin.moments import possible

PAGE_SIZE = 50
COUNT_LIMIT = 10_000
QUERY_TIMEOUT_MS = 8_000
_is_bounded: ContextVar[bool] = ContextVar("statements_are_bounded", default=False)


class TooSlow(Unavailable):
    """The chosen filters need to read too many rows; the page says how to narrow them."""


class Address(str):
    """An address or a host, which is shown broken only behind a dot or a slash."""

    __slots__ = ()


@dataclass(frozen=True)
class Badge:
    """A word with a tone: good, warn, bad, calm. The word alone carries the meaning; the tone repeats it."""

    text: str
    tone: str = "calm"

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class Amount:
    """A sum of money in a cell. `is_exact` is False for an estimate, which is marked."""

    value: Decimal
    is_exact: bool = True

    def __str__(self) -> str:
        return str(self.value)


@dataclass(frozen=True)
class Marked:
    """A value with a mark beside it, or struck through where there is none: it does not count. CSV has the value."""

    value: object
    mark: Badge | None = None

    def __str__(self) -> str:
        return str(self.value)


@dataclass(frozen=True)
class Column:
    """One column of a list and of its CSV. `value` gets a row; `link` the address of what the value names.

    `is_age`: a moment that the list shows as its age. `is_raw`: what was sent or received as it was.
    `is_number`: figures, shown to the right also where a page has none.
    """

    title: str
    value: Callable[[Any], object]
    link: Callable[[Any], str | None] | None = None
    is_identifier: bool = False
    is_age: bool = False
    is_raw: bool = False
    is_number: bool = False
    hint: str = ""


@dataclass(frozen=True)
class Filter:
    """A filter in the address line. `kind`: choice, number, moment or word. A value that cannot be read is reported."""

    name: str
    title: str
    kind: str = "choice"
    choices: Sequence[tuple[str, str]] = ()
    lookup: str = ""
    apply: Callable[[QuerySet, Any], QuerySet] | None = None

    def parse(self, text: str) -> object:
        """The value of a filter; raises ValueError with words for people."""
        if self.kind == "number":
            number = read_id(text)
            if number is None:
                raise ValueError(f"{self.title}: “{text}” is not a number.")
            return number
        if self.kind == "moment":
            return _moment(text, title=self.title)
        if self.kind == "choice" and text not in dict(self.choices):
            raise ValueError(f"{self.title}: “{text}” is not one of the choices.")
        return text

    def narrow(self, rows: QuerySet, value: object) -> QuerySet:
        if self.apply is not None:
            return self.apply(rows, value)
        return rows.filter(**{self.lookup or self.name: value})


@dataclass
class Filtered:
    """A query with the filters of a request: what is active (name -> text) and what could not be read."""

    rows: QuerySet
    active: dict[str, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


@dataclass
class Page:
    """Rows of one page, newest key first, with cursors to both sides (empty where the list ends)."""

    rows: list[Any]
    older: str = ""
    newer: str = ""


def narrow(rows: QuerySet, *, filters: Sequence[Filter], chosen: dict[str, str]) -> Filtered:
    """Apply the filters that stand in the address line."""
    filtered = Filtered(rows)
    for one in filters:
        text = chosen.get(one.name, "").strip().replace("\x00", "")
        if not text:
            continue
        try:
            filtered.rows = one.narrow(filtered.rows, one.parse(text))
            filtered.active[one.name] = text
        except ValueError as problem:
            filtered.problems.append(str(problem))
    return filtered


def read_page(
    rows: QuerySet, *, key: Sequence[str], older_than: str = "", newer_than: str = "", size: int = PAGE_SIZE
) -> Page:
    """One page in descending order of `key` (one or two indexed columns, together unique within the query).

    Raises TooSlow when the database gave up.
    """
    newer_cursor, older_cursor = decode_cursor(newer_than, key), decode_cursor(older_than, key)
    if newer_cursor is not None:
        found = _fetch(rows.filter(_beyond(key, newer_cursor, "gt")).order_by(*key)[: size + 1])
        shown = found[:size][::-1]
        older = encode_cursor(shown[-1], key) if shown else ""
        return Page(shown, older=older, newer=encode_cursor(shown[0], key) if len(found) > size else "")
    if older_cursor is not None:
        rows = rows.filter(_beyond(key, older_cursor, "lt"))
    found = _fetch(rows.order_by(*(f"-{name}" for name in key))[: size + 1])
    shown = found[:size]
    older = encode_cursor(shown[-1], key) if len(found) > size else ""
    return Page(shown, older=older, newer=encode_cursor(shown[0], key) if older_cursor is not None and shown else "")


def read_after(rows: QuerySet, *, key: Sequence[str], cursor: str = "", size: int = PAGE_SIZE) -> Page:
    """One page in ascending order of `key`. `older` is set where more rows follow. Raises TooSlow."""
    behind = decode_cursor(cursor, key)
    if behind is not None:
        rows = rows.filter(_beyond(key, behind, "gt"))
    found = _fetch(rows.order_by(*key)[: size + 1])
    shown = found[:size]
    return Page(shown, older=encode_cursor(shown[-1], key) if len(found) > size else "")


def read_all(rows: QuerySet, *, most: int) -> list[Any]:
    """The first rows of a query in its own order. Raises TooSlow when the database gave up."""
    return _fetch(rows[:most])


def capped_count(rows: QuerySet) -> str:
    """How many rows there are: an exact number up to 10,000, then "10,000+". Reads at most 10,001 rows."""
    counted = rows.order_by().values("pk")[: COUNT_LIMIT + 1]
    try:
        sql, parameters = counted.query.sql_with_params()
    except EmptyResultSet:
        return "0"  # a filter that no row can meet
    with bounded(), connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM ({sql}) AS capped", parameters)  # noqa: S608
        row = cursor.fetchone()
    return f"{COUNT_LIMIT:,}+" if row[0] > COUNT_LIMIT else f"{row[0]:,}"


def encode_cursor(row: Model, key: Sequence[str]) -> str:
    """The place of a row in a list, for the address line."""
    values = [getattr(row, name) for name in key]
    text = json.dumps([value.isoformat() if isinstance(value, datetime) else value for value in values])
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode_cursor(cursor: str, key: Sequence[str]) -> list[object] | None:
    """The key values of a cursor; None for an empty or damaged one, which means the first page.

    Raises BadRequest for a time that nothing here can have.
    """
    if not cursor:
        return None
    try:
        values = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, RecursionError, binascii.Error):
        return None
    if not isinstance(values, list) or len(values) != len(key):
        return None
    decoded: list[object] = []
    for name, value in zip(key, values, strict=True):
        if name.endswith("_at"):
            value = _aware(value) if isinstance(value, str) else None
            if value is not None and (value := possible(value)) is None:
                raise BadRequest("The place in the list has a time that nothing here can have.")
        expected = str if name == "environment" else datetime if name.endswith("_at") else int
        if not isinstance(value, expected) or (isinstance(value, int) and abs(value) > 2**63 - 1):
            return None
        decoded.append(value)
    return decoded


def _aware(text: str) -> datetime | None:
    try:
        moment = parse_datetime(text)
    except ValueError:
        return None
    return moment if moment is not None and timezone.is_aware(moment) else None


def _beyond(key: Sequence[str], values: Sequence[object], direction: str) -> Q:
    """Rows behind a place. One comparison of both columns is a range of their index; the bound of the first by itself
    leaves partitions out.
    """
    if len(key) == 1:
        return Q(**{f"{key[0]}__{direction}": values[0]})
    compare = TupleLessThan if direction == "lt" else TupleGreaterThan
    return Q(**{f"{key[0]}__{direction}e": values[0]}) & Q(compare(Tuple(*key), tuple(values)))


def _fetch(rows: QuerySet) -> list[Any]:
    with bounded():
        return list(rows)


@contextmanager
def bounded() -> Iterator[None]:
    """A savepoint with a statement time-out, so that rare values cannot occupy the database. Raises TooSlow.

    One inside another changes nothing.
    """
    if _is_bounded.get():
        yield
        return
    token = _is_bounded.set(True)
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL statement_timeout = {QUERY_TIMEOUT_MS}")
            yield
            cursor.execute("SET LOCAL statement_timeout = 0")
    except OperationalError as error:
        if isinstance(error.__cause__, QueryCanceled):  # whatever language the server speaks
            raise TooSlow from error
        raise
    finally:
        _is_bounded.reset(token)


def _moment(text: str, *, title: str) -> datetime:
    try:
        moment = parse_datetime(text)
        if moment is None and (day := parse_date(text)) is not None:
            moment = datetime.combine(day, datetime.min.time())
    except ValueError:
        moment = None
    if moment is None:
        raise ValueError(f"{title}: “{text}” is not a time. Write 2026-11-20 or 2026-11-20 14:30.")
    found = possible(moment if timezone.is_aware(moment) else timezone.make_aware(moment))
    if found is None:
        raise ValueError(f"{title}: “{text}” is out of range. Times here lie between the years 1970 and 2200.")
    return found
