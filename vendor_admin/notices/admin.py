"""Registers the admin pages of notices and of their channels."""

from vendor_admin.notices.pages import channel_pages, notice_pages

__all__ = ["channel_pages", "notice_pages"]
