"""Raw data of the platform (what was sent and received as it was) is shown to those who may view raw data, wherever a
page, a part of one or a file has it.
"""

import html
import json
import re
from datetime import timedelta
from urllib.parse import parse_qsl, urljoin, urlsplit

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from psycopg.types.json import Jsonb

from tests.support.plan_desk import change_plan, change_rows, preview, rows_of
from tests.support.staff_and_rows import NOW
from vendor_admin.operations.models import Operation
from vendor_admin.organizations.models import Organization, StaffRole
from vendor_admin.organizations.roles import RIGHTS, Right
from vendor_admin.organizations.tenancy.scope import organization_scope

MARKER = "marker-of-raw-data"
NESTED = {"id": 1, "inside": {"netLiq": MARKER}}


@pytest.fixture
def plan_id(alice: Client, alpha: Organization, trading_day, write) -> int:
    """A plan that was carried out; the marker stands in whatever the platform said and was asked."""
    trading_day(2)
    made = preview(alice, [1, 2])
    now = timezone.now()
    with organization_scope(alpha.pk):
        operation = Operation.objects.create(
            organization=alpha,
            plan_id=made,
            environment="demo",
            name="user/revoketradingpermissions",
            idempotency_key="1",
            request=NESTED,
            response=NESTED,
            actor="alice",
            state="succeeded",
            not_before=now,
            created_at=now,
        )
    change_plan(alpha, made, state="finished", started_at=now)
    change_rows(alpha, made, 1, 2, state="succeeded", operation=operation, result={operation.name: NESTED})
    write.event(alpha, "account", 10_001, account_id=10_001, payload=Jsonb(NESTED))
    write.event(alpha, "user", 1, payload=Jsonb(NESTED), received_at=NOW + timedelta(hours=1))
    write.quarantine(alpha, raw=json.dumps(NESTED).encode())
    return made


def _text(client: Client, address: str) -> str:
    """The page or file at an address; empty where it is refused."""
    answer = client.get(address, follow=True)
    if answer.status_code != 200:
        return ""
    body = answer.getvalue() if answer.streaming else answer.content
    return str(body.decode())


def _shape(address: str) -> tuple[str, ...]:
    """What pages of one kind have in common: the path without its numbers, and the names in the query."""
    parts = urlsplit(address)
    return (re.sub(r"\d+", "0", parts.path), *sorted(name for name, _ in parse_qsl(parts.query)))


def _visited(client: Client, first: list[str]) -> dict[str, str]:
    """These addresses and those that links lead on to, one of each shape: address -> text."""
    pages: dict[str, str] = {}
    waiting, shapes = list(first), set()
    while waiting:
        address = waiting.pop(0)
        if _shape(address) in shapes or not address.startswith("/admin/"):
            continue
        shapes.add(_shape(address))
        pages[address] = _text(client, address)
        waiting += [
            urljoin(address, html.unescape(found)).partition("#")[0]
            for found in re.findall(r'href="([^"]+)"', pages[address])
        ]
    return {address: text for address, text in pages.items() if text}


def test_a_viewer_finds_raw_data_on_no_page_and_in_no_file(
    bob: Client, alice: Client, alpha: Organization, plan_id: int
) -> None:
    row = rows_of(alpha, plan_id)[0]
    names = [f"{model._meta.app_label}_{model._meta.model_name}" for model in admin.site._registry]
    lists = [reverse(f"admin:{name}_changelist") for name in names]
    event, quarantined = (
        alice.get(reverse(f"admin:sync_{name}_changelist")).context["rows"][0][0]
        for name in ("entityevent", "quarantinedevent")
    )
    raw_pages = [
        reverse("admin:operations_planrow_change", args=[row.pk]),
        reverse("admin:operations_operation_change", args=[row.operation_id]),
        reverse("admin:operations_operation_export"),
        reverse("admin:operations_planrow_export"),
        reverse("admin:plan_results", args=[plan_id]),
        reverse("member", args=[1]),
        reverse("account", args=[10_001]),
        event,
        quarantined,
    ]
    for address in raw_pages:
        assert MARKER in _text(alice, address), f"{address}: whoever may view raw data finds it"

    parts = [reverse(f"admin:plan_{name}", args=[plan_id]) for name in ("progress", "rows")]
    seen = _visited(bob, [reverse("admin:index"), *lists, *parts, *raw_pages])
    assert len(seen) > 80
    assert [address for address, text in seen.items() if MARKER in text] == []


def test_a_file_has_its_raw_columns_for_those_alone_who_may_view_raw_data(
    bob: Client, alpha: Organization, plan_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No role may export without the right to raw data today."""
    monkeypatch.setitem(RIGHTS, StaffRole.Role.VIEWER, RIGHTS[StaffRole.Role.VIEWER] | {Right.EXPORT})
    files = [reverse(f"admin:operations_{name}_export") for name in ("planrow", "operation")]
    files += [reverse("admin:plan_results", args=[plan_id])]
    for address in files:
        text = _text(bob, address)
        assert len(text.splitlines()) > 1
        assert "Answer" not in text
        assert MARKER not in text
