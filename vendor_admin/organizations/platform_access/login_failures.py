"""What a login or a renewal without a token means, and what it closes. Told as TokenUnavailable.

What must not be repeated at once is locked in Postgres before it is told.
"""

import hashlib
import time
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Self

import structlog

from vendor_admin.errors import Unavailable
from vendor_admin.organizations.models import RateLock
from vendor_admin.organizations.platform_access import budgets
from vendor_admin.organizations.platform_access.budgets import LOGIN, RENEWAL, Budget
from vendor_admin.tradovate.api_hosts import host_and_port
from vendor_admin.tradovate.enums import NotSentKind
from vendor_admin.tradovate.outcomes import (
    Locked,
    NotSent,
    Outcome,
    Penalized,
    Rejected,
    Unauthorized,
    Unknown,
    WrongHost,
)
from vendor_admin.tradovate.rest.authentication import Credentials, SignInProblem, sign_in_problem_of

log = structlog.get_logger()

_AT_HOST = " at host "
# The platform counts its waits from its answer, and a call within one begins it anew.
WAIT_MARGIN = timedelta(seconds=0.5)
UNREACHABLE_PAUSE = timedelta(seconds=5)
UNCLEAR_PAUSE = timedelta(seconds=15)
# A token that is still good leaves time: five tries before its end, of the fifteen an hour that all tokens share.
RENEWAL_PAUSE_SECONDS = 180.0
WRONG_HOST_SECONDS = 300.0

ADVICE = {
    "credentials": "Check name, password, app_id, cid and sec of the API key, then correct the connection; "
    "no further login is tried until it changes.",
    "app": "The platform does not know this API key: compare app_id, cid and sec with the key's page in the dashboards "
    "(staging and production have keys of their own), then correct the connection.",
    "wrong_host": "Check the REST address: it ends in /v1 and names the right environment, and its host serves the "
    "organization. The connection's page shows where the host pointed to.",
    "unreachable": "Check the REST address, name resolution and the firewall; it is tried again by itself.",
    "tls": "Check that the address begins with https://, that the clock is right and no proxy replaces certificates.",
    "captcha": "Sign in once by hand at the platform; calls go on by themselves after an hour.",
    "locked": "Wait; each further call would start the hour again, so nothing is sent until it is over.",
    "penalty": "Nothing to do; the same request is sent again after the wait.",
    "budget": "Nothing to do; calls go on by themselves when the window has room.",
    "scopes": "Check the API key's permissions in the platform's dashboards, and whether another program signs in with "
    "the same key; it is tried again by itself.",
    "clock": "Set this machine's clock (NTP).",
}


class TokenUnavailable(Unavailable):
    """There is no token now. Says why, what to do, and when trying again can help (None: only after a change).

    `kind`: credentials, scopes, wrong_host, missing, encryption (a person must act); locked, captcha, penalty, budget,
    unreachable, tls, unknown, clock, busy (passes, or a person mends the surroundings). `wrong_host` is the answer of
    a `host` that does not serve the organization, if that is why.
    """

    def __init__(
        self,
        reason: str,
        advice: str,
        retry_after_seconds: float | None = None,
        kind: str = "credentials",
        wrong_host: WrongHost | None = None,
        host: str = "",
    ) -> None:
        super().__init__(f"{reason} {advice}", code=kind, retry_after_seconds=retry_after_seconds)
        self.reason = reason
        self.advice = advice
        self.kind = kind
        self.wrong_host = wrong_host
        self.host = host

    @property
    def is_final(self) -> bool:
        """Whether the platform refused these credentials, so that the same login must not be tried again."""
        return self.kind == "credentials"


def forget_host_failures(*, digest: str) -> None:
    """Let every host be asked again for these credentials, because somebody knows that it is worth it."""
    RateLock.objects.filter(key__startswith=f"credential {digest[:24]} ", key__contains=_AT_HOST).delete()


@dataclass(frozen=True, slots=True)
class SignIn:
    """Who signs in where. `is_proven`: the platform has accepted these credentials before.

    `organization_id` says whose failures they are: one organization never uses up what the address may fail.

    `rest_url` is the configured address: whose budgets are drawn on, and who may be asked when the host in use
    (`rest_url_in_use`) is the wrong one or not there, after the last good host if there is one. No other host is asked.
    """

    rest_url: str
    rest_url_in_use: str
    credentials: Credentials
    digest: str
    version: int
    is_proven: bool
    organization_id: int
    last_good_url: str = ""

    @property
    def address(self) -> str:
        """Whose logins the platform counts together with these."""
        return budgets.address_subject(self.rest_url)

    @property
    def key(self) -> str:
        """Closed for a short while after a failure that is nobody else's; a changed connection starts afresh."""
        return f"credential {self.digest[:24]} at {self.address} version {self.version}"

    @property
    def rest_urls(self) -> list[str]:
        """The addresses to ask, in order."""
        return list(dict.fromkeys(filter(None, (self.rest_url_in_use, self.last_good_url, self.rest_url))))


@dataclass(frozen=True, slots=True)
class Call:
    """One drawn call to one address, and the keys that close it. `now` is when it was drawn, or answered."""

    who: SignIn
    budget: Budget
    now: datetime
    rest_url: str
    begun_at: float = field(default_factory=time.monotonic)

    def answered(self) -> Self:
        """The same with the time of its answer, from which the platform counts, and a little more for its clock."""
        return replace(self, now=self.now + timedelta(seconds=time.monotonic() - self.begun_at) + WAIT_MARGIN)

    @property
    def address(self) -> str:
        return self.who.address

    @property
    def organization(self) -> str:
        return f"organization {self.who.organization_id} at {self.address}"

    @property
    def endpoint_key(self) -> str:
        return budgets.key_of(budget=self.budget, subject=self.address)

    @property
    def user_key(self) -> str:
        return budgets.user_subject(user=self.who.credentials.name, url=self.who.rest_url)

    @property
    def host_key(self) -> str:
        """Closed after a failure of the host alone: another host of the platform may be asked."""
        return f"{self.who.key}{_AT_HOST}{host_and_port(self.rest_url)}"[:200]

    @property
    def renewal_key(self) -> str:
        """Closed after a renewal without a clear outcome. A login may go out all the same."""
        return f"{self.who.key} renewal"

    @property
    def ticket_key(self) -> str:
        """A penalty ticket belongs to one request body: one credential as it was given, and one device."""
        device = hashlib.sha256(self.who.credentials.device_id.encode()).hexdigest()[:16]
        return f"ticket {self.who.digest[:24]} {device} {self.who.version} {self.endpoint_key}"


def failure_of(call: Call, outcome: Outcome) -> TokenUnavailable:
    """What a call without token came to, with everything locked that it closes."""
    host = call.rest_url
    match outcome:
        case Penalized(captcha=False, ticket=ticket, wait_seconds=seconds):
            pause = timedelta(seconds=seconds)
            text = f"The platform asks to wait {seconds:g} seconds before signing in."
            budgets.lock(key=call.ticket_key, until=call.now + pause, reason=text, ticket=ticket, kind="penalty")
            return closed(call, call.endpoint_key, pause, text, kind="penalty", ticket=ticket)
        case Locked(status=status):
            return _locked(call, f"The platform answered {status}: nothing may be sent for an hour.")
        case NotSent(kind=NotSentKind.TLS, reason=reason):
            return closed(call, call.host_key, UNREACHABLE_PAUSE, f"No secure connection: {reason}.", kind="tls")
        case NotSent(reason=reason):
            text = f"{host} cannot be reached: {reason}."
            return closed(call, call.host_key, UNREACHABLE_PAUSE, text, kind="unreachable")
        case WrongHost():
            text = f"{host}: {outcome.text}."
            return closed(call, call.host_key, budgets.one_window(), text, kind="wrong_host", wrong_host=outcome)
        case Rejected(status=status) if status >= 300 and status != 400:
            text = f"{host} answered {status}: this is not the address of the platform."
            pause = budgets.scaled(WRONG_HOST_SECONDS)
            return closed(call, call.host_key, pause, text, kind="wrong_host")
        case Unknown() | Unauthorized() | Rejected() if _leaves_the_token(call, outcome):
            text = f"The token was not renewed: {_said_in(outcome)}."
            return closed(call, call.renewal_key, budgets.scaled(RENEWAL_PAUSE_SECONDS), text, kind="unknown")
        case Unknown(reason=reason):
            text = f"The login has no clear outcome: {reason}."
            return closed(call, call.who.key, UNCLEAR_PAUSE, text, kind="unknown")
        case _:
            return _refusal(call, outcome)


def _said_in(outcome: Outcome) -> str:
    """The platform's words, or why there are none."""
    match outcome:
        case Unauthorized(text=said) | Rejected(error_text=said) | Unknown(reason=said):
            return said
    return ""


def _leaves_the_token(call: Call, outcome: Outcome) -> bool:
    """Whether a renewal failed in a way that says nothing against the token nor the user."""
    closes_all = sign_in_problem_of(outcome) in (SignInProblem.CAPTCHA, SignInProblem.LOCKED)
    return call.budget is RENEWAL and not closes_all


def _refusal(call: Call, outcome: Outcome) -> TokenUnavailable:
    """The platform read the login and said no: for good, for an hour, or in words that nobody has seen before."""
    said = _said_in(outcome)
    match sign_in_problem_of(outcome):
        case SignInProblem.CAPTCHA:
            text = "The platform asks for a captcha, which no program can answer."
            return closed(call, call.endpoint_key, budgets.one_window(), text, kind="captcha")
        case SignInProblem.LOCKED:
            return _locked(call, f"The platform has locked the login: {said}")
        case SignInProblem.OTHER:
            text = f"The platform gave no token: {said}"
            return closed(call, call.who.key, budgets.one_window(), text, kind="unknown")
        case problem:
            # The back-off of the endpoint holds for all logins from this address.
            pause = budgets.scaled(LOGIN.spacing_seconds)
            text = "A login from this address was refused a moment ago."
            budgets.lock(key=call.endpoint_key, until=call.now + pause, reason=text, kind="budget")
            log.error("login refused", host=call.rest_url, user=call.who.credentials.name, reason=said)
            advice = ADVICE["app" if problem is SignInProblem.APP_NOT_REGISTERED else "credentials"]
            return TokenUnavailable(f"The platform refused the login: {said}", advice, kind="credentials")


def _locked(call: Call, text: str) -> TokenUnavailable:
    """429 and 423 close the user everywhere and this endpoint for all: the next login of anybody would prolong it."""
    budgets.lock(key=call.endpoint_key, until=call.now + budgets.one_window(), reason=text)
    return closed(call, call.user_key, budgets.one_window(), text, kind="locked")


def closed(
    call: Call,
    key: str,
    pause: timedelta,
    text: str,
    *,
    kind: str,
    ticket: str | None = None,
    wrong_host: WrongHost | None = None,
) -> TokenUnavailable:
    """Lock a key for a while, and say why there is no token."""
    budgets.lock(key=key, until=call.now + pause, reason=text, ticket=ticket, kind=kind)
    log.warning("no token", host=call.rest_url, user=call.who.credentials.name, kind=kind, reason=text)
    host, seconds = host_and_port(call.rest_url), pause.total_seconds()
    return TokenUnavailable(text, advice_for(kind), seconds, kind=kind, wrong_host=wrong_host, host=host)


def advice_for(kind: str) -> str:
    """The next step for a person, by the kind of failure."""
    return ADVICE.get(kind, "It is tried again by itself.")
