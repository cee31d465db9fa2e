"""Keys that sign ID tokens: one set for each organization, so that no key speaks for another one."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q
from jwcrypto.jwk import JWK

from oauth_bridge.models import SigningKey
from vendor_admin.organizations import audit
from vendor_admin.organizations.actors import Actor
from vendor_admin.organizations.models import Organization
from vendor_admin.organizations.tenancy.scope import organization_scope

BITS = 2048
# How long a retired key stays published: far longer than an ID token lives, and than portals keep the set.
PUBLISHED_FOR = timedelta(days=2)


def ensure_key(*, organization: Organization, now: datetime) -> SigningKey:
    """The key that signs now, made if there is none. Inside the organization's scope."""
    return SigningKey.objects.filter(retired_at=None).first() or _make(organization, now=now)


def rotate(*, organization: Organization, actor: Actor, now: datetime, reason: str = "") -> SigningKey:
    """A new key signs from now on; the ones before stay published for two days. Older ones are deleted."""
    with organization_scope(organization.pk):
        SigningKey.objects.filter(retired_at__lt=now - PUBLISHED_FOR).delete()
        old = [key.kid for key in SigningKey.objects.filter(retired_at=None)]
        SigningKey.objects.filter(retired_at=None).update(retired_at=now)
        key = _make(organization, now=now)
        audit.record(
            organization=organization,
            actor=actor,
            action="signing key rotated",
            subject=organization.name,
            old={"kid": ", ".join(old)},
            new={"kid": key.kid},
            reason=reason,
        )
        return key


def published_keys(*, now: datetime) -> dict[str, Any]:
    """The public halves as a JWK set. Inside the organization's scope."""
    keys = SigningKey.objects.filter(Q(retired_at=None) | Q(retired_at__gte=now - PUBLISHED_FOR))
    return {
        "keys": [{**key.jwk.export_public(as_dict=True), "kid": key.kid, "use": "sig", "alg": "RS256"} for key in keys]
    }


def _make(organization: Organization, *, now: datetime) -> SigningKey:
    jwk = JWK.generate(kty="RSA", size=BITS)
    return SigningKey.objects.create(
        organization=organization, kid=jwk.thumbprint(), private=jwk.export(as_dict=True), made_at=now
    )
