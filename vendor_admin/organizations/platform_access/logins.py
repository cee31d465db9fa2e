"""One login or renewal at the platform, within the budgets and locks; what goes wrong is judged in login_failures.py.

Called by tokens.py under its claim, outside any transaction.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import cast

import requests
import structlog
from django.db import connection as database

from vendor_admin.organizations.platform_access import budgets
from vendor_admin.organizations.platform_access.budgets import LOGIN, RENEWAL, Budget
from vendor_admin.organizations.platform_access.login_failures import (
    UNCLEAR_PAUSE,
    Call,
    SignIn,
    TokenUnavailable,
    advice_for,
    closed,
    failure_of,
)
from vendor_admin.organizations.platform_access.network_policy import addresses_to_call, judge_name
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
from vendor_admin.tradovate.rest.authentication import AccessToken, renew_access_token, request_access_token
from vendor_admin.tradovate.rest.client import RestClient

__all__ = ["SignIn", "SignedIn", "TokenUnavailable", "log_in", "renew"]

log = structlog.get_logger()

# The address may fail five times an hour, all organizations together. One alone may use up two, and logins that have
# never worked leave two to those that have.
OWN_FAILURES = Budget(name="failed logins of one organization", limit=2, counts_successes=False)
FIRST_LOGINS = replace(LOGIN, limit=LOGIN.limit - 2)
# One call, in all, and how long into the turn another host is still asked: a renewal and the login that follows it are
# over within LONGEST_CALL.
CALL_SECONDS = 25.0
ANOTHER_HOST_SECONDS = 4.0
# After that a login is over, or its process is.
LONGEST_CALL = timedelta(seconds=60)
TRIAL_WAIT_SECONDS = 0.5
# Our own restraint: logins that succeed draw on no budget of the platform, and a token that is refused at once would
# otherwise be replaced by a login again and again.
OWN_LOGINS = Budget(name="logins of one credential", limit=20, spacing_seconds=60.0, spaced_from=10)


AWAY = ("unreachable", "tls")
"""Kinds of failure where nothing was sent, since the host could not be reached."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A token, and the address that gave it. `away` says why the host in use could not be reached, if so."""

    token: AccessToken
    rest_url: str
    away: str = ""


def log_in(*, who: SignIn, now: datetime) -> SignedIn:
    """Sign in with name, password and key. Raises TokenUnavailable."""
    # Only a renewal may find its session ended.
    return cast("SignedIn", _ask_in_turn(lambda url: _log_in_at(Call(who, LOGIN, now, url)), who=who))


def renew(*, who: SignIn, token: AccessToken, now: datetime) -> SignedIn | None:
    """Renew a token that is still good; None if the platform has ended its session. Raises TokenUnavailable.

    Only a refused token shows that: any other answer leaves the token in use to its end.
    """
    return _ask_in_turn(lambda url: _renew_at(Call(who, RENEWAL, now, url), token), who=who)


def _ask_in_turn(ask: Callable[[str], SignedIn | None], *, who: SignIn) -> SignedIn | None:
    """Ask the host in use, and where that serves somebody else or is not there, the last good and the configured one.

    Where all fail, a host that is not there for a moment is told rather than one that is the wrong one for good.
    """
    begun_at = time.monotonic()
    failures: list[TokenUnavailable] = []
    for url in who.rest_urls:
        try:
            signed_in = ask(url)
        except TokenUnavailable as failure:
            if failure.kind not in ("wrong_host", *AWAY):
                raise
            failures.append(failure)
            if time.monotonic() - begun_at > ANOTHER_HOST_SECONDS:
                break
        else:
            away = failures[0].reason if failures and failures[0].kind in AWAY else ""
            return replace(signed_in, away=away) if signed_in else None
    told = failures[0] if failures[0].kind in AWAY else failures[-1]
    seen = next((one for one in failures if one.wrong_host is not None), told)
    told.wrong_host, told.host = seen.wrong_host, seen.host
    raise told


def _log_in_at(call: Call) -> SignedIn:
    who = call.who
    _check_locks(call)
    ticket = budgets.penalty_ticket(key=call.ticket_key)
    drawn = _draw_login(call)
    with _alone_after_a_wait(call, ticket, drawn) as seen:
        with requests.Session() as session:
            client = _client(call, session)
            outcome = seen.outcome = request_access_token(client, who.credentials, penalty_ticket=ticket)
        budgets.clear(key=call.ticket_key)
        token = _token_or_raise(call, outcome)
    log.info("signed in at the platform", host=call.rest_url, user=who.credentials.name)
    return SignedIn(token, call.rest_url)


def _renew_at(call: Call, token: AccessToken) -> SignedIn | None:
    _check_locks(call, call.renewal_key)
    ticket = budgets.penalty_ticket(key=call.ticket_key)
    _draw(RENEWAL, subject=call.address, now=call.now, what="Too many renewals from this address in the last hour.")
    with _alone_after_a_wait(call, ticket, [(RENEWAL, call.address)]) as seen:
        with requests.Session() as session:
            client = _client(call, session)
            outcome = seen.outcome = renew_access_token(client, token, penalty_ticket=ticket)
        budgets.clear(key=call.ticket_key)
        if isinstance(outcome, Unauthorized) and outcome.is_about_token:
            log.warning("renewal refused, signing in again", host=call.rest_url, user=call.who.credentials.name)
            return None
        return SignedIn(_token_or_raise(call, outcome), call.rest_url)


def _client(call: Call, session: requests.Session) -> RestClient:
    """For one call. Meanwhile this thread holds no database connection: a host may hang as long as it likes."""
    if not database.in_atomic_block:
        database.close()
    return RestClient(
        base_url=call.rest_url, session=session, total_seconds=CALL_SECONDS, resolve=addresses_to_call, judge=judge_name
    )


@dataclass
class _Seen:
    """What the platform answered, once it has."""

    outcome: AccessToken | Outcome | None = None

    @property
    def is_open(self) -> bool:
        """Whether the platform took the call, whatever it came to."""
        return self.outcome is not None and not isinstance(
            self.outcome, Penalized | Locked | NotSent | Unknown | WrongHost
        )


@contextmanager
def _alone_after_a_wait(call: Call, ticket: str | None, drawn: list[tuple[Budget, str]]) -> Iterator[_Seen]:
    """After a wait that the platform demanded of an endpoint one call goes out alone, the one with the ticket if it is
    there; the others wait for what it comes to. Raises TokenUnavailable for those, and gives back what they have drawn.
    """
    until = call.now + LONGEST_CALL
    if budgets.begin_trial(key=call.endpoint_key, now=call.now, until=until, ticket=ticket):
        _return(drawn, now=call.now)
        raise _waits_for_trial()
    seen = _Seen()
    try:
        yield seen
    finally:
        budgets.end_trial(key=call.endpoint_key, until=until, now=call.now, is_open=seen.is_open)


def _waits_for_trial() -> TokenUnavailable:
    reason = "Another login goes first, to see whether the platform takes logins again."
    return TokenUnavailable(reason, "Nothing to do.", TRIAL_WAIT_SECONDS, kind="busy")


def _check_locks(call: Call, *more: str) -> None:
    _raise_if_locked(call.address, call.endpoint_key, call.user_key, call.who.key, call.host_key, *more, now=call.now)


def _raise_if_locked(*keys: str, now: datetime) -> None:
    found = budgets.lock_in_force(keys=keys, now=now)
    if found and found.kind == budgets.TRIAL:
        raise _waits_for_trial()
    if found:
        wait = (found.until - now).total_seconds()
        raise TokenUnavailable(found.reason, advice_for(found.kind), wait, kind=found.kind)


def _draw_login(call: Call) -> list[tuple[Budget, str]]:
    """Draw all that a login needs, or nothing; returns what was drawn. Draws of proven credentials run out soon if the
    process dies; a first login may have failed by then, and counts.
    """
    runs_out_at = call.now + LONGEST_CALL if call.who.is_proven else None
    of_address = LOGIN if call.who.is_proven else FIRST_LOGINS
    wanted = (
        (OWN_FAILURES, call.organization, "Two logins of this organization failed in the last hour."),
        (of_address, call.address, "Too many logins from this address failed in the last hour."),
        (OWN_LOGINS, call.who.digest, "This credential signed in very often in the last hour."),
    )
    drawn: list[tuple[Budget, str]] = []
    try:
        for budget, subject, what in wanted:
            ends = runs_out_at if not budget.counts_successes else None
            _draw(budget, subject=subject, now=call.now, what=what, runs_out_at=ends)
            drawn.append((budget, subject))
    except TokenUnavailable:
        _return(drawn, now=call.now)
        raise
    return drawn


def _return(drawn: list[tuple[Budget, str]], *, now: datetime) -> None:
    for budget, subject in drawn:
        budgets.give_back(budget=budget, subject=subject, used_at=now)


def _draw(budget: Budget, *, subject: str, now: datetime, what: str, runs_out_at: datetime | None = None) -> None:
    wait = budgets.take(budget=budget, subject=subject, now=now, runs_out_at=runs_out_at)
    if wait:
        _raise_if_locked(budgets.key_of(budget=budget, subject=subject), subject, now=now)  # since the first look
        raise TokenUnavailable(what, advice_for("budget"), wait, kind="budget")


def _token_or_raise(call: Call, outcome: AccessToken | Outcome) -> AccessToken:
    """Keep the budget true to what happened, lock what must rest, and return the token if there is one."""
    _give_back(call, outcome)
    if not isinstance(outcome, AccessToken):
        raise failure_of(call.answered(), outcome)
    if outcome.expires_at <= call.now:
        text = f"The platform's token had expired at {outcome.expires_at:%Y-%m-%d %H:%M:%S} UTC when it came."
        raise closed(call, call.who.key, UNCLEAR_PAUSE, text, kind="clock")
    return outcome


def _give_back(call: Call, outcome: AccessToken | Outcome) -> None:
    """Return what the platform did not count: calls it did not execute or sent elsewhere, and, for the login, all but
    refusals.

    A login without an answer counts unless these credentials are proven, for it may have been a wrong password.
    """
    not_executed = isinstance(outcome, Penalized | NotSent | WrongHost)
    no_refusal = isinstance(outcome, AccessToken) or (isinstance(outcome, Unknown) and call.who.is_proven)
    no_refusal = no_refusal or (isinstance(outcome, Rejected) and outcome.status > 400)
    is_sent_elsewhere = isinstance(outcome, Rejected) and 300 <= outcome.status < 400
    failures = ((LOGIN, call.address), (OWN_FAILURES, call.organization)) if call.budget is LOGIN else ()
    for budget, subject in failures or ((call.budget, call.address),):
        if not_executed or is_sent_elsewhere or (no_refusal and not budget.counts_successes):
            budgets.give_back(budget=budget, subject=subject, used_at=call.now)
        elif failures:
            budgets.keep(budget=budget, subject=subject, used_at=call.now)
    if not_executed and call.budget is LOGIN:
        budgets.give_back(budget=OWN_LOGINS, subject=call.who.digest, used_at=call.now)
