"""The first steps of every change: choose rows, set what is to be done, and see a preview. Nothing is sent here."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.template.response import TemplateResponse
from django.urls import reverse

from vendor_admin.errors import Conflict, InvalidFields, Refused
from vendor_admin.listing.admin_base import actor_of, add_errors, organization_of, require
from vendor_admin.listing.uploads import takes_files
from vendor_admin.mirrors.columns import mirror_models
from vendor_admin.operations.actions import Action, action_named
from vendor_admin.operations.csv_files import LARGEST_FILE, CsvFault, rows_of_file, template_of
from vendor_admin.operations.kinds import Question, read_kind_of
from vendor_admin.operations.models import Plan
from vendor_admin.operations.pages.rows import newest_url
from vendor_admin.operations.pages.selection import Chosen, read_selection
from vendor_admin.operations.pages.steps import steps
from vendor_admin.operations.plans import verbs as plans
from vendor_admin.operations.read_jobs.verbs import ask
from vendor_admin.organizations.models import Organization
from vendor_admin.organizations.tenancy import database_clock
from vendor_admin.tradovate.enums import Environment

FAULTS_SHOWN = 2_000
REASON_LATER = "Recorded in the audit log. What costs something cannot be confirmed without a reason."


class ReasonForm(forms.Form):
    """Why. It goes into the audit, and into the comment of balance changes."""

    reason = forms.CharField(max_length=500, help_text="Recorded in the audit log.")

    def __init__(self, *args: Any, is_money: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].required = is_money
        if is_money:
            self.fields[
                "reason"
            ].help_text = "Recorded in the audit log and, as far as it fits, in the platform's comment."
        else:
            self.fields["reason"].help_text = REASON_LATER


class FileForm(forms.Form):
    """A CSV file, and what becomes of it where lines are faulty."""

    file = forms.FileField(label="CSV file", help_text="UTF-8, up to 20 MB and 100,000 lines.")
    leave_out = forms.BooleanField(
        required=False,
        label="Skip invalid rows",
        help_text="Off: a file with invalid rows is only checked, and nothing is stored of it.",
    )


def choose(request: HttpRequest) -> HttpResponse:
    """Where the form above a list leads: to the action chosen there, with the rows that are marked."""
    query = request.GET.copy()
    name = query.pop("action", [""])[-1]
    if "all" not in query:
        query.pop("filter", None)
    else:
        query.pop("id", None)
    action = action_named(name)
    if action is None:
        messages.error(request, "Choose what to do, then go on.")
    elif "all" not in query and not query.getlist("id"):
        messages.error(request, "Mark the rows that are to be changed, then go on.")
    else:
        return HttpResponseRedirect(reverse("plan_start", args=[action.name]) + "?" + query.urlencode())
    return HttpResponseRedirect(_list_address(request.GET) or reverse("admin:index"))


def start(request: HttpRequest, name: str) -> HttpResponse:
    """The form of an action for what was chosen; posting it makes the preview."""
    action, organization = _allowed(request, name)
    if action.only_file:
        return HttpResponseRedirect(reverse("plan_file", args=[action.name]))
    now = database_clock.now()
    chosen = read_selection(request, action=action, organization_id=organization.pk, now=now)
    data = request.POST if request.method == "POST" else None
    form = action.form(data, selection=chosen.selection)
    reason = ReasonForm(data, is_money=action.is_money)
    if data is not None and not chosen.problem and form.is_valid() and reason.is_valid():
        try:
            if action.only_asks:
                return _ask(request, action, form.questions(), organization)
            plan = plans.preview(
                organization=organization,
                kind_name=action.kind_name,
                targets=form.targets(),
                parameters=form.parameters(),
                reason=reason.cleaned_data["reason"],
                now=now,
                **actor_of(request),
            )
        except (Conflict, InvalidFields, Refused) as refused:
            add_errors(form, refused)
        else:
            return _to_plan(plan)
    context = {
        **_context(request, action, chosen),
        "form": form,
        "reason_form": reason,
        "file_url": reverse("plan_file", args=[action.name]) if action.csv else "",
    }
    return TemplateResponse(request, "admin/operations/start.html", context)


@takes_files
def start_with_file(request: HttpRequest, name: str) -> HttpResponse:
    """The same from a CSV file: faulty lines are listed, and only a file or rest without them becomes a preview."""
    action, organization = _allowed(request, name)
    if action.csv is None:
        raise Http404(f"{action.label} takes no file.")
    is_post = request.method == "POST"
    form = FileForm(request.POST if is_post else None, request.FILES if is_post else None)
    reason = ReasonForm(request.POST if is_post else None, is_money=action.is_money)
    faults: list[CsvFault] = []
    good = 0
    if is_post and form.is_valid() and reason.is_valid():
        now = database_clock.now()
        try:
            rows, faults = rows_of_file(form.cleaned_data["file"].read(LARGEST_FILE + 1), columns=action.csv.columns)
            reading = action.csv.read(rows, organization_id=organization.pk, now=now)
            faults = sorted([*faults, *reading.faults], key=lambda fault: fault.line)
            good = len(reading.targets)
            if reading.targets and (not faults or form.cleaned_data["leave_out"]):
                plan = plans.preview(
                    organization=organization,
                    kind_name=action.kind_name,
                    targets=reading.targets,
                    reason=reason.cleaned_data["reason"],
                    now=now,
                    **actor_of(request),
                )
                if faults:
                    messages.warning(request, f"{_faulty_lines(faults):,} invalid rows of the file were skipped.")
                return _to_plan(plan)
        except (Conflict, InvalidFields, Refused) as problem:
            form.add_error("file", problem.text)
    context = {
        **_context(request, action, None),
        "form": form,
        "reason_form": reason,
        "csv_columns": action.csv.columns,
        "template_url": reverse("plan_file_template", args=[action.name]),
        "faults": faults[:FAULTS_SHOWN],
        "fault_count": len(faults),
        "faulty_lines": _faulty_lines(faults),
        "good_lines": good,
        "form_url": "" if action.only_file else reverse("plan_start", args=[action.name]),
    }
    return TemplateResponse(request, "admin/operations/file.html", context)


def file_template(request: HttpRequest, name: str) -> HttpResponse:
    """A CSV file to start from."""
    action, _ = _allowed(request, name)
    if action.csv is None:
        raise Http404(f"{action.label} takes no file.")
    response = HttpResponse(template_of(action.csv.columns), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{action.name}.csv"'
    return response


def _allowed(request: HttpRequest, name: str) -> tuple[Action, Organization]:
    action = action_named(name)
    if action is None:
        raise Http404("There is no such action.")
    require(request, action.kind.right, asks_code=False)  # a preview; confirming it asks
    organization = organization_of(request)
    if organization is None:
        raise Http404("Enter an organization first.")
    return action, organization


def _faulty_lines(faults: list[CsvFault]) -> int:
    return len({fault.line for fault in faults})


def _context(request: HttpRequest, action: Action, chosen: Chosen | None) -> dict[str, Any]:
    address = _list_address(request.GET) or _list_address(QueryDict(f"type={action.on[0]}")) if action.on else ""
    model = mirror_models().get(request.GET.get("type", "") or next(iter(action.on), ""))
    heading = getattr(admin.site._registry.get(model), "heading", "") if model else ""
    heading = heading or (str(model._meta.verbose_name_plural).capitalize() if model else "")
    return {
        **admin.site.each_context(request),
        "title": action.label,
        "crumbs": [(heading, address)] if address else [],
        "action": action,
        "chosen": chosen,
        "steps": steps("choose"),
    }


def _list_address(query: QueryDict) -> str:
    """The list that the rows were chosen on, with its filters."""
    model = mirror_models().get(query.get("type", ""))
    if model is None or model not in admin.site._registry:
        return ""
    address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    return address + (f"?{query['filter']}" if query.get("filter") else "")


def _ask(
    request: HttpRequest, action: Action, questions: Sequence[Question], organization: Organization
) -> HttpResponse:
    """Ask the platform at once; leads to what it answers."""
    kind = read_kind_of(action.kind_name)
    job = ask(
        organization=organization,
        kind=kind,
        questions=questions,
        environment=Environment.DEMO.value,
        now=database_clock.now(),
        **actor_of(request),
    )
    return HttpResponseRedirect(reverse(kind.answers_page, args=[job.pk]))


def _to_plan(plan: Plan) -> HttpResponseRedirect:
    return HttpResponseRedirect(newest_url(plan))
