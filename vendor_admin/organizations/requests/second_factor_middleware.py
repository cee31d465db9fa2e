"""Lets a staff session that has not shown a second factor reach the page that sets one up, and nothing else."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import Resolver404, resolve, reverse

from vendor_admin.organizations.requests.middleware import PATHS_WITHOUT_SCOPE
from vendor_admin.organizations.sign_in import second_factor

# Views that see who is signed in by password alone. What else is open to nobody in particular sees nobody.
LEADING_ON = {"second_factor_set_up", "admin:logout"}


class SecondFactorMiddleware:
    """Takes the user away from such a request, so that no view, no scope and no policy sees one, and sends it on.

    Must stand after the middleware that sets the user, and before SignInRequiredMiddleware.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.is_half_signed_in = False  # type: ignore[attr-defined]
        if _is_half_signed_in(request) and not _leads_on(request):
            request.is_half_signed_in = True  # type: ignore[attr-defined]
            request.user = AnonymousUser()
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Callable[..., Any], *args: Any) -> HttpResponse | None:
        """Redirect a page to the set-up and refuse a script; views that are open to everybody go on."""
        if not getattr(request, "is_half_signed_in", False) or not getattr(view, "login_required", True):
            return None
        if not is_page(request):
            return JsonResponse({"error": "Set up a second factor first.", "at": _set_up_address()}, status=403)
        wanted = {"next": request.get_full_path()} if request.method == "GET" else {}
        return HttpResponseRedirect(_set_up_address() + (f"?{urlencode(wanted)}" if wanted else ""))


def is_page(request: HttpRequest) -> bool:
    """Whether a browser asks for a page to show, or for a form's answer; a script's fetch is told in JSON."""
    headers = request.headers
    is_script = "X-Requested-With" in headers or headers.get("Sec-Fetch-Mode", "navigate") != "navigate"
    accepts = headers.get("Accept", "*/*")
    return not is_script and request.content_type != "application/json" and ("text/html" in accepts or "*/*" in accepts)


def _is_half_signed_in(request: HttpRequest) -> bool:
    if settings.SESSION_COOKIE_NAME not in request.COOKIES or request.path_info.startswith(PATHS_WITHOUT_SCOPE):
        return False  # health and static files must not wait for the database
    user = request.user
    return user.is_authenticated and user.is_staff and not second_factor.has_passed(request)


def _leads_on(request: HttpRequest) -> bool:
    try:
        return resolve(request.path_info).view_name in LEADING_ON
    except Resolver404:
        return False


def _set_up_address() -> str:
    return reverse("second_factor_set_up")
