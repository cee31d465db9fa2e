"""The body of a whole plan, as programs send it: a kind, rows, and what the rows share."""

from collections.abc import Mapping
from typing import Any

from rest_framework.request import Request

from vendor_admin.errors import Fault, InvalidFields
from vendor_admin.operations.api.bodies import body_of
from vendor_admin.operations.api.json_schemas import REASON
from vendor_admin.operations.api.making import MOST_ROWS, ask_right, plan_of
from vendor_admin.operations.inputs.declaration import kinds_with_input
from vendor_admin.operations.models import Plan

PLAN_FIELDS = ("kind", "rows", "defaults", "parameters", "reason")
PLAN_BODY: dict[str, Any] = {
    "type": "object",
    "properties": {
        "kind": {"type": "string", "description": "A plan kind, as `plan-kinds` lists them."},
        "reason": dict(REASON),
        "parameters": {"type": "object", "description": "What is the same for the whole plan, as its kind says."},
        "defaults": {"type": "object", "description": "Values for every row that has none of its own."},
        "rows": {
            "type": "array",
            "items": {"type": "object"},
            "minItems": 1,
            "maxItems": MOST_ROWS,
            "description": "What is to be changed, as the kind's schema says.",
        },
    },
    "required": ["kind", "rows"],
    "additionalProperties": False,
    "example": {
        "kind": "change_balances",
        "reason": "Bonus of the month",
        "defaults": {"change": "250.00"},
        "rows": [{"account": "EVAL00001"}, {"account": "EVAL00002", "change": "500.00"}],
    },
}


def new_plan(request: Request) -> Plan:
    """The plan that a whole body of a plan asks for. Raises InvalidFields."""
    body = body_of(request, fields=PLAN_FIELDS)
    kind_name, rows, defaults = body.get("kind"), body.get("rows"), body.get("defaults", {})
    faults = []
    if not isinstance(kind_name, str) or kind_name not in {kind.name for kind in kinds_with_input()}:
        code = "required" if kind_name is None else "unknown_value"
        faults.append(Fault("kind", code, "must name a plan kind: GET /api/v1/plan-kinds lists them."))
    else:
        ask_right(request, kind_name)
    if not isinstance(rows, list) or not rows:
        faults.append(Fault("rows", "required", "must be a list with at least one row."))
    elif len(rows) > MOST_ROWS:
        faults.append(Fault("rows", "too_many", f"must have at most {MOST_ROWS:,} rows; it has {len(rows):,}."))
    if not isinstance(defaults, Mapping):
        faults.append(Fault("defaults", "wrong_type", "must be an object: values for every row without its own."))
    if faults:
        raise InvalidFields(faults)
    assert isinstance(rows, list) and isinstance(defaults, Mapping)  # noqa: S101, PT018 - said above
    whole = [{**defaults, **row} if isinstance(row, Mapping) else row for row in rows]
    return plan_of(
        request,
        kind_name=str(kind_name),
        rows=whole,
        parameters=body.get("parameters", {}),
        reason=body.get("reason"),
    )
