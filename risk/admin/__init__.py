"""Read-only admin pages of limits, positions, orders, and what is traded."""

from risk.admin import contracts, limits, orders, reports

__all__ = ["contracts", "limits", "orders", "reports"]
