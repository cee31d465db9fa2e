"""CSV of a list, with the list's filters, written while it is read: memory does not grow with the number of rows.

The rows come page by page by their key, each page in a transaction and scope of its own, since the request's scope has
ended when a streamed answer is sent.
"""

import csv
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import structlog
from django.db import DatabaseError
from django.db.models import QuerySet
from django.http import StreamingHttpResponse

from vendor_admin.organizations.lists import Column, Marked, Page, TooSlow, encode_cursor, read_after, read_page
from vendor_admin.organizations.scope import organization_scope

log = structlog.get_logger()

EXPORT_LIMIT = 1_000_000
_CHUNK = 2_000
_INCOMPLETE = "INCOMPLETE: stopped after {:,} rows, since {}. {}, and export again."
_NARROW_IT = "Filter by account, platform id or a shorter time, leave out the rarer filters"
# A spreadsheet runs a cell that begins with one of these as a formula.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


class _Line:
    """What csv.writer writes to: it hands each line back."""

    def write(self, line: str) -> str:
        return line


def stream_csv(
    *,
    filename: str,
    organization_id: int,
    rows: QuerySet,
    key: Sequence[str],
    columns: Sequence[Column],
    join: Callable[[list[Any]], None],
    is_ascending: bool = False,
) -> StreamingHttpResponse:
    """A streamed CSV of at most EXPORT_LIMIT rows; a last line says so where rows are missing, and why.

    `join` loads what the columns need for a chunk of rows, inside the organization's scope. Rows come in descending
    order of the key unless `is_ascending`.
    """
    lines = _lines(
        organization_id=organization_id, rows=rows, key=key, columns=columns, join=join, is_ascending=is_ascending
    )
    response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{filename}"'
    response.headers["X-Accel-Buffering"] = "no"
    return response


def cell(value: object) -> str:
    """The text of a CSV cell; text that a spreadsheet would run is quoted with a leading apostrophe."""
    if value is None:
        return ""
    if isinstance(value, Marked):
        return cell(value.value)
    if hasattr(value, "isoformat"):
        return value.isoformat()
    text = str(value)
    if not isinstance(value, str) and _is_number(text):
        return text
    return "'" + text if text.startswith(_FORMULA_STARTS) else text


def _is_number(text: str) -> bool:
    return text.lstrip("-").replace(".", "", 1).isdecimal()


def _lines(
    *,
    organization_id: int,
    rows: QuerySet,
    key: Sequence[str],
    columns: Sequence[Column],
    join: Callable[[list[Any]], None],
    is_ascending: bool,
) -> Iterator[str]:
    writer = csv.writer(_Line())
    yield "\ufeff" + writer.writerow([column.title for column in columns])
    cursor, written = "", 0
    while True:
        try:
            with organization_scope(organization_id):
                page = _chunk(rows.all(), key=key, cursor=cursor, is_ascending=is_ascending)
                join(page.rows)
                lines = [writer.writerow([cell(column.value(row)) for column in columns]) for row in page.rows]
        except TooSlow:
            yield writer.writerow(
                [_INCOMPLETE.format(written, "the next take the database too long to find", _NARROW_IT)]
            )
            return
        except DatabaseError:
            log.exception("export_failed", rows=written)
            yield writer.writerow([_INCOMPLETE.format(written, "the database failed", "Wait a moment")])
            return
        yield from lines
        written += len(lines)
        if not page.older:
            return
        if written >= EXPORT_LIMIT:
            yield writer.writerow([_INCOMPLETE.format(written, "a file holds no more", _NARROW_IT)])
            return
        cursor = encode_cursor(page.rows[-1], key)


def _chunk(rows: QuerySet, *, key: Sequence[str], cursor: str, is_ascending: bool) -> Page:
    """The rows behind the cursor, in the order of the file; `older` tells whether more follow."""
    if is_ascending:
        return read_after(rows, key=key, cursor=cursor, size=_CHUNK)
    return read_page(rows, key=key, older_than=cursor, size=_CHUNK)
