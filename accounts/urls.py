"""Addresses of the pages that tie one member or account together, and of the search."""

from django.contrib import admin
from django.urls import path

from accounts import account_page, member_page, search_page

urlpatterns = [
    path("find/", admin.site.admin_view(search_page.search), name="find"),
    path("members/<int:user_id>/", admin.site.admin_view(member_page.member), name="member"),
    path("accounts/<int:account_id>/", admin.site.admin_view(account_page.account), name="account"),
]
