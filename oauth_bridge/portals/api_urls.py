"""Addresses of the partner API that every program has. Other apps' addresses stand before these in urls.py."""

from django.contrib.auth.decorators import login_not_required
from django.urls import path, re_path

from oauth_bridge.portals.api import Me
from vendor_admin.partner_api.exception_handler import not_found

urlpatterns = [
    path("me", Me.as_view(), name="api_me"),
    re_path("", login_not_required(not_found), name="api_not_found"),
]
