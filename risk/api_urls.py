"""Addresses of the partner API about limits, positions and orders."""

from django.urls import path

from risk.auto_liq.api import AutoLiqs
from risk.auto_liq.api_writes import LimitChanges
from risk.auto_liq.history_api import AutoLiquidations, RiskStatusHistory
from risk.liquidation.api_writes import PositionLiquidation
from risk.orders.api import Fills, Orders, OrderStrategies, Positions
from risk.orders.api_writes import OrderCancellation, StrategyInterruption
from risk.orders.report_api import TradingActivityReport
from risk.position_limits.api import PositionLimits, RiskParameters
from risk.position_limits.category_api import CategoryPositionLimits, CategoryRiskParameters, RiskPeriods
from vendor_admin.partner_api.reading.addresses import addresses_of

urlpatterns = [
    path("accounts/<str:id>/auto-liq", LimitChanges.as_view()),
    path("orders/<str:id>/cancel", OrderCancellation.as_view()),
    path("order-strategies/<str:id>/interrupt", StrategyInterruption.as_view()),
    path("positions/<str:id>/liquidate", PositionLiquidation.as_view()),
    path("reports/trading-activity", TradingActivityReport.as_view(), name="api_report_trading_activity"),
    *addresses_of(AutoLiqs, PositionLimits, RiskParameters, Positions, Orders, Fills, OrderStrategies),
    *addresses_of(CategoryPositionLimits, CategoryRiskParameters, RiskPeriods, AutoLiquidations, RiskStatusHistory),
]
