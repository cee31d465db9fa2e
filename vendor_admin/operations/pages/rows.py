"""The rows of plans: how one is shown, the list of all changes, and the results of a plan as CSV."""

import json
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, StreamingHttpResponse
from django.urls import reverse

from vendor_admin.mirrors.columns import mirror_models
from vendor_admin.mirrors.lists import account_url, member_url, object_url
from vendor_admin.operations.models import Plan, PlanRow
from vendor_admin.organizations.audit import masked
from vendor_admin.organizations.export import stream_csv
from vendor_admin.organizations.lists import Badge, Column, Filter
from vendor_admin.organizations.pages import ReadOnlyAdmin
from vendor_admin.organizations.roles import Right

ROW_TONES = {
    PlanRow.State.SUCCEEDED: "good",
    PlanRow.State.REJECTED: "bad",
    PlanRow.State.UNKNOWN: "warn",
    PlanRow.State.SKIPPED: "warn",
}
LONGEST_VALUE = 80


def row_badge(row: Any) -> Badge:
    return Badge(row.get_state_display(), ROW_TONES.get(row.state, "calm"))


def target_url(row: PlanRow) -> str | None:
    """The page of what a row changes; None for what did not exist yet."""
    if row.target_type == "user":
        return member_url(row.target_id)
    if row.target_type == "account":
        return account_url(row.target_id, row.environment)
    model = mirror_models().get(row.target_type)
    return object_url(model, row.target_id, row.environment) if model else None


def changes_of(row: PlanRow) -> list[tuple[str, object, object]]:
    """(field, old, new) of every field that differs, without secrets. Where nothing is left, everything goes."""
    old, new = masked(row.old), masked(row.new)
    names = new or old
    return [(name, _short(old.get(name)), _short(new.get(name))) for name in names if old.get(name) != new.get(name)]


def changes_in_words(row: PlanRow) -> str:
    """The same in one line."""
    return "; ".join(f"{name}: {old} → {new}" for name, old, new in changes_of(row))


def plan_url(plan_id: int) -> str:
    """The address of a plan's page."""
    return reverse("admin:operations_plan_change", args=[plan_id])


def newest_url(plan: Plan) -> str:
    """The address of a plan's page for whoever has just made or confirmed it: it leads on to the preview that renews
    the plan while its rows are read from the platform.
    """
    return plan_url(plan.pk) + ("?newest=1" if plan.check_at is not None else "")


def _short(value: object) -> object:
    if value is None or value == "":
        return "–"
    text = json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else str(value)
    return text if len(text) <= LONGEST_VALUE else text[: LONGEST_VALUE - 1] + "…"


def _json(value: object) -> str:
    return json.dumps(masked(value), ensure_ascii=False) if value else ""


RESULT_COLUMNS = (
    Column("Row", lambda row: row.position),
    Column("Target", lambda row: row.label),
    Column("Type", lambda row: row.target_type),
    Column("Platform id", lambda row: row.target_id),
    Column("Environment", lambda row: row.environment),
    Column("Result", lambda row: row.get_state_display()),
    Column("Why", lambda row: row.why),
    Column("Change", changes_in_words),
    Column("Old", lambda row: _json(row.old)),
    Column("New", lambda row: _json(row.new)),
    Column("Warnings", lambda row: " ".join(row.warnings)),
    Column("Operation", lambda row: row.operation.short_id if row.operation else ""),
    Column("Sent at", lambda row: row.operation.sent_at if row.operation else None),
    Column("Finished at", lambda row: row.operation.finished_at if row.operation else None),
    Column("Answer", lambda row: _json(row.result)),
)


def results_csv(plan: Plan) -> StreamingHttpResponse:
    """Every row of a plan and what became of it."""
    return stream_csv(
        filename=f"plan-{plan.pk}.csv",
        organization_id=plan.organization_id,
        rows=PlanRow.objects.filter(organization_id=plan.organization_id, plan=plan).select_related("operation"),
        key=("position",),
        columns=RESULT_COLUMNS,
        join=lambda rows: None,
        is_ascending=True,
    )


def _done_at(row: Any) -> object:
    return (row.operation.finished_at if row.operation else None) or row.plan.started_at


@admin.register(PlanRow)
class ChangeAdmin(ReadOnlyAdmin):
    """What plans changed, row by row: who, what, from what to what, why and when."""

    heading = "Changes"
    view_right = Right.VIEW_OPERATIONS
    columns = (
        Column("At", _done_at),
        Column("What", lambda row: row.label, link=target_url),
        Column("Change", changes_in_words),
        Column("Result", row_badge),
        Column("Plan", lambda row: row.plan.title, link=lambda row: plan_url(row.plan_id)),
        Column("Who", lambda row: row.plan.actor),
        Column("Why", lambda row: row.plan.reason),
    )
    export_columns = (
        Column("At", _done_at),
        Column("Plan", lambda row: row.plan_id),
        Column("Kind", lambda row: row.plan.title),
        Column("Who", lambda row: row.plan.actor),
        Column("Confirmed by", lambda row: row.plan.confirmed_by),
        Column("Approved by", lambda row: row.plan.approved_by),
        Column("Reason", lambda row: row.plan.reason),
        *RESULT_COLUMNS,
    )
    filters = (
        Filter("type", "Entity type", kind="word", lookup="target_type"),
        Filter("id", "Platform id", kind="number", lookup="target_id"),
        Filter("who", "Who", kind="word", lookup="plan__actor"),
        Filter("plan", "Plan", kind="number", lookup="plan_id"),
        Filter(
            "state",
            "Result",
            choices=[(state.value, state.label) for state in PlanRow.State if state != PlanRow.State.PLANNED],
        ),
    )
    intro = "What plans changed at the platform, row by row. A plan's page can revert what it did."
    empty = "No plan has changed anything yet."

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        rows = super().get_queryset(request).filter(plan__started_at__isnull=False)
        return rows.select_related("plan", "operation")

    def facts(self, request: HttpRequest, row: Any) -> list[tuple[str, object, str | None]]:
        shown = [("Operation", row.operation.short_id, operation_url(row.operation_id))] if row.operation else []
        return [
            *super().facts(request, row),
            *shown,
            ("Warnings", " ".join(row.warnings), None),
            ("Why", row.why, None),
        ]

    def object_context(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        full = masked({"old": row.old, "new": row.new, "answer": row.result})
        return {"raw_title": "In full", "raw": json.dumps(full, indent=2, ensure_ascii=False)}


def operation_url(operation_id: int | None) -> str | None:
    """The address of an operation's page."""
    return None if operation_id is None else reverse("admin:operations_operation_change", args=[operation_id])
