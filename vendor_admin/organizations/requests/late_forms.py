"""Forms that are sent after their sender was signed out: by the idle end, or in another tab.

Nothing is done. Their sender is led to the sign-in, from there to the page that the form stood on, and told so there.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import Resolver404, resolve, reverse
from django.utils.http import url_has_allowed_host_and_scheme

from vendor_admin.organizations.requests.form_organization import READS
from vendor_admin.organizations.requests.second_factor_middleware import is_page

NOTHING_DONE = "Nothing was done: you were signed out before you pressed the button."
COOKIE, YES = "late_form", "1"
REMEMBERED_FOR = timedelta(hours=1)


class SignInRequiredMiddleware(LoginRequiredMiddleware):
    """Leads who is not signed in to the sign-in and back, as Django's does, but never back to a form's own address.

    Must stand where `messages` of the request are there before any view is.
    """

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> HttpResponse | None:
        request.was_late = _was_late(request)  # type: ignore[attr-defined]
        if request.was_late:  # type: ignore[attr-defined]
            messages.warning(request, NOTHING_DONE)
        if getattr(view, "login_required", True) and not _may_enter(request):
            return self.handle_no_permission(request, view)
        return None

    def handle_no_permission(self, request: HttpRequest, view: Callable[..., Any]) -> HttpResponseRedirect:
        if request.method in READS:
            return super().handle_no_permission(request, view)
        wanted = page_of_form(request) or reverse("admin:index")
        return after_sign_in(redirect_to_login(wanted, str(settings.LOGIN_URL)))

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        """Tell it once; where the form's page was itself the answer to a form, lead on to where pages begin."""
        if not getattr(request, "was_late", False):
            return response
        if response.status_code == 405:
            cookies = response.cookies
            response = HttpResponseRedirect(_first_page(request))
            response.cookies = cookies
        response.delete_cookie(COOKIE)
        return response


def after_sign_in(response: HttpResponseRedirect) -> HttpResponseRedirect:
    """Have the first page after the sign-in say that nothing was done."""
    response.set_cookie(
        COOKIE,
        YES,
        max_age=REMEMBERED_FOR,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
    return response


def waits_for_sign_in(request: HttpRequest) -> bool:
    """Whether the browser has sent a form too late, and its sender has not signed in since."""
    return request.COOKIES.get(COOKIE) == YES


def page_of_form(request: HttpRequest) -> str:
    """The page of ours that a form was sent from, as the browser says; an empty text for any other."""
    sent_from = request.headers.get("Referer", "")
    if not url_has_allowed_host_and_scheme(
        sent_from, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    ):
        return ""
    parts = urlsplit(sent_from)
    try:
        resolve(parts.path)
    except Resolver404:
        return ""
    return urlunsplit(("", "", parts.path, parts.query, ""))


def _was_late(request: HttpRequest) -> bool:
    is_arrival = request.COOKIES.get(COOKIE) == YES and request.method == "GET" and is_page(request)
    return bool(is_arrival and request.user.is_authenticated and _may_be_here(request))


def _may_enter(request: HttpRequest) -> bool:
    """Whether somebody is signed in; the pages of staff send a member's forms to the sign-in as a stranger's."""
    return bool(request.user.is_authenticated and (request.method in READS or _may_be_here(request)))


def _may_be_here(request: HttpRequest) -> bool:
    """Whether it is no page of staff, or asked for by one of them; a member's session is nobody's there."""
    return bool(getattr(request.user, "is_staff", False) or not request.path_info.startswith("/admin/"))


def _first_page(request: HttpRequest) -> str:
    match = request.resolver_match
    slug = match.kwargs.get("slug") if match is not None else None
    return reverse("member_entrance", args=[slug]) if slug else reverse("admin:index")
