"""Whether what a page shows is fresh: the sockets of an organization in a sentence each."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from vendor_admin.sync.models import Lease, SyncState


@dataclass(frozen=True)
class Freshness:
    """One environment: live when all its sockets are. `since`: when the longest silent of the others was heard."""

    environment: str
    is_live: bool
    text: str
    since: datetime | None = None


def freshness(
    *, organization_id: int, now: datetime, environments: Iterable[str] = ("demo", "live")
) -> list[Freshness]:
    """The state of each environment's sockets, in one query."""
    rows = Lease.objects.filter(organization_id=organization_id, connection__removed_at__isnull=True)
    leases = list(rows.select_related("connection").defer("connection__credentials"))
    return [_of(name, [lease for lease in leases if lease.environment == name], now=now) for name in environments]


def _of(environment: str, leases: list[Lease], *, now: datetime) -> Freshness:
    name = environment.upper()
    if not leases:
        return Freshness(environment, False, f"There is no {name} connection: nothing from there is kept fresh.")
    behind = [lease for lease in leases if not _is_live(lease, now=now)]
    if not behind:
        return Freshness(environment, True, f"{name} is live.")
    silent_longest = min(behind, key=lambda lease: lease.last_frame_at or lease.connection.created_at)
    state = "paused" if not silent_longest.connection.is_enabled else "no worker holds its socket"
    if silent_longest.connection.is_enabled and _is_held(silent_longest, now=now):
        state = silent_longest.get_state_display()
    text = f"{name} is not live ({state}): what is shown may be old."
    return Freshness(environment, False, text, since=silent_longest.last_frame_at)


def _is_held(lease: Lease, *, now: datetime) -> bool:
    return bool(lease.holder) and lease.expires_at is not None and lease.expires_at > now


def _is_live(lease: Lease, *, now: datetime) -> bool:
    return lease.state == SyncState.LIVE and _is_held(lease, now=now) and lease.connection.is_enabled
