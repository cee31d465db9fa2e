"""Who may call the partner API: programs with a token of their own, and only where it has the scopes of the view."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from vendor_admin.errors import Refused
from vendor_admin.organizations.actors import Actor
from vendor_admin.organizations.models import Organization
from vendor_admin.organizations.roles import Right
from vendor_admin.partner_api.scopes import rights_of_scopes

READS_ABOUT = {"HEAD", "OPTIONS"}


@dataclass(frozen=True, slots=True)
class Token:
    """What the credential of a request allows. `actor` is the program behind it.

    `is_of_member` says that it speaks for a member. `key_id` names it in public: an API key's public id, or the client
    id. `version` is the dated one of the API that its answers follow; without `expires_at` it has no end.
    """

    actor: Actor
    name: str
    organization: Organization
    scopes: Sequence[str]
    expires_at: datetime | None
    key_id: str
    version: str
    is_test: bool = False
    is_of_member: bool = False

    @property
    def rights(self) -> frozenset[Right]:
        """What its scopes allow."""
        return rights_of_scopes(self.scopes)


class CredentialRefused(Refused):
    """A credential that is ours and may not be used now. Its bearer is told why. `key_id` is as of a Token."""

    def __init__(self, text: str, *, key_id: str, code: str = "") -> None:
        super().__init__(text, code=code)
        self.key_id = key_id


class AddressRefused(CredentialRefused):
    """It may not be used from there."""

    default_code = "address_not_allowed"


class InsufficientScope(AuthenticationFailed):
    """The token works, but not for this."""

    status_code = 403
    default_code = "insufficient_scope"


class TokenAuthentication(BaseAuthentication):
    """`request.auth` is the Token that the middleware found; nobody is signed in as a user."""

    def authenticate(self, request: Request) -> tuple[Any, Token] | None:
        found: Token | None = getattr(request._request, "api_token", None)
        if found is not None and not found.is_of_member:
            return AnonymousUser(), found
        if not bearer_token_of(request._request):
            return None
        if found is not None:
            raise InsufficientScope("This token speaks for a member. The partner API wants a program's own token.")
        refusal: CredentialRefused | None = getattr(request._request, "api_refusal", None)
        if isinstance(refusal, AddressRefused):
            raise refusal
        if refusal is not None:
            raise AuthenticationFailed(refusal.text, code=refusal.code)
        raise AuthenticationFailed("The key or access token is unknown, has ended, or was revoked. Ask for a new one.")

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="partner API"'


class HasScopes(BasePermission):
    """Closed unless a view names its `required_scopes`, for all methods or by method (empty: any program will do)."""

    def has_permission(self, request: Request, view: Any) -> bool:
        required = getattr(view, "required_scopes", None)
        if required is None or not isinstance(request.auth, Token):
            return False
        if request.method == "OPTIONS" or request.method not in view.allowed_methods:
            return True  # which methods there are is no secret, and the view says so itself
        if isinstance(required, Mapping):
            required = required.get("GET" if request.method in READS_ABOUT else request.method)
            if required is None:
                return False
        missing = [scope for scope in required if scope not in request.auth.scopes]
        if missing:
            raise InsufficientScope(f"This needs the scope {' '.join(missing)}, which the token does not have.")
        return True


def bearer_token_of(request: HttpRequest) -> str:
    """The token of the Authorization header; empty where there is none. One in the address counts for nothing."""
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" else ""
