"""Forms of the actions on position limits and risk parameters."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, get_args

from django import forms

from risk.position_limits.resources import POSITION_LIMITS, RISK_PARAMETERS, SettingsResource, rows_by_id
from risk.settings_form import (
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
from vendor_admin.code_words import choices_in_words
from vendor_admin.operations.kinds import Json, Target
from vendor_admin.tradovate.catalogue.fields import ProductType, TotalBy

_SCOPE: Mapping[str, Make] = {
    "productId": platform_id("Only this product"),
    "contractId": platform_id("Only this contract"),
    "exchangeId": platform_id("Only this exchange"),
    "contractGroupId": platform_id("Only this contract group"),
    "productType": word("Only this kind of product", dict(choices_in_words(get_args(ProductType)))),
}
_POSITION_LIMIT: Mapping[str, Make] = {
    "totalBy": word("Counted by", dict(choices_in_words(get_args(TotalBy)))),
    "exposedLimit": count("At most, either way"),
    "longLimit": count("At most long"),
    "shortLimit": count("At most short"),
    "active": flag("Active"),
    "description": text("Description"),
}
_RISK_PARAMETER: Mapping[str, Make] = {
    "maxOpeningOrderQty": count("Largest opening order"),
    "maxClosingOrderQty": count("Largest closing order"),
    "maxBackMonth": count("Most months ahead"),
    "preExpirationDays": count("Days before expiration", least=-(2**31 - 1)),
    "marginPercentage": percentage("Margin"),
    "marginDollarValue": money("Margin in dollars"),
    "hardLimit": flag("Hard limit"),
}
_SCOPE_TITLE = "What it is about (all empty: everything)"


class _ChangeForm(ChangeSettingsForm):
    resource: ClassVar[SettingsResource]

    def known(self) -> Mapping[str, Json]:
        ids = [self.selection.single_id]
        rows = rows_by_id(self.resource, ids, organization_id=self.selection.organization_id)
        return {name: value for row in rows.values() for name, value in self.resource.settings.of(row).items()}


class ChangePositionLimitsForm(_ChangeForm):
    resource = POSITION_LIMITS
    made = {**_POSITION_LIMIT, **_SCOPE}
    flags = ("active",)
    groups = (("Limit", tuple(_POSITION_LIMIT)), (_SCOPE_TITLE, tuple(_SCOPE)))


class ChangeRiskParametersForm(_ChangeForm):
    resource = RISK_PARAMETERS
    made = {**_RISK_PARAMETER, **_SCOPE}
    flags = ("hardLimit",)
    groups = (("Parameter", tuple(_RISK_PARAMETER)), (_SCOPE_TITLE, tuple(_SCOPE)))


class _NewSettingsForm(SettingsForm):
    """The same new settings for each of the chosen owners."""

    resource: ClassVar[SettingsResource]

    def clean(self) -> dict[str, object]:
        data = super().clean() or self.cleaned_data
        if not self.errors and not self.typed():
            raise forms.ValidationError("Nothing is typed.")
        return data

    def parameters(self) -> Mapping[str, Json]:
        return self.typed()

    def targets(self) -> Sequence[Target]:
        return [Target(self.resource.entity_type, None, {self.resource.owner: id_}) for id_ in self.selection.ids]


class NewPositionLimitForm(_NewSettingsForm):
    resource = POSITION_LIMITS
    made = {**_POSITION_LIMIT, **_SCOPE}
    flags = ("active",)
    groups = (("Limit", tuple(_POSITION_LIMIT)), (_SCOPE_TITLE, tuple(_SCOPE)))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial = {"totalBy": "Overall", "active": "yes", **self.initial}


class NewRiskParameterForm(_NewSettingsForm):
    resource = RISK_PARAMETERS
    made = {**_RISK_PARAMETER, **_SCOPE}
    flags = ("hardLimit",)
    groups = (("Parameter", tuple(_RISK_PARAMETER)), (_SCOPE_TITLE, tuple(_SCOPE)))
