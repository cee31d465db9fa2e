"""Registers the admin pages of plans, their rows and operations, and of notices."""

from vendor_admin.operations.notices.pages import channel_pages, notice_pages
from vendor_admin.operations.pages import operations, plans, rows

__all__ = ["channel_pages", "notice_pages", "operations", "plans", "rows"]
