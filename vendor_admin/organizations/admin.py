"""Registers the admin pages of organizations, connections, staff, users and the audit."""

from vendor_admin.organizations.pages import audit_pages, connection_pages, staff_pages

__all__ = ["audit_pages", "connection_pages", "staff_pages"]
