"""Codes, access tokens and refresh tokens: made, used once, rotated, ended. Everything runs inside the organization's
scope, and nothing that could be used is stored: only SHA-256 of 256 random bits.

An access token names its organization (`vat_<id>_…`), so that the partner API knows whose rows to open before it
looks anything up. A false number finds nothing: the digest is looked up behind that organization's policies.
"""

import re
import secrets
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from oauth2_provider.settings import oauth2_settings

from oauth_bridge.members import links
from oauth_bridge.members.attempts import digest
from oauth_bridge.models import Portal, PortalCode, PortalConsent, PortalRefreshToken, PortalToken
from vendor_admin.errors import NotFound
from vendor_admin.organizations import audit
from vendor_admin.partner_api.access import last_use

log = structlog.get_logger()

KEPT_FOR = timedelta(days=1)
_ORGANIZATION = re.compile(r"vat_([1-9][0-9]{0,17})_[\w-]{43}", re.ASCII)


class NoSuchCode(NotFound):
    """A code that gives nothing: unknown, another portal's, used, too old, or its member has left."""


class NoSuchRefreshToken(NotFound):
    """A refresh token that gives nothing."""


@dataclass(frozen=True, slots=True)
class Grant:
    """What tokens are made for: a program of its own (no consent), or a member who allowed a portal."""

    portal: Portal
    scopes: Sequence[str]
    family: uuid.UUID
    consent: PortalConsent | None = None
    refresh_ends_at: datetime | None = None


def new_access_token(request: Any) -> str:
    """The toolkit asks for the text of an access token; `request.client` is the portal."""
    return f"vat_{request.client.organization_id}_{secrets.token_urlsafe(32)}"


def new_refresh_token(request: Any) -> str:
    """Return a new refresh token of 256 random bits."""
    return f"vrt_{secrets.token_urlsafe(32)}"


def organization_id_of(access_token: str) -> int | None:
    """The organization that an access token says it is of."""
    found = _ORGANIZATION.fullmatch(access_token)
    return int(found[1]) if found else None


def make_code(
    *,
    consent: PortalConsent,
    code: str,
    scopes: Sequence[str],
    redirect_uri: str,
    code_challenge: str,
    nonce: str,
    signed_in_at: datetime,
    now: datetime,
) -> PortalCode:
    """Store the code that the member's browser takes to the portal."""
    lifetime = timedelta(seconds=oauth2_settings.AUTHORIZATION_CODE_EXPIRE_SECONDS)
    return PortalCode.objects.create(
        organization_id=consent.organization_id,
        portal_id=consent.portal_id,
        consent=consent,
        digest=digest(code),
        family=uuid.uuid4(),
        scopes=list(scopes),
        redirect_uri=redirect_uri,
        code_challenge=code_challenge,
        nonce=nonce,
        signed_in_at=signed_in_at,
        expires_at=now + lifetime,
    )


def find_code(code: str) -> PortalCode | None:
    """Return the code with its portal consent and member; None where it is not known."""
    return PortalCode.objects.filter(digest=digest(code)).select_related("consent__link__user").first()


def use_code(*, code: str, portal: Portal, now: datetime) -> PortalCode:
    """Take a code for its one use. A second use ends everything that the first one gave. Raises NoSuchCode."""
    found = find_code(code)
    if found is None or found.portal_id != portal.pk:
        raise NoSuchCode
    if found.used_at is None and found.expires_at <= now:
        raise NoSuchCode
    if not PortalCode.objects.filter(pk=found.pk, used_at=None).update(used_at=now):
        _end_abused_family(found.family, portal, what="code", now=now)
        raise NoSuchCode
    if not is_alive(found.consent):
        raise NoSuchCode
    return found


def make_tokens(*, grant: Grant, access_token: str, refresh_token: str | None, now: datetime) -> None:
    """Store what a portal is given."""
    lifetime = timedelta(seconds=oauth2_settings.ACCESS_TOKEN_EXPIRE_SECONDS)
    common: dict[str, Any] = {
        "organization_id": grant.portal.organization_id,
        "portal": grant.portal,
        "consent": grant.consent,
        "family": grant.family,
        "scopes": list(grant.scopes),
        "made_at": now,
    }
    PortalToken.objects.create(**common, digest=digest(access_token), expires_at=now + lifetime)
    if refresh_token is not None and grant.consent is not None:
        longest = timedelta(seconds=oauth2_settings.REFRESH_TOKEN_EXPIRE_SECONDS)
        ends_at = grant.refresh_ends_at or now + longest
        PortalRefreshToken.objects.create(**common, digest=digest(refresh_token), expires_at=ends_at)
    note_use(portal=grant.portal, consent=grant.consent, now=now)


def find_refresh_token(*, refresh_token: str, portal: Portal, now: datetime) -> PortalRefreshToken:
    """The row of a refresh token that may be used. One used before ends its family. Raises NoSuchRefreshToken."""
    found = (
        PortalRefreshToken.objects.filter(digest=digest(refresh_token), portal=portal)
        .select_related("consent__link__user")
        .first()
    )
    if found is None:
        raise NoSuchRefreshToken
    if found.used_at is not None and found.ended_at is None:
        _end_abused_family(found.family, portal, what="refresh token", now=now)
    if not found.is_open(now=now) or not is_alive(found.consent):
        raise NoSuchRefreshToken
    return found


def use_refresh_token(*, found: PortalRefreshToken, portal: Portal, now: datetime) -> None:
    """Claim a refresh token for its one use; the family's access token ends with it. Raises NoSuchRefreshToken."""
    if not PortalRefreshToken.objects.filter(pk=found.pk, used_at=None, ended_at=None).update(used_at=now):
        _end_abused_family(found.family, portal, what="refresh token", now=now)
        raise NoSuchRefreshToken
    PortalToken.objects.filter(family=found.family).delete()


def find_access_token(access_token: str, *, now: datetime) -> PortalToken | None:
    """The row of an access token that works now: not over, its portal enabled, its member still one of ours."""
    found = (
        PortalToken.objects.filter(digest=digest(access_token))
        .select_related("portal__organization", "consent__link__user")
        .first()
    )
    if found is None or not found.is_open(now=now) or not found.portal.is_enabled:
        return None
    if found.consent is not None and not is_alive(found.consent):
        return None
    # What the portal may ask for no more, its older tokens do not give either.
    found.scopes = [scope for scope in found.scopes if scope in found.portal.scopes]
    return found


def is_alive(consent: PortalConsent) -> bool:
    """Whether the member behind a consent still allows it, is linked, and is still a member."""
    link = consent.link
    if consent.ended_at is not None or not link.is_linked or not link.user.is_active:
        return False
    return links.platform_user_of(link) is not None


def end_family(family: uuid.UUID, *, now: datetime) -> int:
    """End every token that came of one code; returns how many there were."""
    ended = PortalRefreshToken.objects.filter(family=family, ended_at=None).update(ended_at=now)
    return ended + PortalToken.objects.filter(family=family).delete()[0]


def revoke(*, token: str, portal: Portal, now: datetime) -> None:
    """The portal itself gives a token back: an access token alone, a refresh token with its family (RFC 7009)."""
    PortalToken.objects.filter(digest=digest(token), portal=portal).delete()
    refresh = PortalRefreshToken.objects.filter(digest=digest(token), portal=portal).first()
    if refresh is not None:
        end_family(refresh.family, now=now)


def note_use(*, portal: Portal, consent: PortalConsent | None, now: datetime) -> None:
    """Remember when a portal was last used, and a member's consent."""
    last_use.note_use(portal, now=now)
    if consent is not None:
        last_use.note_use(consent, now=now)


def forget_old(*, now: datetime) -> None:
    """Delete what is over for a day. A used refresh token stays until its own end: a second use must be noticed."""
    for model in (PortalCode, PortalToken, PortalRefreshToken):
        model.objects.filter(expires_at__lt=now - KEPT_FOR).delete()


def _end_abused_family(family: uuid.UUID, portal: Portal, *, what: str, now: datetime) -> None:
    ended = end_family(family, now=now)
    log.warning("portal_credential_used_twice", portal=portal.client_id, what=what, ended=ended)
    if not ended:
        return
    audit.record(
        organization=portal.organization,
        actor=portal.actor,
        action=f"{what} used twice: its tokens are ended",
        subject=f"{portal} ({portal.client_id})",
    )
