"""Addresses of the partner API about limits, positions and orders."""

from risk.auto_liq.api import AutoLiqs
from risk.orders.api import Fills, Orders, OrderStrategies, Positions
from risk.position_limits.api import PositionLimits, RiskParameters
from vendor_admin.partner_api.reading.addresses import addresses_of

urlpatterns = addresses_of(AutoLiqs, PositionLimits, RiskParameters, Positions, Orders, Fills, OrderStrategies)
