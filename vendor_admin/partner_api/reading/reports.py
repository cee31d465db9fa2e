"""A whole session's day as a file (files.py)."""

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from typing import Any, ClassVar

from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from django.utils import timezone
from django.utils.dateparse import parse_date
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from vendor_admin.organizations.models import ENVIRONMENTS
from vendor_admin.partner_api.reading.files import FILE_FORMAT, CsvRenderer, NdjsonRenderer, pages_of, stream_file
from vendor_admin.partner_api.reading.parameters import read_parameters
from vendor_admin.partner_api.reading.resources import Resource
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


DAY, ENVIRONMENT = (
    OpenApiParameter(
        "day",
        {"type": "string", "format": "date"},
        required=True,
        description="The session's trade date, Central Time: it begins at 17:00 of the day before, Monday's on Friday.",
    ),
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
        session, organization_id = self._session_of(request), organization_id_of(request)
        pages = pages_of(
            lambda: self.rows(session, organization_id=organization_id),
            key=self.key,
            join=lambda rows: self.join(rows, session=session, organization_id=organization_id),
            organization_id=organization_id,
        )
        name = f"{self.name}-{session.day.isoformat()}"
        response = stream_file(
            request, row_class=self.row_class, pages=pages, name=name, organization_id=organization_id
        )
        response.headers[HAS_ENDED] = "true" if session.ends_at <= timezone.now() else "false"
        return response

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
        parameters=[DAY, FILE_FORMAT, *([ENVIRONMENT] if of_environment else [])],
        responses={(200, CsvRenderer.media_type): str, (200, NdjsonRenderer.media_type): row_class},
    )


def _refused(parameter: str, code: str, text: str) -> InvalidParameters:
    return InvalidParameters([ParameterFault(parameter, code, text)])
