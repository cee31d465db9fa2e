"""Opens the scope of a request to the partner API: the organization that its credential is of."""

from collections.abc import Callable
from typing import Any

import structlog
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.cache import add_never_cache_headers

from vendor_admin.organizations.sign_in.client_address import caller_address
from vendor_admin.organizations.tenancy.scope import organization_scope
from vendor_admin.partner_api.access.credentials import Claim, claim_of
from vendor_admin.partner_api.access.leaks import refuse_leaked
from vendor_admin.partner_api.authentication import CredentialRefused, Token, bearer_token_of
from vendor_admin.partner_api.exception_handler import problem_of_error
from vendor_admin.partner_api.request_errors import InvalidRequest
from vendor_admin.partner_api.throttling.counts import Turn, take_turn, too_many
from vendor_admin.partner_api.time_limit import settings_of_read
from vendor_admin.partner_api.versions import HEADER as VERSION_HEADER
from vendor_admin.partner_api.versions import choose_version

PATH = "/api/"
READS = frozenset({"GET", "HEAD"})


class PartnerApiMiddleware:
    """Sets `request.api_token` below /api/: what the credential allows now, or None. What the view reads and writes is
    its organization's; without a credential there are no rows at all. Rolled back when the answer is a server error.

    An answer may carry `after_commit`: it is called outside of the scope and of any transaction once what the view did
    is kept, and may return another answer. No answer is kept by a cache, but what was read by its reader
    (http/answers.py).
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
        for name, value in getattr(request, "api_headers", {}).items():
            response.headers[name] = value
        add_never_cache_headers(response)
        return response

    def process_view(
        self, request: HttpRequest, view: Callable[..., HttpResponse], arguments: Any, named: Any
    ) -> HttpResponse | None:
        """Let a read be answered in the scope's transaction itself: it has nothing that a savepoint could take back."""
        if request.method in READS and getattr(request, "api_token", None) is not None:
            return view(request, *arguments, **named)
        return None

    def _answer(self, request: HttpRequest) -> HttpResponse:
        _set(request, token=None, refusal=None)
        if (refused := refuse_leaked(request)) is not None:
            return refused
        claim = claim_of(bearer_token_of(request))
        turn = _take_turn(request, claim) if claim else None
        if turn is None:
            return self.get_response(request)
        return self._answer_in_turn(request, request.api_token, turn)  # type: ignore[attr-defined]

    def _answer_in_turn(self, request: HttpRequest, token: Token, turn: Turn) -> HttpResponse:
        """The view's answer in the organization's scope, unless the request is refused before."""
        headers = request.api_headers = dict(turn.headers)  # type: ignore[attr-defined]
        if not turn.is_allowed:
            return problem_of_error(request, too_many(turn))
        try:
            version = choose_version(request.headers.get(VERSION_HEADER), of_key=token.version)
        except InvalidRequest as refused:
            return problem_of_error(request, refused)
        request.api_version = headers[VERSION_HEADER] = version  # type: ignore[attr-defined]
        with (
            structlog.contextvars.bound_contextvars(organization=token.organization.slug, program=token.key_id),
            organization_scope(token.organization.pk, settings=settings_of_read() if request.method in READS else None),
        ):
            response = self.get_response(request)
            if response.status_code >= 500:
                transaction.set_rollback(True)
        return response


def _take_turn(request: HttpRequest, claim: Claim) -> Turn | None:
    """Find who calls and count the request, in short transactions of their own: within the one of the view requests of
    one key would wait for each other. None where nobody is found, who then is refused by the view.
    """
    now = timezone.now()
    try:
        found = claim.find(address=caller_address(request), now=now)
    except CredentialRefused as refused:
        _set(request, token=None, refusal=refused)
        # It is of this organization: only a credential that was found is refused.
        request.api_caller = (claim.organization_id, refused.key_id)  # type: ignore[attr-defined]
        return None
    if found is None:
        return None
    _set(request, token=found, refusal=None)
    request.api_caller = (found.organization.pk, found.key_id)  # type: ignore[attr-defined]
    turn = take_turn(organization=found.organization, caller=found.key_id, now=now)
    request.api_turn = turn if turn.is_allowed else None  # type: ignore[attr-defined]
    return turn


def _set(request: Any, *, token: Token | None, refusal: CredentialRefused | None) -> None:
    request.api_token, request.api_refusal = token, refusal
