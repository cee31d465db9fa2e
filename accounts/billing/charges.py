"""What a billing account pays for: memberships, entitlements and market data that run, by plan."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Count, Q, QuerySet, Sum

from vendor_admin.listing import lists
from vendor_admin.mirrors.models import (
    Account,
    Entitlement,
    MarketDataSubscription,
    MarketDataSubscriptionPlan,
    TradovateSubscription,
    TradovateSubscriptionPlan,
    UserPlugin,
)
from vendor_admin.mirrors.queries.lookups import load

MOST_PLANS = 200


@dataclass(frozen=True, slots=True)
class Line:
    """One plan: how many run, how many of them renew, and what those that run cost for their period, as charged."""

    what: str
    plan: str
    running: int
    renewing: int
    price: Decimal


@dataclass(frozen=True, slots=True)
class PaidFor:
    """Every plan that something runs of; `is_known` is False where there was too much to count in time."""

    lines: Sequence[Line] = ()
    is_known: bool = True

    @property
    def running(self) -> int:
        return sum(line.running for line in self.lines)

    @property
    def price(self) -> Decimal:
        return sum((line.price for line in self.lines), Decimal(0))


def paid_by(account: Account, *, today: date) -> PaidFor:
    """What runs and is paid from a LIVE account. `today` is a trade date. Six queries."""
    runs = Q(expiration_date__isnull=True) | Q(expiration_date__gte=today)
    this_month = Q(year__gt=today.year) | Q(year=today.year, month__gte=today.month)
    try:
        lines = [
            *_lines(
                account,
                "Membership",
                TradovateSubscription.objects.filter(runs),
                plan_model=TradovateSubscriptionPlan,
                field="tradovate_subscription_plan_id",
                ends=Q(cancelled_renewal=True),
            ),
            *_lines(
                account,
                "Entitlement",
                UserPlugin.objects.filter(runs).exclude(approval=False),
                plan_model=Entitlement,
                field="entitlement_id",
                ends=Q(autorenewal=False) | Q(autorenewal__isnull=True),
            ),
            *_lines(
                account,
                "Market data",
                MarketDataSubscription.objects.filter(this_month).exclude(expired=True),
                plan_model=MarketDataSubscriptionPlan,
                field="market_data_subscription_plan_id",
                ends=Q(pk__isnull=True),
            ),
        ]
    except lists.TooSlow:
        return PaidFor(is_known=False)
    return PaidFor(lines)


def _lines(account: Account, what: str, rows: QuerySet[Any], *, plan_model: Any, field: str, ends: Q) -> list[Line]:
    own = rows.filter(
        organization_id=account.organization_id,
        environment=account.environment,
        account_id=account.entity_id,
        deleted_at__isnull=True,
    )
    counted = own.order_by().values(field)
    counted = counted.annotate(running=Count("pk"), renewing=Count("pk", filter=~ends), price=Sum("plan_price"))
    found = lists.read_all(counted.order_by("-running"), most=MOST_PLANS)
    plans = load(plan_model, organization_id=account.organization_id, ids=[one[field] for one in found])
    return [
        Line(
            what,
            str(plans.get(one[field], account.environment) or f"plan {one[field]}"),
            one["running"],
            one["renewing"],
            one["price"] or Decimal(0),
        )
        for one in found
    ]
