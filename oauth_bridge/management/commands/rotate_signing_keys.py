"""Gives organizations new keys for the ID tokens of their portals."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from oauth_bridge.models import SigningKey
from oauth_bridge.portals import keys
from vendor_admin.organizations.actors import Actor
from vendor_admin.organizations.models import Organization
from vendor_admin.organizations.tenancy.scope import organization_scope

ACTOR = Actor.system("rotate_signing_keys")


class Command(BaseCommand):
    help = (
        "Make a new key that signs the ID tokens of portals from now on. The one before stays published for two days, "
        "so portals notice nothing. Without --organization: for every organization that has a key."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--organization", help="slug of the one organization to do it for")
        parser.add_argument("--reason", default="", help="written to the audit")

    def handle(self, *, organization: str | None, reason: str, **options: Any) -> None:
        wanted = Organization.objects.filter(slug=organization) if organization else Organization.objects.all()
        if organization and not wanted.exists():
            raise CommandError(f"There is no organization {organization}.")
        for one in wanted:
            if not _has_key(one):
                continue
            key = keys.rotate(organization=one, actor=ACTOR, now=timezone.now(), reason=reason)
            self.stdout.write(f"{one.slug}: {key} signs from now on.")


def _has_key(organization: Organization) -> bool:
    with organization_scope(organization.pk):
        return SigningKey.objects.exists()
