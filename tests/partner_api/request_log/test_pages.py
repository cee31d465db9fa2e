"""The pages of the request log: Alice owns Alpha, Bob looks at it, Charlie owns Beta."""

import html
import re

import pytest
from django.test import Client
from django.urls import reverse

from tests.support.partner_api.program import ApiProgram
from tests.support.people import staff_user
from tests.support.signed_in import signed_in
from tests.support.staff_and_rows import page_text
from vendor_admin.organizations.models import Organization
from vendor_admin.organizations.tenancy.scope import organization_scope
from vendor_admin.partner_api.models import ApiKey, RequestLogEntry

pytestmark = pytest.mark.pages
LIST = "admin:partner_api_requestlogentry_changelist"
OBJECT = "admin:partner_api_requestlogentry_change"


@pytest.fixture
def entry(alpha: Organization) -> RequestLogEntry:
    program = ApiProgram.of(alpha)
    program.get("/api/v1/nothing?limit=5")
    with organization_scope(alpha.pk):
        return RequestLogEntry.objects.get()


def plan_request(entry: RequestLogEntry) -> RequestLogEntry:
    with organization_scope(entry.organization_id):
        entry.method, entry.path, entry.location = "POST", "/api/v1/plans", "/api/v1/plans/77"
        entry.request_body, entry.answer_body = '{"kind":"x","password":"••••••"}', '{"id":"77"}'
        entry.save()
    return entry


def test_staff_find_a_request_by_what_a_developer_names(alice: Client, entry: RequestLogEntry) -> None:
    assert entry.request_id in page_text(alice.get(reverse(LIST)))
    for name, value in (
        ("request_id", entry.request_id),
        ("key", entry.caller),
        ("path", entry.path),
        ("status", "4"),
        ("code", "not_found"),
        ("method", "GET"),
    ):
        assert entry.request_id in page_text(alice.get(reverse(LIST), {name: value})), name
        assert entry.request_id not in page_text(alice.get(reverse(LIST), {name: "5" if name == "status" else "POST"}))


def test_a_request_says_what_was_sent_and_answered_and_leads_to_its_plan(alice: Client, entry: RequestLogEntry) -> None:
    page = page_text(alice.get(reverse(OBJECT, args=[entry.pk])))
    assert "/api/docs/errors#not_found" in page
    assert "What was answered" in page
    assert "kept for 30 days" in page.lower()
    page = page_text(alice.get(reverse(OBJECT, args=[plan_request(entry).pk])))
    assert reverse("admin:operations_plan_change", args=[77]) in page
    assert "&quot;password&quot;: &quot;••••••&quot;" in page


def test_nobody_else_sees_them(alice: Client, bob: Client, charlie: Client, entry: RequestLogEntry) -> None:
    address = reverse(OBJECT, args=[entry.pk])
    assert charlie.get(address).status_code == 404
    assert entry.request_id not in page_text(charlie.get(reverse(LIST)))
    assert alice.get(address).status_code == 200
    support = signed_in(staff_user("sally", entry.organization, "viewer"))
    assert support.get(address).status_code == bob.get(address).status_code
    assert Client().get(address).status_code == 302


def test_the_log_has_a_second_page(alice: Client, entry: RequestLogEntry) -> None:
    with organization_scope(entry.organization_id):
        for number in range(60):
            entry.pk, entry.request_id = None, f"request-{number:02}"
            entry.save(force_insert=True)
    first = page_text(alice.get(reverse(LIST)))
    (older,) = re.findall(r'rel="next" href="([^"]+)"', html.unescape(first))
    second = page_text(alice.get(f"{reverse(LIST)}{older}"))
    assert "request-59" in first
    assert "request-00" in second


def test_a_key_is_called_by_its_name_and_found_by_its_id(alice: Client, entry: RequestLogEntry) -> None:
    with organization_scope(entry.organization_id):
        name = ApiKey.objects.get(public_id=entry.caller).name
    assert f"API key {name}" in page_text(alice.get(reverse(LIST)))
    page = page_text(alice.get(reverse(OBJECT, args=[entry.pk])))
    assert f"API key {name}" in page
    assert entry.caller in page
