"""Forms take what the rows of their plans take: the limits of both come from one declaration."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Literal, cast, get_args, get_origin

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone

from vendor_admin.operations.actions import Action, Selection, all_actions
from vendor_admin.operations.inputs.declaration import input_of
from vendor_admin.operations.inputs.described import LARGEST_ID, Described, fields_of
from vendor_admin.operations.inputs.reading import inner_of
from vendor_admin.organizations.tenancy.scope import organization_scope
from vendor_admin.tradovate.catalogue.request import LARGEST_AMOUNT

LIMITS = ("max_length", "min_length", "min_value", "max_value", "max_digits")
# What a form asks for in its own way, with the reason.
OF_THE_FORM = {
    "letters": "begins the name",
    "first_number": "ends the name",
    "count": "how many rows",
    "accounts": "many rows in one field",
    "peak_amount": "one of the things that a peak may be",
}


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def _declared(action: Action) -> dict[str, Described]:
    """What the action's plans take, by the platform's names and by ours as the platform would write them."""
    takes = input_of(action.kind_name)
    fields = [*fields_of(takes.parameters).values(), *fields_of(takes.row).values()]
    return {name: one for one in fields for name in (_camel(one.name), one.platform_name) if name}


def _refused(described: Described) -> Iterator[Any]:
    """What is just beyond each of the limits that are declared."""
    inner, meta = inner_of(described.annotation), cast(Any, described.meta)
    if inner is Decimal:
        extra = meta.extra or {}
        yield str(min(extra.get("below", LARGEST_AMOUNT), LARGEST_AMOUNT))
        yield "1." + "1" * (described.decimals + 1)
        if "at_least" in extra:
            yield str(extra["at_least"] - 1)
    elif inner is int:
        yield from (str(limit) for limit in (meta.ge - 1, meta.le + 1))
    elif described.refers_to and get_origin(inner) is not tuple:
        yield from ("0", str(LARGEST_ID + 1), "no id")
    elif get_origin(inner) is tuple:
        yield [str(number) for number in range(meta.max_length + 1)]
    elif get_origin(inner) is Literal:
        yield "no such word"
    elif inner is str:
        if meta.max_length:
            yield "A" * (meta.max_length + 1)
        if meta.min_length and meta.min_length > 1:
            yield "A" * (meta.min_length - 1)
        if meta.pattern:
            yield "~"


def _accepted(described: Described) -> Iterator[Any]:
    """What is just within the limits, where the field's form says no more."""
    inner, meta = inner_of(described.annotation), cast(Any, described.meta)
    if inner is Decimal:
        extra = meta.extra or {}
        yield str(min(extra.get("below", LARGEST_AMOUNT), LARGEST_AMOUNT) - Decimal(1).scaleb(-described.decimals))
        yield str(extra.get("at_least", -1))
    elif inner is int:
        yield from (str(meta.ge), str(meta.le))
    elif described.refers_to and get_origin(inner) is not tuple:
        yield from ("1", str(LARGEST_ID))
    elif inner is str and not meta.pattern:
        yield from ("A" * length for length in (meta.min_length or 1, meta.max_length) if length)


def _takes(field: forms.Field, value: Any) -> bool:
    try:
        field.clean(value)
    except ValidationError:
        return False
    return True


def test_every_field_of_every_form_keeps_to_what_its_kind_of_plan_declares(alpha) -> None:
    wrong: list[tuple[Any, ...]] = []
    checked = set()
    for action in all_actions():
        if action.only_asks or action.only_file:
            continue
        declared = _declared(action)
        with organization_scope(alpha.pk):
            form = action.form(selection=Selection(alpha.pk, timezone.now(), action.on[0], [1, 2]))
        for name, field in form.fields.items():
            described = declared.get(_camel(name))
            if described is None or name in OF_THE_FORM:
                if name not in OF_THE_FORM and any(getattr(field, limit, None) is not None for limit in LIMITS):
                    wrong.append((action.name, name, "has a limit of its own"))
                continue
            if isinstance(field, forms.BooleanField) or inner_of(described.annotation) is bool:
                continue
            if isinstance(field, forms.ChoiceField):
                offered = {str(value) for value, _ in cast(Any, field.choices) if value}
                if get_origin(inner_of(described.annotation)) is Literal:
                    wrong += [
                        (action.name, name, one) for one in offered - set(get_args(inner_of(described.annotation)))
                    ]
                if get_origin(inner_of(described.annotation)) is not tuple:
                    continue
                field.choices = [(value, value) for value in next(_refused(described))]
            checked.add((action.name, name))
            with organization_scope(alpha.pk):  # some look for names
                wrong += [(action.name, name, "takes", value) for value in _refused(described) if _takes(field, value)]
                wrong += [
                    (action.name, name, "refuses", value) for value in _accepted(described) if not _takes(field, value)
                ]
    assert not wrong, "\n".join(map(repr, wrong))
    assert len(checked) > 60
