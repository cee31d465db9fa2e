"""Who may call the partner API: programs with a token of their own, and only where it has the scopes of the view."""

from typing import Any

from django.contrib.auth.models import AnonymousUser
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from oauth_bridge.models import PortalToken
from oauth_bridge.portals.middleware import bearer_token_of


class InsufficientScope(AuthenticationFailed):
    """The token works, but not for this."""

    status_code = 403
    default_code = "insufficient_scope"


class PortalAuthentication(BaseAuthentication):
    """`request.auth` is the token that the middleware found; nobody is signed in as a user."""

    def authenticate(self, request: Request) -> tuple[Any, PortalToken] | None:
        found: PortalToken | None = getattr(request._request, "portal_token", None)
        if found is not None and found.consent_id is None:
            return AnonymousUser(), found
        if not bearer_token_of(request._request):
            return None
        if found is not None:
            raise InsufficientScope("This token speaks for a member. The partner API wants a program's own token.")
        raise AuthenticationFailed("The access token is unknown, has ended, or was revoked. Ask for a new one.")

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="partner API"'


class HasScopes(BasePermission):
    """Closed unless a view names its `required_scopes` (empty: any program's token will do)."""

    def has_permission(self, request: Request, view: Any) -> bool:
        required = getattr(view, "required_scopes", None)
        if required is None or not isinstance(request.auth, PortalToken):
            return False
        missing = [scope for scope in required if scope not in request.auth.scopes]
        if missing:
            raise InsufficientScope(f"This needs the scope {' '.join(missing)}, which the token does not have.")
        return True
