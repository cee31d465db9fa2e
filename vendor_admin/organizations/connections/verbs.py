"""Verbs on connections. Each change raises `version`, which makes hubs reopen their sockets, and is written to the
audit."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Now

from vendor_admin.errors import InvalidFields
from vendor_admin.organizations import audit
from vendor_admin.organizations.actors import Actor
from vendor_admin.organizations.connections.fields import CHANGEABLE, checked_fields, refuse_forbidden_places
from vendor_admin.organizations.models import Connection, Organization, PlatformHosts, PlatformSession
from vendor_admin.organizations.platform_access.addresses import is_same_key
from vendor_admin.organizations.tenancy.scope import organization_scope
from vendor_admin.tradovate.api_hosts import origin_of

__all__ = [
    "add_connection",
    "connect_organization",
    "pause_connection",
    "remove_connection",
    "repoint_connection",
    "request_check",
    "resume_connection",
    "update_connection",
]

# A check that waits longer is dropped.
CHECK_EXPIRES_SECONDS = 60
# As long as a check may wait and then take (connection_check.CHECK_SECONDS).
CHECK_PENDING = timedelta(seconds=CHECK_EXPIRES_SECONDS + 60)
_SECRETS = ("password", "sec")
_ELSEWHERE = "Another scheme, host or port: type the secrets of the API key that is meant for it."


def connect_organization(
    *,
    slug: str,
    environment: str,
    actor: Actor,
    name: str = "",
    is_simulated: bool = False,
    test_of: Organization | None = None,
    **values: Any,
) -> tuple[Connection, bool]:
    """Add or update the connection of an organization, making the organization if it is new.

    `test_of` makes a new one the test organization of that firm.
    `values` are fields of Connection (see `add_connection`). Returns the connection and whether it is new; raises
    InvalidFields, and then nothing has been made.
    """
    known = Organization.objects.filter(slug=slug).first()
    organization = known or Organization(
        slug=slug, name=name or _name_from(slug), is_simulated=is_simulated, test_of=test_of
    )
    refuse_forbidden_places(organization, values)
    with transaction.atomic():
        if known is None:
            checked_fields(organization=organization, environment=environment, values=values)
            _add(organization, actor=actor)
        return _add_or_update(organization, environment=environment, actor=actor, values=values)


def add_connection(
    *,
    organization: Organization,
    environment: str,
    actor: Actor,
    reason: str = "",
    request_id: str = "",
    **values: Any,
) -> Connection:
    """Store a new connection. Needs `rest_url`, `websocket_url`, `credentials`; may give the other fields in
    CHANGEABLE.

    Raises InvalidFields. Hubs open its sockets within seconds.
    """
    refuse_forbidden_places(organization, values)
    with organization_scope(organization.pk):
        if Connection.objects.filter(environment=environment).exists():
            text = f"{organization} has a {environment.upper()} connection already: change that one."
            raise InvalidFields.from_texts({"environment": text})
        return _add_connection(
            organization, environment=environment, values=values, actor=actor, reason=reason, request_id=request_id
        )


def update_connection(
    *,
    connection: Connection,
    changes: Mapping[str, Any],
    actor: Actor,
    action: str = "connection changed",
    reason: str = "",
    request_id: str = "",
) -> Connection:
    """Change fields of a connection (those in CHANGEABLE) and raise its version. Without a difference nothing happens.

    Another origin of `rest_url` needs the password and `sec` again. Raises InvalidFields.
    """
    if changes.keys() & {"rest_url", "websocket_url"} or changes.get("is_enabled"):
        addresses = {name: getattr(connection, name) for name in ("rest_url", "websocket_url")}
        refuse_forbidden_places(connection.organization, addresses | dict(changes))
    with organization_scope(connection.organization_id):
        return _change_connection(
            connection, changes=changes, actor=actor, action=action, reason=reason, request_id=request_id
        )


def pause_connection(*, connection: Connection, actor: Actor, reason: str = "", request_id: str = "") -> Connection:
    """Let its sockets be closed within seconds. The token stays."""
    return update_connection(
        connection=connection,
        changes={"is_enabled": False},
        actor=actor,
        action="connection paused",
        reason=reason,
        request_id=request_id,
    )


def resume_connection(*, connection: Connection, actor: Actor, reason: str = "", request_id: str = "") -> Connection:
    """Let its sockets be opened again."""
    return update_connection(
        connection=connection,
        changes={"is_enabled": True},
        actor=actor,
        action="connection resumed",
        reason=reason,
        request_id=request_id,
    )


def repoint_connection(
    *,
    connection: Connection,
    rest_url: str,
    websocket_url: str,
    credentials: Mapping[str, Any],
    actor: Actor,
    reason: str = "",
    request_id: str = "",
) -> Connection:
    """Move a connection to other addresses, as from staging to production, with the credentials that are good there.

    Raises InvalidFields.
    """
    return update_connection(
        connection=connection,
        changes={"rest_url": rest_url, "websocket_url": websocket_url, "credentials": credentials},
        actor=actor,
        action="connection re-pointed",
        reason=reason,
        request_id=request_id,
    )


def request_check(*, connection: Connection, now: datetime) -> bool:
    """Note that a check was asked for; False while an earlier one may still be waiting or under way.

    The caller sends the task. Must run inside the organization's scope.
    """
    is_none_pending = Q(check_requested_at=None) | Q(check_requested_at__lte=now - CHECK_PENDING)
    return bool(Connection.objects.filter(is_none_pending, id=connection.pk).update(check_requested_at=now))


def remove_connection(*, connection: Connection, actor: Actor, reason: str = "", request_id: str = "") -> None:
    """Forget how a paused connection reached the platform: its credentials and its token are erased.

    What was received stays, and the time from now on is a gap, which ends when the environment is connected again.
    Raises InvalidFields while the connection is not paused.
    """
    with organization_scope(connection.organization_id):
        stored = Connection.objects.select_for_update(of=("self",)).select_related("organization").get(id=connection.pk)
        if stored.is_enabled:
            raise InvalidFields.from_texts({"is_enabled": f"{stored} is in use: pause it first, then remove it."})
        PlatformSession.objects.filter(rest_url=stored.rest_url).delete()
        PlatformHosts.objects.filter(connection=stored).delete()
        gone: dict[str, Any] = {"credentials": {}, "checked_at": None, "check_report": [], "check_requested_at": None}
        gone |= {"platform_host": ""}
        Connection.objects.filter(id=stored.pk).update(removed_at=Now(), version=F("version") + 1, **gone)
        audit.record(
            organization=stored.organization,
            actor=actor,
            action="connection removed",
            subject=str(stored),
            old={name: getattr(stored, name) for name in CHANGEABLE},
            reason=reason,
            request_id=request_id,
        )


def _add(organization: Organization, *, actor: Actor) -> None:
    organization.save()
    with organization_scope(organization.pk):
        audit.record(
            organization=organization,
            actor=actor,
            action="organization added",
            subject=organization.slug,
            new={"name": organization.name, "is_simulated": organization.is_simulated, **_test_of(organization)},
        )


def _test_of(organization: Organization) -> dict[str, str]:
    return {"test_of": organization.test_of.slug} if organization.test_of else {}


def _add_connection(
    organization: Organization,
    *,
    environment: str,
    values: Mapping[str, Any],
    actor: Actor,
    reason: str = "",
    request_id: str = "",
) -> Connection:
    fields = checked_fields(organization=organization, environment=environment, values=values)
    removed = Connection.unscoped.filter(
        organization=organization, environment=environment, removed_at__isnull=False
    ).first()
    if removed is None:
        connection = Connection.objects.create(organization=organization, environment=environment, **fields)
    else:
        Connection.unscoped.filter(id=removed.pk).update(removed_at=None, version=F("version") + 1, **fields)
        connection = Connection.objects.select_related("organization").get(id=removed.pk)
    audit.record(
        organization=organization,
        actor=actor,
        action="connection added",
        subject=str(connection),
        new=fields,
        reason=reason,
        request_id=request_id,
    )
    return connection


def _change_connection(
    connection: Connection,
    *,
    changes: Mapping[str, Any],
    actor: Actor,
    action: str = "connection changed",
    reason: str = "",
    request_id: str = "",
) -> Connection:
    stored = Connection.objects.select_for_update(of=("self",)).select_related("organization").get(id=connection.pk)
    before = {name: getattr(stored, name) for name in CHANGEABLE}
    after = before | dict(changes)
    if changes != {"is_enabled": False}:  # whatever is wrong with a connection, it can be paused
        after = checked_fields(
            organization=stored.organization,
            environment=stored.environment,
            values=after,
            known_credentials=before["credentials"],
        )
        _keep_secrets_at_their_origin(before, after, given=changes.get("credentials") or {})
    changed = {name: value for name, value in after.items() if value != before[name]}
    if not changed:
        return stored
    if changed.keys() - {"is_enabled"}:
        changed |= {"checked_at": None, "check_report": []}
    if changed.keys() & {"rest_url", "websocket_url"} or not is_same_key(before["credentials"], after["credentials"]):
        # What the platform told these credentials at these addresses says nothing about others.
        PlatformHosts.objects.filter(connection=stored).delete()
        changed |= {"platform_host": ""}
    Connection.objects.filter(id=stored.pk).update(version=F("version") + 1, **changed)
    audit.record(
        organization=stored.organization,
        actor=actor,
        action=action,
        subject=str(stored),
        old={name: before[name] for name in changed if name in before},
        new={name: value for name, value in changed.items() if name in before},
        reason=reason,
        request_id=request_id,
    )
    return Connection.objects.select_related("organization").get(id=stored.pk)


def _keep_secrets_at_their_origin(
    before: Mapping[str, Any], after: Mapping[str, Any], *, given: Mapping[str, Any]
) -> None:
    """Raise InvalidFields if stored secrets would be sent where they were not given for."""
    missing = {name: _ELSEWHERE for name in _SECRETS if not given.get(name)}
    if missing and origin_of(after["rest_url"]) != origin_of(before["rest_url"]):
        raise InvalidFields.from_texts(missing)


def _add_or_update(
    organization: Organization, *, environment: str, actor: Actor, values: Mapping[str, Any]
) -> tuple[Connection, bool]:
    with organization_scope(organization.pk):
        connection = Connection.objects.filter(environment=environment).first()
        if connection is not None:
            return _change_connection(connection, actor=actor, changes=values), False
        return _add_connection(organization, environment=environment, actor=actor, values=values), True


def _name_from(slug: str) -> str:
    return slug.replace("-", " ").replace("_", " ").title()
