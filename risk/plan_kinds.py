"""Declares what plans of this app there are. Found by vendor_admin.operations."""

from risk.auto_liq.plans import SetAutoLiq
from risk.position_limits.plans import CreateSettings, DeleteSettings, UpdateSettings
from risk.position_limits.resources import POSITION_LIMITS, RISK_PARAMETERS
from vendor_admin.operations.kinds import register

register(SetAutoLiq())
for resource in (POSITION_LIMITS, RISK_PARAMETERS):
    register(CreateSettings(resource))
    register(UpdateSettings(resource))
    register(DeleteSettings(resource))
