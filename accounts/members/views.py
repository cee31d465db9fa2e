"""The page that ties one member together: who they are, what they may trade and subscribe to, and what happened."""

from datetime import datetime
from typing import Any

from django.contrib import admin
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from accounts.badges import member_badge, permission_badge
from accounts.members.lifecycle_panel import standing_of
from accounts.offboarding.cancellation import WHAT_CANCELLING_DOES, WHAT_REVOKING_DOES
from vendor_admin.listing.admin_base import bounded_page, organization_of, require
from vendor_admin.mirrors.admin.mirror_admin import account_url, environment_badge, object_url
from vendor_admin.mirrors.external_ids import Kind, external_id_of
from vendor_admin.mirrors.models import (
    Account,
    ContactInfo,
    Entitlement,
    Fill,
    MarketDataSubscription,
    MarketDataSubscriptionPlan,
    Order,
    PlatformUser,
    TradingPermission,
    TradovateSubscription,
    TradovateSubscriptionPlan,
    UserPlugin,
)
from vendor_admin.mirrors.queries.accounts import summaries_of
from vendor_admin.mirrors.queries.lookups import attach_names, attach_versions, load, preferred_environment
from vendor_admin.operations.offers import offer_on
from vendor_admin.organizations.roles import Right
from vendor_admin.sync.pages.timeline import Subject, read_timeline

ACCOUNTS_SHOWN = 100
ACCOUNTS_WITH_ORDERS = 20
RECENT = 15
NOT_TO_REVOKE = "Your role does not include revoking. Support, risk and owners can."
NOT_TO_CANCEL = "Your role does not include cancelling. Risk and owners can."


@bounded_page
def member(request: HttpRequest, user_id: int) -> HttpResponse:
    """The member of a platform user id in the current organization, or 404. LIVE wins over DEMO."""
    require(request, Right.VIEW)
    organization = organization_of(request)
    organization_id = organization.pk if organization else 0
    if user_id >= 2**63:
        raise Http404
    user = load(PlatformUser, organization_id=organization_id, ids=[user_id]).get(user_id)
    if user is None:
        raise Http404(f"This organization has no member {user_id}.")
    now = timezone.now()
    permissions = _of_member(TradingPermission, organization_id, user_id)
    accounts = _accounts(permissions, organization_id=organization_id, user_id=user_id)
    attach_names(permissions, organization_id=organization_id)
    subscriptions = _subscriptions(organization_id, user_id)
    subject = _subject(user_id, accounts=accounts, permissions=permissions, subscriptions=subscriptions)
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": str(user),
        "crumbs": [("Members", reverse("admin:mirrors_platformuser_changelist"))],
        "member": user,
        "environment_badge": environment_badge(user),
        "status_badge": member_badge(user),
        "external_id": external_id_of(user_id, kind=Kind.MEMBER, organization_id=organization_id),
        "contact": next(iter(_of_member(ContactInfo, organization_id, user_id)), None),
        "states": [
            (state, account_url(state.account.entity_id, state.account.environment))
            for state in summaries_of(accounts, organization_id=organization_id, now=now)
        ],
        "is_cut": len(accounts) >= ACCOUNTS_SHOWN,
        "permissions": [(one, account_url(one.account_id), permission_badge(one)) for one in permissions],
        **subscriptions,
        **_standing(request, user, permissions, organization_id=organization_id, now=now),
        **_trading(accounts, organization_id=organization_id),
        "fields_url": object_url(PlatformUser, user.entity_id, user.environment),
        "timeline": read_timeline(
            organization_id=organization_id, subject=subject, older_than=request.GET.get("before", "")
        ),
        "timeline_query": "",
    }
    return TemplateResponse(request, "admin/member.html", context)


def _standing(
    request: HttpRequest,
    user: PlatformUser,
    permissions: list[TradingPermission],
    *,
    organization_id: int,
    now: datetime,
) -> dict[str, Any]:
    """The steps of the member's life and how to end it, with the actions that the person may start."""
    standing = standing_of(user.entity_id, permissions, organization_id=organization_id, now=now)
    if standing is None:
        return {}
    offered = {action.name: action for action in offer_on(request, PlatformUser.entity_type).chosen}
    cancel = offered.get("cancel-members")
    return {
        "standing": standing,
        "next_actions": [offered[name] for name in standing.next_actions if name in offered],
        "revoke": offered.get("revoke-permissions") if standing.in_force else None,
        "why_not_revoked": NOT_TO_REVOKE if standing.in_force else "There is no account to revoke.",
        "cancel": cancel if standing.has_something_to_cancel else None,
        "why_not_cancelled": "There is nothing to cancel." if cancel else NOT_TO_CANCEL,
        "what_revoking_does": WHAT_REVOKING_DOES,
        "what_cancelling_does": WHAT_CANCELLING_DOES,
    }


def _of_member(model: Any, organization_id: int, user_id: int) -> list[Any]:
    """A member's rows of one mirror; where both environments have an entity, only the one that wins."""
    rows = model.objects.filter(organization_id=organization_id, user_id=user_id).order_by("-entity_id")[:500]
    preferred = preferred_environment(model.entity_type)
    in_preferred = {row.entity_id for row in rows if row.environment == preferred}
    return [row for row in rows if row.environment == preferred or row.entity_id not in in_preferred]


def _accounts(permissions: list[TradingPermission], *, organization_id: int, user_id: int) -> list[Account]:
    """Accounts that the member owns or has a permission for, the newest first."""
    permitted = [permission.account_id for permission in permissions if permission.account_id is not None]
    rows = Account.objects.filter(Q(user_id=user_id) | Q(entity_id__in=permitted), organization_id=organization_id)
    return list(rows.order_by("-entity_id")[:ACCOUNTS_SHOWN])


def _subscriptions(organization_id: int, user_id: int) -> dict[str, list[Any]]:
    """Memberships, entitlements and market data, each with its plan as `plan`."""
    found = {}
    for name, model, plan_model, plan_field in (
        ("memberships", TradovateSubscription, TradovateSubscriptionPlan, "tradovate_subscription_plan_id"),
        ("plugins", UserPlugin, Entitlement, "entitlement_id"),
        ("market_data", MarketDataSubscription, MarketDataSubscriptionPlan, "market_data_subscription_plan_id"),
    ):
        rows = _of_member(model, organization_id, user_id)
        plans = load(plan_model, organization_id=organization_id, ids=(getattr(row, plan_field) for row in rows))
        for row in rows:
            row.plan = plans.get(getattr(row, plan_field), row.environment)
        found[name] = rows
    return found


def _trading(accounts: list[Account], *, organization_id: int) -> dict[str, Any]:
    """The newest orders and fills of the newest accounts; each account's own are read by its index, then merged."""
    recent: dict[str, list[Any]] = {"orders": [], "fills": []}
    for name, model in (("orders", Order), ("fills", Fill)):
        own = [
            model.objects.filter(
                organization_id=organization_id, account_id=account.entity_id, environment=account.environment
            ).order_by("-entity_id")[:RECENT]
            for account in accounts[:ACCOUNTS_WITH_ORDERS]
        ]
        if own:
            merged = own[0].union(*own[1:], all=True).order_by("-entity_id") if own[1:] else own[0]
            recent[name] = list(merged[:RECENT])
    attach_names([*recent["orders"], *recent["fills"]], organization_id=organization_id)
    attach_versions(recent["orders"], organization_id=organization_id)
    return recent


def _subject(
    user_id: int, *, accounts: list[Account], permissions: list[Any], subscriptions: dict[str, list[Any]]
) -> Subject:
    related = [*permissions, *(row for rows in subscriptions.values() for row in rows)]
    entities = {("user", user_id), *((type(row).entity_type, row.entity_id) for row in related[:200])}
    entities |= {("account", account.entity_id) for account in accounts}
    return Subject(tuple(account.entity_id for account in accounts), tuple(sorted(entities)))
