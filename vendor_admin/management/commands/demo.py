"""`manage.py demo`: see vendor_admin/demo."""

import sys
from argparse import ArgumentParser

from django.core.management.base import BaseCommand

from vendor_admin.demo import Demo


class Command(BaseCommand):
    help = "Runs the whole service on this machine with made-up data; needs no settings. Data is kept under var/."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--code", action="store_true", help="only print the code of the demo user who needs one")
        parser.add_argument("--reset", action="store_true", help="remove the data of earlier runs first")

    def handle(self, *args: object, reset: bool, code: bool, **options: object) -> None:
        sys.exit(Demo().show_codes() if code else Demo().run(reset=reset))
