"""Addresses of the partner API about limits, positions and orders."""

from django.urls import path

from risk.auto_liq.api import AutoLiqs
from risk.auto_liq.api_writes import LimitChanges
from risk.auto_liq.history_api import AutoLiquidations, RiskStatusHistory
from risk.dry_runs.api import NewDryRun, OrderDryRun
from risk.liquidation.api_writes import PositionLiquidation
from risk.orders.api import Fills, Positions
from risk.orders.api_writes import OrderCancellation, StrategyInterruption
from risk.orders.report_api import TradingActivityReport
from risk.placing.api import (
    OcoOrders,
    OrdersToTrade,
    OsoOrders,
    StrategiesToRun,
)
from risk.position_limits.api import PositionLimits, RiskParameters
from risk.position_limits.category_api import CategoryPositionLimits, CategoryRiskParameters, RiskPeriods
from vendor_admin.partner_api.reading.addresses import addresses_of

urlpatterns = [
    path("accounts/<str:id>/auto-liq", LimitChanges.as_view()),
    path("orders/dry-run", NewDryRun.as_view()),
    path("order-dry-runs/<str:id>", OrderDryRun.as_view()),
    path("orders/<str:id>/cancel", OrderCancellation.as_view()),
    path("order-strategies/<str:id>/interrupt", StrategyInterruption.as_view()),
    path("positions/<str:id>/liquidate", PositionLiquidation.as_view()),
    path("reports/trading-activity", TradingActivityReport.as_view(), name="api_report_trading_activity"),
    path("orders/oco", OcoOrders.as_view()),
    path("orders/oso", OsoOrders.as_view()),
    *addresses_of(AutoLiqs, PositionLimits, RiskParameters, Positions, OrdersToTrade, Fills, StrategiesToRun),
    *addresses_of(CategoryPositionLimits, CategoryRiskParameters, RiskPeriods, AutoLiquidations, RiskStatusHistory),
]
