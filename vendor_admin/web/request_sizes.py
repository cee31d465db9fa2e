"""How large a request may be, decided before anything reads it."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import Resolver404, resolve

from vendor_admin.listing.uploads import has_files

MEGABYTE = 1024 * 1024
LARGEST_BODY = 25 * MEGABYTE
LARGEST_WITHOUT_FILES = MEGABYTE
# To the partner API, where a view does not say more (`largest_body`).
LARGEST_OF_API = 2 * MEGABYTE
API = "/api/"
# Pages of members and the partner API: no form there has a file.
WITHOUT_MULTIPART = ("/o/", "/api/")


class RequestSizeMiddleware:
    """Refuses what is too large for its view (413), and files where no form has one (415).

    The web role's worker refuses what is larger than LARGEST_BODY by itself, before it has received it.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        size = _size_of(request)
        if size > LARGEST_WITHOUT_FILES and size > _largest_for(request):
            return _too_large(request, size=_largest_for(request))
        if request.content_type == "multipart/form-data" and request.path_info.startswith(WITHOUT_MULTIPART):
            return HttpResponse("Files are not taken here.\n", status=415, content_type="text/plain")
        return self.get_response(request)


def _size_of(request: HttpRequest) -> int:
    try:
        return int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        return 0  # Django reads nothing then


def _largest_for(request: HttpRequest) -> int:
    try:
        view = resolve(request.path_info).func
    except Resolver404:
        return LARGEST_WITHOUT_FILES
    if request.path_info.startswith(API):
        return getattr(getattr(view, "cls", None), "largest_body", LARGEST_OF_API)
    return LARGEST_BODY if has_files(view) else LARGEST_WITHOUT_FILES


def _too_large(request: HttpRequest, *, size: int) -> HttpResponse:
    megabytes = size // MEGABYTE
    if request.path_info.startswith(WITHOUT_MULTIPART):
        text = f"A request may have up to {megabytes} MB here.\n"
        return HttpResponse(text, status=413, content_type="text/plain")
    return HttpResponse(render_to_string("413.html", {"megabytes": megabytes}), status=413)
