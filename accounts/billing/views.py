"""The account that pays for subscriptions: which one it is, what it holds and pays for, and what to do without one."""

from django import forms
from django.contrib import admin, messages
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from accounts.billing.billing_account import BILLING_SUFFIX, billing_accounts, set_billing_account
from accounts.billing.charges import PaidFor, paid_by
from accounts.billing.renewal_warnings import warning_for_adding
from accounts.in_force import LIVE
from vendor_admin.amount_fields import WholeNumberField
from vendor_admin.errors import InvalidFields
from vendor_admin.listing.admin_base import actor_of, add_errors, has_right, organization_of, require
from vendor_admin.mirrors.models import Account, CashBalance, CashBalanceLog
from vendor_admin.organizations.models import Organization
from vendor_admin.organizations.roles import Right
from vendor_admin.tradovate.trading_calendar import session_date

BOOKINGS_SHOWN = 15


class BillingForm(forms.Form):
    """Which LIVE account pays from now on."""

    account = WholeNumberField(
        required=False,
        min_value=1,
        max_value=2**63 - 1,
        label="LIVE account",
        help_text=f"Its platform id. Empty: the one whose name ends in {BILLING_SUFFIX}.",
    )
    reason = forms.CharField(max_length=500, help_text="Recorded in the audit log.")


def billing(request: HttpRequest) -> HttpResponse:
    """The page; posting it sets the account that pays."""
    require(request, Right.VIEW)
    organization = organization_of(request)
    if organization is None:
        raise Http404("Enter an organization first.")
    form = BillingForm(request.POST or None, initial={"account": organization.billing_account_id})
    if request.method == "POST":
        require(request, Right.MANAGE_SUBSCRIPTIONS)
        if form.is_valid():
            try:
                set_billing_account(
                    organization=organization,
                    account_id=form.cleaned_data["account"],
                    reason=form.cleaned_data["reason"],
                    **actor_of(request),
                )
            except InvalidFields as invalid:
                add_errors(form, invalid)
            else:
                messages.success(request, "Saved. Subscriptions that are previewed from now on are paid from it.")
                return HttpResponseRedirect(reverse("billing"))
    return TemplateResponse(request, "admin/billing.html", _context(request, organization, form))


def _context(request: HttpRequest, organization: Organization, form: BillingForm) -> dict[str, object]:
    now = timezone.now()
    candidates = billing_accounts(organization)
    paying = candidates[0] if len(candidates) == 1 else None
    paid_for = paid_by(paying, today=session_date(now)) if paying is not None else PaidFor()
    balance = _balance(paying)
    return {
        **admin.site.each_context(request),
        "title": "Billing account",
        "paying": paying,
        "candidates": candidates,
        "is_set": organization.billing_account_id,
        "suffix": BILLING_SUFFIX,
        "balance": balance,
        "bookings": _bookings(paying),
        "paid_for": paid_for,
        "month_end": warning_for_adding(now),
        "form": form,
        "may_set": has_right(request, Right.MANAGE_SUBSCRIPTIONS),
        "is_too_little": paid_for.price > balance.amount if balance and balance.amount is not None else False,
    }


def _balance(account: Account | None) -> CashBalance | None:
    if account is None:
        return None
    own = CashBalance.objects.filter(
        Q(archived=False) | Q(archived__isnull=True),
        organization_id=account.organization_id,
        environment=LIVE,
        account_id=account.entity_id,
        deleted_at__isnull=True,
    )
    return own.order_by("-entity_id").first()


def _bookings(account: Account | None) -> list[CashBalanceLog]:
    if account is None:
        return []
    own = CashBalanceLog.objects.filter(
        organization_id=account.organization_id, environment=LIVE, account_id=account.entity_id
    )
    return list(own.order_by("-entity_id")[:BOOKINGS_SHOWN])
