"""Addresses of the partner API that are about what was received."""

from django.urls import path

from vendor_admin.sync.api import EventList
from vendor_admin.sync.organization_api import OrganizationDetail

urlpatterns = [
    path("events", EventList.as_view(), name="api_events"),
    path("organization", OrganizationDetail.as_view(), name="api_organization"),
]
