"""Fill an installation with demo organizations connected to a running sandbox. May be run again at any time.

Its users sign in by their passwords alone where the demo's switch says so (organizations/demo_sign_in.py); one of them
has a second factor, whose secret is kept and printed beside the password.
"""

import json
import secrets
from argparse import ArgumentParser
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone
from django.utils.text import slugify

from vendor_admin.errors import InvalidFields
from vendor_admin.notices import channels, email
from vendor_admin.notices.event_webhooks.seeding import seed_webhook
from vendor_admin.notices.models import NoticeChannel, NoticeKind
from vendor_admin.organizations.actors import Actor
from vendor_admin.organizations.connections.verbs import connect_organization
from vendor_admin.organizations.models import Connection, Organization, StaffRole, User
from vendor_admin.organizations.platform_access import tokens
from vendor_admin.organizations.sign_in import second_factor
from vendor_admin.organizations.tenancy.scope import organization_scope
from vendor_admin.partner_api.keys.seeding import seed_key

ACTOR = Actor.system("seed_demo")


class Command(BaseCommand):
    help = "Make demo organizations, connections and sign-ins for a running sandbox; prints the sign-ins."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--sandbox-url", "--sandbox", required=True, help="e.g. http://127.0.0.1:9000")
        parser.add_argument("--logins-file", "--logins", type=Path, help="Keeps the passwords: a JSON list.")
        parser.add_argument("--api-key-file", type=Path, help="Keeps a test key of the partner API.")
        parser.add_argument("--webhook-url", help="Where the sample receiver of webhooks listens.")
        parser.add_argument("--webhook-file", type=Path, help="Keeps what the sample receiver must know.")
        parser.add_argument(
            "--new-sandbox",
            action="store_true",
            help="The sandbox was started anew: tokens of an earlier one are forgotten, not tried.",
        )

    def handle(
        self,
        *,
        sandbox_url: str,
        logins_file: Path | None,
        api_key_file: Path | None,
        webhook_url: str | None,
        webhook_file: Path | None,
        new_sandbox: bool,
        **options: Any,
    ) -> None:
        url = sandbox_url.rstrip("/")
        described = _described(url)
        with transaction.atomic():
            organizations = [_connected(one, url=url) for one in described]
            _tell_by_mail(organizations)
            known = _read(logins_file)
            logins = _make_sign_ins(organizations, known=known)
            _add_second_factor(logins, organization=organizations[0], known=known)
        if new_sandbox:
            _forget_tokens(organizations)
        if api_key_file is not None:
            seed_key(organization=organizations[0], path=api_key_file, actor=ACTOR, now=timezone.now())
        if webhook_url and webhook_file:
            seed_webhook(
                organization=organizations[0], url=webhook_url, path=webhook_file, actor=ACTOR, now=timezone.now()
            )
        if logins_file is not None:
            _keep(logins, path=logins_file)
        for login in logins:
            secret = f", secret {login['totp_secret']}" if "totp_secret" in login else ""
            self.stdout.write(f"{login['user']:<24} {login['password']:<18} {login['what']}{secret}")


def _described(url: str) -> list[dict[str, Any]]:
    """The organizations of the sandbox, with the credentials of their keys."""
    try:
        answer = requests.get(f"{url}/control/organizations", timeout=10)
        answer.raise_for_status()
        organizations = answer.json()
    except (requests.RequestException, ValueError) as error:
        raise CommandError(f"No sandbox answers at {url}: {error}. Start one with `manage.py sandbox`.") from error
    usable = [one for one in organizations if one["is_vendor"] and one["has_scopes"]]
    if not usable:
        raise CommandError(f"The sandbox at {url} has no vendor organization.")
    return usable


def _connected(described: dict[str, Any], *, url: str) -> Organization:
    """The demo organization of this name with its two connections, which follow the sandbox to a new port."""
    slug = slugify(described["name"])
    known = Organization.objects.filter(slug=slug).first()
    if known is not None and not known.is_simulated:
        raise CommandError(f"{known} ({slug}) is a real organization: demo data never goes there.")
    for environment in ("demo", "live"):
        try:
            connect_organization(
                slug=slug,
                name=described["name"],
                is_simulated=True,
                environment=environment,
                actor=ACTOR,
                rest_url=f"{url}/{environment}/v1",
                websocket_url=f"ws://{urlsplit(url).netloc}/{environment}/v1/websocket",
                credentials=described["credentials"],
            )
        except InvalidFields as problem:
            raise CommandError(str(problem)) from problem
    return Organization.objects.get(slug=slug)


def _forget_tokens(organizations: list[Organization]) -> None:
    for organization in organizations:
        with organization_scope(organization.pk):
            connections = list(Connection.objects.values_list("pk", flat=True))
        for connection in connections:
            tokens.forget_token(connection_id=connection, organization_id=organization.pk)


def _tell_by_mail(organizations: list[Organization]) -> None:
    """Where mail can be sent (the demo writes it to files), notices go to a desk of each organization."""
    for organization in organizations if email.can_send() else []:
        with organization_scope(organization.pk):
            if not NoticeChannel.objects.exists():
                desk = f"desk@{organization.slug}.example"
                kinds = NoticeKind.values
                channels.add_email_channel(
                    organization=organization, addresses=[desk], kinds=kinds, actor=ACTOR, now=timezone.now()
                )


def _make_sign_ins(organizations: list[Organization], *, known: dict[str, dict[str, str]]) -> list[dict[str, str]]:
    """An operator, one person in each role of the first organization, and an owner in each of the others."""
    logins = [_sign_in("operator", what="runs the installation; enters an organization with a reason", known=known)]
    for number, organization in enumerate(organizations):
        roles = (
            [StaffRole.Role.OWNER] if number else sorted(StaffRole.Role, key=lambda role: role != StaffRole.Role.OWNER)
        )
        for role in roles:
            username = f"{role}@{organization.slug}"
            login = _sign_in(username, what=f"{role} of {organization}", known=known, organization=organization.slug)
            user = User.objects.get(username=username)
            StaffRole.objects.update_or_create(user=user, organization=organization, defaults={"role": role})
            logins.append(login)
    return logins


def _add_second_factor(
    logins: list[dict[str, str]], *, organization: Organization, known: dict[str, dict[str, str]]
) -> None:
    """One more login of the first organization, which shows the whole sign-in."""
    username = f"careful@{organization.slug}"
    what = f"viewer of {organization}, with a second factor"
    login = _sign_in(username, what=what, known=known, organization=organization.slug)
    user = User.objects.get(username=username)
    role = {"role": StaffRole.Role.VIEWER}
    StaffRole.objects.update_or_create(user=user, organization=organization, defaults=role)
    kept = known.get(username, {}).get("totp_secret", "")
    login["totp_secret"] = kept or second_factor.new_secret()
    if not kept or not second_factor.has_second_factor(user):
        second_factor.set_up_with(user=user, secret=login["totp_secret"])
    logins.append(login)


def _sign_in(username: str, *, what: str, known: dict[str, dict[str, str]], organization: str = "") -> dict[str, str]:
    """A user with the password that was made the first time; without a note of it a new one is made."""
    kind = User.Kind.STAFF if organization else User.Kind.OPERATOR
    made = {"kind": kind, "is_staff": True, "is_simulated": True}
    user, _ = User.objects.get_or_create(username=username, defaults=made)
    if not user.is_simulated:
        raise CommandError(f"There is a user {username} who is no demo user: demo data never changes one.")
    password = known.get(username, {}).get("password") or secrets.token_urlsafe(9)
    if not user.check_password(password):
        user.set_password(password)
        user.save(update_fields=["password"])
    return {"user": username, "password": password, "what": what, "organization": organization}


def _read(path: Path | None) -> dict[str, dict[str, str]]:
    try:
        return {login["user"]: dict(login) for login in json.loads(path.read_text())} if path else {}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _keep(logins: list[dict[str, str]], *, path: Path) -> None:
    """Write the sign-ins where only this account may read them."""
    path.touch(mode=0o600)
    path.chmod(0o600)
    path.write_text(json.dumps(logins, indent=1))
