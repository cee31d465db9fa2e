"""A portal as the provider sees it: what it sends a member's browser to, and what its server asks for."""

import base64
import hashlib
import secrets
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.utils import timezone

from oauth_bridge.models import Portal
from oauth_bridge.portals import registry
from tests.oauth_bridge.form_client import FormClient
from tests.oauth_bridge.visitor import SITE, Visitor, parameters_of
from vendor_admin.organizations.actors import Actor
from vendor_admin.organizations.models import Organization

CALLBACK = "https://portal.example/callback"
ALL = "openid profile email entitlements"


def new_pair() -> tuple[str, str]:
    """A PKCE verifier and its challenge."""
    verifier = secrets.token_urlsafe(48)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    return verifier, challenge


def basic(client_id: str, secret: str) -> str:
    return "Basic " + base64.b64encode(f"{client_id}:{secret}".encode()).decode()


@dataclass
class PortalSide:
    """One portal with its secret, and a server that calls the provider."""

    portal: Portal
    secret: str
    slug: str
    server: FormClient = field(default_factory=FormClient)

    @classmethod
    def registered(cls, organization: Organization, *, name: str = "Trader Desk", **more: Any) -> "PortalSide":
        values: dict[str, Any] = {
            "kind": Portal.Kind.SIGN_IN,
            "scopes": ALL.split(),
            "redirect_uris": [CALLBACK],
            "actor": Actor.staff("alice"),
        }
        made = registry.register_portal(organization=organization, name=name, now=timezone.now(), **(values | more))
        return cls(made.portal, made.secret, organization.slug)

    @classmethod
    def program(cls, organization: Organization, *, scopes: str = "members:read accounts:read") -> "PortalSide":
        return cls.registered(
            organization, name="Nightly job", kind=Portal.Kind.PROGRAM, scopes=scopes.split(), redirect_uris=[]
        )

    @property
    def credentials(self) -> str:
        return basic(self.portal.client_id, self.secret)

    def path(self, name: str) -> str:
        return f"/o/{self.slug}/oauth/{name}/"

    def request(self, challenge: str, **changes: str | None) -> str:
        """The address that the portal sends a browser to; None leaves a field out."""
        fields: dict[str, str | None] = {
            "response_type": "code",
            "client_id": self.portal.client_id,
            "redirect_uri": CALLBACK,
            "scope": ALL,
            "state": "state-of-the-portal",
            "nonce": "nonce-of-the-portal",
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        kept = {name: value for name, value in (fields | changes).items() if value is not None}
        return f"{self.path('authorize')}?{urlencode(kept)}"

    def allowed(self, visitor: Visitor, **changes: str | None) -> tuple[str, str]:
        """The member says yes; the code, and the verifier for it."""
        verifier, challenge = new_pair()
        answer = visitor.browser.post(self.request(challenge, **changes), {"decision": "allow"})
        assert answer.status_code == 303, answer.content.decode()
        return parameters_of(answer["Location"])["code"], verifier

    def post(self, name: str, *, as_client: str | None = None, slug: str = "", **fields: str) -> Any:
        headers = {"Authorization": self.credentials if as_client is None else as_client}
        path = self.path(name) if not slug else f"/o/{slug}/oauth/{name}/"
        return self.server.post(path, fields, headers={k: v for k, v in headers.items() if v})

    def exchange(self, code: str, verifier: str, **changes: Any) -> Any:
        fields = {"grant_type": "authorization_code", "code": code, "code_verifier": verifier, "redirect_uri": CALLBACK}
        return self.post("token", **{name: value for name, value in (fields | changes).items() if value is not None})

    def refresh(self, refresh_token: str, **changes: Any) -> Any:
        return self.post("token", **({"grant_type": "refresh_token", "refresh_token": refresh_token} | changes))

    def tokens_of(self, visitor: Visitor) -> dict[str, Any]:
        """The whole way of a member who is signed in."""
        answer = self.exchange(*self.allowed(visitor))
        assert answer.status_code == 200, answer.content
        tokens: dict[str, Any] = answer.json()
        return tokens

    def own_token(self) -> str:
        """A program's token."""
        answer = self.post("token", grant_type="client_credentials")
        assert answer.status_code == 200, answer.content
        return str(answer.json()["access_token"])

    def userinfo(self, access_token: str, *, slug: str = "") -> Any:
        path = self.path("userinfo") if not slug else f"/o/{slug}/oauth/userinfo/"
        return self.server.get(path, headers={"Authorization": f"Bearer {access_token}"})

    def works(self, access_token: str) -> bool:
        return bool(self.userinfo(access_token).status_code == 200)

    def api(self, access_token: str = "", *, authorization: str = "", path: str = "/api/v1/me") -> Any:
        header = authorization or (f"Bearer {access_token}" if access_token else "")
        return self.server.get(path, headers={"Authorization": header} if header else {})

    @property
    def issuer(self) -> str:
        return f"{SITE}/o/{self.slug}"


def origin_of(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}{parts.path}"
