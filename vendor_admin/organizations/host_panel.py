"""What a connection's page shows of its hosts: configured and in use, refused, the last wrong one, and the token."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from vendor_admin.organizations.models import Connection, PlatformHosts, PlatformSession
from vendor_admin.organizations.platform_hosts import host_in_use, problem_of_pointed_host
from vendor_admin.tradovate.api_hosts import host_and_port

RECENT = timedelta(hours=3)
"""A wrong host is tried again once an hour, so what is older than this is over."""


@dataclass(frozen=True, slots=True)
class HostPanel:
    """`wrong` is None unless a host answered lately that does not serve the organization; `problem` then says why the
    host that it pointed to cannot be used, and is empty where it can. `session` has the token's dates, None before the
    first login.
    """

    configured: str
    in_use: str
    hosts: PlatformHosts | None
    wrong: PlatformHosts | None
    problem: str
    session: PlatformSession | None

    @property
    def is_moved(self) -> bool:
        """Whether calls go to another host than the configured one."""
        return self.in_use != self.configured

    @property
    def others(self) -> list[tuple[str, str]]:
        """The hosts named, by purpose."""
        return sorted(self.hosts.named.items()) if self.hosts else []

    @property
    def may_be_accepted(self) -> bool:
        """Whether a person may accept the host that was pointed to."""
        return self.wrong is not None and bool(self.wrong.points_to) and not self.problem


def host_panel(connection: Connection, *, now: datetime) -> HostPanel:
    """Two queries."""
    hosts = PlatformHosts.objects.filter(connection_id=connection.pk).first()
    wrong = hosts if hosts and hosts.wrong_at and hosts.wrong_at > now - RECENT else None
    return HostPanel(
        configured=host_and_port(connection.rest_url),
        in_use=host_in_use(connection),
        hosts=hosts,
        wrong=wrong,
        problem=problem_of_pointed_host(connection, wrong.points_to) if wrong and wrong.points_to else "",
        session=_session_of(connection),
    )


def _session_of(connection: Connection) -> Any:
    """The newest session at the configured address, without its token."""
    sessions = PlatformSession.objects.filter(rest_url=connection.rest_url, expires_at__isnull=False)
    return sessions.defer("token").order_by("-expires_at").first()
