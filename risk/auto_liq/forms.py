"""The form of the action on loss, profit and drawdown limits of accounts."""

from collections.abc import Mapping

from risk.auto_liq.plans import LIMITS
from risk.settings_form import ChangeSettingsForm, Make, flag, money, percentage, word
from vendor_admin.code_words import DRAWDOWN_TYPES
from vendor_admin.mirrors.models import Account, UserAccountAutoLiq
from vendor_admin.mirrors.queries.lookups import load
from vendor_admin.operations.kinds import Json

_LOSS_AND_PROFIT: Mapping[str, Make] = {
    "dailyLossAutoLiq": money("Daily loss: liquidate at"),
    "dailyLossLiqOnly": money("Daily loss: closing orders only at"),
    "dailyLossAlert": money("Daily loss: alert at"),
    "weeklyLossAutoLiq": money("Weekly loss: liquidate at"),
    "dailyProfitAutoLiq": money("Daily profit: liquidate at"),
    "weeklyProfitAutoLiq": money("Weekly profit: liquidate at"),
}
_TRAILING_DRAWDOWN: Mapping[str, Make] = {
    "trailingMaxDrawdown": money("Trailing drawdown"),
    "trailingMaxDrawdownLimit": money("Trailing stops at", "None: at the starting balance."),
    "trailingMaxDrawdownMode": word("Drawdown type", DRAWDOWN_TYPES),
}
_IN_PER_CENT: Mapping[str, Make] = {
    "dailyLossPercentageAutoLiq": percentage("Daily loss: liquidate at"),
    "dailyLossPercentageLiqOnly": percentage("Daily loss: closing orders only at"),
    "dailyLossPercentageAlert": percentage("Daily loss: alert at"),
    "marginPercentageAutoLiq": percentage("Margin: liquidate at"),
    "marginPercentageLiqOnly": percentage("Margin: closing orders only at"),
    "marginPercentageAlert": percentage("Margin: alert at"),
}
_AFTERWARDS: Mapping[str, Make] = {
    "doNotUnlock": flag("Keep locked after a breach (manual unlock)"),
    "changesLocked": flag("Lock settings for the trader"),
}


class AutoLiqForm(ChangeSettingsForm):
    """Limits of accounts; offered on accounts and on lists whose ids are accounts'."""

    made = {**_LOSS_AND_PROFIT, **_TRAILING_DRAWDOWN, **_IN_PER_CENT, **_AFTERWARDS}
    flags = tuple(_AFTERWARDS)
    groups = (
        ("Loss and profit", tuple(_LOSS_AND_PROFIT)),
        ("Trailing drawdown", tuple(_TRAILING_DRAWDOWN)),
        ("In per cent", tuple(_IN_PER_CENT)),
        ("When a limit acted", flags),
    )
    target_type = Account.entity_type

    def known(self) -> Mapping[str, Json]:
        id_ = self.selection.single_id
        row = load(UserAccountAutoLiq, organization_id=self.selection.organization_id, ids=[id_]).get(id_, "demo")
        return LIMITS.of(row) if row is not None else {}
