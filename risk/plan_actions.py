"""Declares how people start the plans of this app. Found by vendor_admin.operations."""

from risk.auto_liq.forms import AutoLiqForm
from risk.auto_liq.plans import SetAutoLiq
from risk.dry_runs.dry_run import DryRuns
from risk.dry_runs.forms import TryOrderForm
from risk.liquidation.forms import LiquidatePositionsForm
from risk.liquidation.plans import LiquidatePositions
from risk.orders.forms import CancelOrdersForm, InterruptStrategiesForm
from risk.orders.plans import CancelOrders, InterruptStrategies
from risk.position_limits.csv_import import PositionLimitCsv
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
        name="cancel-orders",
        kind_name=CancelOrders.name,
        on=("order", "account"),
        form=CancelOrdersForm,
        explains="The orders are cancelled at the exchange, or all that rest in the chosen accounts. It goes before "
        "everything else that waits.",
    ),
    Action(
        name="liquidate-positions",
        kind_name=LiquidatePositions.name,
        on=("position", "account"),
        form=LiquidatePositionsForm,
        explains="The positions are closed at the market's price, or all that are open in the chosen accounts; orders "
        "in the same contracts are cancelled. The trader can open others afterwards: to prevent that, revoke the "
        "trading permission too. It goes before everything else that waits.",
    ),
    Action(
        name="interrupt-strategies",
        kind_name=InterruptStrategies.name,
        on=("orderStrategy", "account"),
        form=InterruptStrategiesForm,
        explains="The strategies end and their orders are cancelled, or those of the chosen accounts. Positions that "
        "they opened stay open. It goes before everything else that waits.",
    ),
    Action(
        name="try-order",
        kind_name=DryRuns.name,
        on=("account",),
        form=TryOrderForm,
        title="Try an order",
        explains="The platform says whether it would take the order, and what margin and position it would lead to. "
        "Nothing is placed. It takes 500 of these questions an hour: one for each account.",
        only_asks=True,
    ),
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
        name="position-limits-from-file",
        kind_name="create_position_limits",
        on=("userAccountPositionLimit",),
        title="Add position limits from a file",
        explains="Each line of the file adds a limit to an account, beside those it has. Accounts, contracts, "
        "products, exchanges and contract groups are named or written as platform ids.",
        takes_selection=False,
        csv=PositionLimitCsv(),
        only_file=True,
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
