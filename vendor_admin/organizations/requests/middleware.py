"""Puts each request inside the transaction and the organization that its user may see."""

import contextlib
import uuid
from collections.abc import Callable
from typing import cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import structlog
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from vendor_admin.organizations.audit import CALLER_REQUEST_ID
from vendor_admin.organizations.requests.current import ScopedRequest, current_organization
from vendor_admin.organizations.tenancy.scope import organization_scope

PATHS_WITHOUT_SCOPE = ("/livez", "/readyz", "/metrics", "/syncz", "/static/")
# Member pages: the address names the organization, and those that call the platform must not stand in a transaction.
# The partner API: the credential names it (vendor_admin/partner_api/middleware.py).
PATHS_WITH_THEIR_OWN_SCOPE = ("/o/", "/api/")


class OrganizationScopeMiddleware:
    """Sets `request.organization` and opens its scope: everything the view reads or writes is that organization's.

    The transaction is rolled back when the answer is a server error. Streaming answers open a scope of their own.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        scoped = cast(ScopedRequest, request)
        scoped.organization = scoped.staff_role = None
        scoped.request_id = getattr(request, "request_id", "") or uuid.uuid4().hex
        sent = request.headers.get("X-Request-ID", "")[:64]
        if request.path_info.startswith(PATHS_WITHOUT_SCOPE):
            return self.get_response(request)
        has_own_scope = request.path_info.startswith(PATHS_WITH_THEIR_OWN_SCOPE)
        if not has_own_scope:
            scoped.organization, scoped.staff_role = current_organization(request)
        ids = (scoped.organization.pk,) if scoped.organization else ()
        with (
            structlog.contextvars.bound_contextvars(
                request_id=scoped.request_id,
                organization=getattr(scoped.organization, "slug", None),
                **({CALLER_REQUEST_ID: sent} if sent.isascii() and sent.isprintable() and sent else {}),
            ),
            contextlib.nullcontext() if has_own_scope else organization_scope(*ids),
        ):
            response = self.get_response(request)
            if response.status_code >= 500 and not has_own_scope:
                transaction.set_rollback(True)
        if request.path_info.startswith("/admin/"):
            setattr(response, "_csp_replace", settings.ADMIN_CONTENT_SECURITY_POLICY)  # noqa: B010 - as csp_replace does
        response.headers["X-Request-ID"] = scoped.request_id
        return response


class ViewerTimeZoneMiddleware:
    """Shows times in the zone of the signed-in user."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        user = getattr(request, "user", None)
        if user is None or not user.is_authenticated:
            return self.get_response(request)
        with timezone.override(_zone(user.time_zone)):
            return self.get_response(request)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")
