"""What to do with a portal's request to sign a member in. Reads the request and decides; the view shows it."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.http import HttpRequest
from oauthlib import oauth2

from oauth_bridge.members import consents
from oauth_bridge.models import MemberSession, Portal, PortalConsent
from oauth_bridge.portals import tokens
from oauth_bridge.portals.server import Provider, address_line, issuer_of, with_answer
from vendor_admin.errors import Refused
from vendor_admin.organizations.models import Organization

# A member comes back from the sign-in to this very address, which must fit into `next` (own_addresses.py).
LONGEST_REQUEST = 1800
LONGEST_STATE = 1000
LONGEST_NONCE = 255


class RequestRefused(Refused):
    """A request that cannot be answered at the portal, since nothing says that the address is the portal's. `said`
    tells the portal's developer what is wrong; `error` is the word for programs."""

    def __init__(self, error: str, said: str) -> None:
        super().__init__(said, code=error)
        self.error = error
        self.said = said


class AnswerPortal(Exception):
    """The request ends with an error that the portal is told. `address` is where the browser takes it to."""

    def __init__(self, address: str) -> None:
        super().__init__("the portal is answered")
        self.address = address


@dataclass(frozen=True, slots=True)
class SignInRequest:
    """A valid request of a portal."""

    organization: Organization
    portal: Portal
    scopes: tuple[str, ...]
    redirect_uri: str
    state: str
    nonce: str
    code_challenge: str = field(repr=False)
    prompts: frozenset[str]
    max_age: timedelta | None

    def answer(self, **answer: str) -> str:
        """The address that takes an answer to the portal."""
        return with_answer(self.redirect_uri, {**answer, "state": self.state}, issuer=issuer_of(self.organization))

    def error(self, error: str, description: str = "") -> AnswerPortal:
        return AnswerPortal(self.answer(error=error, error_description=description))


def read_request(request: HttpRequest, organization: Organization, *, now: datetime) -> SignInRequest:
    """The portal's request. Raises RequestRefused or AnswerPortal."""
    if len(request.get_full_path()) > LONGEST_REQUEST:
        raise RequestRefused("invalid_request", f"The request is longer than {LONGEST_REQUEST} characters.")
    if "%00" in request.get_full_path():
        raise RequestRefused("invalid_request", "The request holds characters that no address may hold.")
    if any(len(values) > 1 for _, values in request.GET.lists()):
        raise RequestRefused("invalid_request", "A parameter is there twice.")
    server = Provider(organization, now=now).server
    try:
        scopes, found = server.validate_authorization_request(address_line(request), http_method="GET")
    except oauth2.FatalClientError as error:
        raise RequestRefused(error.error, error.description or "") from None
    except oauth2.OAuth2Error as error:
        raise _answer_to(error, organization) from None
    asked = SignInRequest(
        organization=organization,
        portal=found["request"].client,
        scopes=tuple(dict.fromkeys(scopes)),
        redirect_uri=found["redirect_uri"],
        state=found["state"] or "",
        nonce=request.GET.get("nonce", ""),
        code_challenge=found["code_challenge"],
        prompts=frozenset(request.GET.get("prompt", "").split()),
        max_age=_seconds(request.GET.get("max_age", "")),
    )
    _refuse_what_we_lack(asked, request.GET)
    return asked


def session_is_fresh(asked: SignInRequest, session: MemberSession, *, now: datetime) -> bool:
    """Whether the member need not sign in once more: still linked, and as lately as the portal wants."""
    if not session.link.is_linked or "login" in asked.prompts:
        return False
    return asked.max_age is None or session.started_at >= now - asked.max_age


def remembered_consent(asked: SignInRequest, session: MemberSession) -> PortalConsent | None:
    """The consent that answers the request without asking the member again."""
    if "consent" in asked.prompts:
        return None
    return consents.remembered(link=session.link, portal=asked.portal, scopes=asked.scopes)


def give_code(asked: SignInRequest, session: MemberSession, consent: PortalConsent, *, now: datetime) -> str:
    """The address that takes a new code to the portal."""
    code = secrets.token_urlsafe(32)
    tokens.make_code(
        consent=consent,
        code=code,
        scopes=asked.scopes,
        redirect_uri=asked.redirect_uri,
        code_challenge=asked.code_challenge,
        nonce=asked.nonce,
        signed_in_at=session.started_at,
        now=now,
    )
    return asked.answer(code=code)


def _answer_to(error: oauth2.OAuth2Error, organization: Organization) -> Exception:
    """An error goes to the portal only where the address is known to be the portal's."""
    portal = Portal.objects.filter(client_id=error.client_id or "", is_enabled=True).first()
    if portal is None or not error.redirect_uri or not portal.redirect_uri_allowed(error.redirect_uri):
        return RequestRefused(error.error, error.description or "")
    answer = {"error": error.error, "error_description": error.description or "", "state": error.state or ""}
    return AnswerPortal(with_answer(error.redirect_uri, answer, issuer=issuer_of(organization)))


def _refuse_what_we_lack(asked: SignInRequest, given: Mapping[str, str]) -> None:
    if "request" in given:
        raise asked.error("request_not_supported")
    if "request_uri" in given:
        raise asked.error("request_uri_not_supported")
    if given.get("response_mode", "query") != "query":
        raise asked.error("invalid_request", "response_mode must be query.")
    if len(asked.state) > LONGEST_STATE or len(asked.nonce) > LONGEST_NONCE:
        raise asked.error("invalid_request", "state or nonce is too long.")
    if "none" in asked.prompts and len(asked.prompts) > 1:
        raise asked.error("invalid_request", "prompt=none stands alone.")
    if not asked.scopes or "openid" not in asked.scopes:
        raise asked.error("invalid_scope", "Ask for openid.")


def _seconds(text: str) -> timedelta | None:
    return timedelta(seconds=int(text)) if text.isdecimal() and len(text) < 9 else None
