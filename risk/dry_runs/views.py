"""What the platform said to orders that were not placed: a page, and a CSV of many accounts."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import reverse

from risk.dry_runs.dry_run import DryRuns, rows_of
from risk.dry_runs.verdicts import Verdict, verdicts_of
from vendor_admin.errors import Conflict, Refused
from vendor_admin.listing import lists
from vendor_admin.listing.admin_base import actor_of, has_right, organization_of, require
from vendor_admin.listing.csv_export import stream_csv
from vendor_admin.listing.lists import Amount, Badge, Column
from vendor_admin.mirrors.admin.mirror_admin import account_url
from vendor_admin.operations.models import ReadJob, ReadJobRow
from vendor_admin.operations.read_jobs.ending import cancel
from vendor_admin.organizations.roles import Right
from vendor_admin.organizations.tenancy import database_clock
from vendor_admin.tradovate.operations.trading.dry_run import MOST_ORDERS

_MONEY = (
    ("Margin before", "before_initial_margin_req"),
    ("Margin after", "initial_margin_req"),
    ("Cash", "total_cash"),
    ("Net liquidation", "net_liq_value"),
    ("Left over", "excess"),
    ("Commission and fees", "future_comm_and_fees"),
)


def position_in_words(net: int | None) -> str | None:
    """A net position: long 3, short 2 or flat."""
    if net is None:
        return None
    return "flat" if net == 0 else f"{'long' if net > 0 else 'short'} {abs(net):,}"


def verdict_badge(verdict: Verdict) -> Badge:
    """Whether the platform would take an order, or how far the question is."""
    if verdict.would_be_taken is None:
        return Badge("waiting", "calm") if verdict.state == ReadJobRow.State.WAITING else Badge("no answer", "warn")
    return Badge("would be taken", "good") if verdict.would_be_taken else Badge("would be refused", "bad")


def _of_verdict(value: Callable[[Verdict], object]) -> Callable[[Any], object]:
    return lambda row: value(row.verdict)


def _money(attribute: str) -> Callable[[Any], object]:
    def value(row: Any) -> Amount | None:
        amount = getattr(row.verdict.details, attribute, None)
        return None if amount is None else Amount(amount)

    return value


COLUMNS = (
    Column("Order", lambda row: row.label, link=lambda row: account_url(row.target_id, row.job.environment)),
    Column("Verdict", _of_verdict(verdict_badge)),
    Column("Why", _of_verdict(lambda verdict: verdict.words or verdict.why or None)),
    *(Column(title, _money(attribute), is_number=True) for title, attribute in _MONEY[:2]),
    Column("Position before", _of_verdict(lambda verdict: position_in_words(_net_before(verdict)))),
    Column("Position after", _of_verdict(lambda verdict: position_in_words(verdict.position_after))),
    Column("Answered", lambda row: row.read_at),
)
EXPORT_COLUMNS = (
    Column("Platform id", lambda row: row.target_id),
    *COLUMNS[:3],
    Column("Reason", _of_verdict(lambda verdict: verdict.reason)),
    Column("The platform's text", _of_verdict(lambda verdict: verdict.comment)),
    *(Column(title, _money(attribute), is_number=True) for title, attribute in _MONEY),
    *COLUMNS[5:],
)


def dry_run(request: HttpRequest, job_id: int) -> HttpResponse:
    """What the platform said to each order of one job: of few orders all of it, of many a table, a page at a time."""
    require(request, Right.VIEW_OPERATIONS)
    job = _dry_run(request, job_id)
    rows = rows_of(job)
    page = lists.read_after(rows.select_related("job"), key=("position",), cursor=request.GET.get("behind", ""))
    _attach_verdicts(page.rows)
    count = rows.count()
    is_table = count > MOST_ORDERS or len({row.target_id for row in page.rows}) > 1
    single = page.rows[0] if not is_table and page.rows else None
    context = {
        **admin.site.each_context(request),
        "title": "Dry run: nothing is placed",
        "crumbs": [("Accounts", reverse("admin:mirrors_account_changelist"))],
        "job": job,
        "account_url": account_url(single.target_id, job.environment) if single is not None else "",
        "again_url": _again_url(request, single),
        "columns": COLUMNS,
        "table": [([(column, column.value(row)) for column in COLUMNS], row) for row in page.rows] if is_table else [],
        "answers": [] if is_table else [_answer(row) for row in page.rows],
        "page": page,
        "is_over": job.state == ReadJob.State.FINISHED,
        "count": count,
        "waiting": rows.filter(state=ReadJobRow.State.WAITING).count(),
        "may_export": has_right(request, Right.EXPORT),
        "may_cancel": has_right(request, DryRuns.right),
    }
    return TemplateResponse(request, "admin/risk/dry_run.html", context)


def dry_run_csv(request: HttpRequest, job_id: int) -> HttpResponseBase:
    """The same of every order as CSV."""
    require(request, Right.VIEW_OPERATIONS)
    require(request, Right.EXPORT)
    job = _dry_run(request, job_id)
    return stream_csv(
        filename=f"dry-run-{job.pk}.csv",
        organization_id=job.organization_id,
        rows=rows_of(job).select_related("job"),
        key=("position",),
        columns=EXPORT_COLUMNS,
        join=_attach_verdicts,
        is_ascending=True,
    )


def cancel_dry_run(request: HttpRequest, job_id: int) -> HttpResponse:
    """Ask about no further order (POST)."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    require(request, DryRuns.right)
    job = _dry_run(request, job_id)
    try:
        cancel(job=job, now=database_clock.now(), **actor_of(request))
    except (Conflict, Refused) as problem:
        messages.error(request, problem.text)
    return HttpResponseRedirect(reverse("dry_run", args=[job.pk]))


def _dry_run(request: HttpRequest, job_id: int) -> ReadJob:
    organization = organization_of(request)
    found = ReadJob.objects.filter(
        organization_id=organization.pk if organization else 0, pk=job_id, kind=DryRuns.name
    ).first()
    if found is None:
        raise Http404
    return found


def _attach_verdicts(rows: list[Any]) -> None:
    for row, verdict in zip(rows, verdicts_of(rows), strict=True):
        row.verdict = verdict


def _again_url(request: HttpRequest, row: Any) -> str:
    """Where another order of the same account is tried."""
    if row is None or not has_right(request, DryRuns.right):
        return ""
    return f"{reverse('plan_start', args=['try-order'])}?type=account&id={row.target_id}"


def _answer(row: Any) -> dict[str, object]:
    """Everything that was said of one order, for its own part of the page."""
    verdict: Verdict = row.verdict
    details = verdict.details
    longest, shortest = getattr(details, "hypo_long_pos", None), getattr(details, "hypo_short_pos", None)
    money = [(title, getattr(details, attribute, None)) for title, attribute in _MONEY[2:]]
    return {
        "label": row.label,
        "verdict": verdict,
        "badge": verdict_badge(verdict),
        "has_figures": details is not None,
        "compared": [
            ("Margin", *(_amount(getattr(details, attribute, None)) for _, attribute in _MONEY[:2])),
            ("Position", position_in_words(_net_before(verdict)), position_in_words(verdict.position_after)),
        ],
        "money": [(title, Amount(amount)) for title, amount in money if amount is not None],
        "closes_only": getattr(details, "is_exit_order", None),
        "longest": longest,
        "shortest": abs(shortest) if shortest is not None else None,
    }


def _amount(value: Any) -> Amount | None:
    return None if value is None else Amount(value)


def _net_before(verdict: Verdict) -> int | None:
    return getattr(verdict.details, "before_net_pos", None)
