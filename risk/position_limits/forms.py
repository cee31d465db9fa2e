"""Forms of the actions on position limits and risk parameters."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from django import forms

from risk.position_limits.inputs import NewPositionLimit, NewRiskParameter, PositionLimitChange, RiskParameterChange
from risk.position_limits.resources import POSITION_LIMITS, RISK_PARAMETERS, SettingsResource, rows_by_id
from risk.settings_form import ChangeSettingsForm, Sections, SettingsForm
from vendor_admin.operations.kinds import Json, Target

_SCOPE = (
    "What it is about (all empty: everything)",
    {
        "productId": "Only this product",
        "contractId": "Only this contract",
        "exchangeId": "Only this exchange",
        "contractGroupId": "Only this contract group",
        "productType": "Only this kind of product",
    },
)
_POSITION_LIMIT: Sections = (
    (
        "Limit",
        {
            "totalBy": "Counted by",
            "exposedLimit": "At most, either way",
            "longLimit": "At most long",
            "shortLimit": "At most short",
            "active": "Active",
            "description": "Description",
        },
    ),
    _SCOPE,
)
_RISK_PARAMETER: Sections = (
    (
        "Parameter",
        {
            "maxOpeningOrderQty": "Largest opening order",
            "maxClosingOrderQty": "Largest closing order",
            "maxBackMonth": "Most months ahead",
            "preExpirationDays": "Days before expiration",
            "marginPercentage": "Margin, %",
            "marginDollarValue": "Margin in dollars",
            "hardLimit": "Hard limit",
        },
    ),
    _SCOPE,
)


class _ChangeForm(ChangeSettingsForm):
    resource: ClassVar[SettingsResource]

    def known(self) -> Mapping[str, Json]:
        ids = [self.selection.single_id]
        rows = rows_by_id(self.resource, ids, organization_id=self.selection.organization_id)
        return {name: value for row in rows.values() for name, value in self.resource.settings.of(row).items()}


class ChangePositionLimitsForm(_ChangeForm):
    resource = POSITION_LIMITS
    row = PositionLimitChange
    sections = _POSITION_LIMIT


class ChangeRiskParametersForm(_ChangeForm):
    resource = RISK_PARAMETERS
    row = RiskParameterChange
    sections = _RISK_PARAMETER


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
    row = NewPositionLimit
    sections = _POSITION_LIMIT

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial = {"totalBy": "Overall", "active": "yes", **self.initial}


class NewRiskParameterForm(_NewSettingsForm):
    resource = RISK_PARAMETERS
    row = NewRiskParameter
    sections = _RISK_PARAMETER
