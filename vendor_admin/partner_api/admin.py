"""Registers the admin pages of the partner API."""

from vendor_admin.partner_api.pages import key_pages, request_pages

__all__ = ["key_pages", "request_pages"]
