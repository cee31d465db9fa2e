"""Verbs on portals: registered, changed, given another secret, disabled, removed. A secret is shown once."""

import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.db.models import Q

from oauth_bridge.members import consents
from oauth_bridge.members.attempts import digest
from oauth_bridge.models import Portal
from oauth_bridge.portals import keys
from oauth_bridge.portals.scopes import MEMBER_SCOPES, OPENID
from vendor_admin.errors import InvalidFields
from vendor_admin.organizations import audit
from vendor_admin.organizations.actors import Actor
from vendor_admin.organizations.models import Organization
from vendor_admin.organizations.platform_access.addresses import is_loopback
from vendor_admin.organizations.tenancy.scope import organization_scope
from vendor_admin.partner_api.scopes import PARTNER_SCOPES

MOST_URIS = 10
LONGEST_URI = 500
# The host goes into the content security policy of the consent page.
_NETLOC = re.compile(r"(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?", re.ASCII)
_OURS = {"code", "state", "iss", "error", "error_description"}
CHANGEABLE = ("name", "redirect_uris", "scopes")


@dataclass(frozen=True, slots=True)
class Registered:
    """A portal, and the secret that nobody can read again."""

    portal: Portal
    secret: str = field(repr=False)


def register_portal(
    *,
    organization: Organization,
    kind: str,
    name: str,
    scopes: Iterable[str],
    actor: Actor,
    now: datetime,
    redirect_uris: Iterable[str] = (),
    reason: str = "",
    request_id: str = "",
) -> Registered:
    """Add a portal. `redirect_uris`: where members may be sent back to, exactly. Raises InvalidFields."""
    secret = _new_secret()
    with organization_scope(organization.pk):
        portal = Portal(
            organization=organization,
            client_id=f"vac_{secrets.token_hex(12)}",
            client_secret=digest(secret),
            authorization_grant_type=kind,
            secret_made_at=now,
            secret_made_by=actor.key,
        )
        _fill(portal, {"name": name, "redirect_uris": redirect_uris, "scopes": scopes})
        _refuse_problems(portal)
        portal.save()
        if not portal.is_program:
            keys.ensure_key(organization=organization, now=now)
        audit.record(
            organization=organization,
            actor=actor,
            action="portal registered",
            subject=_subject(portal),
            new={"kind": portal.get_authorization_grant_type_display(), **_shown(portal)},
            reason=reason,
            request_id=request_id,
        )
    return Registered(portal, secret)


def change_portal(
    *, portal: Portal, values: Mapping[str, Any], actor: Actor, reason: str = "", request_id: str = ""
) -> None:
    """Change name, addresses and scopes. What a portal may ask for no more, it learns no more. Raises InvalidFields."""
    with organization_scope(portal.organization_id):
        old = _shown(portal)
        _fill(portal, values)
        _refuse_problems(portal)
        new = _shown(portal)
        changed = [name for name in new if new[name] != old[name]]
        if not changed:
            return
        portal.save(update_fields=[*CHANGEABLE, "updated"])
        audit.record(
            organization=portal.organization,
            actor=actor,
            action="portal changed",
            subject=_subject(portal),
            old={name: old[name] for name in changed},
            new={name: new[name] for name in changed},
            reason=reason,
            request_id=request_id,
        )


def rotate_secret(*, portal: Portal, actor: Actor, now: datetime, reason: str = "", request_id: str = "") -> Registered:
    """Give a portal another secret; the one before ends at once. Tokens stay."""
    secret = _new_secret()
    with organization_scope(portal.organization_id):
        portal.client_secret, portal.secret_made_at, portal.secret_made_by = digest(secret), now, actor.key
        portal.save(update_fields=["client_secret", "secret_made_at", "secret_made_by", "updated"])
        _record(portal, "portal secret replaced", actor=actor, reason=reason, request_id=request_id)
    return Registered(portal, secret)


def switch_portal(
    *, portal: Portal, is_enabled: bool, actor: Actor, now: datetime, reason: str = "", request_id: str = ""
) -> None:
    """Disable a portal, which ends its codes and tokens at once, or enable it again. Members' consents stay."""
    with organization_scope(portal.organization_id):
        portal.is_enabled = is_enabled
        portal.save(update_fields=["is_enabled", "updated"])
        if not is_enabled:
            consents.end_tokens(Q(portal=portal), now=now)
        action = "portal enabled" if is_enabled else "portal disabled"
        _record(portal, action, actor=actor, reason=reason, request_id=request_id)


def remove_portal(*, portal: Portal, actor: Actor, reason: str = "", request_id: str = "") -> None:
    """Forget a portal with its tokens and its members' consents."""
    with organization_scope(portal.organization_id):
        _record(portal, "portal removed", actor=actor, reason=reason, request_id=request_id)
        portal.delete()


def matches(secret: str, stored: str) -> bool:
    """Whether a secret is the one of a stored digest."""
    return secrets.compare_digest(stored, digest(secret))


def _new_secret() -> str:
    return f"vas_{secrets.token_urlsafe(32)}"


def _fill(portal: Portal, values: Mapping[str, Any]) -> None:
    if "name" in values:
        portal.name = values["name"].strip()
    if "redirect_uris" in values:
        portal.redirect_uris = " ".join(dict.fromkeys(uri.strip() for uri in values["redirect_uris"] if uri.strip()))
    if "scopes" in values:
        wanted = set(values["scopes"])
        known = [scope.name for scope in (*MEMBER_SCOPES, *PARTNER_SCOPES)]
        portal.scopes = [name for name in known if name in wanted] + sorted(wanted - set(known))


def _refuse_problems(portal: Portal) -> None:
    if problems := _problems(portal):
        raise InvalidFields.from_texts(problems)


def _problems(portal: Portal) -> dict[str, str]:
    problems = {}
    if not portal.name or len(portal.name) > 80:
        problems["name"] = "Give a name of at most 80 characters, which members will recognize."
    elif Portal.objects.filter(name=portal.name).exclude(pk=portal.pk).exists():
        problems["name"] = "There is a portal of this name already: choose another one."
    if portal.authorization_grant_type not in Portal.Kind.values:
        problems["kind"] = "Choose what it does: sign members in, or use the partner API."
        return problems
    allowed = {scope.name for scope in (PARTNER_SCOPES if portal.is_program else MEMBER_SCOPES)}
    foreign = [scope for scope in portal.scopes if scope not in allowed]
    if foreign:
        problems["scopes"] = f"Not for this kind of portal: {', '.join(foreign)}."
    elif not portal.scopes and not portal.is_program:
        problems["scopes"] = "Choose at least one thing that it may learn."
    elif not portal.is_program and OPENID not in portal.scopes:
        problems["scopes"] = "A portal that signs members in needs openid: without it, it does not learn who they are."
    if text := _problem_of_uris(portal):
        problems["redirect_uris"] = text
    return problems


def _problem_of_uris(portal: Portal) -> str | None:
    if portal.is_program:
        return "A program has no pages to send members back to: leave this empty." if portal.uris else None
    if not portal.uris:
        return "Give the address of the portal that members are sent back to."
    if len(portal.uris) > MOST_URIS:
        return f"At most {MOST_URIS} addresses."
    simulated = portal.organization.is_simulated
    return next((text for uri in portal.uris if (text := _problem_of_uri(uri, may_be_plain=simulated))), None)


def _problem_of_uri(uri: str, *, may_be_plain: bool) -> str | None:
    try:
        parts = urlsplit(uri)
        _ = parts.port
    except ValueError as error:
        return f"{uri} cannot be read: {error}."
    if len(uri) > LONGEST_URI or not uri.isascii() or not uri.isprintable() or "*" in uri or "\\" in uri:
        return f"{uri[:80]} must be one exact address in plain characters, without a star."
    if parts.scheme not in ("https", "http") or not parts.hostname:
        return f"{uri} must begin with https:// and name a host."
    if parts.username or parts.password or "#" in uri or "@" in parts.netloc:
        return f"{uri} must not hold a user name or #."
    if not _NETLOC.fullmatch(parts.netloc):
        return f"{uri} must name its host in letters, digits, dots and hyphens."
    if _OURS & parse_qs(parts.query, keep_blank_values=True).keys():
        return f"{uri} must not hold code, state, iss or error: the answer brings these."
    if parts.scheme == "http" and not (may_be_plain and is_loopback(uri)):
        return f"{uri} must begin with https://: over http:// a code travels in the clear."
    return None


def _shown(portal: Portal) -> dict[str, str]:
    return {"name": portal.name, "redirect_uris": portal.redirect_uris, "scopes": " ".join(portal.scopes)}


def _subject(portal: Portal) -> str:
    return f"{portal} ({portal.client_id})"


def _record(portal: Portal, action: str, *, actor: Actor, reason: str, request_id: str) -> None:
    audit.record(
        organization=portal.organization,
        actor=actor,
        action=action,
        subject=_subject(portal),
        reason=reason,
        request_id=request_id,
    )
