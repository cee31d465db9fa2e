"""Sockets that are down and calls that the platform closed, in every organization in scope: read as they are now."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Exists, F, OuterRef, Q, TextField
from django.db.models.functions import Cast
from django.urls import reverse

from vendor_admin.notices.conditions.condition import Condition
from vendor_admin.notices.models import NoticeKind
from vendor_admin.organizations.encryption import UndecryptableError, decrypt
from vendor_admin.organizations.models import Connection, RateLock
from vendor_admin.organizations.platform_access import budgets
from vendor_admin.sync.models import Lease, Reconciliation, SyncState
from vendor_admin.tradovate.socket.short_lives import A_PATTERN, ADVICE, SHORT_LIFE_SECONDS, in_words
from vendor_admin.tradovate.trading_calendar import clock_times

HELD_IS_NEWS_FOR = timedelta(days=1)
_LOCK_TITLES = {
    "captcha": "The platform asks for a captcha: calls are closed until {until}",
    "locked": "The platform locked this organization's calls until {until}",
}
_LOCK_STEPS = {
    "captcha": "No program can answer a captcha. Calls go out again by themselves after that; if it comes back, ask "
    "the platform's support.",
    "locked": "Nothing has to be done here: calls go out again by themselves after that, and each one sent earlier "
    "would start the hour anew. Look for other programs that use the same user or key.",
}


def sockets_down(now: datetime) -> list[Condition]:
    """Environments of which a socket that should be open is not. One query.

    Where each connection ends at once, one that has just been opened counts as none: so there is one notice in all.
    """
    is_open = Q(state__in=[SyncState.LIVE, SyncState.BEHIND], expires_at__gt=now) & ~Q(holder="")
    is_open &= ~Q(short_lives__gt=A_PATTERN, opened_at__gt=now - timedelta(seconds=SHORT_LIFE_SECONDS))
    return [_socket_condition(leases, now=now) for leases in _by_environment(~is_open)]


def events_not_stored(now: datetime) -> list[Condition]:
    """Environments whose events arrive and cannot be stored. One query."""
    return [_storing_condition(leases) for leases in _by_environment(Q(state=SyncState.BEHIND, expires_at__gt=now))]


def locks_in_force(now: datetime) -> list[Condition]:
    """Captchas and locks on an organization's platform user or on the address it calls from. Two queries."""
    locks = [lock for lock in _locks(now) if lock.kind in _LOCK_TITLES]
    if not locks:
        return []
    found: dict[tuple[int, str], set[_Lock]] = defaultdict(set)
    for organization_id, subjects in _subjects():
        for lock in locks:
            if any(lock.key == subject or lock.key.startswith(f"{subject} ") for subject in subjects):
                found[organization_id, lock.kind].add(lock)
    return [_lock_condition(organization_id, kind, closed) for (organization_id, kind), closed in found.items()]


def many_absent(now: datetime) -> list[Condition]:
    """Types of which the platform's list left out too many to be believed, at the last comparison. One query."""
    later = Reconciliation.objects.filter(
        organization_id=OuterRef("organization_id"),
        environment=OuterRef("environment"),
        entity_type=OuterRef("entity_type"),
        pk__gt=OuterRef("pk"),
    )
    waiting = Reconciliation.objects.filter(
        ~Exists(later), absent__gt=0, confirmed_at=None, started_at__gt=now - HELD_IS_NEWS_FOR
    )
    return [
        Condition(
            organization_id=held.organization_id,
            kind=NoticeKind.MANY_ABSENT,
            subject=f"{held.environment} {held.entity_type}",
            title=f"{held.environment.upper()}: the platform leaves out {held.absent:,} entities of {held.entity_type}",
            text=f"{held.error} What is shown of them is as old as the last time that the platform listed them.",
            next_step="Check that the connection's host and key are the right ones. If these are really gone, confirm "
            "it on the page of this comparison.",
            path=reverse("admin:sync_reconciliation_change", args=[held.pk]),
        )
        for held in waiting.order_by("organization_id", "id")
    ]


@dataclass(frozen=True, slots=True)
class _Lock:
    key: str
    until: datetime
    reason: str
    kind: str


def _locks(now: datetime) -> Iterable[_Lock]:
    """Locks in force. One that no key opens any more counts as a lock, since it closes calls all the same."""
    rows = RateLock.objects.filter(until__gt=now).annotate(sealed=Cast("ticket", TextField())).order_by("key")
    for key, until, reason, sealed in rows.values_list("key", "until", "reason", "sealed"):
        yield _Lock(key, until, reason, _word(sealed, "kind") or "locked")


def _subjects() -> Iterable[tuple[int, tuple[str, ...]]]:
    """For each connection its organization, and whose locks concern it: its address and its user."""
    rows = Connection.objects.annotate(sealed=Cast("credentials", TextField())).order_by("id")
    for organization_id, rest_url, sealed in rows.values_list("organization_id", "rest_url", "sealed"):
        try:
            address = budgets.platform_subject(rest_url)
            name = _word(sealed, "name")
            user = (budgets.user_subject(user=name, url=rest_url),) if name else ()
        except ValueError:  # an address that cannot be read makes no calls
            continue
        yield organization_id, (address, *user)


def _word(sealed: str, name: str) -> str:
    """One value of an encrypted object; empty where there is none, or where the key was lost."""
    try:
        return str(decrypt(sealed).get(name, "")) if sealed else ""
    except UndecryptableError:
        return ""


def _by_environment(chosen: Q) -> Iterable[list[Lease]]:
    """The chosen ones of the sockets that should be open, of one environment each."""
    wanted = Lease.objects.filter(
        chosen, connection__is_enabled=True, connection__removed_at=None, shard__lt=F("connection__shard_count")
    )
    found: dict[tuple[int, str], list[Lease]] = defaultdict(list)
    leases = wanted.select_related("connection").defer("connection__credentials")
    for lease in leases.order_by("organization_id", "environment", "shard"):
        found[lease.organization_id, lease.environment].append(lease)
    return found.values()


def _storing_condition(behind: list[Lease]) -> Condition:
    first, name = behind[0], behind[0].environment.upper()
    waits_since = min(filter(None, (lease.state_since for lease in behind)), default=None)
    since = f"What arrived since {clock_times(waits_since)} waits to be stored." if waits_since else ""
    old = f"What the lists show of {name} grows old until it is."
    return Condition(
        organization_id=first.organization_id,
        kind=NoticeKind.NOT_STORED,
        subject=first.environment,
        title=f"Events of {name} arrive and cannot be stored",
        text=" ".join(filter(None, (since, first.reason, old))),
        next_step=first.advice,
        path=_sockets_page(first.environment),
        parts=tuple(str(lease.pk) for lease in behind),
    )


def _sockets_page(environment: str) -> str:
    return reverse("admin:sync_lease_changelist") + f"?environment={environment}"


def _socket_condition(down: list[Lease], *, now: datetime) -> Condition:
    first = down[0]
    name, wanted = first.environment.upper(), first.connection.shard_count
    title = f"The {name} socket is down" if wanted == 1 else f"{len(down)} of {wanted} {name} sockets are down"
    heard = [moment for lease in down if (moment := lease.last_frame_at or lease.covered_until)]
    silence = f"Nothing has been heard since {clock_times(min(heard))}." if heard else "It has not been live yet."
    why, step = "No sync worker holds it.", "Tell who runs this installation that its sync workers do not work."
    if first.holder and first.expires_at is not None and first.expires_at > now:
        why, step = first.reason, first.advice
        if first.short_lives > A_PATTERN and first.state != SyncState.FAILED:
            tries = f" The next try is at {clock_times(first.next_try_at)}." if first.next_try_at else ""
            why, step = f"{in_words(first.short_lives)}.{tries}", ADVICE
    return Condition(
        organization_id=first.organization_id,
        kind=NoticeKind.SOCKET_DOWN,
        subject=first.environment,
        title=title,
        text=" ".join(filter(None, (silence, why, f"What the lists show of {name} grows old until it is live again."))),
        next_step=step or "It is tried again by itself. If it lasts, see the sockets page.",
        path=_sockets_page(first.environment),
        parts=tuple(str(lease.pk) for lease in down),
    )


def _lock_condition(organization_id: int, kind: str, locks: set[_Lock]) -> Condition:
    until = clock_times(max(lock.until for lock in locks))
    return Condition(
        organization_id=organization_id,
        kind=NoticeKind.LOCKED,
        subject=kind,
        title=_LOCK_TITLES[kind].format(until=until),
        text=" ".join(dict.fromkeys(lock.reason for lock in sorted(locks, key=lambda one: one.key))),
        next_step=_LOCK_STEPS[kind],
        path=reverse("budgets"),
    )
