"""A headless Chromium, signed in as a person, for tests of pages as people use them."""

import atexit
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connections
from django.test import Client
from playwright.sync_api import Page, expect, sync_playwright

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
PHONE_WIDTH = 390
PATIENCE = 180  # a browser that has just started on a busy machine answers late
SECONDS = 20  # for a page on a machine that is busy with other tests

expect.set_options(timeout=1000 * SECONDS)

needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="Debian's package chromium is not installed")


@cache
def _chromium() -> str:
    """The address of this process's one Chromium, which ends with the process."""
    folder = Path(tempfile.mkdtemp(prefix="vendor-admin-tests-chromium-"))
    switches = (
        "--headless",
        "--no-sandbox",
        "--remote-debugging-port=0",
        "--no-first-run",
        "--hide-scrollbars",
        f"--user-data-dir={folder}",
    )
    log_path = folder / "chromium.log"
    with log_path.open("w") as log:
        process = subprocess.Popen([str(CHROMIUM), *switches], stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def end() -> None:
        process.kill()
        process.wait()
        shutil.rmtree(folder, ignore_errors=True)

    atexit.register(end)
    deadline = time.monotonic() + 3 * SECONDS
    while not (found := re.search(r"DevTools listening on (ws://\S+)", log_path.read_text())):
        assert process.poll() is None, log_path.read_text()
        assert time.monotonic() < deadline, log_path.read_text()
        time.sleep(0.05)
    return found[1]


@contextmanager
def blank_page(**context: Any) -> Iterator[Page]:
    """A page with cookies and a cache of its own; `context` as Playwright names it. Fails at the end where a script or
    a rule of a page failed.
    """
    with sync_playwright() as playwright:
        browser = playwright.chromium.connect_over_cdp(_chromium(), timeout=1000 * PATIENCE)
        opened_context = browser.new_context(**context)
        page = opened_context.new_page()
        page.set_default_timeout(1000 * SECONDS)
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        try:
            yield page
        finally:
            # Under Playwright's loop this thread has database connections of its own, which nobody else closes.
            connections.close_all()
            opened_context.close()
            browser.close()  # the connection to it
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
