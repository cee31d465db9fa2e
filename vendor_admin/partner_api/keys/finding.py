"""Finds the API key of a request, and what the programs behind keys may do now."""

import ipaddress
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import cache

from django.db import DEFAULT_DB_ALIAS
from django.db.models import Model
from django.utils import timezone

from vendor_admin.organizations.actors import Actor
from vendor_admin.organizations.models import Organization
from vendor_admin.organizations.programs import Origin
from vendor_admin.organizations.roles import Right
from vendor_admin.organizations.tenancy.scope import ask_in_scope, organization_scope
from vendor_admin.partner_api.access.credentials import Leaked
from vendor_admin.partner_api.access.last_use import MAY_BE_LOST, is_used_anew, note_use
from vendor_admin.partner_api.authentication import AddressRefused, CredentialRefused, Token
from vendor_admin.partner_api.keys import text
from vendor_admin.partner_api.keys.verbs import revoke_key
from vendor_admin.partner_api.models import ApiKey
from vendor_admin.partner_api.scopes import rights_of_scopes

DOOR = Actor.system("partner API", label="the partner API")


def find_key(key: str, *, address: str, now: datetime) -> ApiKey | None:
    """Return the row of a key that works now for whoever calls from `address`; None where there is no such key.

    Raises CredentialRefused where the key is known and may not be used. One trip to the server.
    """
    found = lookup(key)
    if found is None:
        return None
    why, code = _why_refused(found, key, now=now)
    if why:
        raise CredentialRefused(why, code=code, key_id=found.public_id)
    if not may_call_from(found.allowed_addresses, address):
        detail = f"This API key may not be used from {address or 'an address that cannot be read'}."
        raise AddressRefused(detail, key_id=found.public_id)
    return found


def lookup(key: str) -> ApiKey | None:
    """Return the row of a key, whether it works or not, with its organization. One trip to the server."""
    organization_id = text.organization_id_of(key)
    if organization_id is None:
        return None
    parameters = {"organization": organization_id, "digest": text.digest(key)}
    rows = ask_in_scope(organization_id, _key_and_organization(), parameters)
    if not rows:
        return None
    columns = len(ApiKey._meta.concrete_fields)
    found = ApiKey.from_db(DEFAULT_DB_ALIAS, _names(ApiKey), rows[0][:columns])
    found.organization = Organization.from_db(DEFAULT_DB_ALIAS, _names(Organization), rows[0][columns:])
    return found


@cache
def _key_and_organization() -> str:
    """The query for a key. Each request asks it: Django would take longer to write it than the server to answer."""
    columns = [f'k."{field.column}"' for field in ApiKey._meta.concrete_fields]
    columns += [f'o."{field.column}"' for field in Organization._meta.concrete_fields]
    tables = f"{ApiKey._meta.db_table} k JOIN {Organization._meta.db_table} o ON o.id = k.organization_id"
    return (
        f"SELECT {', '.join(columns)} FROM {tables} WHERE k.organization_id = %(organization)s"  # noqa: S608 - our names
        " AND (k.digest = %(digest)s OR k.previous_digest = %(digest)s) ORDER BY k.id DESC LIMIT 1"
    )


@cache
def _names(model: type[Model]) -> list[str]:
    return [field.attname for field in model._meta.concrete_fields]


def may_call_from(allowed: Iterable[str], address: str) -> bool:
    """Whether a caller's address is within what a key allows: addresses and networks; an empty list allows all."""
    networks = [ipaddress.ip_network(one, strict=False) for one in allowed]
    if not networks:
        return True
    try:
        caller = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(caller in network for network in networks)


def _why_refused(found: ApiKey, key: str, *, now: datetime) -> tuple[str, str]:
    """Why a key works for nobody, for people and as a code; empty where it works."""
    if found.is_test and not found.organization.is_simulated:
        return "This is a test key, and its organization is real.", "test_key"
    if not found.is_test and found.organization.test_of_id is not None:
        return "This is a live key, and its organization is for tests.", "live_key"
    if found.revoked_at is not None:
        return "This API key was revoked. Use another one.", "key_revoked"
    if found.expires_at is not None and found.expires_at <= now:
        return "This API key has expired. Use another one.", "key_expired"
    if not found.is_text(text.digest(key), now=now):
        return "This API key was replaced by a new one. Use that one.", "key_replaced"
    return "", ""


class ApiKeys:
    """The partner API's door for API keys (settings.PARTNER_API_CREDENTIALS)."""

    id_prefix = "key_"

    def organization_id_of(self, credential: str) -> int | None:
        return text.organization_id_of(credential)

    def find(self, credential: str, *, address: str, now: datetime) -> Token | None:
        key = find_key(credential, address=address, now=now)
        if key is None:
            return None
        if is_used_anew(key, now=now):
            with organization_scope(key.organization_id, settings=MAY_BE_LOST):
                note_use(key, now=now)
        return Token(
            actor=key.actor,
            name=key.name,
            organization=key.organization,
            scopes=tuple(key.scopes),
            expires_at=key.expires_at,
            version=key.version,
            is_test=key.is_test,
            key_id=key.public_id,
        )

    def end_leaked(self, credential: str, *, now: datetime, request_id: str) -> Leaked | None:
        key = lookup(credential)
        if key is None or not key.works(now=now) or not key.is_text(text.digest(credential), now=now):
            return None
        if key.is_revoked_when_leaked:
            revoke_key(key=key, actor=DOOR, now=now, reason="It was sent in an address.", request_id=request_id)
        return Leaked(key.organization, key.actor, is_ended=key.is_revoked_when_leaked)

    def rights_of(self, ids: Iterable[str]) -> Mapping[str, frozenset[Right]]:
        keys = ApiKey.objects.filter(ApiKey.working(now=timezone.now()), public_id__in=ids)
        return {public_id: rights_of_scopes(scopes) for public_id, scopes in keys.values_list("public_id", "scopes")}

    def labels(self) -> Mapping[str, str]:
        return {key.public_id: key.actor.label for key in ApiKey.objects.only("public_id", "name")}

    def origins(self) -> Mapping[str, Origin]:
        keys = ApiKey.objects.only("public_id", "created_by", "created_at", "rolled_by", "rolled_at")
        return {
            key.public_id: Origin(frozenset({key.created_by, key.rolled_by} - {""}), key.rolled_at or key.created_at)
            for key in keys
        }


API_KEYS = ApiKeys()
