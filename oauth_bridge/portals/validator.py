"""The toolkit's answers to oauthlib's questions, with codes and tokens kept by our own verbs.

The toolkit decides how clients prove who they are, which grants and PKCE methods are refused (its RFC 9700 switches)
and how ID tokens are put together. One instance serves one request, inside the organization's scope.
"""

import re
import uuid
from datetime import datetime
from typing import Any

from oauth2_provider.oauth2_validators import OAuth2Validator
from oauthlib.oauth2.rfc6749 import errors

from oauth_bridge.models import Portal, PortalCode, PortalRefreshToken
from oauth_bridge.portals import claims, registry, tokens
from oauth_bridge.portals.scopes import SCOPE_OF_CLAIM
from oauth_bridge.portals.tokens import Grant, NoSuchCode, NoSuchRefreshToken

_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)


class PortalValidator(OAuth2Validator):
    """Of one request: `issuer` is the organization's, `now` the time."""

    oidc_claim_scope = SCOPE_OF_CLAIM

    def __init__(self, *, issuer: str, now: datetime) -> None:
        super().__init__()
        self.issuer = issuer
        self.now = now
        self.code: PortalCode | None = None
        self.refresh: PortalRefreshToken | None = None

    # Clients

    def _extract_basic_auth(self, request: Any) -> str | None:
        found = super()._extract_basic_auth(request)
        return found if found and found.isascii() else None

    def _load_application(self, client_id: str | None, request: Any) -> Portal | None:
        if client_id and "\x00" in client_id:  # PostgreSQL breaks at it
            return None
        found: Portal | None = super()._load_application(client_id, request)
        return found

    def _check_secret(self, provided_secret: str, stored_secret: str) -> bool:
        return registry.matches(provided_secret, stored_secret)

    def get_default_redirect_uri(self, client_id: str, request: Any, *args: Any, **kwargs: Any) -> str:
        """A request names where the answer goes, also where a portal has one address alone."""
        raise errors.MissingRedirectURIError(request=request)

    def validate_response_type(
        self, client_id: str, response_type: str, client: Any, request: Any, *args: Any, **kwargs: Any
    ) -> bool:
        """`code` alone. Here, before the member sees anything, PKCE is asked for as well."""
        if response_type != "code" or not super().validate_response_type(client_id, response_type, client, request):
            return False
        if request.code_challenge and request.code_challenge_method != "S256":
            raise errors.UnsupportedCodeChallengeMethodError(request=request)
        if request.code_challenge and not _CHALLENGE.fullmatch(request.code_challenge):
            raise errors.InvalidRequestError(description="code_challenge must be a SHA-256.", request=request)
        return True

    def validate_silent_login(self, request: Any) -> bool:
        """prompt=none is answered in authorize_views.py, which knows the session."""
        return True

    validate_silent_authorization = validate_silent_login

    # Codes

    def get_authorization_code_scopes(self, client_id: str, code: str, redirect_uri: str, request: Any) -> list[str]:
        found = tokens.find_code(code)
        return list(found.scopes) if found else []

    def validate_code(self, client_id: str, code: str, client: Portal, request: Any, *args: Any, **kwargs: Any) -> bool:
        """Takes the code for its one use, whatever comes after."""
        try:
            self.code = tokens.use_code(code=code, portal=client, now=self.now)
        except NoSuchCode:
            return False
        request.scopes = [scope for scope in self.code.scopes if scope in client.scopes]
        request.user = self.code.consent.link.user
        return True

    def get_code_challenge(self, code: str, request: Any) -> str:
        return self.code.code_challenge if self.code else ""

    def get_code_challenge_method(self, code: str, request: Any) -> str:
        return "S256"

    def get_authorization_code_nonce(self, client_id: str, code: str, redirect_uri: str, request: Any) -> str | None:
        return (self.code.nonce or None) if self.code else None

    def confirm_redirect_uri(
        self, client_id: str, code: str, redirect_uri: str, client: Any, *args: Any, **kwargs: Any
    ) -> bool:
        return self.code is not None and self.code.redirect_uri == redirect_uri

    def invalidate_authorization_code(self, client_id: str, code: str, request: Any, *args: Any, **kwargs: Any) -> None:
        """validate_code did it."""

    # Tokens

    def save_bearer_token(self, token: dict[str, Any], request: Any, *args: Any, **kwargs: Any) -> None:
        """Without the toolkit's savepoint: a refusal would take back that a second use ended the family."""
        grant = self._grant(request)
        tokens.make_tokens(
            grant=grant, access_token=token["access_token"], refresh_token=token.get("refresh_token"), now=self.now
        )

    def _grant(self, request: Any) -> Grant:
        if request.grant_type == "authorization_code" and self.code is not None:
            return Grant(request.client, request.scopes, self.code.family, self.code.consent)
        if request.grant_type == "refresh_token" and self.refresh is not None:
            try:
                tokens.use_refresh_token(found=self.refresh, portal=request.client, now=self.now)
            except NoSuchRefreshToken:
                raise errors.InvalidGrantError(request=request) from None
            refresh = self.refresh
            return Grant(request.client, request.scopes, refresh.family, refresh.consent, refresh.expires_at)
        if request.grant_type == "client_credentials":
            return Grant(request.client, request.scopes, uuid.uuid4())
        raise errors.UnsupportedGrantTypeError(request=request)

    def validate_refresh_token(
        self, refresh_token: str, client: Portal, request: Any, *args: Any, **kwargs: Any
    ) -> bool:
        try:
            self.refresh = tokens.find_refresh_token(refresh_token=refresh_token, portal=client, now=self.now)
        except NoSuchRefreshToken:
            return False
        request.user = self.refresh.consent.link.user
        return True

    def get_original_scopes(self, refresh_token: str, request: Any, *args: Any, **kwargs: Any) -> list[str]:
        """What the portal may ask for no more, a refresh does not give either."""
        return [scope for scope in self.refresh.scopes if scope in request.client.scopes] if self.refresh else []

    def refresh_id_token(self, request: Any) -> bool:
        """A refresh gives no ID token: nobody signed in."""
        return False

    def validate_bearer_token(self, token: str | None, scopes: Any, request: Any) -> bool:
        """For userinfo. A token in the address or the body is refused."""
        found = None
        if token and "Authorization" in request.headers:
            found = tokens.find_access_token(token, now=self.now)
        if found is None or found.consent is None:
            return False
        tokens.note_use(portal=found.portal, consent=found.consent, now=self.now)
        request.client, request.user, request.scopes = found.portal, found.consent.link.user, found.scopes
        return True

    def validate_jwt_bearer_token(self, token: str, scopes: Any, request: Any) -> bool:
        """An ID token opens nothing."""
        return False

    validate_id_token = validate_jwt_bearer_token

    def revoke_token(self, token: str, token_type_hint: str, request: Any, *args: Any, **kwargs: Any) -> None:
        tokens.revoke(token=token, portal=request.client, now=self.now)

    # ID tokens

    def get_oidc_issuer_endpoint(self, request: Any) -> str:
        return self.issuer

    def get_additional_claims(self, request: Any) -> dict[str, Any]:
        return claims.claims_of(request.user.member_link, scopes=request.scopes, now=self.now)

    def get_id_token_dictionary(self, token: Any, token_handler: Any, request: Any) -> tuple[dict[str, Any], datetime]:
        found, ends_at = super().get_id_token_dictionary(token, token_handler, request)
        if self.code is not None:
            found["auth_time"] = int(self.code.signed_in_at.timestamp())
        return found, ends_at

    def _save_id_token(self, *args: Any, **kwargs: Any) -> None:
        """Nothing is kept of an ID token: it is proven by its signature."""
