"""Makes the demo's test key. May be run again at any time: a key that works is left alone."""

from datetime import datetime
from pathlib import Path

from vendor_admin.organizations.actors import Actor
from vendor_admin.organizations.models import Organization
from vendor_admin.organizations.tenancy.scope import organization_scope
from vendor_admin.partner_api.keys.text import digest
from vendor_admin.partner_api.keys.verbs import make_key
from vendor_admin.partner_api.models import ApiKey
from vendor_admin.partner_api.scopes import PARTNER_SCOPES
from vendor_admin.private_files import read_object, write_object

NAME = "Demo of the API"


def seed_key(*, organization: Organization, path: Path, actor: Actor, now: datetime) -> str:
    """Have a test key that may do everything, and keep it in a file that only we can read. Returns its text.

    The text is kept there alone, so a lost file means another key.
    """
    kept = str(read_object(path).get("key", ""))
    with organization_scope(organization.pk):
        known = ApiKey.objects.filter(organization=organization, digest=digest(kept)).first() if kept else None
    if known is not None and known.works(now=now):
        return kept
    scopes = [scope.name for scope in PARTNER_SCOPES]
    made = make_key(organization=organization, name=NAME, scopes=scopes, actor=actor, now=now, is_test=True)
    write_object(path, {"organization": organization.name, "key": made.text})
    return made.text
