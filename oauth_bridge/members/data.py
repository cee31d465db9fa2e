"""What the member pages read from our mirrors, in a constant number of queries. Everything is about one member.

A member's own token cannot read limits, locks and permissions at the platform, so nothing is asked there.
Figures are shown of accounts that the member owns or may trade now; one whose permission was taken back may be another
member's by now, so only the permission itself is listed.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q

from oauth_bridge.members.figures import MemberAccount, seen_by_member
from oauth_bridge.members.renewals_in_words import renewal_of_entitlement, renewal_of_market_data, renewal_of_membership
from oauth_bridge.models import MemberLink
from vendor_admin.mirrors.models import (
    Account,
    Entitlement,
    MarketDataSubscription,
    MarketDataSubscriptionPlan,
    TradingPermission,
    TradovateSubscription,
    TradovateSubscriptionPlan,
    UserAccountAutoLiq,
    UserAccountPositionLimit,
    UserPlugin,
)
from vendor_admin.mirrors.queries.accounts import summaries_of
from vendor_admin.mirrors.queries.lookups import attach_names, load, preferred_environment
from vendor_admin.mirrors.rules.limits_in_words import LimitEffect, limits_in_words, position_limit_in_words
from vendor_admin.tradovate.permission_status import is_in_force
from vendor_admin.tradovate.trading_calendar import session_date

MOST_ROWS = 200
MEMBER_WORDS = {
    LimitEffect.ALERT: "You are warned",
    LimitEffect.CLOSING_ONLY: "You may only close",
    LimitEffect.LIQUIDATE: "You are closed out",
    LimitEffect.FLATTEN: "You are closed out",
    LimitEffect.STAYS_LOCKED: "You stay locked",
    LimitEffect.FIXED: "Fixed",
}


@dataclass(frozen=True)
class Subscription:
    """One line of the subscriptions page."""

    title: str
    renewal: str
    price: Any
    row: Any


def permissions_of(link: MemberLink) -> list[TradingPermission]:
    """The member's trading permissions, the newest first, each with `account`."""
    rows = _of_member(TradingPermission, link)
    attach_names(rows, organization_id=link.organization_id)
    return rows


def accounts_of(link: MemberLink, permissions: list[TradingPermission], *, now: datetime) -> list[MemberAccount]:
    """The accounts that the member owns or may trade; those that are over come last."""
    in_force = {(row.environment, row.account_id) for row in permissions if is_in_force(row.status)}
    rows = Account.objects.filter(
        Q(user_id=link.platform_user_id) | Q(entity_id__in=[account_id for _, account_id in in_force]),
        organization_id=link.organization_id,
        deleted_at=None,
    )
    mine = [
        row
        for row in rows.order_by("-entity_id")[:MOST_ROWS]
        if row.user_id == link.platform_user_id or (row.environment, row.entity_id) in in_force
    ]
    states = summaries_of(mine, organization_id=link.organization_id, now=now)
    attach_names([row for state in states for row in state.open_positions], organization_id=link.organization_id)
    seen = [seen_by_member(state, user_id=link.platform_user_id, now=now) for state in states]
    return sorted(seen, key=lambda one: one.is_over)


def account_of(link: MemberLink, *, environment: str, account_id: int, now: datetime) -> MemberAccount | None:
    """One account, if it is among the member's."""
    wanted = (environment, account_id)
    found = accounts_of(link, permissions_of(link), now=now)
    return next((one for one in found if (one.state.account.environment, one.state.account.entity_id) == wanted), None)


def limits_of(one: MemberAccount) -> dict[str, Any]:
    """The limits of an account in words: `limits` (None: not known) and `position_limits`."""
    account, settings = one.state.account, one.state.auto_liq
    rows = list(
        UserAccountPositionLimit.objects.filter(
            organization_id=account.organization_id,
            environment=account.environment,
            account_id=account.entity_id,
            deleted_at=None,
        ).order_by("entity_id")[:50]
    )
    attach_names(rows, organization_id=account.organization_id)
    return {
        "limits": _limits_of_the_member(settings) if settings else None,
        "position_limits": [(row, position_limit_in_words(row)) for row in rows if row.active is not False],
    }


def subscriptions_of(link: MemberLink, *, now: datetime) -> dict[str, list[Subscription]]:
    """Memberships, entitlements and market data, each with when it renews."""
    today = session_date(now)
    kinds = (
        ("memberships", TradovateSubscription, TradovateSubscriptionPlan, "tradovate_subscription_plan_id"),
        ("entitlements", UserPlugin, Entitlement, "entitlement_id"),
        ("market_data", MarketDataSubscription, MarketDataSubscriptionPlan, "market_data_subscription_plan_id"),
    )
    words: dict[str, Any] = {
        "memberships": renewal_of_membership,
        "entitlements": renewal_of_entitlement,
        "market_data": renewal_of_market_data,
    }
    found = {}
    for name, model, plan_model, field in kinds:
        rows = _of_member(model, link)
        plans = load(plan_model, organization_id=link.organization_id, ids=(getattr(row, field) for row in rows))
        lines = [(row, plans.get(getattr(row, field), row.environment)) for row in rows]
        found[name] = [
            Subscription(_title(row, plan), words[name](row, today=today), row.plan_price, row) for row, plan in lines
        ]
    return found


def _limits_of_the_member(settings: UserAccountAutoLiq) -> list[tuple[str, str]]:
    return [(MEMBER_WORDS[effect], text) for effect, text in limits_in_words(settings, trader="you")]


def _title(row: Any, plan: Any) -> str:
    named = (plan.title or plan.name) if plan else ""
    return named or getattr(row, "plugin_name", None) or "A plan whose name Tradovate has not sent"


def _of_member(model: Any, link: MemberLink) -> list[Any]:
    """The member's rows of a mirror; where both environments have an entity, only the one that wins."""
    rows = list(
        model.objects.filter(
            organization_id=link.organization_id, user_id=link.platform_user_id, deleted_at=None
        ).order_by("-entity_id")[:MOST_ROWS]
    )
    preferred = preferred_environment(model.entity_type)
    there = {row.entity_id for row in rows if row.environment == preferred}
    return [row for row in rows if row.environment == preferred or row.entity_id not in there]
