"""Addresses of the partner API that are about what was received."""

from django.urls import path

from vendor_admin.sync.api import EventList

urlpatterns = [path("events", EventList.as_view(), name="api_events")]
