"""Verbs on API keys: made, rolled, revoked. The text of a key is returned once, and can never be read again."""

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from vendor_admin.errors import Conflict, Fault, InvalidFields
from vendor_admin.organizations import audit
from vendor_admin.organizations.actors import Actor
from vendor_admin.organizations.models import Organization
from vendor_admin.organizations.tenancy.scope import organization_scope
from vendor_admin.organizations.test_organizations import find_test_organization
from vendor_admin.partner_api.access.leaks import settle_leaks
from vendor_admin.partner_api.keys import text
from vendor_admin.partner_api.models import ApiKey
from vendor_admin.partner_api.scopes import PARTNER_SCOPES
from vendor_admin.partner_api.versions import CURRENT_VERSION

LONGEST_NAME = 100
LONGEST_OVERLAP = timedelta(days=7)
MOST_ADDRESSES = 50
TEST_MODE_OFF = (
    "{0} is real, and test mode is off for it. The operator of this installation switches it on by enable_test_mode."
)


@dataclass(frozen=True, slots=True)
class MadeKey:
    """A key's row, and its text, which nobody can read again."""

    key: ApiKey
    text: str = field(repr=False)


def make_key(
    *,
    organization: Organization,
    name: str,
    scopes: Iterable[str],
    actor: Actor,
    now: datetime,
    is_test: bool = False,
    expires_at: datetime | None = None,
    allowed_addresses: Iterable[str] = (),
    is_revoked_when_leaked: bool = False,
    reason: str = "",
    request_id: str = "",
) -> MadeKey:
    """Make a key; a firm's test key is one of its test organization. Raises InvalidFields.

    `allowed_addresses`: addresses and networks that it may be used from.
    """
    if is_test and not organization.is_simulated:
        organization = _test_organization_of(organization)
    wanted = set(scopes)
    addresses = [one.strip() for one in allowed_addresses if one.strip()]
    with organization_scope(organization.pk):
        faults = [
            *_faults_of_name(name.strip()),
            *_faults_of_scopes(wanted),
            *_faults_of_addresses(addresses),
            *_faults_of_end(expires_at, now=now),
            *_faults_of_kind(organization, is_test=is_test),
        ]
        if faults:
            raise InvalidFields(faults)
        new_text = text.new_key(organization_id=organization.pk, is_test=is_test)
        key = ApiKey.objects.create(
            organization=organization,
            public_id=text.new_public_id(),
            name=name.strip(),
            is_test=is_test,
            digest=text.digest(new_text),
            ending=new_text[-4:],
            scopes=[scope.name for scope in PARTNER_SCOPES if scope.name in wanted],
            allowed_addresses=list(dict.fromkeys(str(ipaddress.ip_network(one, strict=False)) for one in addresses)),
            version=CURRENT_VERSION,
            is_revoked_when_leaked=is_revoked_when_leaked,
            expires_at=expires_at,
            created_at=now,
            created_by=actor.key,
        )
        _record(key, "API key made", actor=actor, new=_shown(key), reason=reason, request_id=request_id)
    return MadeKey(key, new_text)


def roll_key(
    *, key: ApiKey, overlap: timedelta, actor: Actor, now: datetime, reason: str = "", request_id: str = ""
) -> MadeKey:
    """Give a key another text. The one before works for `overlap` more; an older one ends at once.

    Raises InvalidFields for an overlap that is too long, Conflict where the key works no more.
    """
    if not timedelta(0) <= overlap <= LONGEST_OVERLAP:
        raise InvalidFields([Fault("overlap", "out_of_range", f"Choose 0 to {LONGEST_OVERLAP.days} days.")])
    with organization_scope(key.organization_id):
        found = _locked(key)
        if not found.works(now=now):
            raise Conflict("This key works no more: make a new one.", code="key_ended")
        new_text = text.new_key(organization_id=found.organization_id, is_test=found.is_test)
        has_overlap = bool(overlap)
        found.previous_digest = found.digest if has_overlap else ""
        found.previous_ends_at = now + overlap if has_overlap else None
        found.digest, found.ending = text.digest(new_text), new_text[-4:]
        found.rolled_at, found.rolled_by = now, actor.key
        found.save()
        settle_leaks(found.public_id, now=now)
        new = {"ending": found.ending, "before_works_until": str(found.previous_ends_at or now)}
        old = {"ending": key.ending}
        _record(found, "API key rolled", actor=actor, old=old, new=new, reason=reason, request_id=request_id)
    return MadeKey(found, new_text)


def revoke_key(*, key: ApiKey, actor: Actor, now: datetime, reason: str = "", request_id: str = "") -> None:
    """End a key at once, with the one before it. Done twice, the second time changes nothing."""
    with organization_scope(key.organization_id):
        found = _locked(key)
        if found.revoked_at is not None:
            return
        found.revoked_at = key.revoked_at = now
        found.save(update_fields=["revoked_at"])
        settle_leaks(found.public_id, now=now)
        _record(found, "API key revoked", actor=actor, reason=reason, request_id=request_id)


def _locked(key: ApiKey) -> ApiKey:
    found: ApiKey = ApiKey.objects.select_for_update(of=["self"]).select_related("organization").get(pk=key.pk)
    return found


def _faults_of_name(name: str) -> Iterable[Fault]:
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        yield Fault("name", "invalid", f"Give a name of at most {LONGEST_NAME} plain characters.")


def _faults_of_scopes(wanted: set[str]) -> Iterable[Fault]:
    foreign = sorted(wanted - {scope.name for scope in PARTNER_SCOPES})
    if foreign:
        yield Fault("scopes", "unknown", f"There is no scope {', '.join(foreign)}.")
    elif not wanted:
        yield Fault("scopes", "required", "Choose at least one thing that it may do.")


def _faults_of_addresses(addresses: list[str]) -> Iterable[Fault]:
    if len(addresses) > MOST_ADDRESSES:
        yield Fault("allowed_addresses", "too_many", f"At most {MOST_ADDRESSES} addresses.")
    for address in addresses:
        try:
            ipaddress.ip_network(address, strict=False)
        except ValueError:
            detail = f"{address[:80]} is no address and no network, such as 203.0.113.8 or 203.0.113.0/24."
            yield Fault("allowed_addresses", "invalid", detail)


def _faults_of_end(expires_at: datetime | None, *, now: datetime) -> Iterable[Fault]:
    if expires_at is not None and expires_at <= now:
        yield Fault("expires_at", "in_the_past", "Choose an end in the future.")


def _faults_of_kind(organization: Organization, *, is_test: bool) -> Iterable[Fault]:
    if not is_test and organization.test_of_id is not None:
        text = f"{organization} takes test keys alone: a live key is for the firm itself."
        yield Fault("is_test", "unknown_value", text)


def _test_organization_of(firm: Organization) -> Organization:
    found = find_test_organization(firm)
    if found is None:
        raise InvalidFields([Fault("is_test", "not_a_sandbox", TEST_MODE_OFF.format(firm))])
    return found


def _shown(key: ApiKey) -> dict[str, Any]:
    return {
        "scopes": " ".join(key.scopes),
        "kind": "test" if key.is_test else "live",
        "ending": key.ending,
        "expires_at": str(key.expires_at or ""),
        "allowed_addresses": " ".join(key.allowed_addresses),
        "revoked_when_leaked": key.is_revoked_when_leaked,
    }


def _record(key: ApiKey, action: str, *, actor: Actor, reason: str, request_id: str, **values: Any) -> None:
    audit.record(
        organization=key.organization,
        actor=actor,
        action=action,
        subject=f"{key.name} ({key.public_id})",
        subject_kind="api_key",
        subject_id=key.public_id,
        reason=reason,
        request_id=request_id,
        **values,
    )
