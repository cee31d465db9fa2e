"""The page that ties one account together: money, room left, limits, permissions, positions, orders, and its events."""

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from accounts.badges import permission_badge
from accounts.in_force import permission_is_in_force
from accounts.trading_accounts.cash_snapshot import CashSnapshots
from vendor_admin.listing.admin_base import bounded_page, has_right, organization_of, require
from vendor_admin.listing.lists import Badge
from vendor_admin.mirrors.admin.mirror_admin import admin_action_badge, environment_badge, member_url, object_url
from vendor_admin.mirrors.external_ids import Kind, external_id_of
from vendor_admin.mirrors.models import (
    Account,
    AccountRiskStatusLog,
    AutoLiqTransaction,
    Fill,
    MarginSnapshot,
    Order,
    PlatformUser,
    RiskCategory,
    TradingPermission,
    UserAccountPositionLimit,
)
from vendor_admin.mirrors.queries.account_summary import AccountSummary
from vendor_admin.mirrors.queries.accounts import summaries_of
from vendor_admin.mirrors.queries.lookups import attach_names, attach_versions, load
from vendor_admin.mirrors.rules.limits_in_words import STAFF_WORDS, limits_in_words, position_limit_in_words
from vendor_admin.mirrors.rules.liquidations import cancelled_in_words, closed_in_words
from vendor_admin.operations.actions import action_named
from vendor_admin.organizations.roles import Right
from vendor_admin.sync.pages.timeline import Subject, read_timeline
from vendor_admin.tradovate.enums import Environment

RECENT = 15


@bounded_page
def account(request: HttpRequest, account_id: int) -> HttpResponse:
    """The account of a platform id in the current organization (DEMO unless the address names LIVE), or 404."""
    require(request, Right.VIEW)
    organization = organization_of(request)
    organization_id = organization.pk if organization else 0
    found = find_account(organization_id, account_id, environment=request.GET.get("environment", ""))
    now = timezone.now()
    [state] = summaries_of([found], organization_id=organization_id, now=now)
    subject = Subject((found.entity_id,), (("account", found.entity_id),), environment=found.environment)
    context: dict[str, object] = {
        **admin.site.each_context(request),
        "title": str(found),
        "crumbs": [("Accounts", reverse("admin:mirrors_account_changelist"))],
        "account": found,
        "environment_badge": environment_badge(found),
        "external_id": external_id_of(
            found.entity_id, kind=Kind.ACCOUNT, environment=found.environment, organization_id=organization_id
        ),
        "state": state,
        "permissions": _permissions(state),
        "limits": (
            [(STAFF_WORDS[effect], text) for effect, text in limits_in_words(state.auto_liq)]
            if state.auto_liq
            else None
        ),
        "fields_url": object_url(Account, found.entity_id, found.environment),
        "look_url": look_url(found),
        "may_look": has_right(request, CashSnapshots.right) and found.deleted_at is None,
        "try_order_url": _try_order_url(request, found),
        **_trading(state, organization_id=organization_id),
        **_risk(found, organization_id=organization_id),
        "timeline": read_timeline(
            organization_id=organization_id, subject=subject, older_than=request.GET.get("before", "")
        ),
        "filter_query": f"account={found.entity_id}",
        "timeline_query": "environment=live&" if found.environment == "live" else "",
    }
    return TemplateResponse(request, "admin/account.html", context)


def _permissions(state: AccountSummary) -> list[tuple[TradingPermission, PlatformUser | None, Badge | None, str]]:
    """Each permission with its member, its status, and the address where it may be ended while it is in force."""
    members = {member.entity_id: member for member in state.members}
    shown = []
    for permission in state.permissions or ():
        may_end = permission.user_id and permission_is_in_force(permission)
        ending_url = f"{member_url(permission.user_id)}#ending" if may_end else ""
        shown.append((permission, members.get(permission.user_id or 0), permission_badge(permission), ending_url))
    return shown


def find_account(organization_id: int, account_id: int, *, environment: str = "") -> Account:
    """The mirror row of an account; raises Http404 when the organization has none of this id."""
    if account_id >= 2**63:
        raise Http404
    rows = load(Account, organization_id=organization_id, ids=[account_id])
    found: Account | None = rows.get(account_id, environment)
    if found is None or (environment and found.environment != environment):
        raise Http404(f"This organization has no account {account_id}.")
    return found


def _trading(state: AccountSummary, *, organization_id: int) -> dict[str, object]:
    """Open positions, and the newest orders and fills with the names of their contracts."""
    own = {
        "organization_id": organization_id,
        "account_id": state.account.entity_id,
        "environment": state.account.environment,
    }
    orders = list(Order.objects.filter(**own).order_by("-entity_id")[:RECENT])
    fills = list(Fill.objects.filter(**own).order_by("-entity_id")[:RECENT])
    attach_names([*orders, *fills, *state.open_positions], organization_id=organization_id)
    attach_versions(orders, organization_id=organization_id)
    return {"orders": orders, "fills": fills}


def look_url(account: Account) -> str:
    """Where the button that looks at the account's cash leads."""
    return reverse("look_now", args=[account.entity_id]) + (
        "?environment=live" if account.environment == "live" else ""
    )


def _try_order_url(request: HttpRequest, account: Account) -> str:
    """Where the platform is asked about an order of the account; empty where it cannot be."""
    action = action_named("try-order")
    is_offered = account.environment == Environment.DEMO.value and account.deleted_at is None
    if action is None or not is_offered or not has_right(request, action.kind.right):
        return ""
    return f"{reverse('plan_start', args=[action.name])}?type=account&id={account.entity_id}"


def _risk(found: Account, *, organization_id: int) -> dict[str, object]:
    own = {"organization_id": organization_id, "environment": found.environment}
    limits = list(
        UserAccountPositionLimit.objects.filter(**own, account_id=found.entity_id, deleted_at__isnull=True).order_by(
            "entity_id"
        )[:50]
    )
    attach_names(limits, organization_id=organization_id)
    categories = load(RiskCategory, organization_id=organization_id, ids=[found.risk_category_id])
    margin = MarginSnapshot.objects.filter(**own, entity_id=found.entity_id).first()
    newest = {"account_id": found.entity_id, "deleted_at__isnull": True, **own}
    liquidations = list(AutoLiqTransaction.objects.filter(**newest).order_by("-entity_id")[:RECENT])
    attach_names(liquidations, organization_id=organization_id)
    history = AccountRiskStatusLog.objects.filter(**newest).order_by("-entity_id")[:RECENT]
    return {
        "liquidations": [
            (one, closed_in_words(one), cancelled_in_words(one), admin_action_badge(one)) for one in liquidations
        ],
        "risk_history": [(one, admin_action_badge(one)) for one in history],
        "position_limits": [(limit, position_limit_in_words(limit)) for limit in limits],
        "risk_category": categories.get(found.risk_category_id, found.environment) or found.risk_category_id,
        "margin": margin,
    }
