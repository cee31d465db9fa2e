"""Makes the account of a person who runs the installation."""

import getpass
import sys
from argparse import ArgumentParser
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from vendor_admin.organizations.actors import COMMAND_LINE
from vendor_admin.organizations.models import User
from vendor_admin.organizations.staff import people


class Command(BaseCommand):
    help = (
        "Make an operator: a person who runs the installation. The password is asked for, or read from standard input."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--email", default="")

    def handle(self, *args: Any, **options: Any) -> None:
        username = options["username"]
        if User.objects.filter(username=username).exists():
            raise CommandError(
                f"There is a user {username!r} already. `manage.py changepassword {username}` sets a password."
            )
        user = User(
            username=username, email=options["email"], kind=User.Kind.OPERATOR, is_staff=True, is_superuser=True
        )
        try:
            user.full_clean(exclude=["password"])
            password = _read_password()
            validate_password(password, user)
        except ValidationError as error:
            raise CommandError("No operator was made. " + " ".join(error.messages)) from None
        user.set_password(password)
        with transaction.atomic():
            user.save()
            people.note_change(person=user, old={}, new={"kind": user.kind}, reason="", actor=COMMAND_LINE)
        self.stdout.write(self.style.SUCCESS(f"Made the operator {username}. Sign in at /admin/."))


def _read_password() -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    first = getpass.getpass("Password: ")
    if getpass.getpass("Again: ") != first:
        raise CommandError("The two passwords differ. Nothing was made; run the command again.")
    return first
