"""Addresses of the API's reference, below /api/."""

from django.urls import path

from vendor_admin.partner_api.openapi import pages
from vendor_admin.partner_api.openapi.changelog_page import changelog
from vendor_admin.partner_api.openapi.error_page import errors

urlpatterns = [
    path("docs/", pages.swagger, name="api_docs"),
    path("docs/changelog", changelog, name="api_changelog"),
    path("docs/errors", errors, name="api_errors"),
    path("docs/redoc", pages.redoc, name="api_redoc"),
    path("schema", pages.schema_json, name="api_schema"),
    path("schema.json", pages.schema_json),
]
