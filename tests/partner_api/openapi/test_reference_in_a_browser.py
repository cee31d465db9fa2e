"""The reference of the partner API as people open it: it shows the schema, and nothing comes from elsewhere."""

import pytest
from playwright.sync_api import Page, expect

from tests.support.browser import blank_page, needs_chromium

pytestmark = [needs_chromium, pytest.mark.pages, pytest.mark.browser]
TINY = {"openapi": "3.1.1", "info": {"title": "Tiny", "version": "1"}, "paths": {}}
PATIENCE_MS = 90_000  # the pages draw the whole schema


def other_sites(page: Page, site_url: str) -> list[str]:
    """What a page asks for from now on of anybody else."""
    asked: list[str] = []
    ours = (site_url, "data:", "blob:")
    page.on("requestfinished", lambda request: None if request.url.startswith(ours) else asked.append(request.url))
    return asked


def test_swagger_shows_every_resource(site_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")  # Playwright's loop runs in this thread
    with blank_page(viewport={"width": 1400, "height": 900}) as page:
        asked = other_sites(page, site_url)
        page.goto(f"{site_url}/api/docs/")
        expect(page.locator(".opblock-tag[data-tag='Members']")).to_be_visible(timeout=PATIENCE_MS)
        assert asked == []


def test_redoc_asks_nobody_else_for_its_makers_mark(site_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    with blank_page(viewport={"width": 1400, "height": 900}) as page:
        refused: list[str] = []
        page.on("console", lambda message: refused.append(message.text) if message.type == "error" else None)
        page.route("**/api/schema", lambda route: route.fulfill(json=TINY))  # drawing the whole takes long
        page.goto(f"{site_url}/api/docs/redoc")
        expect(page.get_by_alt_text("redocly logo")).to_be_attached(timeout=PATIENCE_MS)
        expect(page.get_by_role("heading", name="Tiny")).to_be_visible()
        assert refused == []
