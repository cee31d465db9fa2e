"""Pages of a list by its key: rows that arrive meanwhile neither repeat nor hide others, however far down."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet
from django.db.models.fields.tuple_lookups import Tuple, TupleGreaterThan, TupleLessThan

from vendor_admin.partner_api.reading.cursors import CursorOf, Value


@dataclass(frozen=True, slots=True)
class Page:
    """Rows of one page, and the cursor of the next one where there is one."""

    rows: list[Any]
    next_cursor: str | None


def read_page(
    rows: QuerySet[Any],
    *,
    read: Callable[[QuerySet[Any]], list[Any]],
    columns: Sequence[str],
    is_descending: bool,
    limit: int,
    cursor: str,
    cursor_of: CursorOf,
) -> Page:
    """Read one page by `read`. `columns` are indexed, never empty, and together unique within the query. One query.

    Raises InvalidParameters for a cursor of anything else.
    """
    if cursor:
        rows = rows.filter(_beyond(columns, cursor_of.decode(cursor), is_descending=is_descending))
    sign = "-" if is_descending else ""
    found = read(rows.order_by(*(f"{sign}{name}" for name in columns))[: limit + 1])
    shown = found[:limit]
    has_more = len(found) > limit
    return Page(shown, cursor_of.encode([getattr(shown[-1], name) for name in columns]) if has_more else None)


def _beyond(columns: Sequence[str], place: Sequence[Value], *, is_descending: bool) -> Any:
    """Rows behind a place. One comparison of all columns is a range of their index."""
    if len(columns) == 1:
        return Q(**{f"{columns[0]}__{'lt' if is_descending else 'gt'}": place[0]})
    compare = TupleLessThan if is_descending else TupleGreaterThan
    return Q(compare(Tuple(*columns), tuple(place)))
