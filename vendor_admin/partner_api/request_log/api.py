"""What programs read of their organization's own requests: `GET /requests` and one by its request id."""

from typing import Any

from django.db.models import QuerySet
from rest_framework.request import Request

from vendor_admin.errors import NotFound
from vendor_admin.partner_api.models import RequestLogEntry
from vendor_admin.partner_api.reading.fields import Flag, Moment, Whole, Word
from vendor_admin.partner_api.reading.filters import Filters, MomentFilter, WordChoiceFilter, WordFilter
from vendor_admin.partner_api.reading.resources import Resource
from vendor_admin.partner_api.reading.views import ReadingViewSet, organization_id_of

LONGEST_ID = 64
METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE")
CLASSES = ("2xx", "3xx", "4xx", "5xx")


class RequestEntry(Resource):
    """One request to the partner API and its answer."""

    id = Word(source="request_id", help_text="The request id: `X-Request-Id` of its answer.")
    at = Moment(help_text="When it came.")
    key = Word(source="caller", help_text="The id of the API key or program; empty where it was refused before.")
    method = Word(help_text="Its method.")
    path = Word(help_text="The address that was asked for.")
    query = Word(help_text="Its parameters, without secrets.")
    status = Whole(help_text="The status of the answer.")
    code = Word(help_text="The problem's code; empty where there was none.")
    duration_ms = Whole(source="duration", help_text="Milliseconds from its arrival to the end of the answer.")
    address = Word(allow_null=True, help_text="The network address that it came from.")
    version = Word(help_text="The version of the API that the answer follows.")
    idempotency_key = Word(help_text="The idempotency key that it named.")
    is_replay = Flag(help_text="Whether a saved answer was given again.")
    location = Word(help_text="What the answer led to: the address of a plan.")
    request_body = Word(help_text="What was sent, without secrets, 16 KB at most.")
    answer_body = Word(help_text="What was answered to a write, and every problem; without secrets, 16 KB at most.")


def _by_class(rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
    first = int(value[0]) * 100
    return rows.filter(status__gte=first, status__lt=first + 100)


class RequestFilters(Filters):
    """What the log can be narrowed by."""

    key = WordFilter(field_name="caller", help_text="The id of an API key or program.")
    method = WordChoiceFilter(METHODS, help_text="A method.")
    path = WordFilter(help_text="The address that was asked for, as a whole: `/api/v1/plans`.")
    status = WordChoiceFilter(CLASSES, method=_by_class, help_text="The class of the answer's status.")
    code = WordFilter(help_text="A problem's code.")
    since = MomentFilter(field_name="at", lookup_expr="gte", help_text="Those that came at this time or later.")
    before = MomentFilter(field_name="at", lookup_expr="lt", help_text="Those that came before this time.")


class Requests(ReadingViewSet):
    """The log of requests, the newest first."""

    model = RequestLogEntry
    serializer_class = RequestEntry
    filterset_class = RequestFilters
    noun, collection, tag = "request", "requests", "Requests"
    orders = {"id": ("id",)}
    required_scopes = ("requests:read",)

    def rows(self, request: Request) -> QuerySet[Any]:
        return RequestLogEntry.objects.filter(organization_id=organization_id_of(request))

    def one(self, request: Request, word: str) -> Any:
        """A request by its id, which is no number."""
        found = self.rows(request).filter(request_id=word[:LONGEST_ID]).order_by("-id").first()
        if found is None:
            raise NotFound("There is no request with this id in your organization, or it is no longer kept.")
        return found
