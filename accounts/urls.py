"""Addresses of the pages that tie one member or account together, and of the search."""

from django.contrib import admin
from django.urls import path

from accounts.billing import views as billing_page
from accounts.members import views as member_page
from accounts.search import views as search_page
from accounts.trading_accounts import cash_snapshot_views
from accounts.trading_accounts import views as account_page

urlpatterns = [
    path("find/", admin.site.admin_view(search_page.search), name="find"),
    path("members/<int:user_id>/", admin.site.admin_view(member_page.member), name="member"),
    path("accounts/<int:account_id>/", admin.site.admin_view(account_page.account), name="account"),
    path("accounts/<int:account_id>/look/", admin.site.admin_view(cash_snapshot_views.look_now), name="look_now"),
    path("cash/<int:job_id>/", admin.site.admin_view(cash_snapshot_views.cash), name="cash"),
    path("cash/<int:job_id>/cancel/", admin.site.admin_view(cash_snapshot_views.cancel_look), name="cash_cancel"),
    path("cash/<int:job_id>/cash.csv", admin.site.admin_view(cash_snapshot_views.cash_csv), name="cash_csv"),
    path("billing/", admin.site.admin_view(billing_page.billing), name="billing"),
]
