"""Addresses of the partner API that every program has. Those of the apps stand before these in vendor_admin/urls.py."""

from django.contrib.auth.decorators import login_not_required
from django.urls import path, re_path

from vendor_admin.partner_api.api import Me
from vendor_admin.partner_api.exception_handler import not_found

urlpatterns = [
    path("me", Me.as_view(), name="api_me"),
    re_path("", login_not_required(not_found), name="api_not_found"),
]
