"""Declares what plans of this app there are. Found by vendor_admin.operations."""

from risk.auto_liq.plans import SetAutoLiq
from risk.dry_runs.dry_run import DryRuns
from risk.liquidation.plans import LiquidatePositions
from risk.orders.plans import CancelOrders, InterruptStrategies
from risk.placing.plans import (
    ModifyOrders,
    ModifyStrategies,
    PlaceOcoOrders,
    PlaceOrders,
    PlaceOsoOrders,
    StartStrategies,
)
from risk.position_limits.plans import CreateSettings, DeleteSettings, UpdateSettings
from risk.position_limits.resources import POSITION_LIMITS, RISK_PARAMETERS
from vendor_admin.operations.kinds import register, register_reading

register(SetAutoLiq())
register(CancelOrders())
register(LiquidatePositions())
register(InterruptStrategies())
for kind in (PlaceOrders, PlaceOcoOrders, PlaceOsoOrders, ModifyOrders, StartStrategies, ModifyStrategies):
    register(kind())
for resource in (POSITION_LIMITS, RISK_PARAMETERS):
    register(CreateSettings(resource))
    register(UpdateSettings(resource))
    register(DeleteSettings(resource))
register_reading(DryRuns())
