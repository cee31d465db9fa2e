"""The list of plans, the page of one with its progress and rows, and its results as CSV."""

from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from vendor_admin.listing.admin_base import ReadOnlyAdmin, has_right, require
from vendor_admin.listing.lists import Column, Filter
from vendor_admin.operations.kinds import consequence_of, priority_of
from vendor_admin.operations.models import Plan, PlanRow
from vendor_admin.operations.offers import to_approve
from vendor_admin.operations.pages import plan_buttons, plan_notes, plan_verbs, plan_view
from vendor_admin.operations.pages.outcome import outcome_of
from vendor_admin.operations.pages.rows import newest_url, plan_url, results_csv
from vendor_admin.operations.pages.steps import steps_of
from vendor_admin.operations.pages.sums import sums_of
from vendor_admin.operations.plans.progress import counts_in_words, counts_of_plans, progress_of
from vendor_admin.operations.precedence import Priority
from vendor_admin.organizations.actors import label_of
from vendor_admin.organizations.pages.audit_words import name_states
from vendor_admin.organizations.roles import Right
from vendor_admin.organizations.tenancy import database_clock

name_states(dict(Plan.State.choices))

READ = "The rows were read from the platform, which says something else than was known here. This is what it says."


@admin.register(Plan)
class PlanAdmin(ReadOnlyAdmin):
    """Every change that was previewed, and what became of it."""

    view_right = Right.VIEW_OPERATIONS
    shows_count = True
    list_template = "admin/operations/plans.html"
    object_template = "admin/operations/plan.html"
    columns = (
        Column("Plan", lambda row: row.pk, is_identifier=True),
        Column("What", lambda row: row.title, link=lambda row: plan_url(row.pk)),
        Column("State", lambda row: outcome_of(row, row.counts)),
        Column("Rows", lambda row: counts_in_words(row.counts)),
        Column("Calls", lambda row: row.calls_needed, hint="Calls of the platform that it takes."),
        Column("Made by", lambda row: label_of(row.actor)),
        Column("Approved by", lambda row: label_of(row.approved_by)),
        Column("Why", lambda row: row.reason),
        Column("Made", lambda row: row.created_at),
        Column("Ended", lambda row: row.finished_at),
    )
    empty = "No plan yet."
    intro = "Every change of the platform is a plan: previewed, confirmed, carried out, and kept with its results."

    def join(self, rows: list[Any], *, organization_id: int) -> None:
        counts = counts_of_plans((row.pk for row in rows), organization_id=organization_id)
        for row in rows:
            row.counts = counts.get(row.pk, {})

    def dynamic_filters(self, request: HttpRequest) -> tuple[Filter, ...]:
        return (
            Filter("state", "State", choices=Plan.State.choices),
            Filter(
                "waiting",
                "Approval",
                choices=[("me", "waits for me")],
                apply=lambda rows, value: to_approve(request, rows),
            ),
            Filter("who", "Made by", kind="word", lookup="actor"),
            Filter(
                "kind",
                "What",
                choices=plan_verbs.kind_choices(),
            ),
            Filter("plan", "Plan", kind="number", lookup="id"),
        )

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        own = [
            path("<int:plan_id>/progress/", wrap(self.progress_view), name="plan_progress"),
            path("<int:plan_id>/rows/", wrap(self.rows_view), name="plan_rows"),
            path("<int:plan_id>/results.csv", wrap(self.results_view), name="plan_results"),
        ]
        verbs = [
            path(f"<int:plan_id>/{name}/", wrap(self._verb(view)), name=f"plan_{name.replace('-', '_')}")
            for name, view in plan_verbs.VIEWS.items()
        ]
        return [*own, *verbs, *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        waits = to_approve(request, self.get_queryset(request))[:20]
        return super().changelist_view(request, {"waits_for_me": list(waits), **(extra_context or {})})

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Whoever has just made or confirmed a plan is led on to the preview that renews it meanwhile."""
        require(request, self.view_right)
        if "newest" in request.GET:
            plan: Plan = self.find_object(request, object_id)
            newest = plan_view.newest_of(plan) if plan.state == Plan.State.STALE else plan
            if newest != plan:
                messages.warning(request, plan_verbs.RENEWED if plan.confirmed_by else READ)
                return HttpResponseRedirect(newest_url(newest))
        return super().change_view(request, object_id, form_url, extra_context)

    def title_of(self, row: Plan) -> str:
        return str(row.title)

    def object_context(self, request: HttpRequest, row: Plan) -> dict[str, Any]:
        now = database_clock.now()
        warned = plan_view.warned_count(row)
        shown = plan_view.rows_shown(row, request)
        counts = shown["counts"]
        age = plan_view.age_shown(row, now=now)
        relatives = plan_view.relatives_of(row)
        open_row = row.state in (Plan.State.PREVIEW, Plan.State.WAITING)
        return {
            "plan": row,
            "badge": outcome_of(row, counts),
            "steps": steps_of(row),
            "planned": counts[PlanRow.State.PLANNED],
            "skipped": counts[PlanRow.State.SKIPPED],
            "warned": warned,
            "sums": sums_of(row) if open_row else [],
            "consequence": consequence_of(row.kind) if open_row else "",
            "warnings": plan_view.common_warnings(row) if open_row and warned else [],
            "skip_reasons": plan_view.common_whys(row, PlanRow.State.SKIPPED),
            "refusals": plan_view.common_whys(row, PlanRow.State.REJECTED) if row.started_at else [],
            "tabs": plan_view.tabs_of(counts, warned=warned if open_row else 0, shown=shown["show"]),
            "progress": progress_of(row, counts) if row.started_at else None,
            "forecast": plan_view.forecast_of(row, now=now),
            "is_unread": age.must_be_read,
            "work": plan_notes.work_since_start(row) if row.started_at else plan_notes.work_before_start(row),
            "note": plan_notes.note_before_start(row, is_unread=age.must_be_read, now=now),
            "end_note": plan_notes.note_of_end(row),
            "was_never_sent": plan_notes.was_never_sent(row),
            "is_open_row": open_row,
            "is_in_motion": plan_notes.is_in_motion(row),
            "is_urgent": priority_of(row.kind) is Priority.URGENT,
            "cost_in_words": plan_view.cost_in_words(row),
            "shown_state": plan_view.shown_state(row),
            "relatives": relatives,
            "renewals": [relative for relative in relatives if relative.is_renewal],
            "is_retried": row.retried_by.exists(),
            "now": now,
            "may_export": has_right(request, Right.EXPORT),
            "results_url": reverse("admin:plan_results", args=[row.pk]),
            **plan_buttons.allowed_buttons(request, row, counts),
            **shown,
        }

    def progress_view(self, request: HttpRequest, plan_id: int) -> HttpResponse:
        """The part of the plan's page that renews itself."""
        require(request, self.view_right)
        plan = self.find_object(request, str(plan_id))
        now = database_clock.now()
        is_unread = plan_view.age_shown(plan, now=now).must_be_read
        context = {
            "plan": plan,
            "shown_state": plan_view.shown_state(plan),
            "work": plan_notes.work_since_start(plan) if plan.started_at else plan_notes.work_before_start(plan),
            "note": plan_notes.note_before_start(plan, is_unread=is_unread, now=now),
            "progress": progress_of(plan) if plan.started_at else None,
            "forecast": plan_view.forecast_of(plan, now=now),
            "now": now,
        }
        template = "progress" if plan.started_at else "held"
        return TemplateResponse(request, f"admin/operations/{template}.html", context)

    def rows_view(self, request: HttpRequest, plan_id: int) -> HttpResponse:
        """The rows of the plan's page, which follow its progress."""
        require(request, self.view_right)
        plan = self.find_object(request, str(plan_id))
        shown = plan_view.rows_shown(plan, request)
        context = {
            "plan": plan,
            "tabs": plan_view.tabs_of(shown["counts"], warned=0, shown=shown["show"]),
            **shown,
        }
        return TemplateResponse(request, "admin/operations/rows.html", context)

    def results_view(self, request: HttpRequest, plan_id: int) -> HttpResponseBase:
        """Every row and what became of it, as CSV."""
        require(request, self.view_right)
        require(request, Right.EXPORT)
        return results_csv(request, self.find_object(request, str(plan_id)))

    def _verb(self, view: plan_verbs.VerbView) -> Any:
        def handle(request: HttpRequest, plan_id: int) -> HttpResponse:
            require(request, self.view_right)
            return view(request, self.find_object(request, str(plan_id)))

        return handle
