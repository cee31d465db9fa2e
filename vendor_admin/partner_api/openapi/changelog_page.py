"""The page that says what each dated version changed. docs/api/changelog.md has the same."""

from django.contrib.auth.decorators import login_not_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from vendor_admin.partner_api.versions import HEADER, VERSIONS


@transaction.non_atomic_requests
@login_not_required
@require_safe
def changelog(request: HttpRequest) -> HttpResponse:
    """Every version, the newest first. It needs nothing but the template."""
    return render(request, "api_changelog.html", {"versions": sorted(VERSIONS.items(), reverse=True), "header": HEADER})
