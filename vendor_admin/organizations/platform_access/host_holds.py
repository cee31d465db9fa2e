"""The holds on hosts that do not serve an organization: nothing of a connection goes to one before its hold ends."""

from datetime import datetime

from vendor_admin.organizations.models import Connection
from vendor_admin.organizations.platform_access import budgets
from vendor_admin.organizations.platform_access.budgets import PlatformLock
from vendor_admin.tradovate.api_hosts import host_and_port

KIND = "wrong_host"


def hold(connection: Connection, *, host: str, until: datetime, reason: str) -> None:
    """Let nothing go to a host before a time; a hold that lasts longer already is kept."""
    budgets.lock(key=_key(connection, host), until=until, reason=reason, kind=KIND)


def hold_on(connection: Connection, *, now: datetime) -> PlatformLock | None:
    """The hold on the host in use, if there is one."""
    host = host_and_port(connection.rest_url_in_use)
    return budgets.lock_in_force(keys=(_key(connection, host),), now=now)


def release(connection: Connection, *, host: str) -> None:
    """Let a host be asked again."""
    budgets.clear(key=_key(connection, host))


def hosts_in_use(connection: Connection) -> set[str]:
    """A socket address that was configured by hand may have another host than the one for REST."""
    return {host_and_port(connection.rest_url_in_use), host_and_port(connection.websocket_url_in_use)}


def _key(connection: Connection, host: str) -> str:
    return f"connection {connection.pk} version {connection.version} at {host}"[:200]
