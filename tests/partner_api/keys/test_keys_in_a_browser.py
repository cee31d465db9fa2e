"""An owner makes a key without a mouse, copies it, and is asked before it ends."""

import re

import pytest
from django.test import Client
from playwright.sync_api import Page, expect

from tests.support.browser import PHONE_WIDTH, needs_chromium, opened, overflow
from vendor_admin.organizations.models import Organization

pytestmark = [pytest.mark.pages, pytest.mark.browser, needs_chromium]

LIST = "/admin/partner_api/apikey/"


@pytest.fixture(autouse=True)
def _in_the_browsers_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    """Playwright's loop runs in this thread, which Django would take for asynchronous code."""
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")


def make_by_keyboard(page: Page, *, scope: str) -> None:
    """From the list to the page with the key: nothing is clicked."""
    page.goto(LIST)
    page.get_by_role("link", name="Add", exact=True).focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Make an API key")).to_be_visible()
    page.wait_for_load_state()
    name = page.get_by_label("Name", exact=True)
    name.focus()
    page.keyboard.type("Nightly job")
    expect(name).to_have_value("Nightly job")
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.value") == scope:
            break
    page.keyboard.press("Space")
    expect(page.get_by_label(f"{scope} – ")).to_be_checked()
    page.get_by_role("button", name="Make it").focus()
    page.keyboard.press("Enter")


def test_a_key_is_made_copied_and_revoked_by_keyboard(site_url: str, alpha: Organization, alice: Client) -> None:
    with opened(site_url, alice) as page:
        page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=site_url)
        make_by_keyboard(page, scope="members:read")
        expect(page.get_by_role("heading", name="The key of Nightly job")).to_be_visible()
        page.wait_for_load_state()
        field = page.get_by_label("API key", exact=True)
        expect(field).to_have_value(re.compile(r"vak_live_[0-9]+_[\w-]{43}"))
        field.focus()
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        expect(page.get_by_role("status").first).to_have_text("Copied.")
        assert page.evaluate("navigator.clipboard.readText()") == field.input_value()

        page.get_by_role("link", name="Done").focus()
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="It may")).to_be_visible()
        expect(page.get_by_text("read members", exact=True)).to_be_visible()
        page.get_by_role("link", name="Revoke").focus()
        page.keyboard.press("Enter")
        expect(page.get_by_text("for good")).to_be_visible()
        page.get_by_role("button", name="Revoke it").focus()
        page.keyboard.press("Enter")
        expect(page.get_by_text("is revoked: it opens nothing any more")).to_be_visible()
        expect(page.get_by_role("link", name="Revoke")).to_have_count(0)


def test_the_pages_fit_a_phone_and_work_without_scripts(site_url: str, alpha: Organization, alice: Client) -> None:
    with opened(site_url, alice, width=PHONE_WIDTH) as page:
        page.goto(f"{LIST}add/")
        assert overflow(page) <= 0
        page.get_by_label("Name", exact=True).fill("Nightly job")
        page.get_by_label(re.compile("members:read")).check()
        page.get_by_role("button", name="Make it").click()
        expect(page.get_by_role("button", name="Copy").first).to_be_visible()
        assert overflow(page) <= 0
        page.get_by_role("link", name="Done").click()
        assert overflow(page) <= 0
        page.goto(LIST)
        assert overflow(page) <= 0
    with opened(site_url, alice, scripts=False) as page:
        page.goto(f"{LIST}add/")
        page.get_by_label("Name", exact=True).fill("Second job")
        page.get_by_label(re.compile("members:read")).check()
        page.get_by_role("button", name="Make it").click()
        expect(page.get_by_label("API key", exact=True)).to_have_value(re.compile("vak_live_"))
        expect(page.get_by_role("button", name="Copy")).to_have_count(0)
