"""The page of budgets and locks, and that of the approval thresholds."""

from decimal import Decimal

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse

from vendor_admin.amount_fields import AmountField, WholeNumberField
from vendor_admin.operations import budget_view
from vendor_admin.operations.previews import approval_rule
from vendor_admin.operations.thresholds import set_thresholds
from vendor_admin.organizations import database_clock
from vendor_admin.organizations.pages import actor_of, has_right, organization_of, require
from vendor_admin.organizations.roles import Right

THRESHOLDS_INTRO = (
    "A plan above one of these waits until a second person approves it: somebody with the right to approve plans who "
    "neither made nor confirmed it. Plans that were previewed before keep what held then."
)


class ThresholdsForm(forms.Form):
    """Above which size a second person has to approve."""

    accounts_over = WholeNumberField(
        label="Rows in one plan, more than",
        min_value=0,
        max_value=100_000,
        help_text="A plan that changes more needs a second person. 0: every plan does.",
    )
    balance_change_over = AmountField(
        label="Balance change in one plan, more than",
        min_value=Decimal(0),
        max_digits=14,
        decimal_places=2,
        help_text="In the account's currency, all rows together, up and down alike. 0: every change of a balance.",
    )
    reason = forms.CharField(max_length=500, help_text="Goes into the audit.")


def budgets_page(request: HttpRequest) -> HttpResponse:
    """What may be sent now, what is closed until when and why, and what is left of each budget."""
    require(request, Right.VIEW_OPERATIONS)
    organization = organization_of(request)
    now = database_clock.now()
    context = {**admin.site.each_context(request), "title": "Budgets and locks", "now": now}
    if organization is not None:
        callers = budget_view.callers_of(organization)
        own = list(callers.values())
        context |= {
            "callers": callers,
            "locks": budget_view.locks_in_force(own, now=now),
            "budgets": budget_view.budget_lines(own, now=now),
            "queue": budget_view.queue_lines(organization),
            "maintenance": budget_view.maintenance_of(now),
            "is_simulated": organization.is_simulated,
        }
    return TemplateResponse(request, "admin/operations/budgets.html", context)


def thresholds_page(request: HttpRequest) -> HttpResponse:
    """Above which size a plan needs a second person."""
    require(request, Right.MANAGE_NOTICES)
    organization = organization_of(request)
    if organization is None:
        messages.error(request, "Enter an organization first.")
        return HttpResponseRedirect(reverse("admin:index"))
    rule = approval_rule(organization)
    now_set = {"accounts_over": rule.accounts_over, "balance_change_over": rule.balance_change_over}
    form = ThresholdsForm(request.POST if request.method == "POST" else None, initial=now_set)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        set_thresholds(
            organization=organization,
            accounts_over=given["accounts_over"],
            balance_change_over=given["balance_change_over"],
            reason=given["reason"],
            actor=request.user.get_username(),
            request_id=actor_of(request)["request_id"],
        )
        messages.success(request, "Stored. Plans that are previewed from now on follow it.")
        return HttpResponseRedirect(reverse("thresholds"))
    context = {
        **admin.site.each_context(request),
        "title": "Approval thresholds",
        "intro": THRESHOLDS_INTRO,
        "form": form,
        "button": "Store",
        "may": has_right(request, Right.MANAGE_NOTICES),
    }
    return TemplateResponse(request, "admin/form.html", context)
