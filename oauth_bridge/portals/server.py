"""The provider of one organization: oauthlib's OpenID server behind the toolkit's door, and its addresses.

Each organization is an issuer of its own (`SITE_URL/o/<slug>`): the address says whose rows a request may touch before
anything is looked up, its keys and its discovery document are its own, and a portal that trusts one organization
cannot be given another one's answer.
"""

from datetime import datetime
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from oauth2_provider.oauth2_backends import OAuthLibCore
from oauth2_provider.settings import oauth2_settings
from oauthlib.common import Request

from oauth_bridge.models import Portal
from oauth_bridge.portals.scopes import OFFERED_SCOPES, SCOPE_OF_CLAIM
from oauth_bridge.portals.validator import PortalValidator
from vendor_admin.organizations.models import Organization

GRANTS = ("authorization_code", "refresh_token", "client_credentials")


def issuer_of(organization: Organization) -> str:
    """The issuer; never made of the request's Host."""
    return str(settings.SITE_URL) + reverse("member_entrance", args=[organization.slug]).rstrip("/")


def address_of(name: str, organization: Organization) -> str:
    """An endpoint of the organization's provider."""
    return str(settings.SITE_URL) + reverse(name, args=[organization.slug])


class Provider(OAuthLibCore):
    """Answers one request of one organization. Inside its scope."""

    def __init__(self, organization: Organization, *, now: datetime) -> None:
        self.validator = PortalValidator(issuer=issuer_of(organization), now=now)
        self.server = oauth2_settings.OAUTH2_SERVER_CLASS(self.validator, **oauth2_settings.server_kwargs)
        for grant in [name for name in self.server.grant_types if name not in GRANTS]:
            del self.server.grant_types[grant]

    def _get_escaped_full_path(self, request: HttpRequest) -> str:
        """The toolkit's own lets through what oauthlib breaks at."""
        return address_line(request)

    def portal_of(self, request: HttpRequest) -> Portal | None:
        """The portal that proves by its secret that the request is its own. A secret in the address proves nothing."""
        if request.GET:
            return None
        asked = Request(*self._extract_params(request))
        return asked.client if self.validator.authenticate_client(asked) else None


def address_line(request: HttpRequest) -> str:
    """The request's address as oauthlib reads it: path and query, encoded strictly."""
    return f"{request.path}?{urlencode([(name, one) for name, found in request.GET.lists() for one in found])}"


def with_answer(redirect_uri: str, answer: dict[str, str], *, issuer: str) -> str:
    """Where the browser takes an answer to, with `iss` (RFC 9207)."""
    query = urlencode({**{name: value for name, value in answer.items() if value}, "iss": issuer})
    return f"{redirect_uri}{'&' if urlsplit(redirect_uri).query else '?'}{query}"


def discovery_document(organization: Organization) -> dict[str, Any]:
    """What standard clients configure themselves by."""
    scopes = [scope.name for scope in OFFERED_SCOPES]
    ways = ["client_secret_basic", "client_secret_post"]
    return {
        "issuer": issuer_of(organization),
        "authorization_endpoint": address_of("portal_authorize", organization),
        "token_endpoint": address_of("portal_token", organization),
        "userinfo_endpoint": address_of("portal_userinfo", organization),
        "jwks_uri": address_of("portal_jwks", organization),
        "revocation_endpoint": address_of("portal_revoke", organization),
        "introspection_endpoint": address_of("portal_introspect", organization),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": list(GRANTS),
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": ways,
        "revocation_endpoint_auth_methods_supported": ways,
        "introspection_endpoint_auth_methods_supported": ways,
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "scopes_supported": scopes,
        "claims_supported": ["iss", "aud", "exp", "iat", "auth_time", "nonce", "at_hash", *SCOPE_OF_CLAIM],
        "prompt_values_supported": ["none", "login", "consent"],
        "authorization_response_iss_parameter_supported": True,
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
        "claims_parameter_supported": False,
    }
