"""Tries the connections of an organization and says what to fix."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from vendor_admin.organizations.connections import check as connection_check
from vendor_admin.organizations.connections.check import Finding
from vendor_admin.organizations.models import Connection, Organization
from vendor_admin.organizations.tenancy import database_clock
from vendor_admin.organizations.tenancy.scope import organization_scope
from vendor_admin.tradovate.enums import Environment


class Command(BaseCommand):
    help = "Try addresses, key, scopes and vendor rights of an organization's connections, without opening a socket."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug")
        parser.add_argument("--environment", choices=[environment.value for environment in Environment])

    def handle(self, *args: Any, **options: Any) -> None:
        connections = _connections(options["slug"], environment=options["environment"])
        unsound = []
        for connection in connections:
            where = connection.rest_url_in_use
            where += f", configured {connection.rest_url}" if where != connection.rest_url else ""
            self.stdout.write(self.style.MIGRATE_HEADING(f"{connection} ({where})"))
            findings = connection_check.check_connection(connection=connection, now=database_clock.now())
            for finding in findings:
                self._write(finding)
            if not connection.is_enabled:
                self.stdout.write("  The connection is paused: no socket is opened until it is resumed.")
            if not connection_check.is_sound(findings):
                unsound.append(str(connection))
        if unsound:
            raise CommandError(f"Something is to be fixed: {', '.join(unsound)}.")

    def _write(self, finding: Finding) -> None:
        mark = self.style.SUCCESS("ok  ") if finding.ok else self.style.ERROR("FAIL")
        self.stdout.write(f"  {mark} {finding.step}: {finding.says}")
        if not finding.ok and finding.advice:
            self.stdout.write(f"       -> {finding.advice}")


def _connections(slug: str, *, environment: str | None) -> list[Connection]:
    organization = Organization.objects.filter(slug=slug).first()
    if organization is None:
        known = ", ".join(Organization.objects.values_list("slug", flat=True)[:20]) or "none yet"
        raise CommandError(
            f"There is no organization {slug!r} (known: {known}). `manage.py connect_organization` makes one."
        )
    with organization_scope(organization.pk):
        chosen = Connection.objects.select_related("organization")
        found = list(chosen.filter(environment=environment) if environment else chosen)
    if not found:
        which = f"{environment.upper()} connection" if environment else "connection"
        raise CommandError(f"{organization} has no {which}. Add it with `manage.py connect_organization {slug} …`.")
    return found
