"""The rows of a plan are stored as they were made, in one statement."""

from typing import Any

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from vendor_admin.operations.kinds import RowDraft, Target
from vendor_admin.operations.models import Plan, PlanRow
from vendor_admin.operations.plans.preview import rows_of
from vendor_admin.operations.store import rows as plan_rows
from vendor_admin.organizations.models import Organization
from vendor_admin.organizations.tenancy.scope import organization_scope

SPECIAL = 'Zoë "Q" O\'Neil \\ 100 % {a} \u2028 — 日本'


@pytest.fixture
def plan(committed_db: None) -> Any:
    organization = Organization.objects.create(slug="vendor", name="Vendor")
    with organization_scope(organization.pk):
        yield Plan.objects.create(
            organization=organization, kind="any", title="Any", actor="riley", created_at=timezone.now()
        )


def test_every_column_comes_back_as_the_orm_stores_it(plan: Plan) -> None:
    drafts = [
        RowDraft(
            Target(
                "user",
                None,
                {"name": SPECIAL, "list": [1, None, True], "half": 0.5},
                {"password": SPECIAL},
                expected={"name": SPECIAL, "none": None},
            ),
            "live",
            SPECIAL,
            old={},
            new={"name": SPECIAL, "amount": "100000000000.01", "none": None},
            warnings=[SPECIAL, ""],
        ),
        RowDraft(Target("account", 2**40), "demo", "x" * 300, why_skipped=SPECIAL),
    ]
    made = rows_of(drafts, plan=plan)
    plan_rows.insert(plan, made)
    stored = list(plan.rows.order_by("id"))
    PlanRow.objects.bulk_create(rows_of(drafts, plan=plan_of_its_own(plan)))
    by_orm = list(PlanRow.objects.exclude(plan=plan).order_by("id"))

    own = {"id", "plan"}
    names = [field.name for field in PlanRow._meta.concrete_fields if field.name not in own]
    assert [[getattr(row, name) for name in names] for row in stored] == [
        [getattr(row, name) for name in names] for row in by_orm
    ]
    assert [row.secrets for row in stored] == [{"password": SPECIAL}, {}]
    assert [row.expected for row in stored] == [{"name": SPECIAL, "none": None}, None]
    with database.cursor() as cursor:
        cursor.execute("SELECT string_agg(secrets, '') FROM operations_planrow")
        assert "password" not in cursor.fetchone()[0]


def test_ten_rows_and_three_thousand_take_one_statement_and_keep_their_order(plan: Plan) -> None:
    for own, size in ((plan, 10), (plan_of_its_own(plan), 3_000)):
        drafts = [RowDraft(Target("account", size - number), "demo", f"account {number}") for number in range(size)]
        with CaptureQueriesContext(database) as queries:
            plan_rows.insert(own, rows_of(drafts, plan=own))
        assert len(queries) == 1
        assert list(own.rows.order_by("id").values_list("position", flat=True)) == list(range(1, size + 1))


def plan_of_its_own(plan: Plan) -> Plan:
    return Plan.objects.create(
        organization=plan.organization, kind="any", title="Any", actor="riley", created_at=timezone.now()
    )
