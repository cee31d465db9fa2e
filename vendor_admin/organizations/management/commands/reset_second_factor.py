"""Takes a lost second factor away, so that a person can set up a new one."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from vendor_admin.organizations.actors import COMMAND_LINE
from vendor_admin.organizations.models import User
from vendor_admin.organizations.sign_in import second_factor


class Command(BaseCommand):
    help = (
        "Reset the second factor of a staff user or operator who lost device and recovery codes: all of their sessions "
        "end, and the next sign-in sets up a new one. Make sure first who asks."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--reason", default="", help="the person reads it, and it is written to the audit")

    def handle(self, *args: Any, username: str, reason: str, **options: Any) -> None:
        person = User.objects.filter(username=username, is_staff=True).first()
        if person is None:
            raise CommandError(f"There is no staff user or operator {username!r}. Names are case-sensitive.")
        had_one = second_factor.reset(person=person, actor=COMMAND_LINE, reason=reason)
        if had_one:
            self.stdout.write(self.style.SUCCESS(f"{username} sets up a new second factor at the next sign-in."))
        else:
            self.stdout.write(f"{username} had none. All sessions are ended, and a closed sign-in is open again.")
