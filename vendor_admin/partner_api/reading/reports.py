"""A whole session's day as a file, CSV or a JSON object a line, written while it is read.

The rows come page by page by their key, each page in a transaction and scope of its own: memory does not grow with
their number, and no transaction stays open for as long as somebody reads. What is written breaks off where the database
fails, so that no program takes a part for the whole.
"""

import csv
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from datetime import date, datetime, timedelta
from io import StringIO
from typing import Any, ClassVar

import msgspec
from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from django.utils import timezone
from django.utils.dateparse import parse_date
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from vendor_admin.errors import Unavailable
from vendor_admin.listing.csv_export import HeldLines, cell, hold_turn
from vendor_admin.listing.lists import encode_cursor, read_after
from vendor_admin.organizations.models import ENVIRONMENTS
from vendor_admin.organizations.tenancy.scope import organization_scope
from vendor_admin.organizations.turns import NoTurn
from vendor_admin.partner_api.reading.fields import Word
from vendor_admin.partner_api.reading.parameters import read_parameters
from vendor_admin.partner_api.reading.rendering import FastJsonRenderer
from vendor_admin.partner_api.reading.resources import Resource, field_names, writer_of
from vendor_admin.partner_api.reading.views import organization_id_of
from vendor_admin.partner_api.request_errors import InvalidParameters, ParameterFault
from vendor_admin.tradovate.trading_calendar import TRADE_DATE_ROLLS_AT, at_central_time, session_date, trading_day

CSV, NDJSON = "csv", "ndjson"
ROWS_AT_ONCE = 2_000
RETRY_AFTER_SECONDS = 30
FIRST_YEAR = 1970
ENVIRONMENT_NAMES = [name for name, _ in ENVIRONMENTS]
BUSY = "Only a few files are made at once. Ask for this one again in half a minute."
HAS_ENDED = "Vendor-Admin-Session-Ended"


class CsvRenderer(FastJsonRenderer):
    """Answers `Accept: text/csv`; problems are JSON all the same."""

    media_type = "text/csv"
    format = CSV


class NdjsonRenderer(FastJsonRenderer):
    """Answers `Accept: application/x-ndjson`; problems are JSON all the same."""

    media_type = "application/x-ndjson"
    format = NDJSON


DAY, FORMAT, ENVIRONMENT = (
    OpenApiParameter(
        "day",
        {"type": "string", "format": "date"},
        required=True,
        description="The session's trade date, Central Time: it begins at 17:00 of the day before, Monday's on Friday.",
    ),
    OpenApiParameter("format", str, enum=[CSV, NDJSON], description="The kind of file, in place of `Accept`."),
    OpenApiParameter("environment", str, enum=ENVIRONMENT_NAMES, description="The platform's environment."),
)


class DayReport(APIView):
    """One kind of report. Subclasses say which rows a day has, and what is joined to a page of them.

    `key`: indexed columns that are unique within the day's rows, the order of the file. `environment`: the one that is
    meant where the address names none; empty where there is nothing to choose.
    """

    renderer_classes = (CsvRenderer, NdjsonRenderer)
    required_scopes = ("reports:read",)
    tag = "Reports"
    row_class: ClassVar[type[Resource]]
    name: ClassVar[str]
    environment: ClassVar[str] = "demo"
    key: ClassVar[Sequence[str]] = ("entity_id",)

    def rows(self, session: "Session", *, organization_id: int) -> QuerySet[Any]:
        """Every row of the day."""
        raise NotImplementedError

    def join(self, rows: list[Any], *, session: "Session", organization_id: int) -> None:
        """Load what is written of the rows beside their own columns."""

    def get(self, request: Request) -> StreamingHttpResponse:
        read_parameters(request.query_params, known=("day", "format", *(["environment"] if self.environment else [])))
        session, kind = self._session_of(request), self._kind_of(request)
        organization_id = organization_id_of(request)
        try:
            turn = hold_turn(organization_id)
        except NoTurn:
            raise Unavailable(BUSY, retry_after_seconds=RETRY_AFTER_SECONDS) from None
        pages = self._pages(session, organization_id=organization_id)
        lines = _csv_lines(self.row_class, pages) if kind == CSV else _ndjson_lines(self.row_class, pages)
        media_type = CsvRenderer.media_type if kind == CSV else NdjsonRenderer.media_type
        response = StreamingHttpResponse(HeldLines(lines, turn), content_type=f"{media_type}; charset=utf-8")
        name = f"{self.name}-{session.day.isoformat()}.{kind}"
        response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
        response.headers["X-Accel-Buffering"] = "no"
        response.headers[HAS_ENDED] = "true" if session.ends_at <= timezone.now() else "false"
        return response

    def _pages(self, session: "Session", *, organization_id: int) -> Generator[list[Any], None, None]:
        cursor = ""
        while True:
            with organization_scope(organization_id):
                rows = self.rows(session, organization_id=organization_id)
                page = read_after(rows, key=self.key, cursor=cursor, size=ROWS_AT_ONCE)
                self.join(page.rows, session=session, organization_id=organization_id)
            yield page.rows
            if not page.older:
                return
            cursor = encode_cursor(page.rows[-1], self.key)

    def _session_of(self, request: Request) -> "Session":
        text = request.query_params.get("day", "")
        try:
            day = parse_date(text)
        except ValueError:
            day = None
        if not text:
            raise _refused("day", "required", "“day” is missing: the session's trade date, 2026-11-20.")
        if day is None or day.year < FIRST_YEAR:
            raise _refused("day", "invalid", "“day” takes a trade date: 2026-11-20.")
        if day > session_date(timezone.now()):
            raise _refused("day", "out_of_range", "“day” has not begun: the newest session is of today.")
        if day != trading_day(day):
            raise _refused("day", "invalid", "“day” is of a weekend: what happens then belongs to Monday's session.")
        environment = request.query_params.get("environment", self.environment)
        if self.environment and environment not in ENVIRONMENT_NAMES:
            raise _refused("environment", "unknown_value", "“environment” takes demo or live.")
        return Session(day, environment)

    def _kind_of(self, request: Request) -> str:
        kind = request.query_params.get("format", request.accepted_renderer.format)
        if kind not in (CSV, NDJSON):
            raise _refused("format", "unknown_value", f"“format” takes {CSV} or {NDJSON}.")
        return str(kind)


class Session:
    """A session's day: its trade date, when it began and ends, and the dates that the platform may give it."""

    def __init__(self, day: date, environment: str) -> None:
        self.day, self.environment = day, environment

    @property
    def dates(self) -> list[date]:
        """The day, and of Monday the weekend before it: the platform dates what happens then by the calendar."""
        before = [self.day - timedelta(days=days) for days in (2, 1)]
        return [*(one for one in before if trading_day(one) == self.day), self.day]

    @property
    def begins_at(self) -> datetime:
        return at_central_time(self.dates[0] - timedelta(days=1), TRADE_DATE_ROLLS_AT)

    @property
    def ends_at(self) -> datetime:
        return at_central_time(self.day, TRADE_DATE_ROLLS_AT)


def describes_report(
    row_class: type[Resource], *, operation_id: str, of_environment: bool = True
) -> Callable[[Any], Any]:
    """What the schema says of a report."""
    return extend_schema(
        operation_id=operation_id,
        parameters=[DAY, FORMAT, *([ENVIRONMENT] if of_environment else [])],
        responses={(200, CsvRenderer.media_type): str, (200, NdjsonRenderer.media_type): row_class},
    )


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
    if isinstance(value, list):
        return " ".join(map(str, value))
    return cell(value) if is_text else str(value)


def _csv_line(cells: Sequence[str]) -> str:
    line = StringIO()
    csv.writer(line).writerow(cells)
    return line.getvalue()


def _refused(parameter: str, code: str, text: str) -> InvalidParameters:
    return InvalidParameters([ParameterFault(parameter, code, text)])
