"""What a plan moves in all, so that a change a thousand times too large is seen before it is confirmed."""

from dataclasses import dataclass
from decimal import Decimal

from django.db import connection

from vendor_admin.operations.models import Plan, PlanRow

SUMMED = {"amount": "Balances", "maxNetLiq": "Peaks of drawdowns"}
"""Values of rows that are added up, by field name, with their titles."""

_NUMBER = r"^[+-]?[0-9]{1,30}(\.[0-9]{0,30})?$"
_SQL = """
WITH moved AS MATERIALIZED (
    -- Other kinds may have a field of the same name with something else in it: that is no amount.
    SELECT field, position, label,
           CASE WHEN new ->> field ~ %(number)s THEN (new ->> field)::numeric END
           - CASE WHEN old ->> field IS NULL THEN 0 WHEN old ->> field ~ %(number)s THEN (old ->> field)::numeric END
           AS change
    FROM operations_planrow CROSS JOIN unnest(%(fields)s::text[]) AS field
    WHERE plan_id = %(plan)s AND organization_id = %(organization)s AND state <> %(skipped)s
      AND new ->> field IS NOT NULL
), summed AS MATERIALIZED (
    SELECT field, count(*) AS number, max(abs(change)) AS largest,
           coalesce(sum(change) FILTER (WHERE change > 0), 0) AS up,
           coalesce(sum(change) FILTER (WHERE change < 0), 0) AS down
    FROM moved WHERE change <> 0 GROUP BY field
)
SELECT field, number, up, down, one.change, one.label
FROM summed CROSS JOIN LATERAL (
    SELECT change, label FROM moved
    WHERE moved.field = summed.field AND abs(change) = largest ORDER BY position LIMIT 1
) AS one
"""


@dataclass(frozen=True, slots=True)
class Sum:
    """One value over all rows that will change it: how many, how much up and down, and the largest single change."""

    title: str
    rows: int
    up: Decimal
    down: Decimal
    largest: Decimal
    largest_at: str

    def __str__(self) -> str:
        rows = f"{self.rows:,} row{'' if self.rows == 1 else 's'}"
        ways = f" ({self.up:+,.2f} and {self.down:+,.2f})" if self.up and self.down else ""
        total = f"{self.up + self.down:+,.2f}"
        return (
            f"{self.title}: {total} in all{ways} over {rows}; the largest is {self.largest:+,.2f} at {self.largest_at}"
        )


def sums_of(plan: Plan) -> list[Sum]:
    """What the rows that will change add up to, in each account's own currency. One query."""
    with connection.cursor() as cursor:
        cursor.execute(
            _SQL,
            {
                "fields": list(SUMMED),
                "number": _NUMBER,
                "plan": plan.pk,
                "organization": plan.organization_id,
                "skipped": PlanRow.State.SKIPPED.value,
            },
        )
        found = {field: Sum(SUMMED[field], *values) for field, *values in cursor.fetchall()}
    return [found[field] for field in SUMMED if field in found]
