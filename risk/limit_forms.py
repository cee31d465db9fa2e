"""Forms of the actions on loss and drawdown limits, position limits and risk parameters."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, get_args

from django import forms

from risk.auto_liq import LIMITS
from risk.limit_things import POSITION_LIMITS, RISK_PARAMETERS, Thing, rows_by_id
from risk.setting_forms import (
    ChangeSettingsForm,
    Make,
    SettingsForm,
    count,
    flag,
    money,
    percentage,
    platform_id,
    text,
    word,
)
from vendor_admin.mirrors.models import Account, UserAccountAutoLiq
from vendor_admin.mirrors.names import load
from vendor_admin.operations.kinds import Json, Target
from vendor_admin.tradovate.operations.fields import DrawdownMode, ProductType, TotalBy

_LIMITS: Mapping[str, Make] = {
    "dailyLossAutoLiq": money("Daily loss: liquidate at"),
    "dailyLossLiqOnly": money("Daily loss: closing orders only at"),
    "dailyLossAlert": money("Daily loss: alert at"),
    "weeklyLossAutoLiq": money("Weekly loss: liquidate at"),
    "dailyProfitAutoLiq": money("Daily profit: liquidate at"),
    "weeklyProfitAutoLiq": money("Weekly profit: liquidate at"),
    "trailingMaxDrawdown": money("Trailing drawdown"),
    "trailingMaxDrawdownLimit": money("Its floor stops rising at", "None: at the starting balance."),
    "trailingMaxDrawdownMode": word("It follows", get_args(DrawdownMode)),
    "dailyLossPercentageAutoLiq": percentage("Daily loss: liquidate at"),
    "dailyLossPercentageLiqOnly": percentage("Daily loss: closing orders only at"),
    "dailyLossPercentageAlert": percentage("Daily loss: alert at"),
    "marginPercentageAutoLiq": percentage("Margin: liquidate at"),
    "marginPercentageLiqOnly": percentage("Margin: closing orders only at"),
    "marginPercentageAlert": percentage("Margin: alert at"),
    "doNotUnlock": flag("Stays locked after a limit acted, until staff unlock it"),
    "changesLocked": flag("The trader may not change these settings"),
}
_SCOPE: Mapping[str, Make] = {
    "productId": platform_id("Only this product"),
    "contractId": platform_id("Only this contract"),
    "exchangeId": platform_id("Only this exchange"),
    "contractGroupId": platform_id("Only this contract group"),
    "productType": word("Only this kind of product", get_args(ProductType)),
}
_POSITION_LIMIT: Mapping[str, Make] = {
    "totalBy": word("Counted by", get_args(TotalBy)),
    "exposedLimit": count("At most, either way"),
    "longLimit": count("At most long"),
    "shortLimit": count("At most short"),
    "active": flag("Active"),
    "description": text("Description"),
    **_SCOPE,
}
_RISK_PARAMETER: Mapping[str, Make] = {
    "maxOpeningOrderQty": count("Largest opening order"),
    "maxClosingOrderQty": count("Largest closing order"),
    "maxBackMonth": count("Most months ahead"),
    "preExpirationDays": count("Days before expiration", least=-(2**31 - 1)),
    "marginPercentage": percentage("Margin"),
    "marginDollarValue": money("Margin in dollars"),
    "hardLimit": flag("Hard limit"),
    **_SCOPE,
}
_SCOPE_TITLE = "What it is about (all empty: everything)"


class AutoLiqForm(ChangeSettingsForm):
    """Limits of accounts; offered on accounts and on lists whose ids are accounts'."""

    made = _LIMITS
    flags = ("doNotUnlock", "changesLocked")
    groups = (
        ("Loss and profit", tuple(_LIMITS)[:6]),
        ("Trailing drawdown", tuple(_LIMITS)[6:9]),
        ("In per cent", tuple(_LIMITS)[9:15]),
        ("When a limit acted", flags),
    )
    target_type = Account.entity_type

    def known(self) -> Mapping[str, Json]:
        id_ = self.selection.single_id
        row = load(UserAccountAutoLiq, organization_id=self.selection.organization_id, ids=[id_]).get(id_, "demo")
        return LIMITS.of(row) if row is not None else {}


class _ThingForm(ChangeSettingsForm):
    thing: ClassVar[Thing]

    def known(self) -> Mapping[str, Json]:
        ids = [self.selection.single_id]
        rows = rows_by_id(self.thing, ids, organization_id=self.selection.organization_id)
        return {name: value for row in rows.values() for name, value in self.thing.settings.of(row).items()}


class ChangePositionLimitsForm(_ThingForm):
    thing = POSITION_LIMITS
    made = _POSITION_LIMIT
    flags = ("active",)
    groups = (("Limit", tuple(_POSITION_LIMIT)[:6]), (_SCOPE_TITLE, tuple(_SCOPE)))


class ChangeRiskParametersForm(_ThingForm):
    thing = RISK_PARAMETERS
    made = _RISK_PARAMETER
    flags = ("hardLimit",)
    groups = (("Parameter", tuple(_RISK_PARAMETER)[:7]), (_SCOPE_TITLE, tuple(_SCOPE)))


class _NewThingForm(SettingsForm):
    """The same new settings for each of the chosen owners."""

    thing: ClassVar[Thing]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if not self.errors and not self.typed():
            raise forms.ValidationError("Nothing is typed.")
        return data

    def parameters(self) -> Mapping[str, Json]:
        return self.typed()

    def targets(self) -> Sequence[Target]:
        return [Target(self.thing.entity_type, None, {self.thing.owner: id_}) for id_ in self.selection.ids]


class NewPositionLimitForm(_NewThingForm):
    thing = POSITION_LIMITS
    made = _POSITION_LIMIT
    flags = ("active",)
    groups = (("Limit", tuple(_POSITION_LIMIT)[:6]), (_SCOPE_TITLE, tuple(_SCOPE)))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial = {"totalBy": "Overall", "active": "yes", **self.initial}


class NewRiskParameterForm(_NewThingForm):
    thing = RISK_PARAMETERS
    made = _RISK_PARAMETER
    flags = ("hardLimit",)
    groups = (("Parameter", tuple(_RISK_PARAMETER)[:7]), (_SCOPE_TITLE, tuple(_SCOPE)))
