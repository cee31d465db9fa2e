"""Addresses of the partner API about members, accounts and what they hold."""

from django.urls import path

from accounts.balances.api import Balances
from accounts.balances.api_writes import BalanceChanges, Peak
from accounts.balances.report_api import TransactionsReport
from accounts.external_ids_api import AccountExternalId, MemberExternalId
from accounts.members.api import Members
from accounts.members.api_writes import MemberCancellation, MemberCredentials, MemberEmail, MemberPassword
from accounts.members.report_api import MembersReport
from accounts.permissions.api import TradingPermissions
from accounts.subscriptions.api import Entitlements, MarketDataSubscriptions, Memberships
from accounts.subscriptions.api_writes import (
    EntitlementsOfMember,
    MarketDataExpiry,
    MarketDataOfMember,
    MembershipCancellation,
    MembershipsOfMember,
)
from accounts.trading_accounts.api import TradingAccounts
from accounts.trading_accounts.api_snapshots import NewSnapshot, Snapshot
from accounts.trading_accounts.api_writes import AccountReset
from vendor_admin.partner_api.reading.addresses import addresses_of
from vendor_admin.partner_api.reading.views import CHANGE, CREATE, LIST, ONE

urlpatterns = [
    path("members", Members.as_view(LIST | CREATE)),
    path("members/<str:id>", Members.as_view(ONE | CHANGE)),
    path("members/<str:id>/email", MemberEmail.as_view()),
    path("members/<str:id>/password", MemberPassword.as_view()),
    path("members/<str:id>/credentials", MemberCredentials.as_view()),
    path("members/<str:id>/external-id", MemberExternalId.as_view()),
    path("members/<str:id>/cancel", MemberCancellation.as_view()),
    path("members/<str:id>/memberships", MembershipsOfMember.as_view()),
    path("members/<str:id>/entitlements", EntitlementsOfMember.as_view()),
    path("members/<str:id>/market-data-subscriptions", MarketDataOfMember.as_view()),
    path("accounts", TradingAccounts.as_view(LIST | CREATE)),
    path("accounts/<str:id>", TradingAccounts.as_view(ONE)),
    path("accounts/<str:id>/external-id", AccountExternalId.as_view()),
    path("accounts/<str:id>/balance-changes", BalanceChanges.as_view()),
    path("accounts/<str:id>/peak", Peak.as_view()),
    path("accounts/<str:id>/reset", AccountReset.as_view()),
    path("accounts/<str:id>/cash-snapshots", NewSnapshot.as_view()),
    path("cash-snapshots/<str:id>", Snapshot.as_view()),
    path("memberships/<str:id>/cancel", MembershipCancellation.as_view()),
    path("market-data-subscriptions/<str:id>/expire", MarketDataExpiry.as_view()),
    path("reports/members", MembersReport.as_view(), name="api_report_members"),
    path("reports/transactions", TransactionsReport.as_view(), name="api_report_transactions"),
    *addresses_of(TradingPermissions, Memberships, Entitlements, MarketDataSubscriptions, Balances),
]
