"""Addresses of the project. Apps' pages are named as strings, so that nothing here imports them."""

from django.contrib import admin
from django.urls import include, path

from vendor_admin.organizations.pages.email_pages import confirm as confirm_email
from vendor_admin.organizations.pages.own_password import SetPasswordView
from vendor_admin.organizations.views import front_page
from vendor_admin.web import health

urlpatterns = [
    path("", front_page, name="front_page"),
    path("set-password/<uidb64>/<token>/", SetPasswordView.as_view(), name="set_password"),
    path("confirm-email/<str:key>/", confirm_email, name="confirm_email"),
    path("livez", health.livez),
    path("readyz", health.readyz),
    path("syncz", health.syncz),
    path("metrics", health.metrics),
    path("o/<slug:slug>/", include("oauth_bridge.urls")),
    path("api/", include("vendor_admin.partner_api.openapi.urls")),
    path("api/v1/", include("vendor_admin.operations.api_urls")),
    path("api/v1/", include("vendor_admin.notices.api_urls")),
    path("api/v1/", include("vendor_admin.sync.api_urls")),
    path("api/v1/", include("accounts.api_urls")),
    path("api/v1/", include("risk.api_urls")),
    path("api/v1/", include("vendor_admin.mirrors.api_urls")),
    path("api/v1/", include("vendor_admin.test_mode.api_urls")),
    path("api/v1/", include("vendor_admin.partner_api.urls")),
    path("admin/", include("vendor_admin.organizations.urls")),
    path("admin/", include("vendor_admin.sync.urls")),
    path("admin/", include("vendor_admin.operations.urls")),
    path("admin/", include("accounts.urls")),
    path("admin/", include("risk.urls")),
    path("admin/", admin.site.urls),
]
