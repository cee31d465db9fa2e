"""What may stand in the fields of a connection, seen together with its organization."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from vendor_admin.errors import InvalidFields
from vendor_admin.organizations.encryption import UndecryptableError
from vendor_admin.organizations.models import Connection, Organization
from vendor_admin.organizations.platform_access.addresses import (
    complete_credentials,
    normal_url,
    problem_of_entity_types,
    problems_of_addresses,
)
from vendor_admin.organizations.platform_access.network_policy import is_of_sandbox, problems_of_places
from vendor_admin.organizations.tenancy.scope import organization_scope

CHANGEABLE = ("rest_url", "websocket_url", "credentials", "entity_types", "sharding", "shard_count", "is_enabled")


def refuse_forbidden_places(organization: Organization, values: Mapping[str, Any]) -> None:
    """Raise InvalidFields if an address leads where it may not. Before any lock: it asks the name server."""
    addresses = {name: normal_url(values.get(name) or "") for name in ("rest_url", "websocket_url")}
    if problems := problems_of_places(organization, addresses):
        raise InvalidFields.from_texts(problems)


def checked_fields(
    *,
    organization: Organization,
    environment: str,
    values: Mapping[str, Any],
    known_credentials: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """All changeable fields in their stored form. Raises InvalidFields with everything that is wrong."""
    unknown = values.keys() - set(CHANGEABLE)
    if unknown:
        raise TypeError(f"not fields of a connection: {', '.join(sorted(unknown))}")
    fields: dict[str, Any] = {
        "rest_url": normal_url(values.get("rest_url") or ""),
        "websocket_url": normal_url(values.get("websocket_url") or ""),
        "entity_types": list(dict.fromkeys(values.get("entity_types") or [])),
        "sharding": values.get("sharding") or "",
        "shard_count": int(values.get("shard_count") or 1),
        "is_enabled": bool(values.get("is_enabled", True)),
    }
    problems = _problems(organization=organization, environment=environment, fields=fields)
    try:
        fields["credentials"] = complete_credentials(
            values.get("credentials") or {},
            known=known_credentials,
            others=_credentials_of_others(organization, environment=environment),
        )
    except InvalidFields as error:
        problems |= error.texts
    if problems:
        raise InvalidFields.from_texts(problems)
    return fields


def _credentials_of_others(organization: Organization, *, environment: str) -> list[Mapping[str, Any]]:
    """Of the organization's connections to other environments; without those that can no longer be decrypted."""
    if not organization.pk:
        return []
    with organization_scope(organization.pk):
        found: list[Mapping[str, Any]] = []
        for other in Connection.objects.exclude(environment=environment):
            with suppress(UndecryptableError):
                found.append(other.credentials)
        return found


def _problems(*, organization: Organization, environment: str, fields: Mapping[str, Any]) -> dict[str, str]:
    addresses = {name: fields[name] for name in ("rest_url", "websocket_url")}
    problems = problems_of_addresses(environment=environment, may_be_plain=is_of_sandbox, **addresses)
    if organization.is_simulated and not problems and not all(is_of_sandbox(url) for url in addresses.values()):
        problems["rest_url"] = (
            f"{organization.name} is demo data, which may only be connected to a sandbox on this machine. "
            "Connect the real platform under another slug."
        )
    if text := problem_of_entity_types(fields["entity_types"]):
        problems["entity_types"] = text
    if fields["sharding"] not in Connection.Sharding.values:
        problems["sharding"] = "Sharding is modAccountId, modUserId, or nothing for one socket."
    elif not 1 <= fields["shard_count"] <= 50:
        problems["shard_count"] = "Between 1 and 50 sockets: the platform allows 50 connections a user."
    elif fields["shard_count"] > 1 and not fields["sharding"]:
        problems["sharding"] = "Several sockets need an expression: sharding modAccountId or modUserId."
    return problems
