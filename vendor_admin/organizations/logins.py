"""One login or renewal at the platform, within the budgets and locks, and what its outcome means.

Called by tokens.py under its claim, outside any transaction. Whatever goes wrong is told as TokenUnavailable, and
what must not be repeated at once is locked in Postgres before it is told.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

import requests
import structlog

from vendor_admin.organizations import budgets
from vendor_admin.organizations.budgets import LOGIN, RENEWAL, Budget
from vendor_admin.tradovate.api_hosts import host_and_port
from vendor_admin.tradovate.authentication import (
    AccessToken,
    Credentials,
    SignInProblem,
    renew_access_token,
    request_access_token,
    sign_in_problem_of,
)
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
from vendor_admin.tradovate.rest import RestClient

log = structlog.get_logger()
T = TypeVar("T")

UNREACHABLE_PAUSE = timedelta(seconds=5)
UNCLEAR_PAUSE = timedelta(seconds=15)
# A token that is still good leaves time: five tries before its end, of the fifteen an hour that all tokens share.
RENEWAL_PAUSE_SECONDS = 180.0
WRONG_HOST_SECONDS = 300.0

# Our own restraint: logins that succeed draw on no budget of the platform, and a token that is refused at once would
# otherwise be replaced by a login again and again.
OWN_LOGINS = Budget(name="logins of one credential", limit=20, spacing_seconds=60.0, spaced_from=10)

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
    "clock": "Set this machine's clock (NTP).",
}


class TokenUnavailable(Exception):
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
        super().__init__(f"{reason} {advice}")
        self.reason = reason
        self.advice = advice
        self.retry_after_seconds = retry_after_seconds
        self.kind = kind
        self.wrong_host = wrong_host
        self.host = host

    @property
    def is_final(self) -> bool:
        """Whether the platform refused these credentials, so that the same login must not be tried again."""
        return self.kind == "credentials"


@dataclass(frozen=True, slots=True)
class SignIn:
    """Who signs in where. `is_proven`: the platform has accepted these credentials before.

    `rest_url` is the configured address: whose budgets are drawn on, and who may be asked when the host in use
    (`rest_url_in_use`) is the wrong one or not there. No other host is asked.
    """

    rest_url: str
    rest_url_in_use: str
    credentials: Credentials
    digest: str
    version: int
    is_proven: bool


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A token, and the address that gave it."""

    token: AccessToken
    rest_url: str


@dataclass(frozen=True, slots=True)
class _Call:
    """One drawn call to one address, and the keys that close it."""

    who: SignIn
    budget: Budget
    now: datetime
    rest_url: str

    @property
    def address(self) -> str:
        return budgets.address_subject(self.who.rest_url)

    @property
    def endpoint_key(self) -> str:
        return budgets.key_of(budget=self.budget, subject=self.address)

    @property
    def user_key(self) -> str:
        return budgets.user_subject(user=self.who.credentials.name, url=self.who.rest_url)

    @property
    def credential_key(self) -> str:
        """Closed for a short while after a failure that is nobody else's; a changed connection starts afresh."""
        return f"credential {self.who.digest[:24]} at {self.address} version {self.who.version}"

    @property
    def host_key(self) -> str:
        """Closed after a failure of the host alone: another host of the platform may be asked."""
        return f"{self.credential_key} host {host_and_port(self.rest_url)}"[:200]

    @property
    def renewal_key(self) -> str:
        """Closed after a renewal without a clear outcome. A login may go out all the same."""
        return f"{self.credential_key} renewal"

    @property
    def ticket_key(self) -> str:
        """A penalty ticket belongs to one request body, so to one credential."""
        return f"ticket {self.who.digest[:24]} {self.endpoint_key}"


def log_in(*, who: SignIn, now: datetime) -> SignedIn:
    """Sign in with name, password and key. Raises TokenUnavailable."""
    return _ask_in_turn(lambda url: _log_in_at(_Call(who, LOGIN, now, url)), who=who)


def renew(*, who: SignIn, token: AccessToken, now: datetime) -> SignedIn | None:
    """Renew a token that is still good; None if the platform has ended its session. Raises TokenUnavailable."""
    return _ask_in_turn(lambda url: _renew_at(_Call(who, RENEWAL, now, url), token), who=who)


def _ask_in_turn(ask: Callable[[str], T], *, who: SignIn) -> T:
    """Ask the host in use, and the configured one where that serves somebody else or is not there.

    Where both fail, a host that is not there for a moment is told rather than one that is the wrong one for good.
    """
    try:
        return ask(who.rest_url_in_use)
    except TokenUnavailable as first:
        if who.rest_url == who.rest_url_in_use or first.kind not in ("wrong_host", "unreachable"):
            raise
        try:
            return ask(who.rest_url)
        except TokenUnavailable as second:
            told = first if first.kind == "unreachable" else second
            if told.wrong_host is None:
                seen = first if first.wrong_host is not None else second
                told.wrong_host, told.host = seen.wrong_host, seen.host
            raise told from None


def _log_in_at(call: _Call) -> SignedIn:
    who, now = call.who, call.now
    _check_locks(call)
    _draw(LOGIN, subject=call.address, now=now, what="Too many logins from this address failed in the last hour.")
    try:
        _draw(OWN_LOGINS, subject=who.digest, now=now, what="This credential signed in very often in the last hour.")
    except TokenUnavailable:
        budgets.give_back(budget=LOGIN, subject=call.address, used_at=now)
        raise
    ticket = budgets.penalty_ticket(key=call.ticket_key)
    with requests.Session() as session:
        client = RestClient(base_url=call.rest_url, session=session)
        outcome = request_access_token(client, who.credentials, penalty_ticket=ticket)
    budgets.clear(key=call.ticket_key)
    token = _token_or_raise(call, outcome)
    log.info("signed in at the platform", host=call.rest_url, user=who.credentials.name)
    return SignedIn(token, call.rest_url)


def _renew_at(call: _Call, token: AccessToken) -> SignedIn | None:
    _check_locks(call, call.renewal_key)
    _draw(RENEWAL, subject=call.address, now=call.now, what="Too many renewals from this address in the last hour.")
    with requests.Session() as session:
        client = RestClient(base_url=call.rest_url, session=session)
        outcome = renew_access_token(client, token, penalty_ticket=budgets.penalty_ticket(key=call.ticket_key))
    budgets.clear(key=call.ticket_key)
    if isinstance(outcome, Unauthorized) or (isinstance(outcome, Rejected) and outcome.status <= 400):
        log.warning("renewal refused, signing in again", host=call.rest_url, user=call.who.credentials.name)
        return None
    return SignedIn(_token_or_raise(call, outcome), call.rest_url)


def _check_locks(call: _Call, *more: str) -> None:
    keys = (call.address, call.endpoint_key, call.user_key, call.credential_key, call.host_key, *more)
    found = budgets.lock_in_force(keys=keys, now=call.now)
    if found:
        wait = (found.until - call.now).total_seconds()
        raise TokenUnavailable(found.reason, _advice_for(found.kind), wait, kind=found.kind)


def _draw(budget: Budget, *, subject: str, now: datetime, what: str) -> None:
    wait = budgets.take(budget=budget, subject=subject, now=now)
    if wait:
        raise TokenUnavailable(what, _advice_for("budget"), wait, kind="budget")


def _token_or_raise(call: _Call, outcome: AccessToken | Outcome) -> AccessToken:
    """Keep the budget true to what happened, lock what must rest, and return the token if there is one."""
    _give_back(call, outcome)
    if not isinstance(outcome, AccessToken):
        raise _failure(call, outcome)
    if outcome.expires_at <= call.now:
        text = f"The platform's token had expired at {outcome.expires_at:%Y-%m-%d %H:%M:%S} UTC when it came."
        raise _closed(call, call.credential_key, UNCLEAR_PAUSE, text, kind="clock")
    return outcome


def _give_back(call: _Call, outcome: AccessToken | Outcome) -> None:
    """Return what the platform did not count: calls it did not execute, and, for the login, all but refusals.

    A login without an answer counts unless these credentials are proven, for it may have been a wrong password.
    """
    not_executed = isinstance(outcome, Penalized | NotSent | WrongHost)
    no_refusal = isinstance(outcome, AccessToken) or (isinstance(outcome, Unknown) and call.who.is_proven)
    no_refusal = no_refusal or (isinstance(outcome, Rejected) and outcome.status > 400)
    if not_executed or (no_refusal and not call.budget.counts_successes):
        budgets.give_back(budget=call.budget, subject=call.address, used_at=call.now)
    if not_executed and call.budget is LOGIN:
        budgets.give_back(budget=OWN_LOGINS, subject=call.who.digest, used_at=call.now)


def _failure(call: _Call, outcome: Outcome) -> TokenUnavailable:
    """What a call without token came to, with everything locked that it closes."""
    host = call.rest_url
    match outcome:
        case Penalized(captcha=False, ticket=ticket, wait_seconds=seconds):
            pause = timedelta(seconds=seconds)
            text = f"The platform asks to wait {seconds:g} seconds before signing in."
            budgets.lock(key=call.ticket_key, until=call.now + pause, reason=text, ticket=ticket, kind="penalty")
            return _closed(call, call.endpoint_key, pause, text, kind="penalty")
        case Locked(status=status):
            return _locked(call, f"The platform answered {status}: nothing may be sent for an hour.")
        case NotSent(kind=NotSentKind.TLS, reason=reason):
            return _closed(call, call.credential_key, UNREACHABLE_PAUSE, f"No secure connection: {reason}.", kind="tls")
        case NotSent(reason=reason):
            text = f"{host} cannot be reached: {reason}."
            return _closed(call, call.host_key, UNREACHABLE_PAUSE, text, kind="unreachable")
        case WrongHost():
            text = f"{host} does not serve this organization: {outcome.text}."
            return _closed(call, call.host_key, budgets.one_window(), text, kind="wrong_host", wrong_host=outcome)
        case Rejected(status=status) if status >= 300 and status != 400:
            text = f"{host} answered {status}: this is not the address of the platform."
            pause = budgets.scaled(WRONG_HOST_SECONDS)
            return _closed(call, call.host_key, pause, text, kind="wrong_host")
        case Unknown(reason=reason) if call.budget is RENEWAL:
            text = f"The renewal has no clear outcome: {reason}."
            return _closed(call, call.renewal_key, budgets.scaled(RENEWAL_PAUSE_SECONDS), text, kind="unknown")
        case Unknown(reason=reason):
            text = f"The login has no clear outcome: {reason}."
            return _closed(call, call.credential_key, UNCLEAR_PAUSE, text, kind="unknown")
        case _:
            return _refusal(call, outcome)


def _refusal(call: _Call, outcome: Outcome) -> TokenUnavailable:
    """The platform read the login and said no: for good, for an hour, or in words that nobody has seen before."""
    said = outcome.text if isinstance(outcome, Unauthorized) else getattr(outcome, "error_text", "")
    match sign_in_problem_of(outcome):
        case SignInProblem.CAPTCHA:
            text = "The platform asks for a captcha, which no program can answer."
            return _closed(call, call.endpoint_key, budgets.one_window(), text, kind="captcha")
        case SignInProblem.LOCKED:
            return _locked(call, f"The platform has locked the login: {said}")
        case SignInProblem.OTHER:
            text = f"The platform gave no token: {said}"
            return _closed(call, call.credential_key, budgets.one_window(), text, kind="unknown")
        case problem:
            # The back-off of the endpoint holds for all logins from this address.
            pause = budgets.scaled(LOGIN.spacing_seconds)
            text = "A login from this address was refused a moment ago."
            budgets.lock(key=call.endpoint_key, until=call.now + pause, reason=text, kind="budget")
            log.error("login refused", host=call.rest_url, user=call.who.credentials.name, reason=said)
            advice = ADVICE["app" if problem is SignInProblem.APP_NOT_REGISTERED else "credentials"]
            return TokenUnavailable(f"The platform refused the login: {said}", advice, kind="credentials")


def _locked(call: _Call, text: str) -> TokenUnavailable:
    """429 and 423 close the user everywhere and this endpoint for all: the next login of anybody would prolong it."""
    budgets.lock(key=call.endpoint_key, until=call.now + budgets.one_window(), reason=text)
    return _closed(call, call.user_key, budgets.one_window(), text, kind="locked")


def _closed(
    call: _Call, key: str, pause: timedelta, text: str, *, kind: str, wrong_host: WrongHost | None = None
) -> TokenUnavailable:
    budgets.lock(key=key, until=call.now + pause, reason=text, kind=kind)
    log.warning("no token", host=call.rest_url, user=call.who.credentials.name, kind=kind, reason=text)
    host, seconds = host_and_port(call.rest_url), pause.total_seconds()
    return TokenUnavailable(text, _advice_for(kind), seconds, kind=kind, wrong_host=wrong_host, host=host)


def _advice_for(kind: str) -> str:
    return ADVICE.get(kind, "It is tried again by itself.")
