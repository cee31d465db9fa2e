"""Forms of settings that a request replaces as a whole: what is typed changes, everything else stays.

Of one thing the form shows what is set now, and what is emptied is taken away. Of several it is empty, and what is to
be taken away is marked in a list of its own.
"""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, ClassVar

from django import forms

from vendor_admin.amount_fields import AmountField, WholeNumberField
from vendor_admin.operations.actions import ActionForm
from vendor_admin.operations.kinds import Json, Target, plain

Make = Callable[[], forms.Field]
YES_OR_NO = (("", "unchanged"), ("yes", "yes"), ("no", "no"))
TAKE_AWAY = "take_away"


def money(label: str, help_text: str = "") -> Make:
    """An amount of zero or more."""
    return lambda: AmountField(
        label=label, required=False, min_value=Decimal(0), max_digits=14, decimal_places=2, help_text=help_text
    )


def percentage(label: str) -> Make:
    """A percentage of up to four decimals."""
    return lambda: AmountField(
        label=f"{label}, %", required=False, min_value=Decimal(0), max_digits=9, decimal_places=4
    )


def count(label: str, help_text: str = "", *, least: int = 0) -> Make:
    """A whole number of 32 bits, not below `least`."""
    return lambda: WholeNumberField(
        label=label, required=False, min_value=least, max_value=2**31 - 1, help_text=help_text
    )


def platform_id(label: str) -> Make:
    """The id of another thing at the platform."""
    return lambda: WholeNumberField(
        label=label, required=False, min_value=1, max_value=2**63 - 1, help_text="Its platform id."
    )


def word(label: str, words: Mapping[str, str]) -> Make:
    """A choice of the platform's words, as `words` call them."""
    return lambda: forms.ChoiceField(label=label, required=False, choices=[("", "–"), *words.items()])


def flag(label: str) -> Make:
    """Yes, no, or unchanged."""
    return lambda: forms.ChoiceField(label=label, required=False, choices=YES_OR_NO)


def text(label: str) -> Make:
    """A text of up to 64 characters."""
    return lambda: forms.CharField(label=label, required=False, max_length=64)


class SettingsForm(ActionForm):
    """`made` holds the fields by the platform's names; `flags` those that are yes or no."""

    made: ClassVar[Mapping[str, Make]] = {}
    flags: ClassVar[Sequence[str]] = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, make in self.made.items():
            self.fields[name] = make()

    def typed(self) -> dict[str, Json]:
        """What was typed, by the platform's names."""
        return {name: self._json(name) for name in self.made if self.cleaned_data.get(name) not in (None, "")}

    def _json(self, name: str) -> Json:
        value = self.cleaned_data[name]
        return value == "yes" if name in self.flags else plain(value)


class ChangeSettingsForm(SettingsForm):
    """Changes of what exists. Subclasses tell what is `known` of the one thing that is chosen.

    `target_type` is what the plan's targets are, where it is not what the list shows.
    """

    target_type: ClassVar[str] = ""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.selection.single_id is not None:
            self.initial = {**self._shown(self.known()), **self.initial}
            return
        self.fields[TAKE_AWAY] = forms.MultipleChoiceField(
            label="Remove limits",
            required=False,
            choices=[(name, str(field.label)) for name, field in self.fields.items() if name not in self.flags],
            help_text="Limits that none of them is to have any more. What is neither typed nor selected stays.",
        )

    def known(self) -> Mapping[str, Json]:
        """What the mirror says of the one thing that is chosen, by the platform's names."""
        return {}

    def wanted(self) -> dict[str, Json]:
        """What changes; None takes a setting away."""
        if self.selection.single_id is not None:
            changed = [name for name in self.changed_data if name in self.made]
            typed = self.typed()
            return {name: typed.get(name) for name in changed}
        return {**dict.fromkeys(self.cleaned_data.get(TAKE_AWAY, ())), **self.typed()}

    def clean(self) -> dict[str, object]:
        data = super().clean() or self.cleaned_data
        if self.errors:
            return data
        if not self.wanted():
            raise forms.ValidationError("Nothing is changed.")
        both = [name for name in data.get(TAKE_AWAY, ()) if data.get(name) not in (None, "")]
        for name in both:
            self.add_error(name, "It is both selected to be removed, and typed.")
        return data

    def targets(self) -> Sequence[Target]:
        wanted = self.wanted()
        return [Target(self.target_type or self.selection.entity_type, id_, wanted) for id_ in self.selection.ids]

    def _shown(self, values: Mapping[str, Json]) -> dict[str, object]:
        given = {name: values[name] for name in self.made if values.get(name) is not None}
        return {
            name: ("yes" if value else "no") if name in self.flags else _initial(self.fields[name], value)
            for name, value in given.items()
        }


def _initial(field: forms.Field, value: Json) -> Any:
    """A value of the mirror for a field to show; nobody typed it, so it is not read as what people type."""
    return Decimal(value) if isinstance(field, AmountField) else field.to_python(value)
