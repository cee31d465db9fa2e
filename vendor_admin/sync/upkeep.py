"""A watch over the sockets, and what is asked of them, for tasks and commands (as the app role)."""

from datetime import datetime, timedelta

import structlog

from vendor_admin.organizations.models import Organization
from vendor_admin.organizations.tenancy import database_clock
from vendor_admin.organizations.tenancy.scope import organization_scope
from vendor_admin.sync.models import Lease, SyncState
from vendor_admin.sync.status import socket_statuses

log = structlog.get_logger(__name__)

UNHELD_FOR = timedelta(seconds=30)


def request_reconciliation(*, organization_ids: list[int] | None = None) -> int:
    """Ask for a reconciliation of all enabled connections, or of some organizations'. Returns the number of sockets
    asked.
    """
    asked = 0
    ids = organization_ids or list(Organization.objects.values_list("id", flat=True))
    for organization_id in ids:
        with organization_scope(organization_id):
            asked += Lease.objects.filter(shard=0).update(reconcile_requested_at=database_clock.now())
    return asked


def supervise(*, now: datetime | None = None) -> int:
    """Log a warning for every enabled socket that nobody holds or that needs a person. Returns their number."""
    now = now or database_clock.now()
    troubled = 0
    for status in socket_statuses():
        since = status["state_since"] or now
        unheld = status["state"] == SyncState.UNHELD and now - since > UNHELD_FOR
        if unheld or status["state"] in (SyncState.FAILED, SyncState.BEHIND):
            troubled += 1
            log.warning(
                "sync.socket_not_live",
                organization=status["organization"],
                environment=status["environment"],
                state=status["state"],
                reason=status["reason"],
            )
    return troubled
