"""Connections whose host refuses them, cannot be reached, or is not believed, in every organization in scope."""

from datetime import datetime

from django.db.models import Q
from django.urls import reverse

from vendor_admin.notices.conditions.condition import Condition
from vendor_admin.notices.models import NoticeKind
from vendor_admin.organizations.models import PlatformHosts
from vendor_admin.organizations.platform_access.platform_hosts import host_in_use, refused_host
from vendor_admin.tradovate.trading_calendar import clock_times

_TRY = "Press Check connection on its page; what the platform named, and where it pointed, stands there."


def hosts_in_trouble(now: datetime) -> list[Condition]:
    """One for each connection in use, until a host works. One query."""
    is_wrong = Q(wrong_at__isnull=False) | ~Q(away_host="") | ~Q(refused=[])
    rows = PlatformHosts.objects.filter(is_wrong, connection__is_enabled=True, connection__removed_at=None)
    rows = rows.select_related("connection").defer("connection__credentials").order_by("pk")
    return [found for hosts in rows if (found := _condition(hosts)) is not None]


def _condition(hosts: PlatformHosts) -> Condition | None:
    connection, name = hosts.connection, hosts.connection.environment.upper()
    in_use, refused = host_in_use(connection), refused_host(hosts, environment=connection.environment)
    if hosts.wrong_at is not None:
        title = f"{hosts.wrong_host} does not serve this organization's {name}"
        led = f" and pointed to {hosts.points_to}" if hosts.points_to else ""
        text = f"It answered {hosts.wrong_status}{led} at {clock_times(hosts.wrong_at)}. Calls and sockets wait."
    elif hosts.away_host and hosts.away_host != in_use:
        title = f"The host that the platform named for {name} cannot be reached"
        text = f"{hosts.away_host}: {hosts.away_why}. Calls and sockets go to {in_use}, the last good host."
    elif refused:
        title = f"The host that the platform named for {name} is not used"
        text = f"“{refused['said']}”: {refused['why']}. Calls and sockets go to {in_use}."
    else:
        return None
    return Condition(
        organization_id=hosts.organization_id,
        kind=NoticeKind.WRONG_HOST,
        subject=connection.environment,
        title=title,
        text=text,
        next_step=f"{_TRY} If it lasts, ask the platform's support for the organization's host.",
        path=reverse("admin:organizations_connection_change", args=[connection.pk]),
    )
