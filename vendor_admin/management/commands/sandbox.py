"""`manage.py sandbox`: serve the simulated platform on a loopback port."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from vendor_admin.sandbox.configuration import add_arguments, from_options
from vendor_admin.sandbox.serving.server import CannotListen, serve


class Command(BaseCommand):
    """Parse, check that a simulation is wanted here, serve."""

    help = "Serve a simulated platform (REST, sockets, control door) on 127.0.0.1. For demos and tests."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """The sandbox's own options, and the one that names what is done when DEBUG is off."""
        add_arguments(parser)
        parser.add_argument("--anyway", action="store_true", help="serve the simulation although DEBUG is off")

    def handle(self, *args: Any, **options: Any) -> None:  # Any: Django's own signature
        """Serve until interrupted; raises CommandError when DEBUG is off without `--anyway`, and for a taken port."""
        if not settings.DEBUG and not options["anyway"]:
            raise CommandError(
                "DEBUG is off, so this looks like a real installation, and the sandbox only simulates the platform. "
                "Point the Connection at the real hosts, or start the sandbox with --anyway if you mean it."
            )
        try:
            serve(from_options(options), port=options["port"])
        except CannotListen as error:
            raise CommandError(str(error)) from None
