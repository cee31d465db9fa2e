"""The part of the overview that a page fetches again every few seconds."""

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from vendor_admin.sync.pages.dashboard import health


def health_fragment(request: HttpRequest) -> HttpResponse:
    """The health of the sockets as HTML, without the page around it."""
    return TemplateResponse(request, "admin/health.html", {"health": health(request)})
