"""Addresses of the pages that tie one member or account together, and of the search."""

from django.contrib import admin
from django.urls import path

from accounts import account_page, billing_page, cash_page, member_page, search_page

urlpatterns = [
    path("find/", admin.site.admin_view(search_page.search), name="find"),
    path("members/<int:user_id>/", admin.site.admin_view(member_page.member), name="member"),
    path("accounts/<int:account_id>/", admin.site.admin_view(account_page.account), name="account"),
    path("accounts/<int:account_id>/look/", admin.site.admin_view(cash_page.look_now), name="look_now"),
    path("cash/<int:plan_id>/", admin.site.admin_view(cash_page.cash), name="cash"),
    path("cash/<int:plan_id>/cash.csv", admin.site.admin_view(cash_page.cash_csv), name="cash_csv"),
    path("billing/", admin.site.admin_view(billing_page.billing), name="billing"),
]
