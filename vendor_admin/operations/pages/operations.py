"""The list of operations, unknown and refused ones first, and the page of one with its decision form."""

import json
from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse

from vendor_admin.errors import Conflict, InvalidFields
from vendor_admin.listing.admin_base import ReadOnlyAdmin, actor_of, has_right, require
from vendor_admin.listing.lists import Badge, Column, Filter
from vendor_admin.mirrors.admin.mirror_admin import environment_badge
from vendor_admin.operations.engine.settlement import MOST_READINGS
from vendor_admin.operations.models import Operation, PlanRow
from vendor_admin.operations.pages import organizations_summary
from vendor_admin.operations.pages.rows import operation_url, plan_url, row_badge, target_url
from vendor_admin.operations.pages.undecided import doubts_of
from vendor_admin.operations.plans import decisions
from vendor_admin.operations.plans.unknown_outcomes import LONGEST_READING
from vendor_admin.operations.store.queue import MOST_CRASHES
from vendor_admin.operations.store.rows import rows_of
from vendor_admin.organizations.actors import label_of
from vendor_admin.organizations.audit import masked
from vendor_admin.organizations.models import ENVIRONMENTS
from vendor_admin.organizations.roles import Right
from vendor_admin.organizations.tenancy import database_clock
from vendor_admin.tradovate.operations.registry import WRITES

TONES = {
    Operation.State.SUCCEEDED: "good",
    Operation.State.REJECTED: "bad",
    Operation.State.UNKNOWN: "warn",
    Operation.State.SENDING: "demo",
}
ROWS_SHOWN = 100
# What is true of each state, for who sees it without having read the documents.
IN_WORDS = {
    Operation.State.QUEUED: "It waits to be sent.",
    Operation.State.SENDING: "It is on its way to the platform right now.",
    Operation.State.SUCCEEDED: "The platform did it.",
    Operation.State.REJECTED: "The platform did not do it.",
    Operation.State.UNKNOWN: "The platform did not say whether it was done. Nothing is repeated before that is known.",
    Operation.State.CANCELLED: "It was never sent.",
}


WHO_DECIDES = "Your role does not include deciding about unknown outcomes. Risk, finance and owners can."
KNOWN_OTHERWISE = {
    "decided": "A person found that it was done; the platform did not say.",
    "settled": "It was done: found by reading the platform, which had not answered.",
}
"""Of what was done, by what its rows' results hold."""


class DecisionForm(forms.Form):
    """What a person found out about an operation whose outcome is unknown."""

    was_done = forms.ChoiceField(
        label="What do you know?",
        choices=(("yes", "It was done"), ("no", "It was not done")),
        widget=forms.RadioSelect,
    )
    reason = forms.CharField(max_length=500, label="How do you know?", help_text="Required. Recorded in the audit log.")


def state_badge(row: Any) -> Badge:
    """The operation's state as a badge: whether it needs a decision goes first."""
    if row.needs_person:
        return Badge("needs decision", "bad")
    return Badge(row.get_state_display(), TONES.get(row.state, "calm"))


def _in_words(row: Operation, rows: Sequence[PlanRow]) -> str:
    """What is true of an operation, and how that is known where the platform never answered."""
    found = [how for one in rows if isinstance(how := one.result.get(row.name), dict)]
    if row.state == Operation.State.SUCCEEDED:
        for key, words in KNOWN_OTHERWISE.items():
            if any(key in how for how in found):
                return words
    return IN_WORDS[Operation.State(row.state)]


def _whose_words(row: Operation) -> str:
    """What stands before the text of an operation: whether the platform wrote it, or this service found it out."""
    return "The platform's own words:" if row.quotes_platform else "What is known:"


def _why_undecided(row: Operation) -> str:
    """Why a person has to say what came of an operation, where the platform could be read."""
    if row.crashes >= MOST_CRASHES:
        return row.question
    return "Reading the platform does not tell whether this was done."


def _says(row: Any) -> str:
    """What the list says of an operation: the platform's words where there are any, else what it waits for."""
    text: str = row.error_text or row.waits_for
    first = text.split("\n", 1)[0]
    return first if len(first) <= 140 else first[:139] + "…"


@admin.register(Operation)
class OperationAdmin(ReadOnlyAdmin):
    """Every call that changes something at the platform."""

    view_right = Right.VIEW_OPERATIONS
    shows_count = True
    key = ("trouble", "id")
    list_template = "admin/operations/operations.html"
    object_template = "admin/operations/operation.html"
    columns = (
        Column("Operation", lambda row: row.short_id, link=lambda row: operation_url(row.pk)),
        Column("What", lambda row: row.name),
        Column("State", state_badge),
        Column("Says", _says, hint="The platform's words, or what it waits for."),
        Column("Plan", lambda row: row.plan_id, link=lambda row: plan_url(row.plan_id)),
        Column("Who", lambda row: label_of(row.actor)),
        Column("Sent", lambda row: row.sent_at, is_age=True),
        Column("Env.", environment_badge),
    )
    export_columns = (
        *columns,
        Column("Tries", lambda row: row.attempts),
        Column("Error in full", lambda row: row.error_text),
        Column("Why", lambda row: row.reason),
        Column("Made", lambda row: row.created_at),
        Column("Ended", lambda row: row.finished_at),
        Column("Request", lambda row: json.dumps(masked(row.request), ensure_ascii=False), is_raw=True),
        Column("Answer", lambda row: json.dumps(masked(row.response), ensure_ascii=False), is_raw=True),
    )
    filters = (
        Filter("state", "State", choices=Operation.State.choices),
        Filter(
            "person",
            "Needs decision",
            choices=[("yes", "yes")],
            apply=lambda rows, _: rows.filter(needs_person=True),
        ),
        Filter("who", "Who", kind="word", lookup="actor"),
        Filter("name", "What", choices=[(name, name) for name in sorted(WRITES)]),
        Filter("plan", "Plan", kind="number", lookup="plan_id"),
        Filter("short", "Short id", kind="word", lookup="short_id"),
        Filter("environment", "Environment", choices=ENVIRONMENTS),
        Filter("order", "Order", choices=[("newest", "newest first")], apply=lambda rows, _: rows),
    )
    intro = "Every call that changes something at the platform."
    empty = "Nothing has been sent yet. Operations are made by plans: choose rows in a list and what is to be done."

    def key_for(self, request: HttpRequest) -> tuple[str, ...]:
        return ("id",) if request.GET.get("order") == "newest" else ("trouble", "id")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("plan")

    def get_urls(self) -> list[URLPattern]:
        decide = self.admin_site.admin_view(self.decide_view)
        return [path("<int:operation_id>/decide/", decide, name="operation_decide"), *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, object] | None = None) -> HttpResponse:
        require(request, self.view_right)
        others = organizations_summary.of_organizations(request, now=database_clock.now())
        return super().changelist_view(request, {"standings": others, **(extra_context or {})})

    def title_of(self, row: Operation) -> str:
        return f"{row.name} ({row.short_id})"

    def object_context(self, request: HttpRequest, row: Operation) -> dict[str, object]:
        return self._context(request, row, DecisionForm())

    def decide_view(self, request: HttpRequest, operation_id: int) -> HttpResponse:
        """A person says what came of an operation (POST)."""
        require(request, Right.DECIDE_UNKNOWN)
        row = self.find_object(request, str(operation_id))
        form = DecisionForm(request.POST if request.method == "POST" else None)
        if request.method != "POST" or not form.is_valid():
            return self.change_view(request, str(operation_id), extra_context={"decision": form})
        try:
            decisions.decide(
                operation=row,
                was_done=form.cleaned_data["was_done"] == "yes",
                reason=form.cleaned_data["reason"],
                now=database_clock.now(),
                **actor_of(request),
            )
            messages.success(request, "Decided. It is recorded in the audit log.")
        except (Conflict, InvalidFields) as problem:
            messages.error(request, problem.text)
        return HttpResponseRedirect(reverse("admin:operations_operation_change", args=[row.pk]))

    def _context(self, request: HttpRequest, row: Operation, form: DecisionForm) -> dict[str, object]:
        rows = list(rows_of(row.pk)[: ROWS_SHOWN + 1])
        waits = row.state == Operation.State.UNKNOWN and row.needs_person
        is_read = row.state == Operation.State.UNKNOWN and not row.needs_person
        return {
            "operation": row,
            "badge": state_badge(row),
            "is_explained": not waits and bool(row.error_text or row.advice),
            "explained_tone": "bad" if row.state == Operation.State.REJECTED else "warn",
            "whose_words": _whose_words(row),
            "in_words": _in_words(row, rows),
            "is_read": is_read,
            "person_at": row.reading_since + LONGEST_READING if is_read and row.reading_since else None,
            "most_readings": MOST_READINGS,
            "rows": [(one, target_url(one), row_badge(one)) for one in rows[:ROWS_SHOWN]],
            "more_rows": len(rows) > ROWS_SHOWN,
            "plan_url": plan_url(row.plan_id),
            "its_request": masked(row.request),
            "its_answer": masked(row.response),
            "waits_for_person": waits,
            "why_undecided": _why_undecided(row),
            "doubts": doubts_of(row, [one for one in rows if one.state == PlanRow.State.UNKNOWN]) if waits else [],
            "may_decide": has_right(request, Right.DECIDE_UNKNOWN),
            "why_not_decided": WHO_DECIDES,
            "decision": form,
            "cautions": WRITES[row.name].cautions if row.name in WRITES else (),
        }
