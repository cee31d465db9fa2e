"""Set up the member sign-in of the demo organizations at a running sandbox. May be run again at any time."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import requests
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.text import slugify

from oauth_bridge.models import MemberSite
from oauth_bridge.own_addresses import member_address, redirect_uri
from oauth_bridge.portals.seeding import seed_portal
from oauth_bridge.sign_in import clients
from oauth_bridge.site import site as member_site
from vendor_admin.errors import InvalidFields
from vendor_admin.organizations.actors import Actor
from vendor_admin.organizations.models import Organization
from vendor_admin.organizations.tenancy.scope import organization_scope

ACTOR = Actor.system("seed_members")
ENVIRONMENT = "live"
QUICK_MEMBERS = 3
COLOURS = ("#0b6e4f", "#7a1fa2", "#b3541e", "#1d4f91")
HELP = "Write to help@{slug}.example."


class Command(BaseCommand):
    help = "Let members of the demo organizations sign in at a running sandbox; prints who may. Needs SITE_URL."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--sandbox-url", required=True, help="e.g. http://127.0.0.1:9000")
        parser.add_argument("--members-file", type=Path, help="Where to write who may sign in: a JSON list.")
        parser.add_argument("--portal-url", help="Where the sample portal is served; registered at the first of them.")
        parser.add_argument("--portal-file", type=Path, help="Where to write what the sample portal must know.")

    def handle(
        self,
        *,
        sandbox_url: str,
        members_file: Path | None = None,
        portal_url: str | None = None,
        portal_file: Path | None = None,
        **options: Any,
    ) -> None:
        if not settings.SITE_URL:
            raise CommandError("SITE_URL is not set: the platform must know where to send members back to.")
        sandbox = _Sandbox(sandbox_url.rstrip("/"))
        described = sandbox.get("clients")
        simulated = {one.slug: one for one in Organization.objects.filter(is_simulated=True)}
        members = []
        for number, client in enumerate(described):
            organization = simulated.get(slugify(client["organization"]))
            if organization is None:
                continue
            _set_up(organization, client, sandbox, number=number)
            members.append(_somebody(organization, client, sandbox))
        if not members:
            raise CommandError("No demo organization belongs to this sandbox. Run `manage.py seed_demo` first.")
        sandbox.post("configure", quick_members=QUICK_MEMBERS)
        if portal_url and portal_file:
            first = next(simulated[slug] for one in described if (slug := slugify(one["organization"])) in simulated)
            seed_portal(organization=first, url=portal_url, path=portal_file, actor=ACTOR, now=timezone.now())
        if members_file is not None:
            members_file.write_text(json.dumps(members, indent=1))
        for member in members:
            self.stdout.write(f"{member['user']:<24} {member['password']:<30} {member['what']}")


class _Sandbox:
    """The sandbox's control door."""

    def __init__(self, url: str) -> None:
        self.url = url

    def get(self, view: str, **query: Any) -> Any:
        return self._ask("GET", view, params=query)

    def post(self, verb: str, **body: Any) -> Any:
        return self._ask("POST", verb, json=body)

    def _ask(self, method: str, verb: str, **kwargs: Any) -> Any:
        try:
            answer = requests.request(method, f"{self.url}/control/oauth/{verb}", timeout=10, **kwargs)
            answer.raise_for_status()
            return answer.json()
        except (requests.RequestException, ValueError) as error:
            raise CommandError(f"No sandbox answers at {self.url}: {error}.") from error


def _set_up(organization: Organization, client: dict[str, Any], sandbox: _Sandbox, *, number: int) -> None:
    """Register our address at the sandbox, store its client here, and give the pages a colour if they have none."""
    sandbox.post("client", client_id=client["client_id"], redirect_uris=[redirect_uri(organization, ENVIRONMENT)])
    values = {
        "client_id": client["client_id"],
        "secret": client["client_secret"],
        "authorize_url": f"{sandbox.url}/oauth",
        "exchange_url": f"{sandbox.url}/live/auth/oauthtoken",
        "rest_url": f"{sandbox.url}/live/v1",
        "encoding": "form",
    }
    try:
        clients.set_client(organization=organization, environment=ENVIRONMENT, values=values, actor=ACTOR)
    except InvalidFields as problem:
        raise CommandError(str(problem)) from problem
    with organization_scope(organization.pk):
        has_look = MemberSite.objects.exists()
    if not has_look:
        look = {"colour": COLOURS[number % len(COLOURS)], "help_text": HELP.format(slug=organization.slug)}
        member_site.change_look(organization=organization, values=look, actor=ACTOR)


def _somebody(organization: Organization, client: dict[str, Any], sandbox: _Sandbox) -> dict[str, str]:
    """A member of an organization who may sign in."""
    for member in sandbox.get("members", organization=client["organization_id"]):
        if member["status"] == "Active" and not member["is_administrator"]:
            return {
                "user": member["name"],
                "password": member["password"],
                "what": f"member of {organization}",
                "address": member_address(organization),
            }
    raise CommandError(f"{organization} has no member who may sign in.")
