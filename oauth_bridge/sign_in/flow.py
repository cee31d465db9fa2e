"""A member's way to the platform and back: `depart` makes the address to go to, `arrive` turns the answer into a link.

`arrive` works in steps, each committed before the next: the state is claimed, the code exchanged, `auth/me` asked, the
member matched. No step is repeated, and nothing is stored of a sign-in that does not end with a member. Both must be
called outside any transaction, and raise SignInFailed.
"""

import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from oauth_bridge import platform_oauth
from oauth_bridge.members import attempts, links
from oauth_bridge.models import MemberLink, PlatformClient
from oauth_bridge.own_addresses import redirect_uri
from oauth_bridge.platform_oauth import Failure, Identity, Tokens
from oauth_bridge.problems import Problem, SignInFailed
from oauth_bridge.sign_in import clients, endpoint_locks, exchange_turns
from oauth_bridge.sign_in.endpoint_locks import FAILED_SIGN_INS
from vendor_admin.organizations.models import Organization
from vendor_admin.organizations.platform_access import budgets
from vendor_admin.organizations.platform_access.budgets import IN_FLIGHT_WAIT_SECONDS, WHO_AM_I, Budget
from vendor_admin.tradovate.api_hosts import at_host
from vendor_admin.tradovate.masking import without
from vendor_admin.tradovate.outcomes import Locked, NotSent, Penalized, Rejected, Unauthorized, WrongHost

log = structlog.get_logger()

_PROBLEM_OF_LOCK = {"penalty": Problem.WAIT, "unreachable": Problem.PLATFORM_DOWN}
# What an exchange is refused with for the sake of its code; every other error is about us, or passes.
_ABOUT_THE_CODE = {"invalid_grant", "invalid_token"}
_PASSES = {"server_error", "temporarily_unavailable"}
# Times that a sign-in waits for others that are on their way, half a second each.
_PATIENCE = 20


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back in the address. Empty where a parameter is missing, doubled or too long."""

    state: str = field(repr=False)
    code: str = field(repr=False)
    error: str
    error_description: str


@dataclass(frozen=True, slots=True)
class Arrival:
    """Who signed in, and where they wanted to go (empty: to their accounts)."""

    link: MemberLink
    next_address: str


def depart(*, organization: Organization, environment: str, browser: str, next_address: str, now: datetime) -> str:
    """The address at the platform to send this browser to. `next_address` has been checked by `safe_next`."""
    client = _open_client(organization, environment)
    _stop_if_locked(client, now=now)
    state, verifier = platform_oauth.new_state(), platform_oauth.new_verifier()
    attempts.depart(
        organization=organization,
        environment=environment,
        state=state,
        verifier=verifier,
        browser=browser,
        next_address=next_address,
        now=now,
    )
    return platform_oauth.address_of_sign_in(
        client, redirect_uri=redirect_uri(organization, environment), state=state, verifier=verifier
    )


def arrive(
    *, organization: Organization, environment: str, browser: str, network: str, answer: Answer, now: datetime
) -> Arrival:
    """The member behind an answer. `network` is what it came from (callers.caller_network).

    Takes two calls of the platform at most (platform.CALL_SECONDS), and one of the organization's few turns before
    anything is claimed: who gets none comes again with the same answer.
    """
    with exchange_turns.turn(organization.pk):
        return _arrive(organization, environment, browser=browser, network=network, answer=answer, now=now)


def _arrive(
    organization: Organization, environment: str, *, browser: str, network: str, answer: Answer, now: datetime
) -> Arrival:
    departure = attempts.claim_return(
        organization=organization, environment=environment, state=answer.state, browser=browser, now=now
    )
    if answer.error:
        problem = Problem.REFUSED if answer.error == "access_denied" else Problem.PLATFORM_ERROR
        said = without((answer.code, answer.state, departure.verifier), answer.error_description or answer.error)
        raise SignInFailed(problem, said=said)
    if not answer.code:
        raise SignInFailed(Problem.INCOMPLETE)
    client = _open_client(organization, environment)
    subject = f"{network} {organization.pk}"
    wait, drawn_at = _draw(FAILED_SIGN_INS, subject, now=now)
    if wait:
        raise SignInFailed(Problem.TOO_MANY, wait_seconds=wait)
    try:
        tokens = _exchange(client, organization, code=answer.code, verifier=departure.verifier, now=now)
    except SignInFailed as failed:
        if failed.problem is not Problem.CODE_REFUSED:
            budgets.give_back(budget=FAILED_SIGN_INS, subject=subject, used_at=drawn_at)
        raise
    budgets.give_back(budget=FAILED_SIGN_INS, subject=subject, used_at=drawn_at)
    host = clients.live_host_for(client, tokens.api_hosts)
    identity = _identity(client, organization, tokens=tokens, rest_url=at_host(client.rest_url, host), now=now)
    link = links.link_member(
        organization=organization, environment=environment, identity=identity, tokens=tokens, now=now
    )
    clients.note_success(client=client, now=now)
    clients.note_live_host(client=client, host=host)
    log.info("member_signed_in", organization=organization.slug, platform_user_id=identity.user_id)
    return Arrival(link=link, next_address=departure.next_address)


def _open_client(organization: Organization, environment: str) -> PlatformClient:
    client = clients.open_client(organization=organization, environment=environment)
    if client is None:
        raise SignInFailed(Problem.NOT_OPEN)
    return client


def _stop_if_locked(client: PlatformClient, *, now: datetime) -> None:
    found = endpoint_locks.lock_of(client, now=now)
    if found is not None:
        wait = (found.until - now).total_seconds()
        raise SignInFailed(_PROBLEM_OF_LOCK.get(found.kind, Problem.LOCKED), wait_seconds=wait)


def _exchange(client: PlatformClient, organization: Organization, *, code: str, verifier: str, now: datetime) -> Tokens:
    _stop_if_locked(client, now=now)
    key = endpoint_locks.exchange_key(client)
    ticket = budgets.penalty_ticket(key=key)
    uri = redirect_uri(organization, client.environment)
    tokens = platform_oauth.exchange_code(
        client, code=code, verifier=verifier, redirect_uri=uri, penalty_ticket=ticket, now=now
    )
    if ticket:
        budgets.clear(key=key)
    if isinstance(tokens, Tokens):
        return tokens
    wait = endpoint_locks.close(key, tokens, now=now)
    failed = SignInFailed(_problem_of_exchange(tokens), said=_said(tokens), wait_seconds=wait)
    if isinstance(tokens, WrongHost):
        clients.note_wrong_host(client=client, url=client.exchange_url, answer=tokens, now=now)
    elif failed.problem is Problem.MISCONFIGURED:
        clients.note_problem(client=client, text=f"The exchange was refused: {failed.said}", now=now)
    log.warning("member_exchange_failed", organization=organization.slug, problem=failed.problem, said=failed.said)
    raise failed


def _problem_of_exchange(outcome: Failure) -> Problem:
    match outcome:
        case Penalized(captcha=False):
            return Problem.WAIT
        case Penalized() | Locked():
            return Problem.LOCKED
        case NotSent():
            return Problem.PLATFORM_DOWN
        case Rejected(error_code=code) if code in _ABOUT_THE_CODE:
            return Problem.CODE_REFUSED
        case Rejected(error_code=code) if code in _PASSES:
            return Problem.PLATFORM_ERROR
        case WrongHost():
            return Problem.WRONG_HOST
        case Rejected() | Unauthorized():
            return Problem.MISCONFIGURED
        case _:
            return Problem.UNCLEAR


def _identity(
    client: PlatformClient, organization: Organization, *, tokens: Tokens, rest_url: str, now: datetime
) -> Identity:
    key, subject = endpoint_locks.identity_key(client), budgets.address_subject(client.rest_url)
    wait, drawn_at = _draw(WHO_AM_I, subject, now=now)
    if wait:
        raise SignInFailed(Problem.LOCKED, wait_seconds=wait)
    ticket = budgets.penalty_ticket(key=key)
    identity = platform_oauth.identity_of(
        rest_url=rest_url, access_token=tokens.access_token, penalty_ticket=ticket, now=now
    )
    if ticket:
        budgets.clear(key=key)
    if isinstance(identity, Identity | Penalized | NotSent | WrongHost):
        budgets.give_back(budget=WHO_AM_I, subject=subject, used_at=drawn_at)
    if isinstance(identity, Identity):
        return identity
    wait_seconds = endpoint_locks.close(key, identity, now=now)
    log.warning("member_identity_failed", organization=organization.slug, outcome=type(identity).__name__)
    match identity:
        case Penalized(captcha=False):
            raise SignInFailed(Problem.WAIT, wait_seconds=wait_seconds)
        case Penalized() | Locked():
            raise SignInFailed(Problem.LOCKED, wait_seconds=wait_seconds)
        case NotSent():
            raise SignInFailed(Problem.PLATFORM_DOWN)
        case WrongHost():
            clients.note_wrong_host(client=client, url=rest_url, answer=identity, now=now)
            raise SignInFailed(Problem.WRONG_HOST)
    raise SignInFailed(Problem.NO_IDENTITY, said=_said(identity))


def _draw(budget: Budget, subject: str, *, now: datetime) -> tuple[float, datetime]:
    """Draw on a budget of failures: (seconds to wait, 0.0 if it was drawn; when it was drawn).

    What other sign-ins on their way hold is mostly given back at once, so it is waited for: state and code are spent.
    """
    for _ in range(_PATIENCE):
        wait = budgets.take(budget=budget, subject=subject, now=now)
        if not 0 < wait <= IN_FLIGHT_WAIT_SECONDS:
            break
        time.sleep(wait)
        now += timedelta(seconds=wait)
    return wait, now


def _said(outcome: Failure) -> str:
    """The platform's own words. What is ours to say about an unclear answer stands on the page already."""
    match outcome:
        case Rejected(error_text=text, error_code=code):
            return f"{text} ({code})" if code and code != text else text
        case Unauthorized(text=text) | Locked(text=text):
            return text
    return ""
