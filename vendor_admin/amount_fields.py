"""Form fields for amounts and whole numbers, read by the same rules as files and the API (vendor_admin.amounts).

They are text inputs: an input of the type "number" lets the browser decide what 1.500 means, before it is sent here.
"""

from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from vendor_admin.amounts import NotANumber, as_written, read_amount, read_whole


class AmountField(forms.DecimalField):
    """An amount or a percentage, with at most `decimal_places` decimals."""

    widget = forms.TextInput

    def to_python(self, value: Any) -> Any:
        if _is_empty(value):
            return None
        try:
            return read_amount(value, decimals=self.decimal_places or 0)
        except NotANumber as refused:
            raise ValidationError(str(refused), code="invalid") from None

    def prepare_value(self, value: Any) -> Any:
        return as_written(value) if isinstance(value, Decimal) else value

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        return _keyboard("decimal", self.min_value)


class WholeNumberField(forms.IntegerField):
    """A whole number: how many of something, or a platform id."""

    widget = forms.TextInput

    def to_python(self, value: Any) -> int | None:
        if _is_empty(value):
            return None
        try:
            return read_whole(value)
        except NotANumber as refused:
            raise ValidationError(str(refused), code="invalid") from None

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        return _keyboard("numeric", self.min_value)


def _is_empty(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _keyboard(name: str, least: Any) -> dict[str, Any]:
    """Digits for a phone's keyboard, except where a minus may be needed: these keyboards have none."""
    return {"inputmode": name} if least is not None and least >= 0 else {}
