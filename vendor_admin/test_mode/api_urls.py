"""Addresses of the partner API that are about test mode."""

from django.urls import path

from vendor_admin.test_mode.api import ResetView

urlpatterns = [path("test/reset", ResetView.as_view(), name="api_test_reset")]
