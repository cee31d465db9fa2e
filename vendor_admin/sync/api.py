"""The partner API's event list: what happened, in the order in which it was stored, by a cursor that skips nothing."""

from typing import Final, NamedTuple, cast

from django.http import HttpResponse
from rest_framework.request import Request
from rest_framework.views import APIView

from vendor_admin.organizations.tenancy import database_clock
from vendor_admin.partner_api.authentication import Token
from vendor_admin.sync.events.query import EventQuery, query_of
from vendor_admin.sync.events.reading import read_page
from vendor_admin.sync.events.rendering import page_json
from vendor_admin.sync.events.schemas import describes_event_list
from vendor_admin.sync.log.cursor import LogCursor

# Where the events role (vendor_admin/web/events_role) talks to this view: keys of the WSGI environment that no header
# can set.
WAITING_KEY: Final = "vendor_admin.event_waiting"
AFTER_KEY: Final = "vendor_admin.event_after"


class Waiting(NamedTuple):
    """A reader at the end of an organization's events who is willing to wait there."""

    organization_id: int
    place: LogCursor
    cursor: str
    seconds: float


class EventList(APIView):
    """One page of events behind a cursor.

    `wait` is honoured by the events role, which holds the request without a thread. Here an empty page is answered at
    once.
    """

    required_scopes = ("events:read",)
    tag = "Events"

    @describes_event_list
    def get(self, request: Request) -> HttpResponse:
        organization = cast(Token, request.auth).organization
        query = query_of(request.query_params)
        environment = request._request.META
        if after := environment.get(AFTER_KEY):
            query = EventQuery(after, query.wait_seconds, query.types, query.account_id, query.member_id, query.limit)
        page = read_page(query, organization_id=organization.pk, now=database_clock.now())
        waiting: list[Waiting] | None = environment.get(WAITING_KEY)
        if waiting is not None and query.wait_seconds and not page.events and not page.has_more:
            cursor = page.next_cursor
            waiting.append(Waiting(organization.pk, cursor.place, str(cursor), query.wait_seconds))
        return HttpResponse(page_json(page), content_type="application/json")
