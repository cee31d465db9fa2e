"""What scripts add to staff pages: ages that go on, and words beneath tables that are wider than the page."""

import re
from datetime import UTC, datetime

import pytest
from django.test import Client
from django.urls import reverse
from playwright.sync_api import expect

from tests.support.browser import needs_chromium, opened

pytestmark = [pytest.mark.pages, pytest.mark.browser, needs_chromium]


@pytest.fixture(autouse=True)
def _in_the_browsers_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    """Playwright's loop runs in this thread, which Django would take for asynchronous code."""
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")


def test_ages_go_on_while_a_page_is_open(site_url: str, alice: Client, trading_day, write):
    trading_day(1)
    write.connection.execute("UPDATE mirrors_cashbalance SET received_at = %s", [datetime.now(UTC)])

    with opened(site_url, alice) as page:
        page.clock.install()
        page.goto(reverse("account", args=[10_001]))
        age = page.locator(".va-intro time[data-age]")
        expect(age).to_have_text(re.compile(r"\d+ s ago"))
        page.clock.run_for(61_000)
        expect(age).to_have_text("1 min ago")


def test_a_table_that_is_wider_than_the_page_says_so_and_keeps_the_names_in_sight(
    site_url: str, alice: Client, trading_day
):
    trading_day(1)

    with opened(site_url, alice, width=800) as page:
        page.goto(reverse("admin:mirrors_account_changelist"))
        name = page.locator("tbody th").first
        expect(page.get_by_text("More columns: scroll sideways")).to_be_visible()
        page.locator(".va-table-wrap").evaluate("wrap => { wrap.scrollLeft = wrap.scrollWidth; }")
        expect(page.get_by_role("columnheader", name="Last change")).to_be_in_viewport()
        expect(name).to_be_in_viewport()

    with opened(site_url, alice, width=2400) as page:
        page.goto(reverse("admin:mirrors_account_changelist"))
        expect(page.locator("tbody th").first).to_be_visible()
        expect(page.get_by_text("More columns: scroll sideways")).to_have_count(0)


def test_the_first_tab_stop_leads_past_the_menu(site_url: str, alice: Client, trading_day):
    trading_day(1)

    with opened(site_url, alice) as page:
        page.goto(reverse("admin:mirrors_account_changelist"))
        page.keyboard.press("Tab")
        expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.locator("#content")).to_be_focused()


def test_a_page_that_renews_itself_says_that_its_reader_was_signed_out(site_url: str, alice: Client, trading_day):
    trading_day(1)

    with opened(site_url, alice) as page:
        page.clock.install()
        page.goto(reverse("admin:index"))
        alice.logout()
        page.clock.run_for(30_000)
        expect(page.get_by_role("alert")).to_contain_text("You were signed out")
        page.get_by_role("link", name="Sign in again").click()
        expect(page.get_by_label("Password")).to_be_visible()
