"""Addresses of the partner API that every program has. Those of the apps stand before these in vendor_admin/urls.py."""

from django.contrib.auth.decorators import login_not_required
from django.urls import path, re_path

from vendor_admin.partner_api.api import Me
from vendor_admin.partner_api.exception_handler import not_found
from vendor_admin.partner_api.reading.views import LIST, ONE
from vendor_admin.partner_api.request_log.api import Requests

urlpatterns = [
    path("me", Me.as_view(), name="api_me"),
    path("requests", Requests.as_view(LIST), name="api_requests"),
    path("requests/<str:id>", Requests.as_view(ONE), name="api_request"),
    re_path("", login_not_required(not_found), name="api_not_found"),
]
