"""Adds an organization's connection to the platform, or changes it."""

import json
import sys
from argparse import ArgumentParser, ArgumentTypeError
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.core.validators import validate_slug

from vendor_admin.amounts import NotANumber, read_whole
from vendor_admin.errors import InvalidFields
from vendor_admin.organizations.actors import Actor
from vendor_admin.organizations.connections.verbs import connect_organization
from vendor_admin.organizations.models import Connection
from vendor_admin.tradovate.enums import Environment

ACTOR = Actor.system("connect_organization", label="manage.py connect_organization")
EXAMPLE = '{"name": "…", "password": "…", "app_id": "…", "app_version": "1.0", "cid": "…", "sec": "…"}'


class Command(BaseCommand):
    help = "Connect an organization to one environment of the platform; the organization is made if it is new."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", help="short name of the organization, as in alpha-funding")
        parser.add_argument("--environment", required=True, choices=[environment.value for environment in Environment])
        parser.add_argument("--rest-url", required=True, help="https://demo.tradovateapi.com/v1")
        parser.add_argument("--websocket-url", required=True, help="wss://demo.tradovateapi.com/v1/websocket")
        parser.add_argument(
            "--credentials", required=True, metavar="FILE.json", help=f"- reads standard input; {EXAMPLE}"
        )
        parser.add_argument("--name", default="", help="name of a new organization, shown to people")
        parser.add_argument("--entity-types", help="comma separated; all mirrored types if left out")
        parser.add_argument("--sharding", choices=[value for value in Connection.Sharding.values if value])
        parser.add_argument("--shards", type=_whole_number, help="number of sockets, with --sharding")
        parser.add_argument(
            "--simulated", action="store_true", help="a new organization is demo data: sandbox only, removable at once"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            validate_slug(options["slug"])
        except Exception:  # noqa: BLE001 - one of Django's many ways to say no
            raise CommandError(f"{options['slug']!r} is no slug: use letters, digits, - and _.") from None
        try:
            connection, is_new = connect_organization(
                slug=options["slug"],
                name=options["name"],
                environment=options["environment"],
                is_simulated=options["simulated"],
                actor=ACTOR,
                **_values(options),
            )
        except InvalidFields as error:
            raise CommandError("Nothing was changed.\n  " + "\n  ".join(error.texts.values())) from None
        what = "added" if is_new else "up to date"
        self.stdout.write(self.style.SUCCESS(f"{connection}: connection {what} (version {connection.version})."))
        command = f"manage.py check_connection {options['slug']} --environment {options['environment']}"
        self.stdout.write(f"A running service opens its socket within seconds. To try it now: {command}")


def _values(options: dict[str, Any]) -> dict[str, Any]:
    """Fields of the connection. What was not given is left out, so that an update keeps it."""
    values: dict[str, Any] = {
        "rest_url": options["rest_url"],
        "websocket_url": options["websocket_url"],
        "credentials": _read_credentials(options["credentials"]),
    }
    if options["entity_types"] is not None:
        values["entity_types"] = [name.strip() for name in options["entity_types"].split(",") if name.strip()]
    if options["sharding"] is not None:
        values["sharding"] = options["sharding"]
    if options["shards"] is not None:
        values["shard_count"] = options["shards"]
    return values


def _read_credentials(path: str) -> dict[str, Any]:
    try:
        text = sys.stdin.read() if path == "-" else Path(path).read_text(encoding="utf-8")
        found = json.loads(text)
    except OSError as error:
        raise CommandError(f"The credentials file {path} cannot be read: {error.strerror}.") from None
    except ValueError:
        found = None  # the parser's own words could quote a secret
    if not isinstance(found, dict):
        raise CommandError(f"The credentials must be a JSON object: {EXAMPLE}")
    return found


def _whole_number(text: str) -> int:
    try:
        return read_whole(text)
    except NotANumber as refused:
        raise ArgumentTypeError(str(refused)) from None
