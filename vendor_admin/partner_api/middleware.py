"""Opens the scope of a request to the partner API: the organization that its credential is of."""

import contextlib
from collections.abc import Callable
from typing import Any

import structlog
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.cache import add_never_cache_headers

from vendor_admin.organizations.sign_in.client_address import caller_address
from vendor_admin.organizations.tenancy.scope import organization_scope
from vendor_admin.partner_api.authentication import CredentialRefused, Token, bearer_token_of
from vendor_admin.partner_api.credentials import Claim, claim_of
from vendor_admin.partner_api.leaks import refuse_leaked

PATH = "/api/"


class PartnerApiMiddleware:
    """Sets `request.api_token` below /api/: what the credential allows now, or None. What the view reads and writes is
    its organization's; without a credential there are no rows at all. Rolled back when the answer is a server error.

    An answer may carry `after_commit`: it is called outside of the scope and of any transaction once what the view did
    is kept, and may return another answer. No answer is kept by a cache.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path_info.startswith(PATH):
            return self.get_response(request)
        response = self._answer(request)
        after_commit: Callable[[], HttpResponse | None] | None = getattr(response, "after_commit", None)
        if after_commit is not None and response.status_code < 500:
            response = after_commit() or response
        add_never_cache_headers(response)
        return response

    def _answer(self, request: HttpRequest) -> HttpResponse:
        _set(request, token=None, refusal=None)
        if (refused := refuse_leaked(request)) is not None:
            return refused
        claim = claim_of(bearer_token_of(request))
        with organization_scope(claim.organization_id) if claim else contextlib.nullcontext():
            found = _found(request, claim) if claim else None
            if found is not None:
                return self._answer_to(request, found)
        return self.get_response(request)

    def _answer_to(self, request: HttpRequest, found: Token) -> HttpResponse:
        _set(request, token=found, refusal=None)
        with structlog.contextvars.bound_contextvars(organization=found.organization.slug, program=found.key_id):
            response = self.get_response(request)
        if response.status_code >= 500:
            transaction.set_rollback(True)
        return response


def _found(request: HttpRequest, claim: Claim) -> Token | None:
    try:
        return claim.find(address=caller_address(request), now=timezone.now())
    except CredentialRefused as refused:
        _set(request, token=None, refusal=refused)
        return None


def _set(request: Any, *, token: Token | None, refusal: CredentialRefused | None) -> None:
    request.api_token, request.api_refusal = token, refusal
