"""`manage.py sync_retry`: end the wait of an organization's sockets early."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from vendor_admin.errors import Conflict
from vendor_admin.organizations.actors import Actor
from vendor_admin.organizations.models import Organization
from vendor_admin.organizations.tenancy import database_clock
from vendor_admin.organizations.tenancy.scope import organization_scope
from vendor_admin.sync.models import Lease
from vendor_admin.sync.socket.retry import try_now
from vendor_admin.tradovate.enums import Environment

ACTOR = Actor.system("sync_retry", label="manage.py sync_retry")


class Command(BaseCommand):
    """Exit code 0 when at least one socket is tried again."""

    help = "Opens an organization's waiting sockets at once, where it is not the platform that makes them wait."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug")
        parser.add_argument("--environment", required=True, choices=[one.value for one in Environment])
        parser.add_argument(
            "--force",
            action="store_true",
            help="Also forget the platform's locks (429, 423, captcha, penalty) on the address and the user: only when"
            " the platform has lifted them, since a try within a lock starts its hour anew.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        organization = Organization.objects.filter(slug=options["slug"]).first()
        if organization is None:
            raise CommandError(f"There is no organization called {options['slug']}.")
        with organization_scope(organization.pk):
            leases = list(Lease.objects.filter(environment=options["environment"]))
        if not leases:
            raise CommandError(f"{organization} has no {options['environment'].upper()} socket.")
        refusals = [refusal for lease in leases if (refusal := self._try(lease, force=options["force"]))]
        if len(refusals) == len(leases):
            raise CommandError("\n".join(dict.fromkeys(refusals)))

    def _try(self, lease: Lease, *, force: bool) -> str:
        """Ask for one socket; returns why it was refused, or nothing."""
        try:
            try_now(lease=lease, actor=ACTOR, now=database_clock.now(), force=force)
        except Conflict as refusal:
            return str(refusal)
        self.stdout.write(f"{lease}: asked for; its worker opens it within seconds (`manage.py sync_status`).")
        return ""
