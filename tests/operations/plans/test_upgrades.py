"""What a migration does to plans that are open, and what servers of the version before need while it is rolled out."""

import importlib
from datetime import timedelta
from decimal import Decimal

import pytest
from django.apps import apps
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations.fields import AddField
from django.utils import timezone

from tests.support.engine_kinds import register_engine_kinds
from tests.support.stored_plans import Desk, adjustment
from vendor_admin.operations.models import Plan

MADE_BEFORE = timezone.now() - timedelta(days=400)


@pytest.mark.parametrize(
    ("state", "made_at", "cost", "after"),
    [
        ("preview", MADE_BEFORE, 0, (None, True)),
        ("paused", MADE_BEFORE, 0, (None, False)),
        ("preview", MADE_BEFORE, 25, (Decimal(25), False)),
        ("finished", MADE_BEFORE, 0, (Decimal(0), False)),
        ("preview", timezone.now() + timedelta(days=1), 0, (Decimal(0), False)),
    ],
)
def test_what_a_plan_costs_that_was_open_before_costs_were_kept_is_not_known(db, state, made_at, cost, after):
    register_engine_kinds()
    desk = Desk()
    plan = desk.preview([adjustment(7)])
    migration = importlib.import_module("vendor_admin.operations.migrations.0017_defaults_and_unknown_costs")
    with desk.scope(), connection.cursor() as cursor:
        Plan.objects.filter(pk=plan.pk).update(state=state, created_at=made_at, cost=cost, needs_second_person=False)
        cursor.execute(migration.UNKNOWN_COSTS)
        plan = Plan.objects.get(pk=plan.pk)
    assert (plan.cost, plan.needs_second_person) == after


def test_servers_of_the_version_before_can_store_rows_without_the_columns_they_do_not_know() -> None:
    added = [
        (operation.model_name, operation.name)
        for (app, name), migration in MigrationLoader(None).disk_migrations.items()
        if app == "operations" and name != "0003_notices"  # which makes the table
        for operation in migration.operations
        if isinstance(operation, AddField)
    ]
    fields = [apps.get_model("operations", model)._meta.get_field(name) for model, name in added]
    unknown = [field.name for field in fields if not (field.null or field.generated or field.has_db_default())]
    assert unknown == []
