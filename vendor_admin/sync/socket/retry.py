"""Ending a socket's wait early, because somebody knows that its cause is gone."""

from datetime import datetime

from vendor_admin.errors import Conflict
from vendor_admin.organizations import audit
from vendor_admin.organizations.actors import Actor
from vendor_admin.organizations.connections import host_search
from vendor_admin.organizations.encryption import UndecryptableError
from vendor_admin.organizations.models import Connection
from vendor_admin.organizations.platform_access import budgets
from vendor_admin.organizations.tenancy.scope import organization_scope
from vendor_admin.sync.models import Lease, SyncState
from vendor_admin.sync.socket.access import sync_key

WAITS = (SyncState.WAITING, SyncState.FAILED)


class StillLocked(Conflict):
    """A try within the platform's lock would start its hour anew."""

    def __init__(self, until: datetime, reason: str) -> None:
        self.until = until
        super().__init__(
            f"{reason} The platform's lock lasts until {until:%Y-%m-%d %H:%M:%S} UTC; a try before then would start it"
            " anew. If the platform has lifted it, an operator can go on with `manage.py sync_retry … --force`."
        )


def try_now(*, lease: Lease, actor: Actor, now: datetime, force: bool = False, request_id: str = "") -> Lease:
    """Have a waiting socket opened at once: its hub notices within seconds.

    Budgets hold all the same. `force` also forgets the platform's locks on the connection's address and user, which
    other sockets there share: only for operators who know that the platform has lifted them. Raises Conflict where
    the socket does not wait, StillLocked where the platform's lock lasts, and Lease.DoesNotExist.
    """
    with organization_scope(lease.organization_id):
        leases = Lease.objects.select_related("connection__organization").defer("connection__credentials")
        found = leases.get(pk=lease.pk)
        _refuse_if_not_waiting(found, now=now)
        if found.locked_until is not None and found.locked_until > now and not force:
            raise StillLocked(found.locked_until, found.reason)
        forgotten = _forget_locks(found.connection, now=now) if force else []
        host_search.end_hold(found.connection)
        Lease.objects.filter(pk=found.pk).update(retry_requested_at=now)
        audit.record(
            organization=found.connection.organization,
            actor=actor,
            action="socket tried again at once",
            subject=f"{found.connection} {found}",
            old={"state": found.state, "next_try_at": found.next_try_at and found.next_try_at.isoformat()},
            new={"locks_forgotten": forgotten} if force else {},
            reason=found.reason,
            request_id=request_id,
        )
        found.retry_requested_at = now
    return found


def _refuse_if_not_waiting(lease: Lease, *, now: datetime) -> None:
    if not lease.connection.is_enabled:
        raise Conflict("The connection is paused: resume it, and its socket is opened within seconds.")
    if not lease.holder or lease.expires_at is None or lease.expires_at <= now:
        raise Conflict("No sync worker holds this socket: the next one that does opens it at once.")
    if lease.state not in WAITS:
        raise Conflict(f"The socket does not wait: it is {lease.get_state_display()}.")


def _forget_locks(connection: Connection, *, now: datetime) -> list[str]:
    """Open everything that the platform's locks keep closed for a connection. Returns the keys of locks in force."""
    address = budgets.address_subject(connection.rest_url)
    keys = [address, sync_key(connection.rest_url)]
    keys += [budgets.key_of(budget=budget, subject=address) for budget in (budgets.LOGIN, budgets.RENEWAL)]
    try:
        user = connection.credentials.get("name", "")
    except UndecryptableError:
        user = ""
    if user:
        keys.append(budgets.user_subject(user=user, url=connection.rest_url))
    in_force = [key for key in keys if budgets.lock_in_force(keys=(key,), now=now)]
    for key in in_force:
        budgets.clear(key=key)
    return in_force
