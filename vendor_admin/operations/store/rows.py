"""The rows of a plan: what each was asked to do, and their insertion in one statement, however many there are.

The statement takes the rows as one JSON text: as separate parameters, ten thousand rows take four times as long.
"""

import json
from collections.abc import Sequence

from django.db import connection
from django.db.models import QuerySet

from vendor_admin.mirrors.queries.any_of import among
from vendor_admin.operations.kinds import Target, aspect_of
from vendor_admin.operations.models import Operation, Plan, PlanRow
from vendor_admin.organizations.encryption import encrypt

_INSERT = """
    INSERT INTO operations_planrow
        (organization_id, plan_id, position, environment, target_type, target_id, label, wanted, secrets,
         expected, old, new, warnings, state, why, result, changes, is_locking)
    SELECT %s, %s, given.position, environment, target_type, target_id, label, wanted, secrets,
           expected, old, new, warnings, state, why, '{}', %s, false
      FROM json_to_recordset(%s::json)
           AS given(position integer, environment text, target_type text, target_id bigint, label text, wanted jsonb,
                    secrets text, expected jsonb, old jsonb, new jsonb, warnings jsonb, state text, why text)
     ORDER BY given.position
"""
_AS_THEY_ARE = (
    "position", "environment", "target_type", "target_id", "label", "wanted", "expected", "old", "new", "warnings",
    "state", "why",
)  # fmt: skip


def insert(plan: Plan, rows: Sequence[PlanRow]) -> None:
    """Insert new rows of a stored plan; they get no `pk`. Must run inside the organization's scope."""
    given = [
        {name: getattr(row, name) for name in _AS_THEY_ARE} | {"secrets": encrypt(row.secrets) if row.secrets else ""}
        for row in rows
    ]
    changes = aspect_of(plan.kind).value
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, [plan.organization_id, plan.pk, changes, json.dumps(given)])


def target_of(row: PlanRow) -> Target:
    """What this row was asked to do."""
    return Target(row.target_type, row.target_id, row.wanted, row.kept_secrets, expected=row.expected, label=row.label)


def rows_of(*operation_ids: int) -> QuerySet[PlanRow]:
    """The plans' rows that operations are for, in the order of their items: also of those that others follow."""
    # Looked up first: joined to the rows, all of the organization are looked at where statistics are a moment old.
    followers = Operation.objects.filter(among("after_id", operation_ids)).values_list("id", flat=True)
    return PlanRow.objects.filter(among("operation_id", {*operation_ids, *followers})).order_by("position")
