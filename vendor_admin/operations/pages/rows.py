"""The rows of plans: how one is shown, the list of all changes, and the results of a plan as CSV."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse

from vendor_admin.listing.admin_base import ReadOnlyAdmin, columns_for
from vendor_admin.listing.csv_export import stream_csv
from vendor_admin.listing.lists import Badge, Column, Filter
from vendor_admin.mirrors.admin.mirror_admin import account_url, member_url, object_url
from vendor_admin.mirrors.columns import mirror_models
from vendor_admin.operations.models import Plan, PlanRow
from vendor_admin.operations.plans.field_words import Names, in_order, names_in, title_of, write
from vendor_admin.operations.plans.made import made_id, made_ids
from vendor_admin.organizations.actors import label_of
from vendor_admin.organizations.audit import masked
from vendor_admin.organizations.roles import Right

ROW_TONES = {
    PlanRow.State.SUCCEEDED: "good",
    PlanRow.State.REJECTED: "bad",
    PlanRow.State.UNKNOWN: "warn",
    PlanRow.State.SKIPPED: "warn",
}
LONGEST_VALUE = 80


def row_badge(row: Any) -> Badge:
    """The row's state as a badge."""
    return Badge(row.get_state_display(), ROW_TONES.get(row.state, "calm"))


def target_url(row: PlanRow) -> str | None:
    """The page of what a row changes or made; None for what does not exist yet."""
    entity_id = platform_id(row)
    if row.target_type == "user":
        return member_url(entity_id)
    if row.target_type == "account":
        return account_url(entity_id, row.environment)
    model = mirror_models().get(row.target_type)
    return object_url(model, entity_id, row.environment) if model else None


def platform_id(row: PlanRow) -> int | None:
    """The id of what a row changes, or of what it made."""
    return row.target_id or getattr(row, "made_id", None) or made_id(row)


def attach_names(rows: Sequence[PlanRow], *, organization_id: int) -> None:
    """Give rows `names`, what the ids in their values stand for, and `made_id`, the id of what each made. One query for
    each entity type in them.
    """
    made = made_ids(rows, organization_id=organization_id)
    values = [(row.environment, one) for row in rows for one in (row.old, row.new)]
    names = names_in(values, organization_id=organization_id)
    for row in rows:
        row.names, row.made_id = names[row.environment], made.get(row.pk)  # type: ignore[attr-defined]


def changes_of(row: PlanRow) -> list[tuple[str, str, str]]:
    """(field, old, new) of every field that differs, in words and without secrets. Where nothing is left, everything
    goes.
    """
    old, new = masked(row.old), masked(row.new)
    names: Names = getattr(row, "names", {})
    return [
        (title_of(name), _short(write(name, old.get(name), names)), _short(write(name, new.get(name), names)))
        for name in in_order(new or old)
        if old.get(name) != new.get(name)
    ]


@dataclass(frozen=True, slots=True)
class RowNotes:
    """What is said of a row: the platform's own words, or ours, and the warnings of what will change."""

    quoted: str
    text: str
    warnings: Sequence[str]


def notes_of(row: PlanRow) -> RowNotes:
    """What the page of a plan says of a row. A row that is skipped changes nothing that could be warned of."""
    warnings = [] if row.state == PlanRow.State.SKIPPED else row.warnings
    quoted = row.platform_words
    return RowNotes(quoted, "" if quoted else row.why, warnings)


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


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_VALUE else text[: LONGEST_VALUE - 1] + "…"


def _json(value: object) -> str:
    return json.dumps(masked(value), ensure_ascii=False) if value else ""


RESULT_COLUMNS = (
    Column("Row", lambda row: row.position),
    Column("Target", lambda row: row.label),
    Column("Type", lambda row: row.target_type),
    Column("Platform id", platform_id),
    Column("Environment", lambda row: row.environment),
    Column("Result", lambda row: row.get_state_display()),
    Column("Why", lambda row: row.why),
    Column("Change", changes_in_words),
    Column("Old", lambda row: _json(row.old), is_raw=True),
    Column("New", lambda row: _json(row.new), is_raw=True),
    Column("Warnings", lambda row: " ".join(row.warnings)),
    Column("Operation", lambda row: row.operation.short_id if row.operation else ""),
    Column("Sent at", lambda row: row.operation.sent_at if row.operation else None),
    Column("Finished at", lambda row: row.operation.finished_at if row.operation else None),
    Column("Answer", lambda row: _json(row.result), is_raw=True),
)


def results_csv(request: HttpRequest, plan: Plan) -> HttpResponseBase:
    """Every row of a plan and what became of it, in the columns that the signed-in person may have."""
    return stream_csv(
        filename=f"plan-{plan.pk}.csv",
        organization_id=plan.organization_id,
        rows=PlanRow.objects.filter(organization_id=plan.organization_id, plan=plan).select_related("operation"),
        key=("position",),
        columns=columns_for(request, RESULT_COLUMNS),
        join=lambda rows: attach_names(rows, organization_id=plan.organization_id),
        is_ascending=True,
    )


def _done_at(row: PlanRow) -> object:
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
        Column("Who", lambda row: label_of(row.plan.actor)),
        Column("Why", lambda row: row.plan.reason),
    )
    export_columns = (
        Column("At", _done_at),
        Column("Plan", lambda row: row.plan_id),
        Column("Kind", lambda row: row.plan.title),
        Column("Who", lambda row: label_of(row.plan.actor)),
        Column("Confirmed by", lambda row: label_of(row.plan.confirmed_by)),
        Column("Approved by", lambda row: label_of(row.plan.approved_by)),
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

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = super().get_queryset(request).filter(plan__started_at__isnull=False)
        return rows.select_related("plan", "operation")

    def join(self, rows: list[PlanRow], *, organization_id: int) -> None:
        attach_names(rows, organization_id=organization_id)

    def facts(self, request: HttpRequest, row: PlanRow) -> list[tuple[str, object, str | None]]:
        shown = [("Operation", row.operation.short_id, operation_url(row.operation_id))] if row.operation else []
        return [
            *super().facts(request, row),
            *shown,
            ("Warnings", " ".join(row.warnings), None),
            ("Why", row.why, None),
        ]

    def object_context(self, request: HttpRequest, row: PlanRow) -> dict[str, Any]:
        return {"raw_title": "In full", "raw": masked({"old": row.old, "new": row.new, "answer": row.result})}


def operation_url(operation_id: int | None) -> str | None:
    """The address of an operation's page."""
    return None if operation_id is None else reverse("admin:operations_operation_change", args=[operation_id])
