"""A headless Chromium, signed in as a person, for tests of pages as people use them."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.conf import settings
from django.db import connections
from django.test import Client
from playwright.sync_api import Page, expect, sync_playwright

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
PHONE_WIDTH = 390
SECONDS = 20  # for a page on a machine that is busy with other tests

expect.set_options(timeout=1000 * SECONDS)

needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="Debian's package chromium is not installed")


@contextmanager
def blank_page(**context: Any) -> Iterator[Page]:
    """A page of a new browser; `context` as Playwright names it. Fails at the end where a script or a rule of a page
    failed.
    """
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_context(**context).new_page()
        page.set_default_timeout(1000 * SECONDS)
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        try:
            yield page
        finally:
            # Under Playwright's loop this thread has database connections of its own, which nobody else closes.
            connections.close_all()
            browser.close()
    assert errors == []


@contextmanager
def opened(site_url: str, client: Client, *, width: int = 1400, scripts: bool = True) -> Iterator[Page]:
    """A page with the session of a test client."""
    viewport = {"width": width, "height": 900}
    with blank_page(viewport=viewport, base_url=site_url, java_script_enabled=scripts) as page:
        session = client.cookies[settings.SESSION_COOKIE_NAME].value
        page.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": site_url}])
        yield page


def overflow(page: Page) -> int:
    """By how many points the page is wider than the window."""
    page.wait_for_load_state()
    return int(page.evaluate("document.documentElement.scrollWidth - window.innerWidth"))
