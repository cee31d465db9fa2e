"""Odd addresses and forms: the answer is a page that says so, never an error page."""

import base64

import pytest
from django.test import Client
from django.urls import reverse

DEEP = base64.urlsafe_b64encode(b"[" * 1400).decode()


@pytest.mark.parametrize("cursor", [DEEP, "é", "=", "A", "W10"])
def test_a_damaged_cursor_shows_the_first_page(alice: Client, trading_day, cursor: str) -> None:
    trading_day(2)
    for name, arguments in (("admin:mirrors_order_changelist", ()), ("account", (10_001,))):
        answer = alice.get(reverse(name, args=arguments), {"before": cursor})
        assert answer.status_code == 200, name


@pytest.mark.parametrize("reason", ["a\x00b", "x" * 5000])
def test_an_operators_odd_reason_is_kept_as_far_as_it_can_be_stored(olga: Client, alpha, reason: str) -> None:
    assert olga.post(reverse("enter"), {"organization": alpha.pk, "reason": reason}).status_code == 302


@pytest.mark.parametrize(
    "moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "0001-01-01", "9999-12-31"]
)
def test_a_time_at_the_edge_of_the_calendar_finds_nothing_or_all(alice: Client, trading_day, moment: str) -> None:
    trading_day(1)
    for name in ("since", "until"):
        assert alice.get(reverse("admin:sync_entityevent_changelist"), {name: moment}).status_code == 200
