"""Ties forms to the organization that they were opened for.

The organization is the session's, so one browser's tabs share it. A form that was opened before it changed must not
act in the new one. Every form carries its organization beside its CSRF token (templatetags/form_token.py), pages that
renew their parts send it in a header, and what belongs to another organization is refused.
"""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from vendor_admin.organizations.models import Organization, User
from vendor_admin.organizations.requests.current import organizations_of
from vendor_admin.organizations.requests.middleware import PATHS_WITH_THEIR_OWN_SCOPE, PATHS_WITHOUT_SCOPE
from vendor_admin.organizations.requests.second_factor_middleware import is_page

FIELD = "form_organization"
HEADER = "X-Organization"
NO_ORGANIZATION = "none"

# They choose an organization, or say who somebody is: in which organization the form was opened changes nothing.
ACT_IN_NO_ORGANIZATION = {"enter", "leave", "admin:login", "admin:logout", "account_login", "mfa_authenticate"}
READS = {"GET", "HEAD", "OPTIONS", "TRACE"}


def organization_for_forms(request: HttpRequest) -> str:
    """What a form of this page carries: the id of the staff user's organization; empty for everybody else."""
    user = getattr(request, "user", None)
    if not isinstance(user, User) or not user.is_staff or request.path_info.startswith(PATHS_WITH_THEIR_OWN_SCOPE):
        return ""
    organization: Organization | None = getattr(request, "organization", None)
    return str(organization.pk) if organization else NO_ORGANIZATION


class FormOrganizationMiddleware:
    """Refuses (409) what staff send from a page that was opened for another organization than the session's.

    A form without the field is refused as one without a CSRF token is. Must stand after the middleware that sets
    `request.organization`.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *view: Any) -> HttpResponse | None:
        """Let the view act, or answer in its place."""
        if request.path_info.startswith(PATHS_WITHOUT_SCOPE):
            return None
        present = organization_for_forms(request)
        match = request.resolver_match
        if not present or (match is not None and match.view_name in ACT_IN_NO_ORGANIZATION):
            return None
        sent = request.headers.get(HEADER) or (None if request.method in READS else request.POST.get(FIELD))
        if sent == present:
            return None
        if sent is None and (request.method in READS or getattr(request, "_dont_enforce_csrf_checks", False)):
            return None
        return _refusal(request, sent or "")


def _refusal(request: HttpRequest, sent: str) -> HttpResponse:
    user = request.user
    before = None
    if isinstance(user, User) and sent.isascii() and sent.isdecimal() and len(sent) < 19:
        before = organizations_of(user).filter(pk=int(sent)).first()
    template = "409.html" if is_page(request) else "409_part.html"
    may_go_back = isinstance(user, User) and not user.is_operator
    context = {"before": before if may_go_back else None, "opened_for": _opened_for(sent, before)}
    return render(request, template, context, status=409)


def _opened_for(sent: str, before: Organization | None) -> str:
    """For which organization a page was opened; one that its reader may not know has no name."""
    if not sent:
        return "This page does not say for which organization it was opened."
    return f"This page was opened for {before or _unnamed(sent)}."


def _unnamed(sent: str) -> str:
    return "no organization" if sent == NO_ORGANIZATION else "another organization"
