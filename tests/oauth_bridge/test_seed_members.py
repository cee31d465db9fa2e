"""`manage.py seed_members`: after seed_demo, members of the demo's organizations can sign in with one click there."""

import json

import pytest
import requests
from django.core.management import CommandError, call_command
from django.test import Client

from oauth_bridge.models import MemberSite, PlatformClient, Portal
from oauth_bridge.portals import registry
from tests.oauth_bridge.portals.portal_side import PortalSide
from tests.oauth_bridge.visitor import SITE, Visitor
from tests.support.oauth_visitor import form
from vendor_admin.demo.folder import member_lines, portal_lines
from vendor_admin.organizations.models import AuditEntry, Organization
from vendor_admin.organizations.tenancy.scope import organization_scope

PORTALS = ("portal", "portalconsent", "portalcode", "portaltoken", "portalrefreshtoken", "signingkey")


@pytest.fixture
def seeded(committed_db, sandbox, tmp_path):
    for number in range(3):
        name = sandbox.view("oauth/clients")[number]["organization"]
        Organization.objects.create(slug=name.lower().replace(" ", "-"), name=name, is_simulated=True)
    path = tmp_path / "members.json"
    call_command("seed_members", sandbox_url=sandbox.url, members_file=path, **portal_at(tmp_path))
    return path


def portal_at(folder):
    return {"portal_url": "http://localhost:8070", "portal_file": folder / "portal.json"}


def test_members_of_every_demo_organization_are_printed_and_can_sign_in(seeded, sandbox, write):
    members = json.loads(seeded.read_text())

    assert [member["address"] for member in members] == [
        f"{SITE}/o/northwind-funding/",
        f"{SITE}/o/bluewater-traders/",
        f"{SITE}/o/summit-evaluations/",
    ]
    lines = "\n".join(member_lines(seeded))
    assert all(member["password"] in lines and member["address"] in lines for member in members)
    for member in members:
        slug = member["address"].split("/")[-2]
        [found] = [one for one in sandbox.view("oauth/members", limit=1000) if one["name"] == member["user"]]
        write.mirror(
            "user", Organization.objects.get(slug=slug), found["user_id"], name=found["name"], environment="live"
        )
        visitor = Visitor(sandbox, slug, member["user"], found["user_id"])
        page = requests.get(visitor.depart(), timeout=10)
        click = form(page) | {"action": f"quick:{found['user_id']}"}
        back = requests.post(f"{sandbox.url}/oauth/sign-in", data=click, allow_redirects=False, timeout=10)
        visitor.come_back(back.headers["Location"])
        assert visitor.is_signed_in()


def test_seeding_again_changes_and_audits_nothing(seeded, sandbox, tmp_path):
    northwind = Organization.objects.get(slug="northwind-funding")
    with organization_scope(northwind.pk):
        before = AuditEntry.objects.count()
        MemberSite.objects.update(colour="#111111")

    kept = (tmp_path / "portal.json").read_text()
    call_command("seed_members", sandbox_url=sandbox.url, **portal_at(tmp_path))

    assert (tmp_path / "portal.json").read_text() == kept
    with organization_scope(northwind.pk):
        assert AuditEntry.objects.count() == before
        assert MemberSite.objects.get().colour == "#111111"


def test_the_sample_portal_gets_what_it_must_know_and_another_secret_when_that_is_lost(seeded, sandbox, tmp_path):
    path = tmp_path / "portal.json"
    first = json.loads(path.read_text())
    assert path.stat().st_mode & 0o777 == 0o600
    assert first["issuer"] == f"{SITE}/o/northwind-funding"
    assert first["url"] in "\n".join(portal_lines(path))
    assert first["client_secret"] not in "\n".join(portal_lines(path))
    assert portal_lines(tmp_path / "nothing") == []
    path.unlink()

    call_command("seed_members", sandbox_url=sandbox.url, **portal_at(tmp_path))

    second = json.loads(path.read_text())
    assert second["client_id"] == first["client_id"]
    with organization_scope(Organization.objects.get(slug="northwind-funding").pk):
        assert registry.matches(second["client_secret"], Portal.objects.get().client_secret)


def test_real_organizations_are_left_alone(committed_db, sandbox):
    real = Organization.objects.create(slug="northwind-funding", name="Northwind Funding")

    with pytest.raises(CommandError, match="seed_demo"):
        call_command("seed_members", sandbox_url=sandbox.url)

    with organization_scope(real.pk):
        assert not PlatformClient.objects.exists()
    assert "not open yet" in Client().get("/o/northwind-funding/").content.decode()


def test_seeding_needs_an_address_and_a_sandbox(committed_db, settings):
    with pytest.raises(CommandError, match=r"No sandbox answers at http://127\.0\.0\.1:9"):
        call_command("seed_members", sandbox_url="http://127.0.0.1:9")
    settings.SITE_URL = ""
    with pytest.raises(CommandError, match="SITE_URL is not set"):
        call_command("seed_members", sandbox_url="http://127.0.0.1:9")


def test_removing_the_demo_removes_its_members(committed_db, sandbox, ann, owner_connection):
    ann.sign_in()
    desk = PortalSide.registered(ann.organization)
    desk.refresh(desk.tokens_of(ann)["refresh_token"])

    call_command("remove_demo_data", "--yes")

    for table in ("memberlink", "membersession", "signinattempt", "platformclient", "membersite", *PORTALS):
        row = owner_connection.execute(f"SELECT count(*) FROM oauth_bridge_{table}").fetchone()  # noqa: S608
        assert row == (0,), table
    assert owner_connection.execute("SELECT count(*) FROM organizations_user").fetchone() == (0,)
