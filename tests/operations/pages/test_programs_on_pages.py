"""Pages call a program by its name, for as many queries however many programs there are."""

import html
from typing import Any

import pytest
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.support.partner_api.program import ApiProgram
from vendor_admin.operations.models import Plan
from vendor_admin.organizations.models import Organization
from vendor_admin.organizations.tenancy.scope import organization_scope

pytestmark = pytest.mark.pages

PLANS = "/admin/operations/plan/"


def plan_of(organization: Organization, program: ApiProgram) -> Plan:
    key = program.key.actor.key
    with organization_scope(organization.pk):
        return Plan.objects.create(
            organization=organization, kind="test", title="Nightly revoke", state="running", actor=key,
            confirmed_by=key, created_at=timezone.now(),
        )  # fmt: skip


def shown(answer: Any) -> str:
    assert answer.status_code == 200
    return html.unescape(answer.content.decode())


def test_plans_and_the_audit_name_the_program(alpha: Organization, alice: Client) -> None:
    program = ApiProgram.of(alpha, name="Payout robot")
    plan = plan_of(alpha, program)
    for address in (PLANS, f"{PLANS}{plan.pk}/change/"):
        page = shown(alice.get(address))
        assert "API key Payout robot" in page, address
        assert program.key.public_id not in page, address
    program.get(f"/api/v1/me?key={program.text}")
    assert "API key Payout robot" in shown(alice.get("/admin/organizations/auditentry/"))


def test_a_list_of_plans_costs_the_same_for_twenty_programs(alpha: Organization, alice: Client) -> None:
    def queries() -> int:
        with CaptureQueriesContext(database) as captured:
            shown(alice.get(PLANS))
        return len(captured)

    plan_of(alpha, ApiProgram.of(alpha))
    queries()
    before = queries()
    for number in range(20):
        plan_of(alpha, ApiProgram.of(alpha, name=f"job {number}"))
    assert queries() == before
