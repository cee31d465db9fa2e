"""A partner's portal, which imports nothing of ours and knows only its issuer, signs a member in by a browser."""

import ast
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests
from playwright.sync_api import expect

from tests.oauth_bridge.member_pages.test_in_a_browser import phone
from tests.oauth_bridge.visitor import Visitor
from tests.sample_portal.conftest import PORTAL
from tests.sample_portal.portal import SignInFailed, about_one_member
from tests.support.browser import needs_chromium, overflow
from vendor_admin.organizations.models import AuditEntry
from vendor_admin.organizations.tenancy.scope import organization_scope


@pytest.mark.parametrize(("program", "library"), [("portal", "authlib"), ("receiver", "standardwebhooks")])
def test_the_samples_import_nothing_of_ours(program: str, library: str) -> None:
    tree = ast.parse(PORTAL.with_stem(program).read_text())
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add((node.module or "").split(".")[0])

    assert library in names
    assert not names & {"vendor_admin", "oauth_bridge", "accounts", "risk", "tests", "django", "oauth2_provider", ""}


def test_the_sample_portal_takes_no_claims_about_somebody_else_than_the_id_token() -> None:
    """OpenID Connect Core, 5.3.2: userinfo of another `sub` must not be used."""
    assert about_one_member({"sub": "1-live-7", "name": "Ann"}, sub="1-live-7")["name"] == "Ann"
    for answer in ({"sub": "1-live-8"}, {"name": "Ann"}):
        with pytest.raises(SignInFailed, match="somebody else"):
            about_one_member(answer, sub="1-live-7")


def refusal_of(portal_url: str, **changes: str) -> str:
    """What the portal says to an answer that was tampered with, in a browser that had begun a sign-in."""
    browser = requests.Session()
    departure = browser.get(f"{portal_url}/sign-in", allow_redirects=False, timeout=20).headers["Location"]
    asked = dict(parse_qsl(urlsplit(departure).query))
    answer = {"code": "stolen", "state": asked["state"], "iss": departure.partition("/oauth/")[0]} | changes
    return browser.get(f"{portal_url}/callback", params=answer, timeout=20).text


@pytest.mark.browser
@needs_chromium
def test_a_member_signs_in_to_a_portal_and_takes_it_back(portal_url: str, site_url: str, ann: Visitor) -> None:
    assert "another issuer" in refusal_of(portal_url, iss=f"{site_url}/o/beta")
    assert "another issuer" in refusal_of(portal_url, iss="")
    assert "no sign-in that was begun here" in refusal_of(portal_url, state="another")
    with phone() as page:
        page.goto(portal_url)
        page.get_by_role("link", name="Sign in with my prop firm").click()
        expect(page.get_by_text("You will come back to the page you asked for")).to_be_visible()
        page.get_by_role("link", name="Sign in with Tradovate").click()
        page.get_by_role("button", name=ann.login).click()

        expect(page.get_by_role("heading", name="Sign in to Trader Desk?")).to_be_visible()
        assert overflow(page) <= 0
        page.get_by_role("button", name="Cancel").click()
        expect(page.get_by_text("The member did not allow it.")).to_be_visible()
        page.get_by_role("link", name="Sign in with my prop firm").click()
        page.get_by_role("button", name="Allow").click()
        expect(page.get_by_role("heading", name="Welcome")).to_be_visible()
        expect(page.get_by_text(str(ann.user_id), exact=True)).to_be_visible()
        assert page.url == f"{portal_url}/"

        page.get_by_role("button", name="Sign out").click()
        page.get_by_role("link", name="Sign in with my prop firm").click()
        expect(page.get_by_role("heading", name="Welcome")).to_be_visible()  # allowed already: nobody asks again

        page.goto(f"{site_url}/o/alpha/sign-ins/")
        assert overflow(page) <= 0
        page.get_by_role("button", name="Disconnect Trader Desk").click()
        expect(page.get_by_text("Trader Desk receives nothing more about you from here.")).to_be_visible()
        page.goto(portal_url)
        page.get_by_role("button", name="Sign out").click()
        page.get_by_role("link", name="Sign in with my prop firm").click()
        expect(page.get_by_role("heading", name="Sign in to Trader Desk?")).to_be_visible()
    with organization_scope(ann.organization.pk):
        assert AuditEntry.objects.filter(action="portal disconnected").count() == 1
