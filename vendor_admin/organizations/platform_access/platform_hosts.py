"""The hosts that the platform names for a connection: learned from its answers, kept, and changed by staff.

An answer to a login, a renewal or a change of credentials may name them; each field that it names replaces the known
one, if it is believed (`places.host_rules`), and what it leaves out stays. The host in use is the one named for the
connection's environment, else the configured one; it never follows from another host, nor from a redirect alone.
"""

import enum
from dataclasses import asdict
from datetime import datetime
from typing import Any

import structlog
from django.db.models import F

from vendor_admin.errors import InvalidFields, NotAllowed
from vendor_admin.organizations import audit
from vendor_admin.organizations.actors import Actor, rights_of
from vendor_admin.organizations.models import Connection, PlatformHosts
from vendor_admin.organizations.platform_access import host_holds
from vendor_admin.organizations.platform_access.network_policy import host_rules
from vendor_admin.organizations.roles import Right
from vendor_admin.organizations.tenancy.scope import organization_scope
from vendor_admin.tradovate.api_hosts import ApiHosts, Purpose, at_host, check_hosts, host_and_port, problem_of_host
from vendor_admin.tradovate.outcomes import WrongHost

log = structlog.get_logger()

ACTOR = Actor.system("platform hosts", label="Vendor Admin")
NAMED = "The platform named it for this organization."
MAY_NOT = "{} may not {}. An owner of the organization can change that."


class Told(enum.StrEnum):
    """What the platform told of a host when it was asked for the right one."""

    NAMED = "named"  # this very one
    CONFIRMED = "confirmed"  # it answers renewals, and names no other
    REFUSED = "refused"  # another, which is not believed
    NOTHING = "lost"


def learn(*, connection_id: int, version: int, api_hosts: ApiHosts, now: datetime) -> bool:
    """Keep the hosts that an answer to a connection's credentials named; True if the host in use is another now.

    `version` is the connection's when it was read: what a changed connection's old credentials were told is dropped.
    Must run inside the organization's scope, in the transaction that stores the answer.
    """
    if not api_hosts:
        return False
    connection = locked(connection_id, version=version)
    if connection is None:
        return False
    rules = host_rules(connection.organization, rest_url=connection.rest_url)
    checked = check_hosts(api_hosts, rules=rules)
    hosts = _hosts_of(connection)
    hosts.named = hosts.named | {purpose.value: host for purpose, host in checked.hosts.items()}
    hosts.learned_at = now if checked.hosts else hosts.learned_at
    hosts.refused = [asdict(refused) for refused in checked.refused]
    hosts.refused_at = now if checked.refused else None
    named = checked.hosts.get(Purpose(connection.environment))
    has_moved = named is not None and _take_named(connection, hosts, host=named)
    if named is not None:
        host_holds.release(connection, host=named)
        hosts.search_host, hosts.search_result, hosts.search_at = named, Told.NAMED, now
    hosts.save()
    if checked.refused:
        log.warning("hosts refused", connection=str(connection), refused=hosts.refused)
    return has_moved


def note_wrong_host(*, connection_id: int, answer: WrongHost, host: str, now: datetime) -> None:
    """Keep that a host does not serve the organization, and where it pointed, for people to see.

    An answer that points nowhere, like a socket's, leaves standing where an earlier one pointed. Must run inside the
    organization's scope.
    """
    connection = locked(connection_id)
    if connection is not None:
        seen: dict[str, Any] = {"wrong_host": host, "wrong_status": answer.status, "wrong_at": now}
        if answer.points_to:
            seen["points_to"] = answer.points_to
        identity: dict[str, Any] = {"connection": connection, "organization_id": connection.organization_id}
        PlatformHosts.objects.update_or_create(**identity, defaults=seen)


def note_works(*, connection_id: int, organization_id: int, host: str) -> None:
    """Keep that a host serves the organization: a socket is live there, or a call was answered. One query where that is
    no news.
    """
    with organization_scope(organization_id):
        hosts = PlatformHosts.objects.filter(connection_id=connection_id).first()
        if hosts is None or not (hosts.last_good is not None or hosts.away_host or hosts.wrong_at or hosts.refused):
            return
        connection = locked(connection_id)
        if connection is None or host not in host_holds.hosts_in_use(connection):
            return
        over: dict[str, Any] = {"last_good": None, "refused": [], "refused_at": None} | _NOTHING_WRONG
        if hosts.away_host == host:
            over |= NOTHING_AWAY
        PlatformHosts.objects.filter(pk=hosts.pk).update(**over)
        host_holds.release(connection, host=host)


def problem_of_pointed_host(connection: Connection, host: str) -> str:
    """Why a host that an answer pointed to cannot be used; empty if a person may accept it."""
    if host_and_port(at_host(connection.rest_url, host)) == host_in_use(connection):
        return "this is the host in use"
    return problem_of_host(host, rules=host_rules(connection.organization, rest_url=connection.rest_url))


def accept_pointed_host(
    *, connection: Connection, host: str, actor: Actor, reason: str = "", request_id: str = ""
) -> Connection:
    """Use the host that a wrong host's answer pointed to, as a person decided. Sockets move there within seconds.

    Raises InvalidFields if the answer that was shown is not the newest any more, or its host is not allowed;
    NotAllowed for an actor who may not manage connections.
    """
    right = Right.MANAGE_CONNECTIONS
    if right not in rights_of([actor.key], organization_id=connection.organization_id)[actor.key]:
        raise NotAllowed(MAY_NOT.format(actor, right.value), rights=[right.value])
    with organization_scope(connection.organization_id):
        stored = locked(connection.pk)
        hosts = PlatformHosts.objects.filter(connection=connection).first()
        if stored is None or hosts is None or not host or hosts.points_to != host:
            raise InvalidFields.from_texts(
                {"host": "No answer points to this host any more. Look at the connection again."}
            )
        if problem := problem_of_pointed_host(stored, host):
            raise InvalidFields.from_texts({"host": f"{host} cannot be used: {problem}."})
        before = host_in_use(stored)
        Connection.objects.filter(id=stored.pk).update(
            platform_host=_as_stored(stored, host), version=F("version") + 1, checked_at=None, check_report=[]
        )
        over = _NOTHING_WRONG | _NOTHING_SEARCHED | NOTHING_AWAY | {"refused": [], "refused_at": None}
        PlatformHosts.objects.filter(pk=hosts.pk).update(
            accepted_by=actor.key[:200], last_good=_last_good_before(stored, hosts), **over
        )
        audit.record(
            organization=stored.organization,
            actor=actor,
            action="platform host accepted",
            subject=str(stored),
            old={"host": before},
            new={"host": host, "pointed_to_by": hosts.wrong_host, "status": hosts.wrong_status},
            reason=reason,
            request_id=request_id,
        )
        return Connection.objects.select_related("organization").get(id=stored.pk)


def platform_host_of(*, connection_id: int, organization_id: int) -> str:
    """The host that a connection uses in place of the configured one, read afresh; empty for the configured one."""
    with organization_scope(organization_id):
        found = Connection.objects.filter(id=connection_id).values_list("platform_host", flat=True)
        return found.first() or ""


def refused_host(hosts: PlatformHosts, *, environment: str) -> dict[str, str]:
    """The host named for an environment, or the whole list of hosts, that is not used; empty if there is none."""
    return next((one for one in hosts.refused if one["purpose"] in (environment, "apiHosts")), {})


def last_good_url(connection: Connection) -> str:
    """The REST address before the host in use was named, while that has not worked; empty if there is none.

    Must run inside the organization's scope.
    """
    found = PlatformHosts.objects.filter(connection=connection, last_good__isnull=False)
    before = found.values_list("last_good", flat=True).first()
    return "" if before is None else at_host(connection.rest_url, before)


def host_in_use(connection: Connection) -> str:
    """The host (or `host:port`) that calls of a connection go to."""
    return host_and_port(connection.rest_url_in_use)


NOTHING_AWAY: dict[str, Any] = {
    "away_host": "",
    "away_why": "",
    "away_at": None,
    "away_until": None,
    "away_tries": 0,
}
_NOTHING_WRONG: dict[str, Any] = {
    "wrong_host": "",
    "wrong_status": None,
    "wrong_at": None,
    "points_to": "",
}
_NOTHING_SEARCHED: dict[str, Any] = {"search_host": "", "search_result": "", "search_at": None}


def locked(connection_id: int, *, version: int | None = None) -> Connection | None:
    """A connection that nobody else changes before the transaction's end, nor its hosts: it is locked before them."""
    wanted = Connection.objects.select_for_update(of=("self",)).select_related("organization").defer("credentials")
    found = wanted.filter(id=connection_id)
    return (found if version is None else found.filter(version=version)).first()


def _hosts_of(connection: Connection) -> PlatformHosts:
    known = PlatformHosts.objects.filter(connection=connection).first()
    return known or PlatformHosts(connection=connection, organization_id=connection.organization_id)


def _take_named(connection: Connection, hosts: PlatformHosts, *, host: str) -> bool:
    """Take a named host into use; False if it is the one in use already, or cannot be reached for now."""
    if host == hosts.away_host and hosts.last_good is None:
        return False
    if host != hosts.away_host:
        _set(hosts, NOTHING_AWAY)
    stored = _as_stored(connection, host)
    if stored == _as_stored(connection, connection.platform_host):
        return False
    hosts.last_good = _last_good_before(connection, hosts)
    hosts.accepted_by = ""
    _set(hosts, _NOTHING_WRONG | _NOTHING_SEARCHED)
    use_host(connection, stored, action="platform host learned", reason=NAMED)
    return True


def use_host(connection: Connection, stored: str, *, action: str, reason: str) -> None:
    """Let calls and tokens of a connection that is locked go to another host (empty: the configured one), with an entry
    in the audit log. `connection` has it from then on.
    """
    before, connection.platform_host = host_in_use(connection), stored
    Connection.objects.filter(id=connection.pk).update(platform_host=stored)
    audit.record(
        organization=connection.organization,
        actor=ACTOR,
        action=action,
        subject=str(connection),
        old={"host": before},
        new={"host": host_in_use(connection)},
        reason=reason,
    )
    log.info(action, connection=str(connection), before=before, host=host_in_use(connection))


def _last_good_before(connection: Connection, hosts: PlatformHosts) -> str | None:
    """The platform_host to fall back to where the next host cannot be reached; None where the one in use is wrong."""
    if hosts.wrong_host and hosts.wrong_host in host_holds.hosts_in_use(connection):
        return None
    return connection.platform_host if hosts.last_good is None else hosts.last_good


def _set(hosts: PlatformHosts, values: dict[str, Any]) -> None:
    for name, value in values.items():
        setattr(hosts, name, value)


def _as_stored(connection: Connection, host: str) -> str:
    """A host as the connection keeps it, in its one spelling: empty where both configured addresses name it."""
    normal = host and host_and_port(at_host(connection.rest_url, host))
    configured = {host_and_port(connection.rest_url), host_and_port(connection.websocket_url)}
    return "" if configured == {normal} else normal
