"""The state of every socket, for /syncz, `manage.py sync_status` and the dashboard."""

from datetime import datetime, timedelta
from typing import Any, TypedDict

from django.db.models.expressions import RawSQL
from django.utils import timezone

from vendor_admin.organizations.models import Organization
from vendor_admin.organizations.scope import organization_scope
from vendor_admin.sync.models import Gap, Lease, QuarantinedEvent, SyncState

COUNT_CAP = 10_000


class SocketStatus(TypedDict):
    """One socket as people and monitors see it. Times are aware or None; counts stop at 10,000.

    `next_try_at` is when a waiting socket is opened again; `waiting_ms` is how long the oldest event that is not stored
    had waited a moment ago.
    """

    organization: str
    environment: str
    shard: int
    lease: int
    state: str
    state_since: datetime | None
    reason: str
    advice: str
    next_try_at: datetime | None
    holder: str | None
    fence: int
    connected_since: datetime | None
    last_frame_at: datetime | None
    last_event_at: datetime | None
    events_stored: int
    lag_ms: int
    waiting_ms: int
    gaps: int
    quarantined: int


def socket_statuses(
    *, organizations: list[Organization] | None = None, now: datetime | None = None
) -> list[SocketStatus]:
    """One dict per organization, environment and shard, in one query. A lease past its expiry counts as unheld."""
    now = now or timezone.now()
    if organizations is None:
        ids = list(Organization.objects.values_list("pk", flat=True))
    else:
        ids = [organization.pk for organization in organizations]
    with organization_scope(*ids):
        rows = Lease.objects.filter(connection__removed_at__isnull=True)
        rows = rows.select_related("organization", "connection").defer("connection__credentials")
        counts = {"gap_count": _capped_count(Gap), "quarantine_count": _capped_count(QuarantinedEvent)}
        return [_status_of(lease, now=now) for lease in rows.annotate(**counts)]


def is_healthy(statuses: list[SocketStatus]) -> bool:
    """Whether every enabled socket is live, and what it hears is stored."""
    return all(status["state"] in (SyncState.LIVE, SyncState.PAUSED) for status in statuses)


def _status_of(lease: Any, *, now: datetime) -> SocketStatus:
    state, reason, advice = _state_of(lease, now=now)
    return SocketStatus(
        organization=lease.organization.slug,
        environment=lease.environment,
        shard=lease.shard,
        lease=lease.pk,
        state=state,
        state_since=lease.state_since if state == lease.state else lease.expires_at,
        reason=reason,
        advice=advice,
        next_try_at=lease.next_try_at if state == SyncState.WAITING else None,
        holder=lease.holder or None,
        fence=lease.fence,
        connected_since=lease.connected_since,
        last_frame_at=lease.last_frame_at,
        last_event_at=lease.last_event_at,
        events_stored=lease.events_stored,
        lag_ms=lease.lag_ms,
        waiting_ms=lease.waiting_ms if state == lease.state else 0,
        gaps=lease.gap_count,
        quarantined=lease.quarantine_count,
    )


def _state_of(lease: Lease, *, now: datetime) -> tuple[str, str, str]:
    """(state, reason, advice): what the holder said last, unless nobody holds it or staff paused it."""
    if not lease.connection.is_enabled:
        return SyncState.PAUSED.value, "Paused by staff.", "Resume the connection to go on."
    if lease.holder and lease.expires_at is not None and lease.expires_at > now:
        return lease.state, lease.reason, lease.advice
    is_late = lease.expires_at is None or now - lease.expires_at > timedelta(seconds=15)
    advice = "Start a sync worker, or see why it does not run." if is_late else "Another worker takes over in seconds."
    return SyncState.UNHELD.value, "No sync worker holds this socket.", advice


def _capped_count(model: type[Gap] | type[QuarantinedEvent]) -> RawSQL:
    """How many rows a lease has, counted by the index on `lease_id` and not beyond the cap."""
    rows = f"SELECT FROM {model._meta.db_table} AS c WHERE c.lease_id = sync_lease.id LIMIT %s"
    return RawSQL(f"(SELECT count(*) FROM ({rows}) AS capped)", [COUNT_CAP])  # noqa: S611 - our own table's name
