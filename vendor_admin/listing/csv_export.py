"""CSV of a list, with the list's filters, written while it is read: memory does not grow with the number of rows.

The rows come page by page by their key, each page in a transaction and scope of its own, since the request's scope has
ended when a streamed answer is sent.
"""

import csv
import re
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import ExitStack
from typing import Any

import structlog
from django.db import DatabaseError
from django.db.models import QuerySet
from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.template.loader import render_to_string

from vendor_admin.listing.lists import Column, Marked, Page, TooSlow, encode_cursor, read_after, read_page
from vendor_admin.organizations import web_turns
from vendor_admin.organizations.tenancy.scope import organization_scope
from vendor_admin.organizations.turns import NoTurn

log = structlog.get_logger()

EXPORT_LIMIT = 1_000_000
# In a process: each holds a thread for as long as its reader takes.
FILES_AT_ONCE, OF_ONE_ORGANIZATION = 2, 1
LONGEST_SECONDS = 15 * 60
ROWS_AT_ONCE = 2_000
_INCOMPLETE = "INCOMPLETE: stopped after {:,} rows, since {}. {}, and export again."
_TOO_LONG = f"a file is cut after {LONGEST_SECONDS // 60} minutes"
_NARROW_IT = "Filter by account, platform id or a shorter time, leave out the rarer filters"
# A spreadsheet runs a cell that begins with one of these signs as a formula, the wide ones of East Asian keyboards too,
# whatever spaces, quotation marks and marks that nobody sees stand in front. One that takes semicolons or tabs for
# commas begins a cell behind each of them, even inside quotation marks.
_UNSEEN = r"\s\x00-\x1f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff"
_FORMULA = re.compile(rf'(^(?=[\t\r\n])|(?:^|[;|\t\r\n])(?=["{_UNSEEN}]*[=+\-@\uff1d\uff0b\uff0d\uff20]))')


class _Line:
    """What csv.writer writes to: it hands each line back."""

    def write(self, line: str) -> str:
        return line


class HeldLines:
    """Lines of one file, which holds a turn until they end."""

    def __init__(self, lines: Generator[str, None, None], turn: ExitStack) -> None:
        self._lines = lines
        self._turn = turn

    def __iter__(self) -> "HeldLines":
        return self

    def __next__(self) -> str:
        try:
            return next(self._lines)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Called by Django when the answer was sent or its reader went away."""
        try:
            self._lines.close()
        finally:
            self._turn.close()

    def __del__(self) -> None:
        self.close()


def stream_csv(
    *,
    filename: str,
    organization_id: int,
    rows: QuerySet,
    key: Sequence[str],
    columns: Sequence[Column],
    join: Callable[[list[Any]], None],
    is_ascending: bool = False,
) -> HttpResponseBase:
    """A streamed CSV of at most EXPORT_LIMIT rows; a last line says so where rows are missing, and why.

    Where this process makes as many as it may, of this organization or of all, it says so instead (503).

    `join` loads what the columns need for a chunk of rows, inside the organization's scope. Rows come in descending
    order of the key unless `is_ascending`.
    """
    try:
        turn = hold_turn(organization_id)
    except NoTurn:
        return HttpResponse(render_to_string("busy.html"), status=503, headers={"Retry-After": "30"})
    lines = _lines(
        organization_id=organization_id, rows=rows, key=key, columns=columns, join=join, is_ascending=is_ascending
    )
    response = StreamingHttpResponse(HeldLines(lines, turn), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{filename}"'
    response.headers["X-Accel-Buffering"] = "no"
    return response


def hold_turn(organization_id: int) -> ExitStack:
    """Hold a turn at making a file, until it is closed. Raises NoTurn."""
    turn = ExitStack()
    turn.enter_context(web_turns.hold("file", most=FILES_AT_ONCE, cause=organization_id, of_cause=OF_ONE_ORGANIZATION))
    return turn


def cell(value: object) -> str:
    """The text of a CSV cell; an apostrophe stands before what a spreadsheet would run."""
    if value is None:
        return ""
    if isinstance(value, Marked):
        return cell(value.value)
    if hasattr(value, "isoformat"):
        return value.isoformat()
    text = str(value)
    if not isinstance(value, str) and _is_number(text):
        return text
    return _FORMULA.sub(r"\1'", text)


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
) -> Generator[str, None, None]:
    writer = csv.writer(_Line(), quoting=csv.QUOTE_ALL)
    yield "\ufeff" + writer.writerow([column.title for column in columns])
    cursor, written, ends_at = "", 0, time.monotonic() + LONGEST_SECONDS
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
        for line in lines:
            if time.monotonic() > ends_at:
                yield writer.writerow([_INCOMPLETE.format(written, _TOO_LONG, _NARROW_IT)])
                return
            yield line
            written += 1
        if not page.older:
            return
        if written >= EXPORT_LIMIT:
            yield writer.writerow([_INCOMPLETE.format(written, "a file holds no more", _NARROW_IT)])
            return
        cursor = encode_cursor(page.rows[-1], key)


def _chunk(rows: QuerySet, *, key: Sequence[str], cursor: str, is_ascending: bool) -> Page:
    """The rows behind the cursor, in the order of the file; `older` tells whether more follow."""
    if is_ascending:
        return read_after(rows, key=key, cursor=cursor, size=ROWS_AT_ONCE)
    return read_page(rows, key=key, older_than=cursor, size=ROWS_AT_ONCE)
