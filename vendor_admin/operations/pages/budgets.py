"""The page of budgets and locks, and that of the approval thresholds."""

from collections.abc import Callable
from decimal import Decimal
from urllib.parse import urlencode

from django import forms
from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse

from vendor_admin.amount_fields import AmountField, WholeNumberField
from vendor_admin.errors import Conflict, Refused
from vendor_admin.listing.admin_base import actor_of, has_right, organization_of, require
from vendor_admin.operations.models import ApprovalRule
from vendor_admin.operations.pages import budget_view
from vendor_admin.operations.plans import approval_rules
from vendor_admin.operations.plans.approval_rules import approval_rule
from vendor_admin.organizations.actors import label_of
from vendor_admin.organizations.models import Organization
from vendor_admin.organizations.roles import Right
from vendor_admin.organizations.tenancy import database_clock

THRESHOLDS_INTRO = (
    "A plan above one of these waits until a second person approves it: somebody with the right to approve plans who "
    "neither made nor confirmed it. What one person starts alone within 24 hours counts together. Lower thresholds "
    "hold at once; higher ones once a second owner, or an operator, agrees. Plans that were previewed before keep what "
    "held then."
)
PROPOSED = (
    "Proposed. The higher thresholds hold once another owner, or an operator of this installation, agrees to them."
)


class ThresholdsForm(forms.Form):
    """Above which size a second person has to approve."""

    accounts_over = WholeNumberField(
        label="Rows of one person in a day, more than",
        min_value=0,
        max_value=100_000,
        help_text="A plan with which it is more needs a second person. 0: every plan does.",
    )
    balance_change_over = AmountField(
        label="Balance change of one person in a day, more than",
        min_value=Decimal(0),
        max_digits=14,
        decimal_places=2,
        help_text="In the account's currency, all rows together, up and down alike. 0: every change of a balance.",
    )
    reason = forms.CharField(max_length=500, help_text="Recorded in the audit log.")


def budgets_page(request: HttpRequest) -> HttpResponse:
    """What may be sent now, what is closed until when and why, and what is left of each budget."""
    require(request, Right.VIEW_OPERATIONS)
    organization = organization_of(request)
    now = database_clock.now()
    context = {**admin.site.each_context(request), "title": "API limits", "now": now}
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
        stored = approval_rules.set_thresholds(
            organization=organization,
            accounts_over=given["accounts_over"],
            balance_change_over=given["balance_change_over"],
            reason=given["reason"],
            now=database_clock.now(),
            **actor_of(request),
        )
        messages.success(request, PROPOSED if stored.proposed_by else "Stored. Plans that are previewed now follow it.")
        return HttpResponseRedirect(reverse("thresholds"))
    context = {
        **admin.site.each_context(request),
        "title": "Approval thresholds",
        "intro": f"{_proposal_in_words(rule)} {THRESHOLDS_INTRO}".strip(),
        "post_actions": _about_proposal(rule, request.user.get_username()),
        "form": form,
        "button": "Store",
        "may": has_right(request, Right.MANAGE_NOTICES),
    }
    return TemplateResponse(request, "admin/form.html", context)


def approve_thresholds_page(request: HttpRequest) -> HttpResponse:
    """Agree to higher thresholds that somebody else proposed (POST)."""
    return _decide(
        request,
        lambda organization: approval_rules.approve_thresholds(
            organization=organization, now=database_clock.now(), seen=request.GET.get("of", ""), **actor_of(request)
        ),
        said="They hold for plans that are previewed from now on.",
    )


def withdraw_thresholds_page(request: HttpRequest) -> HttpResponse:
    """Drop higher thresholds that were proposed (POST)."""
    return _decide(
        request,
        lambda organization: approval_rules.withdraw_thresholds(organization=organization, **actor_of(request)),
        said="The proposal is dropped; the thresholds stay as they are.",
    )


def _decide(request: HttpRequest, act: Callable[[Organization], ApprovalRule], *, said: str) -> HttpResponse:
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    require(request, Right.MANAGE_NOTICES)
    organization = organization_of(request)
    if organization is None:
        raise Http404
    try:
        act(organization)
    except (Conflict, Refused) as refused:
        messages.error(request, refused.text)
    else:
        messages.success(request, said)
    return HttpResponseRedirect(reverse("thresholds"))


def _proposal_in_words(rule: ApprovalRule) -> str:
    if rule.proposed_accounts_over is None or rule.proposed_balance_change_over is None:
        return ""
    return (
        f"{label_of(rule.proposed_by)} proposed more than {rule.proposed_accounts_over:,} rows and more than "
        f"{rule.proposed_balance_change_over:,.2f} of balance change ({rule.proposed_why}). They do not hold yet: a "
        "second person has to agree."
    )


def _about_proposal(rule: ApprovalRule, viewer: str) -> list[tuple[str, str]]:
    if rule.proposed_accounts_over is None:
        return []
    drop = ("Drop the proposal", reverse("thresholds_withdraw"))
    agree = f"{reverse('thresholds_approve')}?{urlencode({'of': approval_rules.mark_of(rule)})}"
    return [drop] if viewer == rule.proposed_by else [("Agree to the proposal", agree), drop]
