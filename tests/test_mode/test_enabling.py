"""Test mode is off until the operator switches it on, and then a firm has an organization for its test keys."""

from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from tests.support.partner_api.program import ApiProgram
from tests.support.people import staff_user
from tests.support.staff_and_rows import page_text
from vendor_admin.errors import InvalidFields
from vendor_admin.organizations.actors import COMMAND_LINE, Actor
from vendor_admin.organizations.models import AuditEntry, Connection, Organization, StaffRole
from vendor_admin.organizations.staff import verbs as staff
from vendor_admin.organizations.tenancy.scope import organization_scope
from vendor_admin.organizations.test_organizations import find_test_organization
from vendor_admin.partner_api.models import ApiKey
from vendor_admin.sandbox.running import RunningSandbox
from vendor_admin.test_mode.enabling import enable_test_mode

KEYS = "/admin/partner_api/apikey/"
FORM = {"name": "Nightly job", "scopes": ["members:read"], "lasts": "90"}


def enabled(organization: Organization) -> Organization:
    call_command("enable_test_mode", organization.slug, stdout=StringIO())
    found = find_test_organization(organization)
    assert found is not None
    return found


def connected_as(organization: Organization) -> dict[str, str]:
    with organization_scope(organization.pk):
        return {one.environment: one.credentials["name"] for one in Connection.objects.all()}


def roles_in(organization: Organization) -> dict[str, str]:
    return dict(StaffRole.objects.filter(organization=organization).values_list("user__username", "role"))


def keys_of(organization: Organization) -> list[bool]:
    """Whether each key of an organization is a test key."""
    with organization_scope(organization.pk):
        return [key.is_test for key in ApiKey.objects.all()]


def refuse_test_key(organization: Organization) -> str:
    with pytest.raises(InvalidFields) as refused:
        ApiProgram.of(organization, is_test=True)
    return str(refused.value)


def test_without_a_sandbox_there_is_no_test_mode(alpha: Organization) -> None:
    with pytest.raises(CommandError, match="TEST_SANDBOX_URL"):
        enabled(alpha)
    assert find_test_organization(alpha) is None
    assert "test mode is off" in refuse_test_key(alpha)


def test_a_sandbox_that_is_elsewhere_or_silent_is_said_so(alpha: Organization, settings: Any) -> None:
    settings.TEST_SANDBOX_URL = "http://sandbox.example.com"
    with pytest.raises(CommandError, match="this machine"):
        enabled(alpha)
    settings.TEST_SANDBOX_URL = "http://127.0.0.1:9"
    with pytest.raises(CommandError, match="does not answer"):
        enabled(alpha)


def test_a_firm_gets_one_connected_test_organization_that_its_owners_own(
    alpha: Organization, beta: Organization, test_sandbox: RunningSandbox
) -> None:
    staff_user("omar", alpha)
    staff_user("vera", alpha, "viewer")
    test = enabled(alpha)
    assert (test.slug, test.name, test.is_simulated) == (f"{alpha.slug}-test", f"{alpha.name} (TEST)", True)
    assert connected_as(test) == {"demo": "northwind_admin", "live": "northwind_admin"}
    assert roles_in(test) == {"omar": "owner"}
    with organization_scope(test.pk):
        added = AuditEntry.objects.get(action="organization added")
    assert (added.actor, added.new["test_of"]) == (COMMAND_LINE.label, alpha.slug)
    assert enabled(alpha) == test
    assert connected_as(enabled(beta)) == {"demo": "bluewater_admin", "live": "bluewater_admin"}


def test_a_sandbox_without_a_free_vendor_and_a_test_organization_itself_are_refused(
    alpha: Organization, beta: Organization, test_sandbox: RunningSandbox
) -> None:
    test = enabled(alpha)
    enabled(beta)
    gamma = Organization.objects.create(slug="gamma", name="Gamma")
    with pytest.raises(CommandError, match="--organizations"):
        enabled(gamma)
    with pytest.raises(InvalidFields, match="itself"):
        enable_test_mode(organization=test, actor=COMMAND_LINE)


def test_owners_follow_those_of_the_firm(alpha: Organization, test_sandbox: RunningSandbox) -> None:
    staff_user("omar", alpha)
    test, actor = enabled(alpha), Actor.staff("omar")
    vera = StaffRole.objects.get(user=staff_user("vera", alpha, "viewer"))
    with organization_scope(alpha.pk):
        staff.change_role(staff_role=vera, role="owner", actor=actor, reason="new")
    assert roles_in(test)["vera"] == "owner"
    vera.refresh_from_db()
    with organization_scope(alpha.pk):
        staff.take_role(staff_role=vera, actor=actor, reason="left")
    assert "vera" not in roles_in(test)
    with organization_scope(test.pk):
        entries = AuditEntry.objects.filter(subject="vera").order_by("id")
        assert list(entries.values_list("action", flat=True)) == ["role given", "role taken"]


def test_a_test_key_is_one_of_the_test_organization_and_a_live_key_is_not(
    alpha: Organization, test_sandbox: RunningSandbox
) -> None:
    test = enabled(alpha)
    program, live = ApiProgram.of(alpha, is_test=True), ApiProgram.of(alpha)
    assert program.text.startswith(f"vak_test_{test.pk}_")
    assert live.text.startswith(f"vak_live_{alpha.pk}_")
    told = program.get("/api/v1/me").json()
    assert (told["is_test"], told["organization"]["slug"]) == (True, test.slug)
    told = live.get("/api/v1/me").json()
    assert (told["is_test"], told["organization"]["slug"]) == (False, alpha.slug)
    with pytest.raises(InvalidFields, match="test keys alone"):
        ApiProgram.of(test)
    with organization_scope(test.pk):
        ApiKey.objects.filter(pk=program.key.pk).update(is_test=False)
    answer = program.get("/api/v1/me")
    assert (answer.status_code, answer.json()["code"]) == (401, "live_key")


@pytest.mark.pages
def test_an_owner_makes_test_keys_on_the_firms_page_once_test_mode_is_on(
    alpha: Organization, alice: Client, test_sandbox: RunningSandbox
) -> None:
    assert "vak_test_" not in alice.get(f"{KEYS}add/").content.decode()
    refused = alice.post(f"{KEYS}add/", FORM | {"kind": "test"}).content.decode()
    assert "Test mode is off for this organization" in refused
    assert not keys_of(alpha)
    test = enabled(alpha)
    form = alice.get(f"{KEYS}add/").content.decode()
    assert "vak_test_" in form
    made = alice.post(f"{KEYS}add/", FORM | {"kind": "test"}).content.decode()
    assert f"vak_test_{test.pk}_" in made
    assert f"It is a key of {test}" in made
    alice.post(f"{KEYS}add/", FORM | {"kind": ""})
    assert (keys_of(alpha), keys_of(test)) == ([False], [True])


@pytest.mark.pages
def test_pages_of_a_test_organization_say_so_and_it_takes_test_keys_alone(
    alpha: Organization, alice: Client, test_sandbox: RunningSandbox
) -> None:
    test = enabled(alpha)
    alice.post(reverse("enter"), {"organization": test.pk})
    page = page_text(alice.get("/admin/"))
    assert ">TEST</strong>" in page
    assert "DEMO DATA" not in page
    refused = alice.post(f"{KEYS}add/", FORM | {"kind": "live"}).content.decode()
    assert "it takes test keys alone" in refused
    assert f"vak_test_{test.pk}_" in alice.post(f"{KEYS}add/", FORM).content.decode()
