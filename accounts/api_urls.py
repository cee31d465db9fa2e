"""Addresses of the partner API about members and accounts."""

from django.urls import path

from accounts.members.api import Members
from accounts.trading_accounts.api import TradingAccounts
from vendor_admin.partner_api.reading.views import LIST, ONE

urlpatterns = [
    path("members", Members.as_view(LIST)),
    path("members/<str:id>", Members.as_view(ONE)),
    path("accounts", TradingAccounts.as_view(LIST)),
    path("accounts/<str:id>", TradingAccounts.as_view(ONE)),
]
