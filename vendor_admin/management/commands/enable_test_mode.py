"""`manage.py enable_test_mode`: give an organization a sandbox of its own, which its test keys reach."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from vendor_admin.errors import VendorAdminError
from vendor_admin.organizations.actors import COMMAND_LINE
from vendor_admin.organizations.models import Organization
from vendor_admin.test_mode.enabling import enable_test_mode


class Command(BaseCommand):
    help = (
        "Switch test mode on for an organization: a test organization with made-up members and accounts, which keys "
        "that begin with vak_test_ reach. Needs a running sandbox (role `sandbox`) and TEST_SANDBOX_URL."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", help="short name of the organization, as in alpha-funding")

    def handle(self, *args: Any, slug: str, **options: Any) -> None:
        organization = Organization.objects.filter(slug=slug).first()
        if organization is None:
            raise CommandError(f"There is no organization {slug}.")
        try:
            test = enable_test_mode(organization=organization, actor=COMMAND_LINE)
        except VendorAdminError as problem:
            raise CommandError(problem.text) from problem
        self.stdout.write(self.style.SUCCESS(f"{test} ({test.slug}) is connected to the sandbox."))
        self.stdout.write(f"Owners of {organization} make test keys under Organization, API keys.")
