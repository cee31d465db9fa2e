"""Opens, refreshes and closes notices: what the modules of conditions find, held against what is known.

One look is one transaction over all organizations, with a number of queries that does not grow with them. Only one
look at a time; each one finds everything by itself, so that a lost or repeated one changes nothing.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog
from django.db import connection, transaction
from django.utils.dateparse import parse_datetime

from vendor_admin.notices import outbox
from vendor_admin.notices.conditions.condition import Condition
from vendor_admin.notices.conditions.hosts import hosts_in_trouble
from vendor_admin.notices.conditions.installation import (
    log_upkeep_fails,
    queues_untaken,
    restored_database,
    wrong_clocks,
)
from vendor_admin.notices.conditions.partner_api import leaked_keys
from vendor_admin.notices.conditions.plans import (
    operations_undecided,
    plans_failed,
    plans_not_sent,
    plans_to_approve,
)
from vendor_admin.notices.conditions.platform import (
    events_not_stored,
    locks_in_force,
    many_absent,
    sockets_down,
)
from vendor_admin.notices.conditions.webhooks import webhooks_failing
from vendor_admin.notices.models import Notice, NoticeKind
from vendor_admin.organizations.models import Organization
from vendor_admin.organizations.tenancy.scope import organization_scope
from vendor_admin.tradovate.trading_calendar import maintenance_window

log = structlog.get_logger(__name__)

# Every kind with what finds its conditions.
FINDERS: Mapping[NoticeKind, Callable[[datetime], list[Condition]]] = {
    NoticeKind.SOCKET_DOWN: sockets_down,
    NoticeKind.WRONG_HOST: hosts_in_trouble,
    NoticeKind.NOT_STORED: events_not_stored,
    NoticeKind.LOCKED: locks_in_force,
    NoticeKind.PLAN_FAILED: plans_failed,
    NoticeKind.NOT_SENT: plans_not_sent,
    NoticeKind.NEEDS_DECISION: operations_undecided,
    NoticeKind.NEEDS_APPROVAL: plans_to_approve,
    NoticeKind.WRONG_CLOCK: wrong_clocks,
    NoticeKind.RESTORED: restored_database,
    NoticeKind.LOG_UPKEEP: log_upkeep_fails,
    NoticeKind.MANY_ABSENT: many_absent,
    NoticeKind.NO_WORKER: queues_untaken,
    NoticeKind.WEBHOOK_FAILS: webhooks_failing,
    NoticeKind.KEY_LEAKED: leaked_keys,
}
# How long each part of a condition has to last before anybody is told; other kinds at once.
OPENS_AFTER = {
    NoticeKind.SOCKET_DOWN: timedelta(minutes=1),
    NoticeKind.NO_WORKER: timedelta(minutes=1),  # at a start workers come one after the other
}
# What comes back this soon is the same notice again.
COMES_BACK_WITHIN = timedelta(minutes=30)
# Sockets end when the platform's maintenance begins, and need a moment after it.
MAINTENANCE_GRACE = timedelta(minutes=5)
RESOLUTIONS = {
    NoticeKind.SOCKET_DOWN: "Every socket that should be open is live.",
    NoticeKind.WRONG_HOST: "A host of this connection works again.",
    NoticeKind.NOT_STORED: "Events are stored as they arrive again.",
    NoticeKind.LOCKED: "The platform takes calls again.",
    NoticeKind.PLAN_FAILED: "What failed was sent again, or a week has passed.",
    NoticeKind.NOT_SENT: "Its new preview was confirmed or thrown away, or a week has passed.",
    NoticeKind.NEEDS_DECISION: "Nothing of this plan waits for a decision any more.",
    NoticeKind.NEEDS_APPROVAL: "It was approved, resumed, refused or cancelled.",
    NoticeKind.WRONG_CLOCK: "The clock is right again, or the server has stopped.",
    NoticeKind.RESTORED: "A day has passed, and all of it is known.",
    NoticeKind.LOG_UPKEEP: "The event log is kept again.",
    NoticeKind.NO_WORKER: "A worker takes the queue again.",
    NoticeKind.WEBHOOK_FAILS: "It takes events again, or was switched off or removed by a person.",
    NoticeKind.KEY_LEAKED: "The program has another key, or a week has passed.",
    NoticeKind.MANY_ABSENT: "The platform lists them again, or a person confirmed that they are gone.",
}
_TEXTS = ("title", "text", "next_step", "path", "seen")
_OF_ENDS = ("closed_at", "resolution", "acknowledged_at", "acknowledged_by", "times")
_LONGEST_TITLE = 300
LOCK_NUMBER = 7_204_001

Key = tuple[int, str, str]


@dataclass(slots=True)
class _Changes:
    """What one look comes to."""

    new: list[Notice] = field(default_factory=list)
    refreshed: list[Notice] = field(default_factory=list)
    due: list[Notice] = field(default_factory=list)
    ended: list[Notice] = field(default_factory=list)
    passed: list[Notice] = field(default_factory=list)


def watch(*, now: datetime) -> tuple[int, int]:
    """Look once. Returns how many notices opened and how many closed."""
    organization_ids = list(Organization.objects.values_list("id", flat=True))
    with transaction.atomic(durable=True), organization_scope(*organization_ids):
        if not _is_only_look():
            return 0, 0
        opened, closed = _apply(_compare(now), now=now)
        outbox.tell_opened(opened, now=now)
        outbox.tell_closed(closed, now=now)
    if opened or closed:
        log.info("notices.changed", opened=len(opened), closed=len(closed))
    return len(opened), len(closed)


def close(notices: Iterable[Notice], *, resolution: str, now: datetime) -> list[Notice]:
    """Close those of these that are still open. Must run inside a transaction, in scope; returns what was closed."""
    ids = [notice.pk for notice in notices]
    locked = list(Notice.objects.select_for_update().filter(id__in=ids, closed_at=None).order_by("id"))
    Notice.objects.filter(id__in=[one.pk for one in locked]).update(closed_at=now, resolution=resolution)
    for one in locked:
        one.closed_at, one.resolution = now, resolution
    return locked


def _is_only_look() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK_NUMBER])
        return bool(cursor.fetchone()[0])


def _compare(now: datetime) -> _Changes:
    """What is known against what is found. A kind that cannot be looked at stays as it is."""
    known = {_key(notice): notice for notice in Notice.objects.filter(closed_at=None)}
    is_quiet = maintenance_window(now) or maintenance_window(now - MAINTENANCE_GRACE)
    changes = _Changes()
    for kind in FINDERS:
        found = _find(kind, now=now)
        if found is None:
            continue
        of_kind = {key: notice for key, notice in known.items() if notice.kind == kind}
        if kind is NoticeKind.SOCKET_DOWN and is_quiet:
            found = {key: one for key, one in found.items() if key in of_kind and of_kind[key].opened_at}
        for key, condition in found.items():
            _take_in(condition, of_kind.get(key), changes, now=now)
        gone = [notice for key, notice in of_kind.items() if key not in found]
        changes.ended += [notice for notice in gone if notice.opened_at]
        changes.passed += [notice for notice in gone if not notice.opened_at]
    return changes


def _find(kind: NoticeKind, *, now: datetime) -> Mapping[Key, Condition] | None:
    try:
        with transaction.atomic():
            return {(one.organization_id, one.kind.value, one.subject): one for one in FINDERS[kind](now)}
    except Exception:
        log.exception("notices.cannot_look", kind=kind.value)
        return None


def _take_in(condition: Condition, notice: Notice | None, changes: _Changes, *, now: datetime) -> None:
    is_new = notice is None
    if notice is None:
        notice = Notice(organization_id=condition.organization_id, kind=condition.kind.value, subject=condition.subject)
    before = [getattr(notice, name) for name in _TEXTS]
    notice.title = condition.title[:_LONGEST_TITLE]
    notice.text, notice.next_step, notice.path = condition.text, condition.next_step, condition.path
    notice.seen = {part: notice.seen.get(part, now.isoformat()) for part in condition.parts}
    lasts_since = min(filter(None, map(parse_datetime, notice.seen.values())), default=now)
    if notice.opened_at is None and now - lasts_since >= OPENS_AFTER.get(condition.kind, timedelta(0)):
        changes.due.append(notice)
    elif is_new:
        changes.new.append(notice)
    elif before != [getattr(notice, name) for name in _TEXTS]:
        changes.refreshed.append(notice)


def _apply(changes: _Changes, *, now: datetime) -> tuple[list[Notice], list[Notice]]:
    """Write it down; returns the notices that opened and those that closed."""
    recent = _recently_closed(changes.due, now=now)
    came_back = [(recent[_key(notice)], notice) for notice in changes.due if _key(notice) in recent]
    opening = [notice for notice in changes.due if _key(notice) not in recent]
    replaced = [*changes.passed, *(notice for _, notice in came_back if notice.pk)]
    Notice.objects.filter(id__in=[one.pk for one in replaced], opened_at=None).delete()
    for notice in opening:
        notice.opened_at = now
    waited = [notice for notice in opening if notice.pk]
    Notice.objects.bulk_create([one for one in (*changes.new, *opening) if one.pk is None])
    Notice.objects.bulk_update(changes.refreshed, _TEXTS)
    Notice.objects.bulk_update(waited, [*_TEXTS, "opened_at"])
    back = [_open_again(notice, as_now=once_more) for notice, once_more in came_back]
    Notice.objects.bulk_update(back, [*_TEXTS, *_OF_ENDS])
    closed: list[Notice] = []
    for kind, resolution in RESOLUTIONS.items():
        ended = [notice for notice in changes.ended if notice.kind == kind]
        closed += close(ended, resolution=resolution, now=now) if ended else []
    return [*opening, *back], closed


def _open_again(notice: Notice, *, as_now: Notice) -> Notice:
    for name in _TEXTS:
        setattr(notice, name, getattr(as_now, name))
    notice.closed_at = notice.acknowledged_at = None
    notice.resolution = notice.acknowledged_by = ""
    notice.times += 1
    return notice


def _recently_closed(due: Sequence[Notice], *, now: datetime) -> dict[Key, Notice]:
    """The last notices about the same subjects, where they closed a short while ago."""
    if not due:
        return {}
    closed = Notice.objects.filter(
        closed_at__gt=now - COMES_BACK_WITHIN,
        organization_id__in={one.organization_id for one in due},
        kind__in={one.kind for one in due},
        subject__in={one.subject for one in due},
    )
    return {_key(notice): notice for notice in closed.order_by("id")}


def _key(notice: Notice) -> Key:
    return notice.organization_id, notice.kind, notice.subject
