"""The page that the `type` of every problem leads to, and docs/api/errors.md: both are made of the catalogue."""

from typing import Final

from django.contrib.auth.decorators import login_not_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from vendor_admin.partner_api.problem_catalogue import KINDS

TABLE_BEGINS: Final = "<!-- made of vendor_admin/partner_api/problem_catalogue.py -->"
TABLE_ENDS: Final = "<!-- end -->"


@transaction.non_atomic_requests
@login_not_required
@require_safe
def errors(request: HttpRequest) -> HttpResponse:
    """Every problem with its code. It needs nothing but the template."""
    return render(request, "api_errors.html", {"kinds": KINDS})


def with_table(page: str) -> str:
    """The text of docs/api/errors.md with the table of problems as the catalogue has it now."""
    before, _, rest = page.partition(TABLE_BEGINS)
    _, _, after = rest.partition(TABLE_ENDS)
    rows = [f"| `{kind.code}` | {kind.status} | {kind.title} | {kind.advice} |" for kind in KINDS]
    table = "\n".join(["| code | status | what happened | what to do |", "|---|---|---|---|", *rows])
    return f"{before}{TABLE_BEGINS}\n\n{table}\n\n{TABLE_ENDS}{after}"
