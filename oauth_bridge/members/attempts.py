"""`state`: bound to the browser, good for one return within ten minutes.

Departures are rows, so that of two returns at the same moment one wins: its UPDATE finds `used_at` empty.
"""

import hashlib
import hmac
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F

from oauth_bridge.models import SignInAttempt
from oauth_bridge.problems import Problem, SignInFailed
from vendor_admin.organizations.models import Organization
from vendor_admin.organizations.platform_access import budgets
from vendor_admin.organizations.platform_access.budgets import Budget
from vendor_admin.organizations.tenancy.scope import organization_scope

LIFETIME = timedelta(minutes=10)
KEPT_FOR = timedelta(days=1)
# In an hour, from one network and for one organization: each leaves a session and a row behind.
DEPARTURES = Budget(name="member sign-ins begun", limit=300)


@dataclass(frozen=True, slots=True)
class Departure:
    """What the return needs of a claimed attempt."""

    verifier: str = field(repr=False)
    next_address: str


def digest(secret: str) -> str:
    """How a secret of 256 random bits is kept: found again, never read."""
    return hashlib.sha256(secret.encode()).hexdigest()


def stop_if_too_many(*, organization: Organization, network: str, now: datetime) -> None:
    """Count a departure from a network. Raises SignInFailed where it is one too many. Called before anything is kept
    of it, and outside any transaction.
    """
    wait = budgets.take(budget=DEPARTURES, subject=f"{network} {organization.pk}", now=now)
    if wait:
        raise SignInFailed(Problem.TOO_MANY_BEGUN, wait_seconds=wait)


def depart(
    *,
    organization: Organization,
    environment: str,
    state: str,
    verifier: str,
    browser: str,
    next_address: str,
    now: datetime,
) -> SignInAttempt:
    """Note that a browser leaves for the platform. `browser` is the secret in its session."""
    with organization_scope(organization.pk):
        return SignInAttempt.objects.create(
            organization=organization,
            environment=environment,
            state_digest=digest(state),
            browser_digest=digest(browser),
            verifier={"verifier": verifier},
            next_address=next_address,
            started_at=now,
            expires_at=now + LIFETIME,
        )


def claim_return(*, organization: Organization, environment: str, state: str, browser: str, now: datetime) -> Departure:
    """Take the attempt of a return for this one use. Raises SignInFailed. Committed before anything else is done."""
    if not state:
        raise SignInFailed(Problem.NOT_STARTED_HERE)
    with transaction.atomic(durable=True), organization_scope(organization.pk):
        attempt = SignInAttempt.objects.filter(state_digest=digest(state), environment=environment).first()
        if attempt is None:
            raise SignInFailed(Problem.FOREIGN)
        if not browser:
            raise SignInFailed(Problem.LOST_SESSION)
        if not hmac.compare_digest(attempt.browser_digest, digest(browser)):
            raise SignInFailed(Problem.FOREIGN)
        if attempt.used_at is None and attempt.expires_at <= now:
            raise SignInFailed(Problem.TOO_OLD)
        claimed = SignInAttempt.objects.filter(pk=attempt.pk, used_at=None).update(used_at=now, verifier={})
        if not claimed:
            raise SignInFailed(Problem.USED)
    return Departure(verifier=attempt.verifier["verifier"], next_address=attempt.next_address)


def end_all(*, environment: str) -> None:
    """Let nobody who is at the platform now return with success. Must run inside the organization's scope."""
    SignInAttempt.objects.filter(environment=environment, used_at=None).update(expires_at=F("started_at"))


def forget_old_attempts(*, organization_id: int, now: datetime) -> int:
    """Delete attempts of yesterday and before; returns their number."""
    with organization_scope(organization_id):
        return SignInAttempt.objects.filter(started_at__lt=now - KEPT_FOR).delete()[0]
