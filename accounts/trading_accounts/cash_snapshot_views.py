"""Cash snapshots: a table with a line per account, its CSV, and the button that asks for one account."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseNotAllowed,
    HttpResponseRedirect,
)
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import reverse

from accounts.trading_accounts.cash_snapshot import CashSnapshots, answer_of, request_cash_snapshot
from accounts.trading_accounts.views import find_account
from vendor_admin.errors import Conflict, InvalidFields, Refused
from vendor_admin.listing import lists
from vendor_admin.listing.admin_base import actor_of, has_right, organization_of, require
from vendor_admin.listing.csv_export import stream_csv
from vendor_admin.listing.lists import Amount, Badge, Column
from vendor_admin.mirrors.admin.mirror_admin import account_url
from vendor_admin.operations.models import ReadJob, ReadJobRow
from vendor_admin.operations.read_jobs.ending import cancel
from vendor_admin.organizations.roles import Right
from vendor_admin.organizations.tenancy import database_clock

_FIGURES = (
    ("Cash", "total_cash_value", "Without the profit or loss of open positions."),
    ("Net liquidation", "net_liq", "Cash and open profit or loss together."),
    ("Open P&L", "open_pnl", "Of the positions that are open."),
    ("Realized today", "realized_pnl", ""),
    ("Realized this week", "week_realized_pnl", ""),
    ("Initial margin", "initial_margin", ""),
    ("Maintenance margin", "maintenance_margin", ""),
    ("Cash at start of day", "total_cash_value_sod", ""),
)


_TONES = {ReadJobRow.State.ANSWERED: "good", ReadJobRow.State.REFUSED: "bad"}


def _figure(name: str) -> Any:
    def value(row: ReadJobRow) -> Amount | None:
        snapshot = answer_of(row)
        amount = getattr(snapshot, name) if snapshot is not None else None
        return None if amount is None else Amount(amount)

    return value


COLUMNS = (
    Column("Account", lambda row: row.label, link=lambda row: account_url(row.target_id, row.job.environment)),
    *(Column(title, _figure(name), is_number=True, hint=hint) for title, name, hint in _FIGURES),
    Column("Updated", lambda row: row.read_at),
    Column("State", lambda row: Badge(row.get_state_display(), _TONES.get(row.state, "calm"))),
)
EXPORT_COLUMNS = (
    Column("Account", lambda row: row.label),
    Column("Platform id", lambda row: row.target_id),
    Column("Environment", lambda row: row.job.environment),
    *COLUMNS[1:],
    Column("Why", lambda row: row.why),
)


def cash(request: HttpRequest, job_id: int) -> HttpResponse:
    """What the platform answered for each account of one job, a page at a time."""
    require(request, Right.VIEW_OPERATIONS)
    job = _look(request, job_id)
    rows = _rows(job)
    page = lists.read_after(rows, key=("position",), cursor=request.GET.get("behind", ""))
    context = {
        **admin.site.each_context(request),
        "title": "Cash at the platform",
        "crumbs": [("Accounts", reverse("admin:mirrors_account_changelist"))],
        "job": job,
        "columns": COLUMNS,
        "rows": [([(column, column.value(row)) for column in COLUMNS], row) for row in page.rows],
        "page": page,
        "is_over": job.state == ReadJob.State.FINISHED,
        "count": rows.count(),
        "waiting": rows.filter(state=ReadJobRow.State.WAITING).count(),
        "may_export": has_right(request, Right.EXPORT),
        "may_cancel": has_right(request, CashSnapshots.right),
    }
    return TemplateResponse(request, "admin/cash.html", context)


def cash_csv(request: HttpRequest, job_id: int) -> HttpResponseBase:
    """The same of every account as CSV."""
    require(request, Right.VIEW_OPERATIONS)
    require(request, Right.EXPORT)
    job = _look(request, job_id)
    return stream_csv(
        filename=f"cash-{job.pk}.csv",
        organization_id=job.organization_id,
        rows=_rows(job),
        key=("position",),
        columns=EXPORT_COLUMNS,
        join=lambda rows: None,
        is_ascending=True,
    )


def look_now(request: HttpRequest, account_id: int) -> HttpResponse:
    """Ask for the cash snapshot of one account (POST); leads to the answer."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    require(request, CashSnapshots.right)
    organization = organization_of(request)
    if organization is None:
        raise Http404("Enter an organization first.")
    account = find_account(organization.pk, account_id, environment=request.GET.get("environment", ""))
    try:
        job = request_cash_snapshot(
            organization=organization,
            account_id=account.entity_id,
            environment=account.environment,
            now=database_clock.now(),
            **actor_of(request),
        )
    except (Conflict, InvalidFields, Refused) as problem:
        messages.error(request, problem.text)
        return HttpResponseRedirect(account_url(account.entity_id, account.environment) or "")
    return HttpResponseRedirect(reverse("cash", args=[job.pk]))


def cancel_look(request: HttpRequest, job_id: int) -> HttpResponse:
    """Ask about no further account (POST)."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    require(request, CashSnapshots.right)
    job = _look(request, job_id)
    try:
        cancel(job=job, now=database_clock.now(), **actor_of(request))
    except (Conflict, Refused) as problem:
        messages.error(request, problem.text)
    return HttpResponseRedirect(reverse("cash", args=[job.pk]))


def _look(request: HttpRequest, job_id: int) -> ReadJob:
    organization = organization_of(request)
    found = ReadJob.objects.filter(
        organization_id=organization.pk if organization else 0, pk=job_id, kind=CashSnapshots.name
    ).first()
    if found is None:
        raise Http404
    return found


def _rows(job: ReadJob) -> QuerySet[ReadJobRow]:
    return ReadJobRow.objects.filter(organization_id=job.organization_id, job=job).select_related("job")
