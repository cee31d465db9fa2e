"""Registers the admin pages of plans, their rows and operations."""

from vendor_admin.operations.pages import operations, plans, rows

__all__ = ["operations", "plans", "rows"]
