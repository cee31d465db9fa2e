"""A platform that names hosts, and what is known of them."""

import re
from datetime import datetime, timedelta
from typing import Any

from vendor_admin.organizations.models import AuditEntry, Connection, PlatformHosts
from vendor_admin.organizations.platform_access import tokens
from vendor_admin.organizations.tenancy.scope import organization_scope
from vendor_admin.tradovate.api_hosts import read_api_hosts
from vendor_admin.tradovate.enums import NotSentKind
from vendor_admin.tradovate.outcomes import NotSent
from vendor_admin.tradovate.rest.authentication import AccessToken

SHARED, ALPHA7, ALPHA8 = "demo.tradovateapi.com", "demo-alpha7.ninjatrader.com", "demo-alpha8.ninjatrader.com"
ADDRESSES = {"rest_url": f"https://{SHARED}/v1", "websocket_url": f"wss://{SHARED}/v1/websocket"}
GONE = NotSent(NotSentKind.DNS, "the name is not known")


class Platform:
    """Answers logins and renewals as each host is told; `asked` is what it was asked, in order."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.answers: dict[str, Any] = {}
        self.named: Any = None
        self.asked: list[tuple[str, str]] = []

    def log_in(self, client: object, *_: object, **__: object) -> Any:
        return self._answer("login", client)

    def renew(self, client: object, *_: object, **__: object) -> Any:
        return self._answer("renewal", client)

    def _answer(self, what: str, client: object) -> Any:
        (host,) = re.findall(r"//([^/]+)/", repr(client))
        self.asked.append((what, host))
        if host in self.answers:
            return self.answers[host]
        hosts = read_api_hosts({} if self.named is None else {"apiHosts": self.named})
        return AccessToken(f"token-{len(self.asked)}", self.now + timedelta(minutes=80), 4001, "a", hosts)


def ids(connection: Connection) -> dict[str, int]:
    return {"connection_id": connection.pk, "organization_id": connection.organization_id}


def sign_in(connection: Connection, platform: Platform, *, minutes: float = 0.0, named: Any = None) -> Connection:
    """Ask for a token so long after the first login, while the platform names these hosts."""
    platform.named, start = named, platform.now
    platform.now += timedelta(minutes=minutes)
    tokens.access_token(**ids(connection), now=platform.now)
    platform.now = start
    return reload(connection)


def reload(connection: Connection) -> Connection:
    with organization_scope(connection.organization_id):
        return Connection.objects.select_related("organization").get(pk=connection.pk)


def hosts_of(connection: Connection) -> PlatformHosts:
    with organization_scope(connection.organization_id):
        return PlatformHosts.objects.get(connection=connection)


def audit_of(connection: Connection) -> list[tuple[str, str, dict[str, Any], dict[str, Any]]]:
    with organization_scope(connection.organization_id):
        return [(one.actor, one.action, one.old, one.new) for one in AuditEntry.objects.order_by("id")]
