"""Registers the demo's sample portal. May be run again at any time: what is right already is left alone."""

from datetime import datetime
from pathlib import Path

from oauth_bridge.models import Portal
from oauth_bridge.portals import registry
from oauth_bridge.portals.scopes import MEMBER_SCOPES
from oauth_bridge.portals.server import issuer_of
from vendor_admin.organizations.actors import Actor
from vendor_admin.organizations.models import Organization
from vendor_admin.organizations.tenancy.scope import organization_scope
from vendor_admin.private_files import read_object, write_object

NAME = "Trader Desk"


def seed_portal(*, organization: Organization, url: str, path: Path, actor: Actor, now: datetime) -> Portal:
    """Let the portal at `url` sign members in, and write what it must know to `path`, which only we can read.

    The secret is kept there alone, so a lost file means another secret.
    """
    uris = [f"{url}/callback"]
    with organization_scope(organization.pk):
        portal = Portal.objects.filter(name=NAME).select_related("organization").first()
    if portal is None:
        made = registry.register_portal(
            organization=organization,
            kind=Portal.Kind.SIGN_IN,
            name=NAME,
            scopes=[scope.name for scope in MEMBER_SCOPES],
            redirect_uris=uris,
            actor=actor,
            now=now,
        )
        portal, secret = made.portal, made.secret
    else:
        registry.change_portal(portal=portal, values={"redirect_uris": uris}, actor=actor)
        secret = read_object(path).get("client_secret", "")
        if not registry.matches(secret, portal.client_secret):
            secret = registry.rotate_secret(portal=portal, actor=actor, now=now).secret
    described = {
        "url": url,
        "issuer": issuer_of(organization),
        "client_id": portal.client_id,
        "client_secret": secret,
        "organization": organization.name,
    }
    write_object(path, described)
    return portal
