"""The whole way in a browser: set up, sign out, sign in with a code and with a recovery code; on a phone, too."""

import re
import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connections
from playwright.sync_api import Page, expect

from tests.organizations.sign_in.sign_in_desk import staff
from tests.support.browser import PHONE_WIDTH, blank_page, needs_chromium, overflow
from vendor_admin.demo.authenticator import SECONDS, code_of
from vendor_admin.organizations.models import Organization

pytestmark = [pytest.mark.browser, needs_chromium]


@pytest.fixture
def page(site_url: str, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Page]:
    """A phone's browser that nobody is signed in with. No script and no policy may complain."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher"]  # which the server knows
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    staff("dora", organization=Organization.objects.create(slug="alpha", name="Alpha Funding"))
    connections.close_all()
    with blank_page(viewport={"width": PHONE_WIDTH, "height": 800}, base_url=site_url) as page:
        yield page


def _give_password(page: Page) -> None:
    page.goto("/admin/login/")
    page.get_by_label("User name or e-mail").fill("dora")
    page.get_by_label("Password").fill("pass-dora")
    page.get_by_role("button", name="Sign in").click()


def _sign_out(page: Page) -> None:
    page.context.clear_cookies()
    page.goto("/admin/")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_somebody_sets_up_a_second_factor_and_signs_in_with_a_code_and_with_a_recovery_code(page: Page) -> None:
    _give_password(page)
    expect(page.get_by_role("heading", name="Set up your second factor")).to_be_visible()
    assert page.locator(".va-qr svg path").bounding_box() is not None
    page.goto("/admin/preferences/")
    expect(page.get_by_role("heading", name="Set up your second factor")).to_be_visible()
    assert overflow(page) == 0
    page.get_by_text("Cannot scan it?").click()
    secret = page.locator(".va-secret").inner_text().replace(" ", "")
    step = int(time.time()) // SECONDS
    page.get_by_label("Six digits").fill(code_of(secret, at=step * SECONDS))
    page.get_by_role("button", name="Set it up").click()

    expect(page.get_by_role("heading", name="Your second factor is set up")).to_be_visible()
    recovery_codes = re.findall(r"\d{4} \d{4}", page.locator(".va-recovery").inner_text())
    assert len(recovery_codes) == 10
    expect(page.get_by_role("button", name="Print")).to_be_visible()
    assert overflow(page) == 0
    page.get_by_role("link", name="continue").click()
    expect(page.get_by_role("heading", name="Your time zone")).to_be_visible()

    _sign_out(page)
    _give_password(page)
    expect(page.get_by_role("heading", name="Enter your code")).to_be_visible()
    assert overflow(page) == 0
    page.get_by_label("Code").fill(code_of(secret, at=(step + 1) * SECONDS))
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()

    _sign_out(page)
    _give_password(page)
    page.get_by_label("Code").fill(recovery_codes[4])
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_text("9 are left")).to_be_visible()
