"""Trying an order as a person does it: by keyboard, without scripts, on a phone."""

import pytest
from django.test import Client
from django.urls import reverse
from playwright.sync_api import expect

from tests.risk.dry_runs.test_pages import TAKEN, answered
from tests.support.browser import PHONE_WIDTH, needs_chromium, opened, overflow
from vendor_admin.operations.models import ReadJob
from vendor_admin.organizations.models import Organization
from vendor_admin.organizations.tenancy.scope import organization_scope

pytestmark = [pytest.mark.pages, pytest.mark.browser, needs_chromium]


def test_an_order_is_tried_by_keyboard_without_scripts_on_a_phone(
    site_url: str, alice: Client, alpha: Organization, trading_day, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    trading_day(1)
    with opened(site_url, alice, width=PHONE_WIDTH, scripts=False) as page:
        page.goto(reverse("account", args=[10_001]))
        page.get_by_role("link", name="Try an order").last.press("Enter")
        page.get_by_label("Contract").focus()
        for typed in ("ESZ6", "Sell", None, "Limit", "6000.25"):
            if typed is not None:
                page.keyboard.type(typed)
            page.keyboard.press("Tab")
        assert overflow(page) <= 0
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="EVAL1: Sell ESZ6, 1 Limit, limit 6,000.25")).to_be_visible()
        with organization_scope(alpha.pk):
            job = ReadJob.objects.get()
        answered(alpha, job, TAKEN)
        page.get_by_role("link", name="Load again").press("Enter")
        expect(page.get_by_text("The platform would take it.")).to_be_visible()
        assert overflow(page) <= 0
