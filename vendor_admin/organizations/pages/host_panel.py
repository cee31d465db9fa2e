"""What a connection's page shows of its hosts: configured and in use, refused, the last wrong one, and the token."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from vendor_admin.organizations.connections.host_search import answer_of_platform
from vendor_admin.organizations.models import Connection, PlatformHosts, PlatformSession
from vendor_admin.organizations.platform_access.platform_hosts import host_in_use, problem_of_pointed_host
from vendor_admin.tradovate.api_hosts import Purpose, host_and_port

PURPOSES = {
    Purpose.DEMO: "DEMO orders and accounts",
    Purpose.LIVE: "LIVE orders and accounts",
    Purpose.MD_DEMO: "DEMO market data",
    Purpose.MD_LIVE: "LIVE market data",
    Purpose.REPLAY: "market replay",
    Purpose.REPORTING_DEMO: "DEMO reports",
    Purpose.REPORTING_LIVE: "LIVE reports",
}


@dataclass(frozen=True, slots=True)
class HostPanel:
    """`wrong` is None unless the last answer was of a host that does not serve the organization. `said` is what the
    platform told when it was asked for the right one, `problem` why the host that the answer pointed to cannot be used,
    empty where it can. `session` has the token's dates, None before the
    first login.
    """

    configured: str
    in_use: str
    hosts: PlatformHosts | None
    wrong: PlatformHosts | None
    said: str
    problem: str
    session: PlatformSession | None

    @property
    def is_moved(self) -> bool:
        """Whether calls go to another host than the configured one."""
        return self.in_use != self.configured

    @property
    def others(self) -> list[tuple[str, str]]:
        """The hosts named, by purpose."""
        named = self.hosts.named if self.hosts else {}
        return [(words, named[purpose]) for purpose, words in PURPOSES.items() if purpose in named]

    @property
    def refused(self) -> list[tuple[str, str, str]]:
        """Hosts of the newest answer that are not used: what for, what the platform said, why not."""
        refused = self.hosts.refused if self.hosts else []
        return [(PURPOSES.get(one["purpose"], "The list of hosts"), one["said"], one["why"]) for one in refused]

    @property
    def is_fallen_back(self) -> bool:
        """Whether calls go to the last good host, since the one that was named cannot be reached."""
        return self.hosts is not None and bool(self.hosts.away_host) and self.hosts.away_host != self.in_use

    @property
    def may_be_accepted(self) -> bool:
        """Whether a person may accept the host that was pointed to."""
        return self.wrong is not None and bool(self.wrong.points_to) and not self.problem


def host_panel(connection: Connection, *, now: datetime) -> HostPanel:
    """Two queries."""
    hosts = PlatformHosts.objects.filter(connection_id=connection.pk).first()
    wrong = hosts if hosts and hosts.wrong_at else None
    of_wrong = {"environment": connection.environment, "host": wrong.wrong_host} if wrong else {}
    return HostPanel(
        configured=host_and_port(connection.rest_url),
        in_use=host_in_use(connection),
        hosts=hosts,
        wrong=wrong,
        said=answer_of_platform(wrong, **of_wrong, now=now) if wrong else "",
        problem=problem_of_pointed_host(connection, wrong.points_to) if wrong and wrong.points_to else "",
        session=_session_of(connection),
    )


def _session_of(connection: Connection) -> Any:
    """The newest session at the configured address, without its token."""
    sessions = PlatformSession.objects.filter(rest_url=connection.rest_url, expires_at__isnull=False)
    return sessions.defer("token").order_by("-expires_at").first()
