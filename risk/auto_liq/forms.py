"""The form of the action on loss, profit and drawdown limits of accounts."""

from collections.abc import Mapping

from risk.auto_liq.inputs import LimitsOfAccount
from risk.auto_liq.plans import LIMITS
from risk.settings_form import ChangeSettingsForm
from vendor_admin.code_words import DRAWDOWN_TYPES
from vendor_admin.mirrors.models import Account, UserAccountAutoLiq
from vendor_admin.mirrors.queries.lookups import load
from vendor_admin.operations.kinds import Json

_LOSS_AND_PROFIT = {
    "dailyLossAutoLiq": "Daily loss: liquidate at",
    "dailyLossLiqOnly": "Daily loss: closing orders only at",
    "dailyLossAlert": "Daily loss: alert at",
    "weeklyLossAutoLiq": "Weekly loss: liquidate at",
    "dailyProfitAutoLiq": "Daily profit: liquidate at",
    "weeklyProfitAutoLiq": "Weekly profit: liquidate at",
}
_TRAILING_DRAWDOWN = {
    "trailingMaxDrawdown": "Trailing drawdown",
    "trailingMaxDrawdownLimit": "Trailing stops at",
    "trailingMaxDrawdownMode": "Drawdown type",
}
_IN_PER_CENT = {
    "dailyLossPercentageAutoLiq": "Daily loss: liquidate at, %",
    "dailyLossPercentageLiqOnly": "Daily loss: closing orders only at, %",
    "dailyLossPercentageAlert": "Daily loss: alert at, %",
    "marginPercentageAutoLiq": "Margin: liquidate at, %",
    "marginPercentageLiqOnly": "Margin: closing orders only at, %",
    "marginPercentageAlert": "Margin: alert at, %",
}
_AFTERWARDS = {
    "doNotUnlock": "Keep locked after a breach (manual unlock)",
    "changesLocked": "Lock settings for the trader",
}


class AutoLiqForm(ChangeSettingsForm):
    """Limits of accounts; offered on accounts and on lists whose ids are accounts'."""

    row = LimitsOfAccount
    sections = (
        ("Loss and profit", _LOSS_AND_PROFIT),
        ("Trailing drawdown", _TRAILING_DRAWDOWN),
        ("In per cent", _IN_PER_CENT),
        ("When a limit acted", _AFTERWARDS),
    )
    words = {"trailingMaxDrawdownMode": DRAWDOWN_TYPES}
    help_texts = {"trailingMaxDrawdownLimit": "None: at the starting balance."}
    target_type = Account.entity_type

    def known(self) -> Mapping[str, Json]:
        id_ = self.selection.single_id
        row = load(UserAccountAutoLiq, organization_id=self.selection.organization_id, ids=[id_]).get(id_, "demo")
        return LIMITS.of(row) if row is not None else {}
