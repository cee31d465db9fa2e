"""Odd addresses and forms: the answer is a page that says so, never an error page."""

import base64
import json

import pytest
from django.test import Client
from django.urls import reverse

pytestmark = pytest.mark.pages

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


OUT_OF_RANGE = [
    "0001-01-01",
    "0001-01-01T00:00:00+14:00",
    "0001-01-01T00:00:00+23:59",
    "1969-12-31",
    "2200-01-02",
    "9999-12-31",
    "9999-12-31T23:59:59-23:59",
]


@pytest.mark.parametrize("moment", OUT_OF_RANGE)
@pytest.mark.parametrize("name", ["sync_entityevent", "organizations_auditentry"])
def test_a_filter_by_a_time_out_of_range_is_refused_in_words(
    alice: Client, trading_day, name: str, moment: str
) -> None:
    trading_day(1)
    for one in ("since", "until"):
        for page in ("changelist", "export"):
            answer = alice.get(reverse(f"admin:{name}_{page}"), {one: moment})
            assert answer.status_code == 400
            assert "is out of range. Times here lie between the years 1970 and 2200." in answer.content.decode()


@pytest.mark.parametrize("moment", [text if "T" in text else f"{text}T00:00:00+00:00" for text in OUT_OF_RANGE])
def test_a_place_in_a_list_at_a_time_out_of_range_is_not_understood(alice: Client, trading_day, moment: str) -> None:
    trading_day(2)
    cursor = base64.urlsafe_b64encode(json.dumps([moment, 1]).encode()).decode().rstrip("=")
    log = reverse("admin:sync_entityevent_changelist")
    pages = [(log, "before"), (log, "after")]
    pages += [(reverse("account", args=[10_001]), "before"), (reverse("member", args=[1]), "before")]
    for address, name in pages:
        answer = alice.get(address, {name: cursor})
        assert answer.status_code == 400, address
        assert "could not be understood" in answer.content.decode()


def test_a_time_near_an_end_of_the_range_or_of_a_far_zone_is_taken(alice: Client, trading_day) -> None:
    trading_day(1)
    log = reverse("admin:sync_entityevent_changelist")
    for one in ("since", "until"):
        for moment in ("1970-01-02", "2199-12-31T23:59:59+10:00", "2026-11-20T14:30:00+16:59"):
            assert alice.get(log, {one: moment}).status_code == 200


@pytest.mark.parametrize("filters", [{"account": "EVAL2"}, {"environment": "both"}, {"since": "yesterday"}])
def test_a_list_with_a_filter_that_cannot_be_read_says_so_in_its_status_too(alice: Client, filters: dict) -> None:
    for page in ("changelist", "export"):
        answer = alice.get(reverse(f"admin:sync_entityevent_{page}"), filters)
        assert answer.status_code == 400
        assert "is not" in answer.content.decode()
