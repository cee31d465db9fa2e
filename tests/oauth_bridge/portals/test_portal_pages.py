"""Owners register portals; everybody else sees none of it. And what members see of portals."""

import re
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from oauth_bridge.models import Portal, SigningKey
from oauth_bridge.portals import registry
from tests.oauth_bridge.portals.portal_side import CALLBACK, PortalSide
from vendor_admin.errors import InvalidFields
from vendor_admin.organizations.models import AuditEntry, Organization
from vendor_admin.organizations.tenancy.scope import organization_scope

pytestmark = pytest.mark.pages

LIST = "/admin/oauth_bridge/portal/"
FORM = {"name": "Trader Desk", "redirect_uris": CALLBACK, "scopes": ["openid", "profile"], "reason": "asked by mail"}


def shown(response: Any) -> str:
    return str(response.content.decode())


def secret_on(page: str) -> str:
    [secret] = re.findall(r'value="(vas_[\w-]{43})"', page)
    return str(secret)


def test_an_owner_registers_a_portal_and_sees_its_secret_once(alpha: Organization, alice: Client) -> None:
    assert "No portal yet." in shown(alice.get(LIST))
    assert "one button" in shown(alice.get(f"{LIST}add/"))
    made = alice.post(f"{LIST}add/", FORM)
    secret = secret_on(shown(made))
    assert "no-store" in made["Cache-Control"]
    assert "/o/alpha" in shown(made)
    with organization_scope(alpha.pk):
        portal = Portal.objects.get()
        entry = AuditEntry.objects.get(action="portal registered")
    assert portal.scopes == ["openid", "profile"]
    assert registry.matches(secret, portal.client_secret)
    assert secret not in portal.client_secret
    assert entry.reason == "asked by mail"

    object_page = shown(alice.get(f"{LIST}{portal.pk}/change/"))
    assert secret not in object_page
    assert CALLBACK in object_page
    assert "Trader Desk" in shown(alice.get(LIST))
    renewed = secret_on(shown(alice.post(f"{LIST}{portal.pk}/secret/", {"reason": "lost"})))
    assert renewed != secret
    changed = alice.post(f"{LIST}{portal.pk}/edit/", FORM | {"name": "Desk", "scopes": ["openid", "email"]})
    assert changed.status_code == 302
    assert alice.post(f"{LIST}{portal.pk}/switch/").status_code == 302
    with organization_scope(alpha.pk):
        portal.refresh_from_db()
    assert (portal.name, portal.scopes, portal.is_enabled) == ("Desk", ["openid", "email"], False)
    assert alice.post(f"{LIST}{portal.pk}/remove/", {"reason": "over"}).status_code == 302
    with organization_scope(alpha.pk):
        assert not Portal.objects.exists()
        actions = set(AuditEntry.objects.values_list("action", flat=True))
        kept = str(list(AuditEntry.objects.values()))
    assert actions >= {"portal secret replaced", "portal changed", "portal disabled", "portal removed"}
    assert secret not in kept
    assert renewed not in kept

    form = shown(alice.get(f"{LIST}add/program/"))
    assert "plans:approve – approve plans of others" in form
    assert "checked" not in form, "nobody gives what they did not choose"
    program = alice.post(f"{LIST}add/program/", {"name": "Nightly job", "scopes": ["members:read"]})
    assert "oauth/token/" in shown(program)
    assert PortalSide(_portal(alpha), secret_on(shown(program)), "alpha").own_token().startswith("vat_")


def test_what_cannot_be_stored_is_said_in_words(alpha: Organization, alice: Client) -> None:
    PortalSide.registered(alpha)
    cases: dict[str, dict[str, Any]] = {
        "There is a portal of this name": {},
        "must begin with https://": {"redirect_uris": "http://portal.example/callback"},
        "must begin with https:// and name": {"redirect_uris": "javascript:alert(1)"},
        "without a star": {"redirect_uris": "https://*.portal.example/callback"},
        "user name or #": {"redirect_uris": "https://portal.example/callback#there"},
        "letters, digits": {"redirect_uris": "https://portal.example;script-src/callback"},
        "the answer brings these": {"redirect_uris": "https://portal.example/callback?iss=evil"},
        "needs openid": {"scopes": ["profile"]},
        "Select a valid choice": {"scopes": ["openid", "members:write"]},
    }
    for words, changes in cases.items():
        page = shown(alice.post(f"{LIST}add/", FORM | {"name": "Trader Desk"} | changes))
        assert words in page.replace("&#x27;", "'"), words


def test_plain_http_is_for_loopback_of_demo_data_alone(alpha: Organization) -> None:
    local = "http://localhost:8070/callback"
    PortalSide.registered(alpha, redirect_uris=[local])
    with organization_scope(alpha.pk):
        Organization.objects.filter(pk=alpha.pk).update(is_simulated=False)
    alpha.refresh_from_db()
    with pytest.raises(InvalidFields, match="in the clear"):
        PortalSide.registered(alpha, name="Second", redirect_uris=[local])


def test_nobody_but_owners_sees_portals_and_no_other_organization(
    alpha: Organization, beta: Organization, bob: Client, charlie: Client
) -> None:
    desk = PortalSide.registered(alpha)
    own = f"{LIST}{desk.portal.pk}/"
    for address in (LIST, f"{LIST}add/", f"{LIST}add/program/", f"{LIST}export.csv", f"{own}change/", f"{own}edit/"):
        assert bob.get(address).status_code == 403, address
    for name in ("secret", "switch", "remove", "edit"):
        assert bob.post(f"{own}{name}/", FORM).status_code == 403, name
        assert charlie.post(f"{own}{name}/", FORM).status_code == 404, name
    assert "Trader Desk" not in shown(charlie.get(LIST))
    assert "Portals" not in shown(bob.get("/admin/"))
    with organization_scope(alpha.pk):
        portal = Portal.objects.get()
    assert portal.is_enabled
    assert registry.matches(desk.secret, portal.client_secret)


def test_keys_are_rotated_by_a_command(alpha: Organization, beta: Organization, capsys: Any) -> None:
    PortalSide.registered(alpha)
    call_command("rotate_signing_keys")
    call_command("rotate_signing_keys", organization="alpha", reason="yearly")
    assert capsys.readouterr().out.count("alpha: signing key") == 2
    with organization_scope(alpha.pk, beta.pk):
        assert SigningKey.objects.filter(organization=alpha).count() == 3
        assert SigningKey.objects.filter(organization=alpha, retired_at=None).count() == 1
        assert not SigningKey.objects.filter(organization=beta).exists()
    with pytest.raises(CommandError, match="no organization"):
        call_command("rotate_signing_keys", organization="gamma")


def _portal(organization: Organization) -> Portal:
    with organization_scope(organization.pk):
        return Portal.objects.select_related("organization").get()
