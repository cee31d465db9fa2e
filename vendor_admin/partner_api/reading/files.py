"""Lists as files, CSV or a JSON object a line, written while they are read.

The rows come page by page by their key, each page in a transaction and scope of its own: memory does not grow with
their number, and no transaction stays open for as long as somebody reads. What is written breaks off where the database
fails, so that no program takes a part for the whole.
"""

import csv
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from datetime import datetime
from io import StringIO
from typing import Any

import msgspec
from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request

from vendor_admin.errors import Unavailable
from vendor_admin.listing.csv_export import HeldLines, cell, hold_turn
from vendor_admin.listing.lists import encode_cursor, read_after
from vendor_admin.organizations.tenancy.scope import organization_scope
from vendor_admin.organizations.turns import NoTurn
from vendor_admin.partner_api.reading.fields import Word, write_moment
from vendor_admin.partner_api.reading.rendering import FastJsonRenderer
from vendor_admin.partner_api.reading.resources import Resource, field_names, writer_of
from vendor_admin.partner_api.request_errors import InvalidParameters, ParameterFault

CSV, NDJSON = "csv", "ndjson"
ROWS_AT_ONCE = 2_000
RETRY_AFTER_SECONDS = 30
BUSY = "Only a few files are made at once. Ask for this one again in half a minute."
Pages = Generator[list[Any], None, None]


class CsvRenderer(FastJsonRenderer):
    """Answers `Accept: text/csv`; problems are JSON all the same."""

    media_type = "text/csv"
    format = CSV


class NdjsonRenderer(FastJsonRenderer):
    """Answers `Accept: application/x-ndjson`; problems are JSON all the same."""

    media_type = "application/x-ndjson"
    format = NDJSON


FILE_FORMAT = OpenApiParameter("format", str, enum=[CSV, NDJSON], description="The kind of file, in place of `Accept`.")


def stream_file(
    request: Request, *, row_class: type[Resource], pages: Pages, name: str, organization_id: int
) -> StreamingHttpResponse:
    """A streamed file of these rows, of the kind that is asked for. Raises InvalidParameters, and Unavailable where too
    many are made at once.
    """
    kind = _kind_of(request)
    try:
        turn = hold_turn(organization_id)
    except NoTurn:
        raise Unavailable(BUSY, retry_after_seconds=RETRY_AFTER_SECONDS) from None
    lines = _csv_lines(row_class, pages) if kind == CSV else _ndjson_lines(row_class, pages)
    media_type = CsvRenderer.media_type if kind == CSV else NdjsonRenderer.media_type
    response = StreamingHttpResponse(HeldLines(lines, turn), content_type=f"{media_type}; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.{kind}"'
    response.headers["X-Accel-Buffering"] = "no"
    return response


def pages_of(
    rows: Callable[[], QuerySet[Any]],
    *,
    key: Sequence[str],
    join: Callable[[list[Any]], None],
    organization_id: int,
) -> Pages:
    """The pages of a list in the ascending order of `key`, each read in a scope of its own; `join` loads what is
    written of its rows beside their own columns.
    """
    cursor = ""
    while True:
        with organization_scope(organization_id):
            page = read_after(rows(), key=key, cursor=cursor, size=ROWS_AT_ONCE)
            behind = encode_cursor(page.rows[-1], key) if page.older else ""
            join(page.rows)
        yield page.rows
        if not behind:
            return
        cursor = behind


def _kind_of(request: Request) -> str:
    kind = request.query_params.get("format", request.accepted_renderer.format)
    if kind not in (CSV, NDJSON):
        text = f"“format” takes {CSV} or {NDJSON}."
        raise InvalidParameters([ParameterFault("format", "unknown_value", text)])
    return str(kind)


def _csv_lines(row_class: type[Resource], pages: Generator[list[Any], None, None]) -> Generator[str, None, None]:
    """Lines of RFC 4180. An apostrophe stands before a text that a spreadsheet would run."""
    fields, write = row_class().fields, writer_of(row_class)
    texts = {name for name, field in fields.items() if isinstance(field, Word)}
    yield _csv_line(list(field_names(row_class)))
    with closing(pages):
        for rows in pages:
            for row in rows:
                written = write(row)
                yield _csv_line([_cell(value, is_text=name in texts) for name, value in written.items()])


def _ndjson_lines(row_class: type[Resource], pages: Generator[list[Any], None, None]) -> Generator[str, None, None]:
    write = writer_of(row_class)
    with closing(pages):
        for rows in pages:
            for row in rows:
                yield msgspec.json.encode(write(row)).decode() + "\n"


def _cell(value: Any, *, is_text: bool) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return write_moment(value)
    if isinstance(value, list):
        return " ".join(map(str, value))
    return cell(value) if is_text else str(value)


def _csv_line(cells: Sequence[str]) -> str:
    line = StringIO()
    csv.writer(line).writerow(cells)
    return line.getvalue()
