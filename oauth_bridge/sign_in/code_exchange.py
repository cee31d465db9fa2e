"""A member's way back from the platform: one object, whose methods are the steps from an answer to a linked member."""

import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property

import structlog

from oauth_bridge import platform_oauth
from oauth_bridge.members import attempts, links
from oauth_bridge.members.attempts import Departure
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


class CodeExchange:
    """One return from the platform. `run` takes the steps in this order, each committed before the next:

    1. `claim` takes the state for its one use,
    2. `code_of` reads the answer,
    3. `exchange` turns the code into tokens,
    4. `identify` asks whose they are,
    5. `link` stores them with their member.

    No step is repeated, and nothing is stored of a sign-in that does not end with a member. Every step raises
    SignInFailed. Must be used outside any transaction. `network` is what the answer came from (client_address.py).
    """

    def __init__(
        self, *, organization: Organization, environment: str, browser: str, network: str, now: datetime
    ) -> None:
        self.organization = organization
        self.environment = environment
        self.browser = browser
        self.network = network
        self.now = now

    def run(self, answer: Answer) -> Arrival:
        """The member behind an answer.

        Takes two calls of the platform at most (platform_oauth.CALL_SECONDS), and one of the organization's few turns
        before anything is claimed: who gets none comes again with the same answer.
        """
        with exchange_turns.turn(self.organization.pk):
            departure = self.claim(answer)
            tokens = self.exchange(self.code_of(answer, departure), departure)
            host = clients.live_host_for(self.client, tokens.api_hosts)
            identity = self.identify(tokens, rest_url=at_host(self.client.rest_url, host))
            return Arrival(self.link(identity, tokens, host=host), departure.next_address)

    @cached_property
    def client(self) -> PlatformClient:
        """The organization's open client, looked up once the state is claimed."""
        return clients.client_for_sign_in(organization=self.organization, environment=self.environment)

    def claim(self, answer: Answer) -> Departure:
        """Take the attempt of this return for its one use."""
        return attempts.claim_return(
            organization=self.organization,
            environment=self.environment,
            state=answer.state,
            browser=self.browser,
            now=self.now,
        )

    def code_of(self, answer: Answer, departure: Departure) -> str:
        """The code of an answer."""
        if answer.error:
            problem = Problem.REFUSED if answer.error == "access_denied" else Problem.PLATFORM_ERROR
            secrets = (answer.code, answer.state, departure.verifier)
            raise SignInFailed(problem, said=without(secrets, answer.error_description or answer.error))
        if not answer.code:
            raise SignInFailed(Problem.INCOMPLETE)
        return answer.code

    def exchange(self, code: str, departure: Departure) -> Tokens:
        """Tokens for a code. A refused code counts against its network, so that guessing does not lock us out."""
        client, subject = self.client, f"{self.network} {self.organization.pk}"
        wait, drawn_at = self._draw(FAILED_SIGN_INS, subject)
        if wait:
            raise SignInFailed(Problem.TOO_MANY, wait_seconds=wait)
        try:
            endpoint_locks.stop_if_locked(client, now=self.now)
            outcome = endpoint_locks.call_with_ticket(
                endpoint_locks.exchange_key(client),
                lambda ticket: platform_oauth.exchange_code(
                    client,
                    code=code,
                    verifier=departure.verifier,
                    redirect_uri=redirect_uri(self.organization, self.environment),
                    penalty_ticket=ticket,
                    now=self.now,
                ),
            )
            if not isinstance(outcome, Tokens):
                raise self._not_exchanged(outcome)
        except SignInFailed as failed:
            if failed.problem is not Problem.CODE_REFUSED:
                budgets.give_back(budget=FAILED_SIGN_INS, subject=subject, used_at=drawn_at)
            raise
        budgets.give_back(budget=FAILED_SIGN_INS, subject=subject, used_at=drawn_at)
        return outcome

    def identify(self, tokens: Tokens, *, rest_url: str) -> Identity:
        """Whose tokens these are, asked at the LIVE host that the exchange named."""
        subject = budgets.address_subject(self.client.rest_url)
        wait, drawn_at = self._draw(WHO_AM_I, subject)
        if wait:
            raise SignInFailed(Problem.LOCKED, wait_seconds=wait)
        outcome = endpoint_locks.call_with_ticket(
            endpoint_locks.identity_key(self.client),
            lambda ticket: platform_oauth.identity_of(
                rest_url=rest_url, access_token=tokens.access_token, penalty_ticket=ticket, now=self.now
            ),
        )
        if isinstance(outcome, Identity | Penalized | NotSent | WrongHost):
            budgets.give_back(budget=WHO_AM_I, subject=subject, used_at=drawn_at)
        if not isinstance(outcome, Identity):
            raise self._not_identified(outcome, rest_url=rest_url)
        return outcome

    def link(self, identity: Identity, tokens: Tokens, *, host: str) -> MemberLink:
        """Store the tokens with the member they belong to, and that the client's settings and host are right."""
        found = links.link_member(
            organization=self.organization, environment=self.environment, identity=identity, tokens=tokens, now=self.now
        )
        clients.note_success(client=self.client, now=self.now)
        clients.note_live_host(client=self.client, host=host)
        log.info("member_signed_in", organization=self.organization.slug, platform_user_id=identity.user_id)
        return found

    def _not_exchanged(self, outcome: Failure) -> SignInFailed:
        wait = endpoint_locks.close(endpoint_locks.exchange_key(self.client), outcome, now=self.now)
        failed = SignInFailed(_problem_of_exchange(outcome), said=_said(outcome), wait_seconds=wait)
        if isinstance(outcome, WrongHost):
            clients.note_wrong_host(client=self.client, url=self.client.exchange_url, answer=outcome, now=self.now)
        elif failed.problem is Problem.MISCONFIGURED:
            text = f"The exchange was refused: {failed.said}"
            clients.note_problem(client=self.client, text=text, now=self.now)
        log.warning(
            "member_exchange_failed", organization=self.organization.slug, problem=failed.problem, said=failed.said
        )
        return failed

    def _not_identified(self, outcome: Failure, *, rest_url: str) -> SignInFailed:
        wait = endpoint_locks.close(endpoint_locks.identity_key(self.client), outcome, now=self.now)
        log.warning("member_identity_failed", organization=self.organization.slug, outcome=type(outcome).__name__)
        match outcome:
            case Penalized(captcha=False):
                return SignInFailed(Problem.WAIT, wait_seconds=wait)
            case Penalized() | Locked():
                return SignInFailed(Problem.LOCKED, wait_seconds=wait)
            case NotSent():
                return SignInFailed(Problem.PLATFORM_DOWN)
            case WrongHost():
                clients.note_wrong_host(client=self.client, url=rest_url, answer=outcome, now=self.now)
                return SignInFailed(Problem.WRONG_HOST)
        return SignInFailed(Problem.NO_IDENTITY, said=_said(outcome))

    def _draw(self, budget: Budget, subject: str) -> tuple[float, datetime]:
        """Draw on a budget of failures: (seconds to wait, 0.0 if it was drawn; when it was drawn).

        What other sign-ins on their way hold is mostly given back at once, so it is waited for: state and code are
        spent.
        """
        now = self.now
        for _ in range(_PATIENCE):
            wait = budgets.take(budget=budget, subject=subject, now=now)
            if not 0 < wait <= IN_FLIGHT_WAIT_SECONDS:
                break
            time.sleep(wait)
            now += timedelta(seconds=wait)
        return wait, now


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


def _said(outcome: Failure) -> str:
    """The platform's own words. What is ours to say about an unclear answer stands on the page already."""
    match outcome:
        case Rejected(error_text=text, error_code=code):
            return f"{text} ({code})" if code and code != text else text
        case Unauthorized(text=text) | Locked(text=text):
            return text
    return ""
