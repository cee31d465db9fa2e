"""Declares how people start the plans of this app. Found by vendor_admin.operations."""

from risk.auto_liq.forms import AutoLiqForm
from risk.auto_liq.plans import SetAutoLiq
from risk.position_limits.forms import (
    ChangePositionLimitsForm,
    ChangeRiskParametersForm,
    NewPositionLimitForm,
    NewRiskParameterForm,
)
from vendor_admin.operations.actions import Action, offer

_REPLACES = "What you leave as it is stays. A tighter limit may act on open positions at once."

for action in (
    Action(
        name="set-limits",
        kind_name=SetAutoLiq.name,
        on=("account", "userAccountAutoLiq", "accountRiskStatus"),
        form=AutoLiqForm,
        explains=f"Loss, profit and drawdown limits of accounts. {_REPLACES}",
    ),
    Action(
        name="add-position-limit",
        kind_name="create_position_limits",
        on=("account",),
        form=NewPositionLimitForm,
        title="Add a position limit",
        explains="Each of these accounts gets the limit, beside those it has.",
    ),
    Action(
        name="change-position-limits",
        kind_name="update_position_limits",
        on=("userAccountPositionLimit",),
        form=ChangePositionLimitsForm,
        explains=_REPLACES,
    ),
    Action(
        name="delete-position-limits",
        kind_name="delete_position_limits",
        on=("userAccountPositionLimit",),
        explains="They are gone with their risk parameters. Reverting makes them anew, with other ids.",
    ),
    Action(
        name="add-risk-parameter",
        kind_name="create_risk_parameters",
        on=("userAccountPositionLimit",),
        form=NewRiskParameterForm,
        title="Add a risk parameter",
        explains="Each of these position limits is made more exact by it.",
    ),
    Action(
        name="change-risk-parameters",
        kind_name="update_risk_parameters",
        on=("userAccountRiskParameter",),
        form=ChangeRiskParametersForm,
        explains=_REPLACES,
    ),
    Action(
        name="delete-risk-parameters",
        kind_name="delete_risk_parameters",
        on=("userAccountRiskParameter",),
        explains="Reverting makes them anew, with other ids.",
    ),
):
    offer(action)
