"""Registers the read-only admin pages of limits, positions and orders."""

from risk.auto_liq import admin as liquidations
from risk.orders import admin as orders
from risk.orders import reports_admin
from risk.position_limits import admin as limits
from risk.position_limits import category_admin

__all__ = ["category_admin", "limits", "liquidations", "orders", "reports_admin"]
