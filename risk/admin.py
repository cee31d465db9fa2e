"""Registers the read-only admin pages of limits, positions and orders."""

from risk.orders import admin as orders
from risk.orders import reports_admin
from risk.position_limits import admin as limits

__all__ = ["limits", "orders", "reports_admin"]
