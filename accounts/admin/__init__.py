"""Read-only admin pages of members, accounts, permissions, subscriptions and money."""

from accounts.admin import accounts, members, money, subscriptions

__all__ = ["accounts", "members", "money", "subscriptions"]
