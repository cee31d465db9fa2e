"""Our own pages for errors where DEBUG would show Django's, as in the demo.

Django's pages are for a developer at `manage.py runserver`, where they stay. With DEBUG off Django takes ours itself.
"""

from collections.abc import Callable

import structlog
from django.conf import settings
from django.core.exceptions import BadRequest, PermissionDenied, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse
from django.views import defaults

log = structlog.get_logger()


class ErrorPagesMiddleware:
    """Answers what views raise, and addresses that lead to no view, by 400.html, 404.html and 500.html."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        # Without a view: no address fits (404), or a middleware refused the request, as for its Host (400).
        is_page = response.headers.get("Content-Type", "").startswith("text/html")
        if _is_ours() and is_page and request.resolver_match is None and response.status_code in (400, 404):
            raised = Http404() if response.status_code == 404 else BadRequest()
            return self.process_exception(request, raised) or response
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """The page for what a view raised."""
        if not _is_ours() or isinstance(exception, PermissionDenied):  # Django's way with 403 is ours already
            return None
        if isinstance(exception, Http404):
            return defaults.page_not_found(request, exception)
        if isinstance(exception, BadRequest | SuspiciousOperation):
            return defaults.bad_request(request, exception)
        log.error("request_failed", path=request.path, exc_info=exception)
        return defaults.server_error(request)


def _is_ours() -> bool:
    return settings.DEBUG and settings.COMMAND != "runserver"
