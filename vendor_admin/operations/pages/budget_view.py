"""What the platform allows right now: budgets with what is left of them, locks in force, maintenance, what waits."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode

from django.db.models import Case, Count, Min, Q, When
from django.urls import reverse

from vendor_admin.operations.models import Operation, Plan
from vendor_admin.operations.store.allowance import Caller, endpoint_budget, kept_of
from vendor_admin.organizations.models import BudgetUse, Connection, Organization, RateLock
from vendor_admin.organizations.platform_access import budgets
from vendor_admin.organizations.platform_access.budgets import (
    LOGIN,
    RENEWAL,
    SOCKET_SYNC,
    USER_CALLS,
    WHO_AM_I,
    WINDOW_MARGIN,
    Budget,
)
from vendor_admin.tradovate.operations.registry import WRITES
from vendor_admin.tradovate.trading_calendar import MAINTENANCE_MARGIN, maintenance_window

LOCKS_SHOWN = 100
LOOK_AHEAD = timedelta(days=3)
_STEP = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class BudgetLine:
    """One budget of one address or user; `kept` of its calls are for urgent changes."""

    name: str
    subject: str
    limit: int
    kept: int
    used: int
    counts_successes: bool
    oldest_ends_at: datetime | None

    @property
    def left(self) -> int:
        return max(0, self.limit - self.used)

    @property
    def percent(self) -> int:
        return min(100, 100 * self.used // self.limit)

    @property
    def tone(self) -> str:
        """good, warn (above four fifths) or bad (nothing is left)."""
        return "bad" if self.left == 0 else "warn" if self.percent >= 80 else "good"


@dataclass(frozen=True, slots=True)
class LockLine:
    """One lock in force: what it closes, until when and why."""

    closes: str
    subject: str
    until: datetime
    reason: str
    kind: str


@dataclass(frozen=True, slots=True)
class QueueLine:
    """Operations of one name that wait."""

    environment: str
    name: str
    count: int
    next_at: datetime
    wait_reason: str

    @property
    def url(self) -> str:
        """The list of these operations."""
        query = urlencode({"state": Operation.State.QUEUED.value, "name": self.name})
        return reverse("admin:operations_operation_changelist") + f"?{query}"


@dataclass(frozen=True, slots=True)
class Maintenance:
    """The platform's window of now or next, and from when to when creations and sensitive writes are held."""

    starts_at: datetime
    ends_at: datetime
    held_from: datetime
    held_until: datetime
    is_now: bool


def callers_of(organization: Organization) -> dict[str, Caller]:
    """Whose budgets each environment draws on."""
    connections = Connection.objects.filter(organization=organization)
    return {one.environment: Caller(one.rest_url, str(one.credentials.get("name", ""))) for one in connections}


def budget_lines(callers: Sequence[Caller], *, now: datetime) -> list[BudgetLine]:
    """Every published budget of these callers, the user's first. One query."""
    users = dict.fromkeys((USER_CALLS, caller.user) for caller in callers)
    addresses = dict.fromkeys((budget, caller.address) for budget in _endpoints() for caller in callers)
    keys = {
        budgets.key_of(budget=budget, subject=subject): (budget, subject) for budget, subject in (*users, *addresses)
    }
    window = budgets.one_window() * WINDOW_MARGIN
    used = BudgetUse.objects.filter(key__in=keys, used_at__gt=now - window).order_by().values_list("key")
    counts = {key: (number, oldest) for key, number, oldest in used.annotate(number=Count("id"), oldest=Min("used_at"))}
    return [_line(budget, subject, *counts.get(key, (0, None)), window) for key, (budget, subject) in keys.items()]


def locks_in_force(callers: Sequence[Caller], *, now: datetime) -> list[LockLine]:
    """Locks on these callers, the longest first. One query."""
    subjects = dict.fromkeys(subject for caller in callers for subject in (caller.user, caller.address))
    concerned = Q(key__in=subjects)
    for subject in subjects:
        concerned |= Q(key__startswith=f"{subject} ")
    if not subjects:
        return []
    locks = RateLock.objects.filter(concerned, until__gt=now).order_by("-until")[:LOCKS_SHOWN]
    return [_lock_line(lock) for lock in locks]


def queue_lines(organization: Organization) -> list[QueueLine]:
    """What waits to be sent, by host, name and reason. One query."""
    waiting = Operation.objects.filter(
        organization=organization, state=Operation.State.QUEUED, plan__state=Plan.State.RUNNING
    )
    of_plan = Q(plan__check_at__isnull=False, after=None)
    why = Case(When(of_plan, then="plan__wait_why"), default="wait_reason")
    at = Case(When(of_plan, then="plan__check_at"), default="not_before")
    grouped = waiting.order_by().values_list("environment", "name", why)
    lines = grouped.annotate(count=Count("id"), next_at=Min(at)).order_by("next_at")[:LOCKS_SHOWN]
    return [QueueLine(environment, name, count, next_at, reason) for environment, name, reason, count, next_at in lines]


def maintenance_of(now: datetime) -> Maintenance | None:
    """The window of now or the next one within some days. Pure."""
    moment = now
    while moment < now + LOOK_AHEAD:
        window = maintenance_window(moment, margin=MAINTENANCE_MARGIN)
        if window is not None:
            held_from, held_until = window[0] - MAINTENANCE_MARGIN, window[1] + MAINTENANCE_MARGIN
            return Maintenance(window[0], window[1], held_from, held_until, held_from <= now < held_until)
        moment += _STEP
    return None


def _endpoints() -> list[Budget]:
    """Budgets of endpoints that the platform publishes, each once."""
    writes = [endpoint_budget(write.operation) for write in WRITES.values() if write.operation.hourly_limit is not None]
    return list({budget.name: budget for budget in (LOGIN, RENEWAL, WHO_AM_I, SOCKET_SYNC, *writes)}.values())


def _line(budget: Budget, subject: str, used: int, oldest: datetime | None, window: timedelta) -> BudgetLine:
    return BudgetLine(
        name=budget.name,
        subject=subject,
        limit=budget.limit,
        kept=kept_of(budget),
        used=used,
        counts_successes=budget.counts_successes,
        oldest_ends_at=oldest + window if oldest else None,
    )


def _lock_line(lock: RateLock) -> LockLine:
    subject, _, name = lock.key.partition(" ")
    return LockLine(
        closes=name or "every call",
        subject=subject,
        until=lock.until,
        reason=lock.reason,
        kind=str(lock.ticket.get("kind", "locked")),
    )
