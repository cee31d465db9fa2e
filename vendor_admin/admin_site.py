"""The admin site: staff and operators only, one organization at a time."""

from collections.abc import Iterable
from typing import Any, cast

from django.contrib.admin import ModelAdmin
from django.contrib.auth.decorators import login_not_required
from django.db.models import Model
from django.db.models.base import ModelBase
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from unfold.forms import AdminOwnPasswordChangeForm
from unfold.sites import UnfoldAdminSite

from vendor_admin.listing.admin_base import has_right, is_operator, organization_of
from vendor_admin.organizations.pages.own_password import OwnPasswordView
from vendor_admin.organizations.roles import Right
from vendor_admin.organizations.sign_in.staff_sign_in import sign_in

# Tables of libraries: who may change them has a shell, and they know no organization.
WITHOUT_PAGES = {"django_celery_beat", "axes", "auth", "account", "mfa"}

# Pages that a library brings for tables of ours, which have pages of their own or none.
UNWANTED_PAGES = {"oauth2_provider.admin"}


class VendorAdminSite(UnfoldAdminSite):
    """Django's admin in the organization's scope."""

    index_title = "Overview"

    @login_not_required
    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The sign-in with a second factor; Django's own would let in by the password alone."""
        return sign_in(request)

    def password_change(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """One's own password, by the old one; written to the audit."""
        request.current_app = self.name
        view = OwnPasswordView.as_view(
            form_class=AdminOwnPasswordChangeForm,
            success_url=reverse("admin:password_change_done", current_app=self.name),
            extra_context={**self.each_context(request), **(extra_context or {})},
        )
        return cast(HttpResponse, view(request))

    def register(
        self,
        model_or_iterable: type[Model] | Iterable[type[Model]],
        admin_class: type[ModelAdmin] | None = None,
        **options: Any,
    ) -> None:
        models = [model_or_iterable] if isinstance(model_or_iterable, ModelBase) else list(model_or_iterable)
        if admin_class is not None and admin_class.__module__ in UNWANTED_PAGES:
            return
        shown = [model for model in models if model._meta.app_label not in WITHOUT_PAGES]
        super().register(shown, admin_class, **options)


def _item(title: str, icon: str, name: str) -> dict[str, Any]:
    return {"title": title, "icon": icon, "link": reverse(name)}


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """The sidebar: what the signed-in person may open."""
    groups: list[tuple[str, list[dict[str, Any]]]] = [("", [_item("Overview", "monitoring", "admin:index")])]
    if organization_of(request) is not None and has_right(request, Right.VIEW):
        groups += _of_organization(request)
    if is_operator(request):
        installation = [
            _item("Organizations", "domain", "admin:organizations_organization_changelist"),
            _item("Users", "manage_accounts", "admin:organizations_user_changelist"),
            _item("Changes of access", "history_edu", "admin:organizations_accessentry_changelist"),
        ]
        groups.append(("Installation", installation))
    return [{"title": title, "separator": bool(title), "items": items} for title, items in groups]


def _of_organization(request: HttpRequest) -> list[tuple[str, list[dict[str, Any]]]]:
    organization = [_item("Connections", "cable", "admin:organizations_connection_changelist")]
    if has_right(request, Right.MANAGE_STAFF):
        organization.append(_item("Staff", "badge", "admin:organizations_staffrole_changelist"))
    if has_right(request, Right.MANAGE_MEMBER_SIGN_IN):
        organization.append(_item("Member sign-in", "login", "admin:oauth_bridge_platformclient_changelist"))
        organization.append(_item("Member pages", "palette", "admin:oauth_bridge_membersite_changelist"))
    if has_right(request, Right.MANAGE_PORTALS):
        organization.append(_item("Portals", "hub", "admin:oauth_bridge_portal_changelist"))
    if has_right(request, Right.VIEW_AUDIT):
        organization.append(_item("Audit", "history_edu", "admin:organizations_auditentry_changelist"))
    changes = [
        _item("Notices", "notifications", "admin:notices_notice_changelist"),
        _item("Plans", "checklist", "admin:operations_plan_changelist"),
        _item("Operations", "send", "admin:operations_operation_changelist"),
        _item("Changes", "difference", "admin:operations_planrow_changelist"),
        _item("Budgets and locks", "speed", "budgets"),
    ]
    if has_right(request, Right.MANAGE_NOTICES):
        changes.append(_item("Approval thresholds", "rule", "thresholds"))
        changes.append(_item("Notice channels", "campaign", "admin:notices_noticechannel_changelist"))
    return [
        ("People and accounts", [
            _item("Members", "group", "admin:mirrors_platformuser_changelist"),
            _item("Linked members", "how_to_reg", "admin:oauth_bridge_memberlink_changelist"),
            _item("Accounts", "account_balance_wallet", "admin:mirrors_account_changelist"),
            _item("Permissions", "key", "admin:mirrors_tradingpermission_changelist"),
            _item("Memberships", "card_membership", "admin:mirrors_tradovatesubscription_changelist"),
            _item("Entitlements", "extension", "admin:mirrors_userplugin_changelist"),
            _item("Market data", "candlestick_chart", "admin:mirrors_marketdatasubscription_changelist"),
            _item("Balances", "payments", "admin:mirrors_cashbalance_changelist"),
            _item("Billing account", "receipt", "billing"),
        ]),
        ("Risk and trading", [
            _item("Positions", "stacked_line_chart", "admin:mirrors_position_changelist"),
            _item("Orders", "list_alt", "admin:mirrors_order_changelist"),
            _item("Fills", "done_all", "admin:mirrors_fill_changelist"),
            _item("Limits", "shield", "admin:mirrors_useraccountautoliq_changelist"),
            _item("Locks and peaks", "lock", "admin:mirrors_accountriskstatus_changelist"),
            _item("Position limits", "production_quantity_limits", "admin:mirrors_useraccountpositionlimit_changelist"),
        ]),
        ("Operations", changes),
        ("Sync", [
            _item("Event log", "receipt_long", "admin:sync_entityevent_changelist"),
            _item("Sockets", "lan", "admin:sync_lease_changelist"),
            _item("Gaps", "hourglass_empty", "admin:sync_gap_changelist"),
            _item("Quarantine", "report", "admin:sync_quarantinedevent_changelist"),
            _item("Reconciliations", "compare_arrows", "admin:sync_reconciliation_changelist"),
        ]),
        ("Organization", [*organization, _item("All tables", "table_chart", "all_tables")]),
    ]  # fmt: skip
