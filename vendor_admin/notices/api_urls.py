"""Addresses of webhooks in the partner API."""

from django.urls import path

from vendor_admin.notices.api import Deliveries, Webhooks
from vendor_admin.partner_api.reading.views import CHANGE, CREATE, DELETE, LIST, ONE

DELIVERIES = "webhooks/<str:webhook_id>/deliveries"
urlpatterns = [
    path("webhooks", Webhooks.as_view(LIST | CREATE), name="api_webhooks"),
    path("webhooks/<str:id>", Webhooks.as_view(ONE | CHANGE | DELETE), name="api_webhook"),
    path("webhooks/<str:id>/roll-secret", Webhooks.as_view({"post": "roll_secret"}), name="api_webhook_roll_secret"),
    path("webhooks/<str:id>/test", Webhooks.as_view({"post": "test"}), name="api_webhook_test"),
    path("webhooks/<str:id>/resend", Webhooks.as_view({"post": "resend"}), name="api_webhook_resend"),
    path(DELIVERIES, Deliveries.as_view(LIST), name="api_webhook_deliveries"),
    path(f"{DELIVERIES}/<str:id>", Deliveries.as_view(ONE), name="api_webhook_delivery"),
    path(f"{DELIVERIES}/<str:id>/resend", Deliveries.as_view({"post": "resend"}), name="api_webhook_delivery_resend"),
]
