"""Pages of the partner API's documentation that problems lead to."""

from django.urls import path

from vendor_admin.partner_api.error_page import errors

urlpatterns = [path("errors", errors, name="api_errors")]
