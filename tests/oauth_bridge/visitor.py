"""A member with a browser: Django's test client for our pages, plain requests for the platform's."""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import requests

from oauth_bridge.models import MemberLink, MemberSession
from tests.oauth_bridge.form_client import FormClient
from tests.support.oauth_visitor import ALLOW, decide
from tests.support.oauth_visitor import sign_in as sign_in_at_the_platform
from vendor_admin.organizations.models import Organization
from vendor_admin.organizations.tenancy.scope import organization_scope
from vendor_admin.sandbox.serving.server import RunningSandbox

SITE = "http://testserver"


@dataclass
class Visitor:
    """One person and one browser."""

    sandbox: RunningSandbox
    slug: str
    login: str
    user_id: int
    browser: FormClient = field(default_factory=FormClient)

    @property
    def organization(self) -> Organization:
        return Organization.objects.get(slug=self.slug)

    def another_browser(self) -> "Visitor":
        return Visitor(self.sandbox, self.slug, self.login, self.user_id)

    def path(self, name: str = "") -> str:
        return f"/o/{self.slug}/{name}"

    def get(self, name: str = "", **kwargs: Any) -> Any:
        return self.browser.get(self.path(name), **kwargs)

    def post(self, name: str, **kwargs: Any) -> Any:
        return self.browser.post(self.path(name), **kwargs)

    def depart(self, next_address: str = "") -> str:
        """Click the button; the address at the platform."""
        response = self.get("sign-in/live/", data={"next": next_address} if next_address else {})
        assert response.status_code == 302, response.content.decode()
        return str(response["Location"])

    def at_the_platform(self, address: str, *, login: str = "", **decision: str) -> str:
        """Sign in there and decide; the address that leads back."""
        page = requests.get(address, allow_redirects=False, timeout=10)
        consent = sign_in_at_the_platform(self.sandbox, page, login or self.login)
        back = decide(self.sandbox, consent, **(decision or ALLOW))
        assert back.status_code == 303, back.text
        return str(back.headers["Location"])

    def come_back(self, address: str) -> Any:
        """Follow the platform's redirect to us."""
        parts = urlsplit(address)
        return self.browser.get(f"{parts.path}?{parts.query}")

    def sign_in(self, next_address: str = "") -> Any:
        """The whole way."""
        return self.come_back(self.at_the_platform(self.depart(next_address)))

    def is_signed_in(self) -> bool:
        """Whether this browser has a member's session anywhere."""
        return "_auth_user_id" in self.browser.session and self.get("accounts/").status_code == 200

    def link(self) -> MemberLink:
        with organization_scope(self.organization.pk):
            return MemberLink.objects.select_related("user").get(platform_user_id=self.user_id)

    def sessions(self) -> list[MemberSession]:
        with organization_scope(self.organization.pk):
            return list(MemberSession.objects.filter(link__platform_user_id=self.user_id).order_by("id"))


def parameters_of(address: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(address).query, keep_blank_values=True))


def with_parameters(address: str, **changes: str | None) -> str:
    """The address with parameters changed; None takes one away."""
    fields = {name: value for name, value in (parameters_of(address) | changes).items() if value is not None}
    return urlsplit(address)._replace(query=urlencode(fields)).geturl()
