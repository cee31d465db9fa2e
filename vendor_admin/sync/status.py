"""The state of every socket, for /syncz, `manage.py sync_status` and the dashboard."""

from datetime import datetime, timedelta
from typing import Any, TypedDict

from django.utils import timezone

from vendor_admin.organizations.models import Organization
from vendor_admin.organizations.tenancy.scope import organization_scope
from vendor_admin.sync.models import Lease, StoredRows, SyncState

_FIELDS = (
    "organization__slug",
    "connection__is_enabled",
    "id",
    "environment",
    "shard",
    "state",
    "state_since",
    "reason",
    "advice",
    "next_try_at",
    "holder",
    "expires_at",
    "fence",
    "connected_since",
    "last_frame_at",
    "last_event_at",
    "events_stored",
    "lag_ms",
    "waiting_ms",
)
_COUNTS = ("lease_id", "what", "row_count", "left_out")


class SocketStatus(TypedDict):
    """One socket as people and monitors see it. Times are aware or None.

    `next_try_at` is when a waiting socket is opened again; `waiting_ms` is how long the oldest event that is not stored
    had waited a moment ago; `left_out` is how many messages were not kept, as its quarantine was full.
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
    left_out: int


def socket_statuses(
    *, organizations: list[Organization] | None = None, now: datetime | None = None
) -> list[SocketStatus]:
    """One dict per organization, environment and shard, in two queries. A lease past its expiry counts as unheld."""
    now = now or timezone.now()
    if organizations is None:
        ids = list(Organization.objects.values_list("pk", flat=True))
    else:
        ids = [organization.pk for organization in organizations]
    with organization_scope(*ids):
        kept = {(lease, what): counts for lease, what, *counts in StoredRows.objects.values_list(*_COUNTS)}
        # Without instances: of 200 sockets they take longer than all the rest.
        rows = Lease.objects.filter(connection__removed_at__isnull=True).values(*_FIELDS)
        return [_status_of(row, kept, now=now) for row in rows]


def is_healthy(statuses: list[SocketStatus]) -> bool:
    """Whether every enabled socket is live, and what it hears is stored."""
    return all(status["state"] in (SyncState.LIVE, SyncState.PAUSED) for status in statuses)


def _status_of(row: dict[str, Any], kept: dict[tuple[int, str], list[int]], *, now: datetime) -> SocketStatus:
    gaps, _ = kept.get((row["id"], StoredRows.What.GAPS), (0, 0))
    quarantined, left_out = kept.get((row["id"], StoredRows.What.QUARANTINE), (0, 0))
    state, reason, advice = _state_of(row, now=now)
    return SocketStatus(
        organization=row["organization__slug"],
        environment=row["environment"],
        shard=row["shard"],
        lease=row["id"],
        state=state,
        state_since=row["state_since"] if state == row["state"] else row["expires_at"],
        reason=reason,
        advice=advice,
        next_try_at=row["next_try_at"] if state == SyncState.WAITING else None,
        holder=row["holder"] or None,
        fence=row["fence"],
        connected_since=row["connected_since"],
        last_frame_at=row["last_frame_at"],
        last_event_at=row["last_event_at"],
        events_stored=row["events_stored"],
        lag_ms=row["lag_ms"],
        waiting_ms=row["waiting_ms"] if state == row["state"] else 0,
        gaps=gaps,
        quarantined=quarantined,
        left_out=left_out,
    )


def _state_of(row: dict[str, Any], *, now: datetime) -> tuple[str, str, str]:
    """(state, reason, advice): what the holder said last, unless nobody holds it or staff paused it."""
    if not row["connection__is_enabled"]:
        return SyncState.PAUSED.value, "Paused by staff.", "Resume the connection to go on."
    expires_at = row["expires_at"]
    if row["holder"] and expires_at is not None and expires_at > now:
        return row["state"], row["reason"], row["advice"]
    is_late = expires_at is None or now - expires_at > timedelta(seconds=15)
    advice = "Start a sync worker, or see why it does not run." if is_late else "Another worker takes over in seconds."
    return SyncState.UNHELD.value, "No sync worker holds this socket.", advice
