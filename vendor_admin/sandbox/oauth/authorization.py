"""From a client's request to a code: what the pages ask for, remember and hand out. Knows no HTTP."""

import dataclasses
import re
import urllib.parse
from collections.abc import Sequence

from vendor_admin.sandbox.oauth.clients import Client, Clients
from vendor_admin.sandbox.oauth.members import Member
from vendor_admin.sandbox.oauth.secrets import Mint, hashed
from vendor_admin.sandbox.oauth.settings import OAuthSettings

CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
TOO_OLD = "This page is too old. Go back to the application and start again."


@dataclasses.dataclass(kw_only=True)
class Visit:
    """One person on the pages: what the client asked for and who signed in so far."""

    number: str
    client: Client
    redirect_uri: str
    state: str | None
    code_challenge: str | None
    expires_at: float
    member: Member | None = None


@dataclasses.dataclass(kw_only=True)
class Code:
    """What a member agreed to. `grant_id` is set once it was exchanged."""

    client_id: str
    redirect_uri: str
    code_challenge: str | None
    member: Member
    expires_at: float
    is_spent: bool = False
    grant_id: int | None = None


class BadAuthorizationError(Exception):
    """The request names no client and address that could be trusted: the person sees an error page and goes nowhere."""


class SendBackError(Exception):
    """The request is refused, and the client hears of it at its own address."""

    def __init__(self, visit: Visit, error: str, description: str) -> None:
        super().__init__(description)
        self.visit = visit
        self.error = error
        self.description = description


class Authorizations:
    """Open visits and the codes that came of them; codes are kept by hash."""

    def __init__(self, clients: Clients, settings: OAuthSettings, mint: Mint) -> None:
        self._clients = clients
        self._settings = settings
        self._mint = mint
        self.visits: dict[str, Visit] = {}
        self.codes: dict[str, Code] = {}

    def begin(self, query: Sequence[tuple[str, str]], *, now: float) -> Visit:
        """Read a client's request; raises BadAuthorizationError or SendBackError."""
        self.visits = {number: visit for number, visit in self.visits.items() if visit.expires_at > now}
        fields = dict(query)
        if len(fields) < len(query):
            raise BadAuthorizationError("A parameter was given twice.")
        client = self._clients.get(fields.get("client_id", ""))
        if client is None:
            raise BadAuthorizationError("Incorrect client_id: no application of this id is registered.")
        redirect_uri = fields.get("redirect_uri", "")
        if redirect_uri not in client.redirect_uris:
            raise BadAuthorizationError("Incorrect redirect_uri: the application has not registered this address.")
        challenge = fields.get("code_challenge")
        visit = Visit(
            number=self._mint.text("visit"),
            client=client,
            redirect_uri=redirect_uri,
            state=fields.get("state"),
            code_challenge=challenge,
            expires_at=now + self._settings.page_seconds,
        )
        if fields.get("response_type") != "code":
            raise SendBackError(visit, "unsupported_response_type", "response_type must be code")
        complaint = self._complaint_about_pkce(challenge, fields.get("code_challenge_method"))
        if complaint:
            raise SendBackError(visit, "invalid_request", complaint)
        self.visits[visit.number] = visit
        return visit

    def visit(self, number: str, *, now: float) -> Visit:
        """An open visit; raises BadAuthorizationError when it is over."""
        visit = self.visits.get(number)
        if visit is None or visit.expires_at <= now:
            raise BadAuthorizationError(TOO_OLD)
        return visit

    def end(self, visit: Visit) -> None:
        """The person leaves; the page cannot be used again."""
        self.visits.pop(visit.number, None)

    def agree(self, visit: Visit, *, now: float) -> str:
        """End a visit with a code; raises BadAuthorizationError when nobody signed in or it has ended."""
        if visit.member is None:
            raise BadAuthorizationError("Nobody has signed in on this page.")
        if self.visits.pop(visit.number, None) is None:
            raise BadAuthorizationError(TOO_OLD)
        text = self._mint.text("code")
        self.codes[hashed(text)] = Code(
            client_id=visit.client.client_id,
            redirect_uri=visit.redirect_uri,
            code_challenge=visit.code_challenge,
            member=visit.member,
            expires_at=now + self._settings.code_seconds,
        )
        return text

    def age(self, seconds: float) -> None:
        """Let time pass."""
        for visit in self.visits.values():
            visit.expires_at -= seconds
        for code in self.codes.values():
            code.expires_at -= seconds

    def expire_codes(self) -> int:
        """Let every code expire now; returns how many were good."""
        good = [code for code in self.codes.values() if not code.is_spent]
        for code in good:
            code.expires_at = 0.0
        return len(good)

    def _complaint_about_pkce(self, challenge: str | None, method: str | None) -> str:
        if challenge is None:
            return "code_challenge is missing" if self._settings.requires_pkce or method is not None else ""
        if method != "S256":
            return "code_challenge_method must be S256"
        return "" if CHALLENGE.fullmatch(challenge) else "code_challenge is not the S256 hash of a verifier"


def address_with(redirect_uri: str, **parameters: str | None) -> str:
    """The client's address with parameters added to those it has; None leaves one out."""
    added = urllib.parse.urlencode({name: value for name, value in parameters.items() if value is not None})
    parts = urllib.parse.urlsplit(redirect_uri)
    return parts._replace(query=f"{parts.query}&{added}" if parts.query else added).geturl()
