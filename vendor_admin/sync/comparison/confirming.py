"""A person's word that many entities which a list leaves out are gone (as the app role)."""

from datetime import datetime

from vendor_admin.errors import Conflict
from vendor_admin.organizations import audit
from vendor_admin.organizations.actors import Actor
from vendor_admin.organizations.tenancy.scope import organization_scope
from vendor_admin.sync.models import Lease, Reconciliation


def confirm_absence(*, reconciliation: Reconciliation, actor: Actor, now: datetime, request_id: str = "") -> None:
    """Believe that what a comparison found absent is gone, and have it compared again at once.

    It holds for a day, and for as many entities as the comparison found absent. Raises Conflict.
    """
    with organization_scope(reconciliation.organization_id):
        waiting = Reconciliation.objects.filter(pk=reconciliation.pk, absent__gt=0, confirmed_at=None)
        if not waiting.update(confirmed_at=now):
            raise Conflict("This comparison does not wait for a person any more.")
        lease = Lease.objects.select_related("connection__organization").defer("connection__credentials")
        found = lease.get(environment=reconciliation.environment, shard=0, connection__removed_at=None)
        Lease.objects.filter(pk=found.pk).update(reconcile_requested_at=now)
        audit.record(
            organization=found.connection.organization,
            actor=actor,
            action="absence confirmed",
            subject=str(reconciliation),
            new={"absent": reconciliation.absent},
            request_id=request_id,
        )
