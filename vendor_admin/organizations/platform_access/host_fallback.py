"""A named host that cannot be reached: calls and sockets go back to the last good one, and it is tried again later.

Only a host that has not worked yet since it was named is given up for the one before. A good host that is away for a
moment is waited for, and no other host is ever guessed. With each failure the next try comes later.
"""

from datetime import datetime, timedelta
from typing import Any

from vendor_admin.organizations.models import Connection, Organization, PlatformHosts
from vendor_admin.organizations.platform_access import host_holds
from vendor_admin.organizations.platform_access.platform_hosts import NOTHING_AWAY, host_in_use, locked, use_host
from vendor_admin.organizations.platform_access.reachability import Failed, reach
from vendor_admin.organizations.tenancy.scope import organization_scope
from vendor_admin.tradovate.api_hosts import at_host

FIRST_PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(minutes=30)
TRIED_AT_ONCE = 20
WORDS = "{} cannot be reached: {}. It goes on at {}, the last good host; the other is tried again by itself."

LAST_GOOD_IS_WRONG = "The last good host does not serve this organization."
ANSWERS_AGAIN = "The named host answers again."


def fall_back(*, connection_id: int, organization_id: int, host: str, why: str, now: datetime) -> str:
    """Go back to the last good host, after `host` could not be reached. Returns the host that calls go to from now on;
    empty where nothing changes: another host is in use by now, this one has worked, or there is no last good one.

    `why` is for people. One query where there is nothing to do.
    """
    with organization_scope(organization_id):
        of_connection = PlatformHosts.objects.filter(connection_id=connection_id, last_good__isnull=False)
        if not of_connection.exists():
            return ""
        connection = locked(connection_id)
        hosts = of_connection.first()
        if connection is None or hosts is None or host_in_use(connection) != host:
            return ""
        tries = hosts.away_tries + 1 if hosts.away_host == host else 1
        until = now + min(FIRST_PAUSE * 2 ** min(tries - 1, 16), LONGEST_PAUSE)
        of_connection.update(
            last_good=None, away_host=host, away_why=why[:500], away_at=now, away_until=until, away_tries=tries
        )
        use_host(connection, hosts.last_good or "", action="platform host not reached", reason=why)
        return host_in_use(connection)


def give_up(connection: Connection, *, host: str) -> bool:
    """Go to the named host after all, away as it may be, since the host that was fallen back to turned out to be wrong.

    Must run inside the organization's scope. False where nothing was fallen back from; `connection` then has the host
    that is in use by now. One query where there is nothing to do.
    """
    fallen_back = PlatformHosts.objects.filter(connection=connection, last_good=None).exclude(away_host="")
    if not fallen_back.exists():
        return False
    stored = locked(connection.pk)
    hosts = fallen_back.first()
    if stored is None or hosts is None:
        return False
    connection.platform_host = stored.platform_host
    if host not in host_holds.hosts_in_use(stored) or hosts.away_host == host_in_use(stored):
        return False
    fallen_back.update(**NOTHING_AWAY)
    use_host(stored, hosts.away_host, action="platform host used after all", reason=LAST_GOOD_IS_WRONG)
    connection.platform_host = stored.platform_host
    return True


def try_again(*, now: datetime) -> int:
    """Reach for the named hosts whose time has come, and go there where they answer. Nothing is asked of them yet: if
    they fail again, `fall_back` is called again. Returns how many are in use now.

    Must not be called inside a transaction.
    """
    organization_ids = list(Organization.objects.values_list("id", flat=True))
    with organization_scope(*organization_ids):
        of_enabled = PlatformHosts.objects.filter(connection__is_enabled=True)
        due = of_enabled.filter(away_until__lte=now, last_good=None).exclude(away_host="")
        found = list(
            due.select_related("connection").defer("connection__credentials").order_by("away_until")[:TRIED_AT_ONCE]
        )
    return sum(_try(hosts, now=now) for hosts in found)


def _try(hosts: PlatformHosts, *, now: datetime) -> bool:
    tries = hosts.away_tries + 1
    later: dict[str, Any] = {"away_until": now + min(FIRST_PAUSE * 2 ** min(tries - 1, 16), LONGEST_PAUSE)}
    with organization_scope(hosts.organization_id):
        of_connection = PlatformHosts.objects.filter(pk=hosts.pk, away_host=hosts.away_host, last_good=None)
        if not of_connection.filter(away_until=hosts.away_until).update(**later, away_tries=tries):
            return False  # somebody else is at it
    try:
        reach(at_host(hosts.connection.rest_url, hosts.away_host))
    except Failed as failed:
        with organization_scope(hosts.organization_id):
            of_connection.update(away_why=failed.finding.says[:500], away_at=now)
        return False
    with organization_scope(hosts.organization_id):
        connection = locked(hosts.pk)
        if connection is None or not of_connection.update(last_good=connection.platform_host):
            return False
        use_host(connection, hosts.away_host, action="platform host reached again", reason=ANSWERS_AGAIN)
    return True
