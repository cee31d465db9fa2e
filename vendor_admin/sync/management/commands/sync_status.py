"""`manage.py sync_status`: every socket in one line, and what to do where it is not live."""

import json
from argparse import ArgumentParser
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from vendor_admin.organizations.models import Organization
from vendor_admin.organizations.tenancy import database_clock
from vendor_admin.sync.hub.restart_cost import in_words, restart_costs
from vendor_admin.sync.status import SocketStatus, is_healthy, socket_statuses

COLUMNS = "{:<20} {:<5} {:>5}  {:<11} {:>9} {:>10} {:>8} {:>5} {:>6}"


class Command(BaseCommand):
    """Exit code 0 when every enabled socket is live, 1 otherwise."""

    help = "Shows the state of every socket to the platform."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", nargs="*", help="Only these organizations.")
        parser.add_argument("--json", action="store_true", help="The sockets as /syncz has them.")

    def handle(self, *args: Any, **options: Any) -> None:
        organizations = list(Organization.objects.all())
        if options["slug"]:
            organizations = [one for one in organizations if one.slug in options["slug"]]
            if missing := set(options["slug"]) - {one.slug for one in organizations}:
                raise CommandError(f"There is no organization called {', '.join(sorted(missing))}.")
        statuses = socket_statuses(organizations=organizations)
        if options["json"]:
            self.stdout.write(json.dumps(statuses, default=str, indent=1))
        elif not statuses:
            self.stdout.write(
                "There is no socket yet. Connect an organization with `manage.py connect_organization`;"
                " a running sync worker opens its socket within seconds."
            )
        else:
            self._table(statuses)
            for cost in restart_costs(now=database_clock.now()):
                self.stdout.write(in_words(cost))
        if not is_healthy(statuses):
            raise SystemExit(1)

    def _table(self, statuses: list[SocketStatus]) -> None:
        now = timezone.now()
        self.stdout.write(
            COLUMNS.format("organization", "env", "shard", "state", "frame age", "events", "lag ms", "gaps", "quar.")
        )
        for one in statuses:
            self.stdout.write(
                COLUMNS.format(
                    one["organization"][:20],
                    one["environment"],
                    one["shard"],
                    one["state"],
                    _age(one["last_frame_at"], now),
                    one["events_stored"],
                    one["lag_ms"],
                    one["gaps"],
                    one["quarantined"],
                )
            )
            if one["reason"]:
                self.stdout.write(f"    {one['reason']} {one['advice']}".rstrip())
            if one["next_try_at"]:
                self.stdout.write(f"    Next try at {one['next_try_at']:%Y-%m-%d %H:%M:%S} UTC.")


def _age(moment: datetime | None, now: datetime) -> str:
    return "-" if moment is None else f"{(now - moment).total_seconds():.0f} s"
