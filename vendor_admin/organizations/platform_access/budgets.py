"""How many calls may go out: sliding-window budgets and locks, in Postgres, for the whole installation.

The platform counts per address and endpoint, and per user over all endpoints, in a rolling hour
(https://partner.tradovate.com/overview/core-concepts/rate-limits). The address is ours, and organizations have hosts of
their own, so one platform (production or staging) counts over all of its hosts. All processes draw on the same rows,
and a restart forgets nothing; where this installation leaves from several addresses, each has rows of its own
(`settings.OUTGOING_ADDRESS`). A lock ends all calls under its key until a time.

A subject says whose budget it is: `address_subject(url)` or `user_subject(user=…, url=…)`.
`settings.BUDGET_WINDOW_SECONDS` is the length of the platform's hour; every other duration here shrinks with it,
save those the platform names itself.
"""

import hashlib
import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Min, Q, QuerySet

from vendor_admin.organizations.models import BudgetUse, RateLock
from vendor_admin.tradovate.api_hosts import platform_of_host
from vendor_admin.tradovate.operations import ACCESS_TOKEN_REQUEST, ME, RENEW_ACCESS_TOKEN, SYNC_REQUEST, Operation

PLATFORM_WINDOW_SECONDS = 3600.0
# A call reaches the platform up to a time-out later than it was drawn; without this the platform could see one too
# many.
WINDOW_MARGIN = 1.005
# A draw that may yet be given back is asked for again soon.
IN_FLIGHT_SECONDS = 30.0
IN_FLIGHT_WAIT_SECONDS = 0.5
TRIAL = "trial"
"""The kind of the lock that keeps others away while one call finds out whether the platform takes calls again."""
# Who has the ticket goes first, where it comes this soon after the wait.
TICKET_FIRST = timedelta(seconds=2)


@dataclass(frozen=True, slots=True)
class Budget:
    """At most `limit` uses in any window. From the use `spaced_from` on, uses also keep `spacing_seconds` apart.

    With `counts_successes` off only failures count: draw before the call, give back after a success, so that a crash
    counts.
    """

    name: str
    limit: int
    counts_successes: bool = True
    spacing_seconds: float = 0.0
    spaced_from: int = 0


@dataclass(frozen=True, slots=True)
class PlatformLock:
    """A lock in force. `kind` is a word for programs (locked, penalty, captcha, unreachable, …), `reason` is for
    people."""

    key: str
    until: datetime
    reason: str
    kind: str


def _budget_of(operation: Operation, *, spacing_seconds: float) -> Budget:
    """The first half of an hour's calls may go out at once, so that a fleet of sockets is back within seconds."""
    limit = operation.hourly_limit or 0
    return Budget(
        name=operation.path,
        limit=limit,
        counts_successes=operation.counts_successes,
        spacing_seconds=spacing_seconds,
        spaced_from=limit // 2 if operation.counts_successes else 0,
    )


LOGIN = _budget_of(ACCESS_TOKEN_REQUEST, spacing_seconds=15.0)
RENEWAL = _budget_of(RENEW_ACCESS_TOKEN, spacing_seconds=15.0)
WHO_AM_I = _budget_of(ME, spacing_seconds=30.0)
SOCKET_SYNC = _budget_of(SYNC_REQUEST, spacing_seconds=3.0)
USER_CALLS = Budget(name="all calls of a user", limit=5000)
READING_CALLS = replace(USER_CALLS, limit=USER_CALLS.limit - 1_000)
"""The user's hour as readings see it: the last of its calls are kept for what people want done."""
BACKGROUND_CALLS = Budget(
    name="readings in the background", limit=USER_CALLS.limit * 2 // 5, spacing_seconds=1.8, spaced_from=1_000
)
"""What comparisons and repairs of gaps take of the user's hour: half of it at once, so that a small organization is
repaired within seconds, then a call every 1.8 seconds."""


def address_subject(url: str) -> str:
    """Whose budget an address draws on: its platform's, as this host's outgoing address has it."""
    own = settings.OUTGOING_ADDRESS
    return platform_subject(url) + (f" from {own}" if own else "")


def platform_subject(url: str) -> str:
    """What counts an address's calls: `production` or `staging` for the platform's hosts, the last two labels of
    another name, host and port of an IP address or localhost.

    Give the configured address, not the host in use: a sandbox that moved to another port still counts as one.
    """
    parts = urlsplit(url)
    host = (parts.hostname or "").lower().rstrip(".")
    if platform := platform_of_host(host, suffixes=settings.PLATFORM_HOSTS):
        return platform
    labels = host.split(".")
    if len(labels) < 2 or _is_ip_address(host):
        return f"{host}:{parts.port or (443 if parts.scheme in ('https', 'wss') else 80)}"
    return ".".join(labels[-2:])


def user_subject(*, user: str | int, url: str) -> str:
    """The budget of one platform user (name or id) at a host, over all endpoints."""
    text = str(user)
    if len(text) > 64:
        text = hashlib.sha256(text.encode()).hexdigest()
    return f"{text}@{platform_subject(url)}"


def key_of(*, budget: Budget, subject: str) -> str:
    """The key that uses and locks of one budget are stored under."""
    return f"{subject} {budget.name}"


def scaled(seconds: float) -> timedelta:
    """A duration of the platform's hour in terms of our window."""
    return timedelta(seconds=seconds * settings.BUDGET_WINDOW_SECONDS / PLATFORM_WINDOW_SECONDS)


def one_window() -> timedelta:
    """How long 429, 423 and a captcha close a key."""
    return scaled(PLATFORM_WINDOW_SECONDS)


def take(*, budget: Budget, subject: str, now: datetime, runs_out_at: datetime | None = None) -> float:
    """Draw one use and return 0.0, or return the seconds to wait and draw nothing.

    A lock on the budget's key or on the whole subject counts as well. Must not run inside a transaction: the draw
    has to be seen by all others before the call goes out. With `runs_out_at` the draw counts no longer than that,
    unless `keep` is called: it is of a call whose failure would have been told by then.
    """
    key = key_of(budget=budget, subject=subject)
    with transaction.atomic(durable=True):
        _serialize(key)
        locked = lock_in_force(keys=(key, subject), now=now)
        if locked:
            return (locked.until - now).total_seconds()
        wait = seconds_until_free(budget, key=key, now=now)
        if wait == 0.0:
            BudgetUse.objects.create(key=key, used_at=now, runs_out_at=runs_out_at)
        return wait


def take_reading(*, subject: str, now: datetime, in_background: bool) -> float:
    """Draw a call of a user that reads mirrors, or return the seconds to wait, as `take` does.

    None takes what is kept for people; in the background no more than the share of such readings.
    """
    if in_background and (wait := take(budget=BACKGROUND_CALLS, subject=subject, now=now)):
        return wait
    wait = take(budget=READING_CALLS, subject=subject, now=now)
    if wait and in_background:
        give_back(budget=BACKGROUND_CALLS, subject=subject, used_at=now)
    return wait


def take_many(
    *, budget: Budget, subject: str, wanted: int, now: datetime, all_or_none: bool = False
) -> tuple[int, float]:
    """Draw up to `wanted` uses at once: (how many were drawn, seconds until the next may be if fewer were).

    With `all_or_none` fewer are none. For budgets without spacing. The same rules as `take`.
    """
    key = key_of(budget=budget, subject=subject)
    with transaction.atomic(durable=True):
        _serialize(key)
        locked = lock_in_force(keys=(key, subject), now=now)
        if locked:
            return 0, (locked.until - now).total_seconds()
        used = _in_window(key, now=now).count()
        drawn = min(wanted, max(0, budget.limit - used))
        if all_or_none and drawn < wanted:
            return 0, seconds_until_free(budget, key=key, now=now, wanted=wanted)
        BudgetUse.objects.bulk_create(BudgetUse(key=key, used_at=now) for _ in range(drawn))
        return drawn, 0.0 if drawn == wanted else seconds_until_free(budget, key=key, now=now)


def keep(*, budget: Budget, subject: str, used_at: datetime) -> None:
    """Let a draw that would run out count for the whole window: the call has failed."""
    BudgetUse.objects.filter(key=key_of(budget=budget, subject=subject), used_at=used_at).update(runs_out_at=None)


def give_back(*, budget: Budget, subject: str, used_at: datetime, count: int = 1) -> None:
    """Return uses that were drawn at `used_at` (the `now` of `take`); returning one twice does nothing."""
    key = key_of(budget=budget, subject=subject)
    drawn = BudgetUse.objects.filter(key=key, used_at=used_at).order_by("id").values("id")[:count]
    BudgetUse.objects.filter(id__in=drawn).delete()


def uses_left(*, budget: Budget, subject: str, now: datetime) -> int:
    """How many uses the window still has."""
    used = _in_window(key_of(budget=budget, subject=subject), now=now).count()
    return max(0, budget.limit - used)


def uses_in_window(keys: Iterable[str], *, now: datetime) -> dict[str, list[datetime]]:
    """When the uses that count were drawn, by key; empty for a key without any. One query."""
    uses: dict[str, list[datetime]] = {key: [] for key in keys}
    for key, used_at in _in_window(*uses, now=now).values_list("key", "used_at"):
        uses[key].append(used_at)
    return uses


def lock(*, key: str, until: datetime, reason: str, ticket: str | None = None, kind: str = "locked") -> None:
    """Close a key until a time; a lock that lasts longer already is kept.

    `key` is a subject (all its endpoints) or a `key_of` (one endpoint). `ticket` is a penalty ticket to resend with.
    """
    with transaction.atomic():
        _serialize(key)
        known = RateLock.objects.filter(key=key).first()
        if known and known.until >= until and known.ticket.get("kind") != TRIAL:
            return
        RateLock.objects.update_or_create(
            key=key, defaults={"until": until, "reason": reason, "ticket": {"kind": kind, "p-ticket": ticket or ""}}
        )


def lock_in_force(*, keys: Iterable[str], now: datetime) -> PlatformLock | None:
    """The lock that will keep one of these keys closed longest, if any does."""
    row = RateLock.objects.filter(key__in=list(keys), until__gt=now).order_by("-until").first()
    return (
        PlatformLock(key=row.key, until=row.until, reason=row.reason, kind=row.ticket.get("kind", "locked"))
        if row
        else None
    )


def locked_until(*, keys: Iterable[str], now: datetime) -> datetime | None:
    """When the last lock on any of these keys ends; None if all are open."""
    found = lock_in_force(keys=keys, now=now)
    return found.until if found else None


def penalty_ticket(*, key: str) -> str | None:
    """The ticket to resend the penalized request with, kept until `clear`."""
    found = RateLock.objects.filter(key=key).first()
    return (found.ticket.get("p-ticket") or None) if found else None


def clear(*, key: str) -> None:
    """Open a key and forget its ticket."""
    RateLock.objects.filter(key=key).delete()


def begin_trial(*, key: str, now: datetime, until: datetime, ticket: str | None = None) -> float:
    """Let one call alone through a key whose lock has ended: 0.0 for that one, and for all where there was no lock; the
    seconds to wait for everybody else. Others wait until `end_trial`, or `until` where the caller died.

    For a moment the call that has the lock's penalty `ticket` comes before all others.
    """
    with transaction.atomic():
        _serialize(key)
        row = RateLock.objects.filter(key=key).first()
        if row is None:
            return 0.0
        first = row.ticket.get("p-ticket")
        free_at = row.until + TICKET_FIRST if first and first != ticket else row.until
        if free_at > now:
            return (free_at - now).total_seconds()
        row.until, row.ticket = until, {"kind": TRIAL, "p-ticket": ""}
        row.reason = "One call goes alone, to see whether the platform takes such calls again."
        row.save()
        return 0.0


def end_trial(*, key: str, until: datetime, now: datetime, is_open: bool) -> None:
    """Open the key that `begin_trial` closed `until` then: to all, or to the next one alone where it is not known
    whether the platform takes calls. A lock that has taken the trial's place stays.
    """
    ours = RateLock.objects.filter(key=key, until=until)
    if is_open:
        ours.delete()
    else:
        ours.update(until=now)


def forget_uses(*, budget: Budget, subject: str) -> None:
    """Return all uses of a budget."""
    BudgetUse.objects.filter(key=key_of(budget=budget, subject=subject)).delete()


def forget_old_uses(*, now: datetime) -> int:
    """Delete uses and locks that can no longer matter; returns the number of rows."""
    before = now - 2 * one_window()
    uses, _ = BudgetUse.objects.filter(used_at__lt=before).delete()
    locks, _ = RateLock.objects.filter(until__lt=before).delete()
    return uses + locks


def seconds_until_free(budget: Budget, *, key: str, now: datetime, wanted: int = 1) -> float:
    """How long until so many uses are free."""
    window = one_window() * WINDOW_MARGIN
    uses = _in_window(key, now=now)
    recent = uses.order_by("-used_at").values_list("used_at", flat=True)
    newest = recent.first()
    if newest is None:
        return 0.0
    free_at = now
    nth = recent[budget.limit - wanted : budget.limit - wanted + 1].first()
    if nth is not None:
        free_at = nth + window
        if wanted == 1:
            free_at = min(free_at, uses.aggregate(soonest=Min("runs_out_at"))["soonest"] or free_at)
        if not budget.counts_successes and newest > now - timedelta(seconds=IN_FLIGHT_SECONDS):
            free_at = min(free_at, now + timedelta(seconds=IN_FLIGHT_WAIT_SECONDS))
    elif budget.spacing_seconds and budget.counts_successes and recent.count() >= budget.spaced_from:
        free_at = newest + scaled(budget.spacing_seconds)
    return max(0.0, (free_at - now).total_seconds())


def _in_window(*keys: str, now: datetime) -> QuerySet[BudgetUse]:
    """The uses that count. Not bounded above: a use by a process whose clock is ahead counts too, so no order of
    arrivals can exceed the limit."""
    counts = Q(runs_out_at=None) | Q(runs_out_at__gt=now)
    return BudgetUse.objects.filter(counts, key__in=keys, used_at__gt=now - one_window() * WINDOW_MARGIN)


def _serialize(key: str) -> None:
    """Let one transaction at a time decide about a key."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 7))", [key])


def _is_ip_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
