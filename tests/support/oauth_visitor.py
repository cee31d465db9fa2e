"""A person with a browser and an application with its secret, over plain `requests`."""

import base64
import dataclasses
import hashlib
import re
import urllib.parse
from typing import Any

import requests

from vendor_admin.sandbox.serving.server import RunningSandbox

REDIRECT_URI = "http://localhost:8000/oauth/callback"
VERIFIER = "v" * 43
ALLOW = {"decision": "allow"}


def challenge(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


@dataclasses.dataclass
class Application:
    """One registered client: asks for codes and exchanges them."""

    sandbox: RunningSandbox
    client_id: str
    client_secret: str
    redirect_uri: str = REDIRECT_URI

    def ask(self, **fields: str | None) -> requests.Response:
        """Open the platform's page; a field set to None is left out."""
        query = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "state": "state-1",
            "code_challenge": challenge(VERIFIER),
            "code_challenge_method": "S256",
        } | fields
        query = {name: value for name, value in query.items() if value is not None}
        return requests.get(f"{self.sandbox.url}/oauth", params=query, allow_redirects=False, timeout=10)

    def code(self, login: str, **fields: str | None) -> str:
        """A fresh code that a member agreed to."""
        consent = sign_in(self.sandbox, self.ask(**fields), login)
        return parameters(decide(self.sandbox, consent, **ALLOW))["code"]

    def fields(self, code: str, **others: str) -> dict[str, str]:
        return {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.redirect_uri,
            "client_id": self.client_id,
            "client_secret": self.client_secret,
            "code_verifier": VERIFIER,
        } | others

    def refresh_fields(self, refresh_token: str) -> dict[str, str]:
        return {
            "grant_type": "refresh_token",
            "refresh_token": refresh_token,
            "client_id": self.client_id,
            "client_secret": self.client_secret,
        }

    def post(
        self,
        fields: dict[str, str],
        *,
        path: str = "v1/auth/oauthtoken",
        encoding: str = "json",
        host: str = "live",
        timeout: float = 10,
    ) -> requests.Response:
        url = f"{self.sandbox.url}/{host}/{path}"
        if encoding == "json":
            return requests.post(url, json=fields, timeout=timeout)
        return requests.post(url, data=fields, timeout=timeout)

    def exchange(self, code: str, **others: str) -> dict[str, Any]:
        answer = self.post(self.fields(code, **others))
        assert answer.status_code == 200, answer.text
        return answer.json()

    def refresh(self, refresh_token: str) -> dict[str, Any]:
        answer = self.post(self.refresh_fields(refresh_token))
        assert answer.status_code == 200, answer.text
        return answer.json()

    def tokens(self, login: str) -> dict[str, Any]:
        """A fresh pair of tokens of a member."""
        issued = self.exchange(self.code(login))
        assert "access_token" in issued, issued
        return issued


def application(sandbox: RunningSandbox, organization: int = 0) -> Application:
    """The seeded client of the first organization, or another's."""
    seeded = sandbox.view("oauth/clients")[organization]
    return Application(sandbox, seeded["client_id"], seeded["client_secret"])


def member(sandbox: RunningSandbox, number: int = 0, *, organization: int = 20) -> dict[str, Any]:
    """The first active member of an organization who is no administrator, or a later one."""
    active = [
        found
        for found in sandbox.view("oauth/members", organization=organization)
        if not found["is_administrator"] and found["status"] == "Active"
    ]
    return active[number]


def form(page: requests.Response) -> dict[str, str]:
    """The hidden fields of a page."""
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page.text))


def sign_in(
    sandbox: RunningSandbox, page: requests.Response, login: str, password: str | None = None, action: str = "sign-in"
) -> requests.Response:
    """Send the sign-in form; without a password the documented one is taken."""
    password = f"sandbox-{login.lower()}" if password is None else password
    fields = form(page) | {"login": login, "password": password, "action": action}
    return requests.post(f"{sandbox.url}/oauth/sign-in", data=fields, allow_redirects=False, timeout=10)


def decide(sandbox: RunningSandbox, page: requests.Response, **fields: str) -> requests.Response:
    """Send the consent form."""
    return requests.post(f"{sandbox.url}/oauth/consent", data=form(page) | fields, allow_redirects=False, timeout=10)


def parameters(answer: requests.Response) -> dict[str, str]:
    """What the way back to the application carries."""
    assert answer.status_code == 303, (answer.status_code, answer.text[:500])
    return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(answer.headers["Location"]).query))
