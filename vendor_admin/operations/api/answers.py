"""Plans, their rows and operations as the partner API tells them: plain values, ids as text, no secrets."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from vendor_admin.operations.inputs.nouns import noun_of
from vendor_admin.operations.kinds import Json, consequence_of
from vendor_admin.operations.models import Operation, Plan, PlanRow
from vendor_admin.operations.plans.field_words import in_order, title_of
from vendor_admin.operations.plans.made import made_ids
from vendor_admin.operations.plans.progress import counts_of_plans
from vendor_admin.organizations.actors import label_of
from vendor_admin.organizations.audit import masked
from vendor_admin.partner_api.reading.fields import write_moment

ROWS_WITHIN = 20
"""A plan of up to so many rows is told with them."""
ENDED_STATES = (Plan.State.FINISHED, Plan.State.CANCELLED, Plan.State.STALE)


def plans_told(plans: Sequence[Plan], *, organization_id: int) -> list[dict[str, Json]]:
    """Some plans without their rows. One query more, however many."""
    counts = counts_of_plans([plan.pk for plan in plans], organization_id=organization_id)
    return [plan_told(plan, counts.get(plan.pk, {})) for plan in plans]


def plan_with_rows(plan: Plan) -> dict[str, Json]:
    """A plan, with its rows where they are few. A constant number of queries."""
    found = counts_of_plans([plan.pk], organization_id=plan.organization_id)
    counts: Mapping[str, int] = found.get(plan.pk, {})
    told = plan_told(plan, counts)
    if sum(counts.values()) <= ROWS_WITHIN:
        rows = plan.rows.select_related("operation").order_by("position")
        told["rows"] = rows_told(list(rows), organization_id=plan.organization_id)
    return told


def plan_told(plan: Plan, counts: Mapping[str, int]) -> dict[str, Json]:
    """A plan of which the rows in each state are counted. No query."""
    return {
        "id": str(plan.pk),
        "kind": plan.kind,
        "title": plan.title,
        "state": plan.state,
        "state_text": plan.get_state_display(),
        "has_ended": plan.state in ENDED_STATES,
        "waits_because": plan.wait_why or None,
        "needs_approval": plan.state == Plan.State.WAITING,
        "needs_second_person": plan.needs_second_person,
        "second_person_because": plan.second_person_why or None,
        "is_about_money": plan.is_money,
        "cost": money(plan.cost),
        "balance_change": money(plan.amount),
        "consequence": consequence_of(plan.kind) or None,
        "reason": plan.reason or None,
        "row_counts": {state.value: counts.get(state.value, 0) for state in PlanRow.State},
        "calls_needed": plan.calls_needed,
        "created_by": label_of(plan.actor),
        "confirmed_by": label_of(plan.confirmed_by) if plan.confirmed_by else None,
        "approved_by": label_of(plan.approved_by) if plan.approved_by else None,
        "created_at": moment(plan.created_at),
        "started_at": moment(plan.started_at),
        "finished_at": moment(plan.finished_at),
        "renews": text_id(plan.renewed_from_id),
        "reverts": text_id(plan.reverts_id),
        "retries": text_id(plan.retries_id),
    }


def rows_told(rows: Sequence[PlanRow], *, organization_id: int) -> list[dict[str, Json]]:
    """Rows of a plan, in their order. One query more for each entity type that was made."""
    made = made_ids(rows, organization_id=organization_id)
    return [_row(row, made.get(row.pk)) for row in rows]


def results_told(rows: Sequence[PlanRow], *, organization_id: int) -> list[dict[str, Json]]:
    """Rows as lines of a file: changes and warnings as one text each."""
    told = rows_told(rows, organization_id=organization_id)
    for row, line in zip(rows, told, strict=True):
        line["changes"] = "; ".join(f"{one['title']}: {one['old']} -> {one['new']}" for one in line["changes"])
        line["warnings"] = " ".join(line["warnings"])
        line["sent_at"] = moment(row.operation.sent_at if row.operation else None)
        line["finished_at"] = moment(row.operation.finished_at if row.operation else None)
    return told


def operations_told(operations: Iterable[Operation]) -> list[dict[str, Json]]:
    """Calls of the platform. No query."""
    return [_operation(operation) for operation in operations]


def moment(at: datetime | None) -> str | None:
    """A time as RFC 3339 in UTC."""
    return None if at is None else write_moment(at)


def money(amount: Decimal | None) -> str | None:
    """An amount as a decimal text, with cents."""
    return f"{amount:.2f}" if amount is not None else None


def text_id(key: int | None) -> str | None:
    """One of our own or the platform's ids, as text."""
    return str(key) if key is not None else None


def _row(row: PlanRow, made_id: int | None) -> dict[str, Json]:
    return {
        "position": row.position,
        "type": noun_of(row.target_type),
        "id": text_id(row.target_id or made_id),
        "environment": row.environment,
        "label": row.label,
        "state": row.state,
        "state_text": row.get_state_display(),
        "why": None if row.platform_words else row.why or None,
        "platform_error": row.platform_words or None,
        "changes": _changes(row),
        "warnings": [] if row.state == PlanRow.State.SKIPPED else list(row.warnings),
        "operation": row.operation.short_id if row.operation else None,
    }


def _changes(row: PlanRow) -> list[dict[str, Json]]:
    old, new = masked(row.old), masked(row.new)
    names = in_order(new or old)
    return [
        {"field": _snake(name), "title": title_of(name), "old": old.get(name), "new": new.get(name)}
        for name in names
        if old.get(name) != new.get(name)
    ]


def _operation(operation: Operation) -> dict[str, Json]:
    return {
        "id": operation.short_id,
        "plan": text_id(operation.plan_id),
        "environment": operation.environment,
        "call": operation.name,
        "state": operation.state,
        "state_text": operation.get_state_display(),
        "attempts": operation.attempts,
        "needs_person": operation.needs_person,
        "question": operation.question or None,
        "why": None if operation.quotes_platform else operation.error_text or None,
        "platform_error": operation.error_text or None if operation.quotes_platform else None,
        "advice": operation.advice or None,
        "waits_because": operation.waits_for or None,
        "created_at": moment(operation.created_at),
        "next_try_at": moment(operation.next_try_at) if operation.state == Operation.State.QUEUED else None,
        "sent_at": moment(operation.sent_at),
        "finished_at": moment(operation.finished_at),
    }


def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).replace(" ", "_")
