"""The overview: sockets and their health, event rate, gaps, quarantine and drift."""

from datetime import datetime, timedelta

from django.core.cache import cache
from django.db.models import Q, Sum
from django.db.models.functions import TruncMinute
from django.http import HttpRequest
from django.utils import timezone

from vendor_admin.listing.admin_base import has_right, is_operator, organization_of
from vendor_admin.listing.lists import capped_count
from vendor_admin.mirrors.models import Account, PlatformUser
from vendor_admin.mirrors.queries.lookups import one_row_each
from vendor_admin.organizations.models import Connection, Organization
from vendor_admin.organizations.roles import Right
from vendor_admin.organizations.tenancy import database_clock
from vendor_admin.sync import queue_workers
from vendor_admin.sync.hub.restart_cost import in_words, restart_costs
from vendor_admin.sync.models import Batch, Gap, QuarantinedEvent, Reconciliation, SyncState
from vendor_admin.sync.socket.retry import WAITS
from vendor_admin.sync.status import SocketStatus, socket_statuses

ORGANIZATIONS_SHOWN = 50
RATE_MINUTES = 60
RATE_KEPT_SECONDS = 12
SPARKLINE_WIDTH, SPARKLINE_HEIGHT = 360, 56
_TONES = {"live": "good", "failed": "bad", "behind": "bad", "paused": "calm"}


def dashboard(request: HttpRequest, context: dict[str, object]) -> dict[str, object]:
    """What the index page shows (called by the theme)."""
    context["title"] = "Overview"
    context["health"] = health(request)
    if is_operator(request) and organization_of(request) is None:
        context["organizations_to_enter"] = list(Organization.objects.all()[:500])
    return context


def health(request: HttpRequest) -> dict[str, object]:
    """The part of the overview that renews itself: that of one organization, or for an operator the sockets of all."""
    now = timezone.now()
    organization = organization_of(request)
    if organization is None and not is_operator(request):
        return {"now": now, "is_without_organization": True}
    shown = _of_all(now=now) if organization is None else _of_one(request, organization, now=now)
    return shown | {"untaken": _untaken_queues()}


def _untaken_queues() -> list[tuple[str, str]]:
    """Queues that have no worker any more, with what does not go on."""
    abandoned = queue_workers.abandoned_queues(now=database_clock.now())
    return [(queue, queue_workers.WORK[queue]) for queue in abandoned]


def _of_all(*, now: datetime) -> dict[str, object]:
    organizations = list(Organization.objects.all()[: ORGANIZATIONS_SHOWN + 1])
    shown = organizations[:ORGANIZATIONS_SHOWN]
    sockets = _sockets(shown, now=now)
    return {
        "now": now,
        "is_operators": True,
        "restart_costs": [in_words(cost) for cost in restart_costs(now=database_clock.now())],
        "organization_count": Organization.objects.count(),
        "is_cut": len(organizations) > ORGANIZATIONS_SHOWN,
        "sockets": sockets,
        "without_connection": sorted({one.name for one in shown} - {socket["name"] for socket in sockets}),
    }


def _of_one(request: HttpRequest, organization: Organization, *, now: datetime) -> dict[str, object]:
    day_ago = now - timedelta(days=1)
    own = {"organization_id": organization.pk}
    gaps = Gap.objects.filter(Q(ended_at__isnull=True) | Q(ended_at__gte=day_ago), **own)
    quarantined = QuarantinedEvent.objects.filter(received_at__gte=day_ago, **own)
    compared = Reconciliation.objects.filter(started_at__gte=day_ago, is_first_load=False, **own)
    drift = compared.aggregate(changed=Sum("changed"), vanished=Sum("vanished"))
    return {
        "now": now,
        "has_connections": Connection.objects.exists(),
        "may_connect": has_right(request, Right.MANAGE_CONNECTIONS),
        "may_try_now": has_right(request, Right.MANAGE_CONNECTIONS),
        "slug": organization.slug,
        "sockets": _sockets([organization], now=now),
        "rate": event_rate(organization_id=organization.pk, now=now),
        "gap_count": capped_count(gaps),
        "open_gap_count": gaps.filter(ended_at__isnull=True).count(),
        "quarantine_count": capped_count(quarantined),
        "drift": (drift["changed"] or 0) + (drift["vanished"] or 0),
        "member_count": capped_count(one_row_each(PlatformUser.objects.filter(deleted_at__isnull=True, **own))),
        "account_count": capped_count(Account.objects.filter(deleted_at__isnull=True, **own)),
    }


def _sockets(organizations: list[Organization], *, now: datetime) -> list[dict[str, object]]:
    names = {organization.slug: organization.name for organization in organizations}
    sockets = [
        {
            **status,
            "name": names[status["organization"]],
            "state_label": SyncState(status["state"]).label,
            "tone": _TONES.get(status["state"], "warn"),
            "waits": status["state"] in WAITS,
            **_said_of(status),
        }
        for status in socket_statuses(organizations=organizations, now=now)
    ]
    return sorted(
        sockets, key=lambda socket: (socket["state"] == SyncState.LIVE, socket["name"], socket["environment"])
    )


def _said_of(status: SocketStatus) -> dict[str, object]:
    """What is said beside a socket's state: since when it lasts, and why it is not live."""
    is_lasting = status["state"] not in (SyncState.UNHELD, SyncState.PAUSED)
    is_live = status["state"] == SyncState.LIVE
    return {
        "lasts_since": status["state_since"] if is_lasting else None,
        "why": "" if is_live else status["reason"],
        "what_to_do": "" if is_live else status["advice"],
    }


def event_rate(*, organization_id: int, now: datetime) -> dict[str, object]:
    """Events stored a minute over the last hour, from the ledger of flushes: `minutes` (oldest first) and totals.

    An hour of the ledger may be a million rows, and every open overview asks every five seconds: the answer is kept
    for RATE_KEPT_SECONDS in this process.
    """
    key = f"sync:event_rate:{organization_id}"
    rate: dict[str, object] | None = cache.get(key)
    if rate is None:
        rate = _measured_rate(organization_id=organization_id, now=now)
        cache.set(key, rate, RATE_KEPT_SECONDS)
    return rate


def _measured_rate(*, organization_id: int, now: datetime) -> dict[str, object]:
    start = now.replace(second=0, microsecond=0) - timedelta(minutes=RATE_MINUTES - 1)
    of_last_minute = Q(committed_at__gte=now - timedelta(minutes=1))
    recent = Batch.objects.filter(organization_id=organization_id, committed_at__gte=start).order_by()
    by_minute = recent.annotate(minute=TruncMinute("committed_at")).values("minute")
    rows = list(by_minute.annotate(events=Sum("row_count"), newest=Sum("row_count", filter=of_last_minute)))
    events = {row["minute"]: row["events"] for row in rows}
    minutes = [events.get(start + timedelta(minutes=step), 0) for step in range(RATE_MINUTES)]
    last_minute = sum(row["newest"] or 0 for row in rows)
    return {
        "minutes": minutes,
        "last_hour": sum(minutes),
        "last_minute": last_minute,
        "per_second": last_minute / 60,
        "peak": max(minutes),
        "line": _line(minutes),
        "width": SPARKLINE_WIDTH,
        "height": SPARKLINE_HEIGHT,
    }


def _line(values: list[int]) -> str:
    """The points of an SVG polyline through the values, the newest at the right."""
    top, step = max([*values, 1]), SPARKLINE_WIDTH / (len(values) - 1)
    usable = SPARKLINE_HEIGHT - 4
    return " ".join(
        f"{index * step:.1f},{SPARKLINE_HEIGHT - 2 - value / top * usable:.1f}" for index, value in enumerate(values)
    )
