"""`manage.py after_restore`: have everything unfinished read from the platform before anything is sent."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from vendor_admin.operations.engine import after_restore
from vendor_admin.organizations import incarnations
from vendor_admin.organizations.tenancy import database_clock


class Command(BaseCommand):
    """May be run again at any time: what is unknown already stays so, and is read once."""

    help = (
        "Marks every unfinished operation as of unknown outcome and every preview as out of date. Workers do it by "
        "themselves where they see that the database was restored; a restore into the same database may not show."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--reason", default="", help="What happened; recorded in the audit log and in the alert.")

    def handle(self, *args: Any, **options: Any) -> None:
        now = database_clock.now()
        incarnation = incarnations.begin_anew(
            why=f"`manage.py after_restore` was run. {options['reason']}".strip(), now=now
        )
        marked = after_restore.mark_unfinished(incarnation, now=now)
        if marked is None:
            raise CommandError("A worker is marking them right now; there is nothing to do.")
        self.stdout.write(
            self.style.SUCCESS(
                f"{marked.operations:,} operations are read from the platform before they are sent; "
                f"{marked.previews:,} previews are out of date."
            )
        )
