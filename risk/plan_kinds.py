"""Declares what plans of this app there are. Found by vendor_admin.operations."""

from risk.auto_liq import SetAutoLiq
from risk.limit_plans import CreateSettings, DeleteSettings, UpdateSettings
from risk.limit_things import POSITION_LIMITS, RISK_PARAMETERS
from vendor_admin.operations.kinds import register

register(SetAutoLiq())
for thing in (POSITION_LIMITS, RISK_PARAMETERS):
    register(CreateSettings(thing))
    register(UpdateSettings(thing))
    register(DeleteSettings(thing))
