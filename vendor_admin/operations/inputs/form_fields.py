"""Fields of forms that check what the rows of a plan take: lengths and ranges come from the row's declaration."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Literal, get_args, get_origin

from django import forms
from django.core.validators import MaxLengthValidator, RegexValidator

from vendor_admin.amount_fields import AmountField, WholeNumberField
from vendor_admin.code_words import choices_in_words
from vendor_admin.operations.inputs.declaration import Input
from vendor_admin.operations.inputs.described import LARGEST_ID, Described, fields_of
from vendor_admin.operations.inputs.reading import inner_of
from vendor_admin.operations.inputs.reference_field import NAMED, ReferenceField
from vendor_admin.tradovate.catalogue.request import LARGEST_AMOUNT


def form_field(row: type[Input], name: str, **more: Any) -> forms.Field:
    """Make a form's field for one field of a row. `more` are arguments of Django's field: label, widget, ...

    What is traded is typed by its name (reference_field.py), what else it refers to as its platform id; of lists, some
    of the given choices are chosen.
    """
    described = fields_of(row)[name]
    more.setdefault("required", described.is_required)
    more.setdefault("help_text", described.text)
    inner = inner_of(described.annotation)
    if get_origin(inner) is tuple:
        return _several(described, more)
    if described.refers_to in NAMED:
        return ReferenceField(noun=described.refers_to, **more)
    if described.refers_to:
        return WholeNumberField(min_value=1, max_value=LARGEST_ID, **more)
    if inner is Decimal:
        return amount_field(limits=described.meta.extra, decimals=described.decimals, **more)
    if inner is int:
        return WholeNumberField(min_value=_whole(described.meta.ge), max_value=_whole(described.meta.le), **more)
    if inner is bool:
        return forms.BooleanField(**{**more, "required": False})
    if inner is date:
        return forms.DateField(**more)
    if get_origin(inner) is Literal:
        more.setdefault("choices", choices_in_words(get_args(inner)))
        return forms.ChoiceField(**more)
    return _text(described, more)


def amount_field(*, limits: Mapping[str, Any] | None = None, decimals: int = 2, **more: Any) -> AmountField:
    """Make a form's field for an amount: `at_least` and `below` the limits, and at most what the platform takes."""
    limits = limits or {}
    whole_digits = len(str(int(min(limits.get("below", LARGEST_AMOUNT), LARGEST_AMOUNT)) - 1))
    if "at_least" in limits:
        more.setdefault("min_value", Decimal(limits["at_least"]))
    return AmountField(max_digits=whole_digits + decimals, decimal_places=decimals, **more)


def _whole(limit: float | None) -> int | None:
    return None if limit is None else int(limit)


def _several(described: Described, more: dict[str, Any]) -> forms.Field:
    most = described.meta.max_length
    validators = [] if most is None else [MaxLengthValidator(most, f"Choose at most {most:,}.")]
    return forms.MultipleChoiceField(validators=validators, **more)


def _text(described: Described, more: dict[str, Any]) -> forms.Field:
    validators: list[Any] = []
    if described.meta.pattern and not issubclass(more.get("form_class", forms.CharField), forms.EmailField):
        validators.append(RegexValidator(described.meta.pattern, f"Must be {described.must_be or 'of another form'}."))
    form_class: type[forms.CharField] = more.pop("form_class", forms.CharField)
    return form_class(
        min_length=described.meta.min_length, max_length=described.meta.max_length, validators=validators, **more
    )
