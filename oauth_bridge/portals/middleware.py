"""Opens the scope of a request to the partner API: the organization that its access token is of."""

import contextlib
from collections.abc import Callable

import structlog
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.cache import add_never_cache_headers

from oauth_bridge.models import PortalToken
from oauth_bridge.portals import tokens
from vendor_admin.organizations.tenancy.scope import organization_scope
from vendor_admin.partner_api.authentication import Token, bearer_token_of

PATH = "/api/"


class PortalTokenMiddleware:
    """Sets `request.api_token` below /api/: the token that works now, or None. What the view reads and writes is
    its organization's; without a token there are no rows at all. Rolled back when the answer is a server error.

    No answer is kept by a cache.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path_info.startswith(PATH):
            return self.get_response(request)
        response = self._answer(request)
        add_never_cache_headers(response)
        return response

    def _answer(self, request: HttpRequest) -> HttpResponse:
        token = bearer_token_of(request)
        organization_id = tokens.organization_id_of(token)
        request.api_token = None  # type: ignore[attr-defined]
        with organization_scope(organization_id) if organization_id else contextlib.nullcontext():
            found = tokens.find_access_token(token, now=timezone.now()) if organization_id else None
            if found is not None:
                return self._answer_to(request, found)
        return self.get_response(request)

    def _answer_to(self, request: HttpRequest, found: PortalToken) -> HttpResponse:
        request.api_token = _as_token(found)  # type: ignore[attr-defined]
        tokens.note_use(portal=found.portal, consent=found.consent, now=timezone.now())
        organization = found.portal.organization
        with structlog.contextvars.bound_contextvars(organization=organization.slug, portal=found.portal.client_id):
            response = self.get_response(request)
        if response.status_code >= 500:
            transaction.set_rollback(True)
        return response


def _as_token(found: PortalToken) -> Token:
    """What the partner API knows of it."""
    return Token(
        actor=found.portal.actor,
        name=found.portal.name,
        organization=found.portal.organization,
        scopes=tuple(found.scopes),
        expires_at=found.expires_at,
        is_of_member=found.consent_id is not None,
    )
