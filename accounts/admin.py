"""Read-only admin pages of members, accounts, permissions, subscriptions and money."""

from accounts.balances import admin as money
from accounts.members import admin as members
from accounts.subscriptions import admin as subscriptions
from accounts.trading_accounts import admin as accounts

__all__ = ["accounts", "members", "money", "subscriptions"]
