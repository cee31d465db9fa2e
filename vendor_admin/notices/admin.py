"""Registers the admin pages of notices, of their channels, and of webhooks."""

from vendor_admin.notices.pages import channel_pages, notice_pages, webhook_pages

__all__ = ["channel_pages", "notice_pages", "webhook_pages"]
