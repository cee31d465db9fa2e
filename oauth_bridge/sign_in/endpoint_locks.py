"""What closes the exchange and `auth/me` for a while: tickets, locks, and our own restraint. Kept in Postgres.

The platform counts per address, so the whole installation shares these (organizations/platform_access/budgets.py).
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TypeVar

from oauth_bridge.models import PlatformClient
from oauth_bridge.problems import Problem, SignInFailed
from vendor_admin.organizations.platform_access import budgets
from vendor_admin.organizations.platform_access.budgets import WHO_AM_I, Budget, PlatformLock
from vendor_admin.tradovate.outcomes import Locked, NotSent, Outcome, Penalized

# No page names a limit for the exchange; its key carries locks and tickets.
EXCHANGES = Budget(name="auth/oauthtoken", limit=1000)
# Our own restraint: whoever makes sign-ins fail on purpose must not get this address locked at the platform.
FAILED_SIGN_INS = Budget(name="failed member sign-ins", limit=20)
UNREACHABLE_PAUSE = timedelta(seconds=5)
_PROBLEM_OF_LOCK = {"penalty": Problem.WAIT, "unreachable": Problem.PLATFORM_DOWN}

Answered = TypeVar("Answered")


def exchange_key(client: PlatformClient) -> str:
    """The key of the exchange at the client's host."""
    return budgets.key_of(budget=EXCHANGES, subject=budgets.address_subject(client.exchange_url))


def identity_key(client: PlatformClient) -> str:
    """The key of `auth/me` at the client's host."""
    return budgets.key_of(budget=WHO_AM_I, subject=budgets.address_subject(client.rest_url))


def lock_of(client: PlatformClient, *, now: datetime) -> PlatformLock | None:
    """What keeps sign-ins of this client from being finished now, if anything does."""
    subjects = {budgets.address_subject(client.exchange_url), budgets.address_subject(client.rest_url)}
    return budgets.lock_in_force(keys=[exchange_key(client), identity_key(client), *subjects], now=now)


def stop_if_locked(client: PlatformClient, *, now: datetime) -> None:
    """Raise SignInFailed where something keeps sign-ins of this client from being finished now."""
    found = lock_of(client, now=now)
    if found is not None:
        wait = (found.until - now).total_seconds()
        raise SignInFailed(_PROBLEM_OF_LOCK.get(found.kind, Problem.LOCKED), wait_seconds=wait)


def call_with_ticket(key: str, call: Callable[[str | None], Answered]) -> Answered:
    """Make a call with the penalty ticket that waits for it, if one does. A ticket is good for one call."""
    ticket = budgets.penalty_ticket(key=key)
    answer = call(ticket)
    if ticket:
        budgets.clear(key=key)
    return answer


def close(key: str, outcome: Outcome, *, now: datetime) -> float | None:
    """Lock an endpoint as an outcome asks for; returns for how many seconds, None if it asks for nothing."""
    match outcome:
        case Penalized(captcha=True):
            pause, kind, reason = budgets.one_window(), "captcha", "The platform asks for a captcha."
        case Penalized(wait_seconds=seconds):
            pause, kind, reason = timedelta(seconds=seconds), "penalty", f"The platform asks to wait {seconds:g} s."
        case Locked(status=status):
            pause, kind, reason = budgets.one_window(), "locked", f"The platform answered {status}."
        case NotSent(reason=text):
            pause, kind, reason = UNREACHABLE_PAUSE, "unreachable", text
        case _:
            return None
    ticket = outcome.ticket if isinstance(outcome, Penalized) and not outcome.captcha else None
    budgets.lock(key=key, until=now + pause, reason=reason, ticket=ticket, kind=kind)
    return pause.total_seconds()
