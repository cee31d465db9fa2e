"""What somebody who does not see a page, or uses the keyboard alone, meets first on it."""

import re

import pytest
from django.test import Client
from django.urls import reverse

pytestmark = pytest.mark.pages


@pytest.fixture(params=["admin:index", "admin:mirrors_account_changelist", "admin:password_change", "budgets"])
def text(alice: Client, trading_day, request) -> str:
    trading_day(1)
    return alice.get(reverse(request.param)).content.decode()


def test_the_skip_link_is_the_first_stop_and_leads_to_what_can_be_focused(text: str):
    body = text[text.index("<body") :]
    first = re.search(r"<(?:a|button|input|select|textarea|summary)\b[^>]*>", body)

    assert first is not None
    assert 'class="va-skip"' in first[0]
    assert first[0].count('href="#content"') == 1
    assert re.search(r'id="content" tabindex="-1"', body)


def test_a_page_has_one_main_part_with_its_content(text: str):
    assert text.count("<main") == text.count("</main>") == 1
    main = text[text.index("<main") : text.index("</main>")]

    assert 'id="content"' in main
    assert "<h1" in main or "password" in main
    assert 'id="nav-sidebar"' not in main


def test_no_icon_is_read_aloud(text: str):
    icons = re.findall(r'<span[^>]*class="material-symbols-outlined[^>]*>', text)

    assert icons
    assert all('aria-hidden="true"' in icon for icon in icons)
