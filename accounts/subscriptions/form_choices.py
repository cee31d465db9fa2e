"""What forms let people choose from: plans, entitlements and paying accounts, as the mirrors have them."""

from typing import Any

from django import forms
from django.db.models import Q

from accounts.billing.billing_account import billing_accounts
from accounts.subscriptions.agreements import is_sim_plus
from vendor_admin.mirrors.models import Entitlement, MarketDataSubscriptionPlan, TradovateSubscriptionPlan
from vendor_admin.operations.actions import Selection
from vendor_admin.organizations.models import Organization
from vendor_admin.tradovate.enums import Environment
from vendor_admin.tradovate.trading_calendar import session_date

LIVE = Environment.LIVE.value
Choices = list[tuple[str, str]]


def offer_choices(form: forms.Form, name: str, choices: Choices) -> None:
    """Give a field of a form what may be chosen."""
    field: Any = form.fields[name]
    field.choices = choices


def membership_plans(selection: Selection) -> Choices:
    """Membership plans that are still sold."""
    return [(str(one.entity_id), _priced(one)) for one in _sold(TradovateSubscriptionPlan, selection)]


def entitlements(selection: Selection, *, with_sim_plus: bool = True) -> Choices:
    """Entitlements that are still sold."""
    sold = _sold(Entitlement, selection)
    return [(str(one.entity_id), _priced(one)) for one in sold if with_sim_plus or not is_sim_plus(one)]


def market_data_plans(selection: Selection) -> Choices:
    """Market data plans that are still sold."""
    return [(str(one.entity_id), _priced(one)) for one in _sold(MarketDataSubscriptionPlan, selection)]


def paying_accounts(selection: Selection) -> Choices:
    """The accounts that may pay; nothing to choose where there is only one."""
    accounts = billing_accounts(Organization.objects.get(pk=selection.organization_id))
    if len(accounts) < 2:
        return [("", str(accounts[0]) if accounts else "none is known")]
    return [("", "choose"), *((str(one.entity_id), str(one)) for one in accounts)]


def _sold(model: Any, selection: Selection) -> list[Any]:
    today = session_date(selection.now)
    rows = model.objects.filter(
        Q(discontinued_date__isnull=True) | Q(discontinued_date__gt=today),
        organization_id=selection.organization_id,
        environment=LIVE,
        deleted_at__isnull=True,
    )
    return list(rows.order_by("name", "entity_id"))


def _priced(one: Any) -> str:
    title = f" – {one.title}" if one.title and one.title != one.name else ""
    price = f" (${one.price:,.2f}{_period(one)})" if one.price else " (free of charge)" if one.price is not None else ""
    return f"{one}{title}{price}"


def _period(one: Any) -> str:
    """For how long a price is, where the platform says so."""
    duration, units = getattr(one, "duration", None), getattr(one, "duration_units", None)
    return (
        f" for {duration} {units.lower()}{'' if duration == 1 or units.endswith('s') else 's'}"
        if duration and units
        else ""
    )
