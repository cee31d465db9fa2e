"""Forms of settings that a request replaces as a whole: what is typed changes, everything else stays.

Of one thing the form shows what is set now, and what is emptied is taken away. Of several it is empty, and what is to
be taken away is marked in a list of its own.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, ClassVar, Literal, get_args, get_origin

from django import forms

from vendor_admin.amount_fields import AmountField
from vendor_admin.code_words import choices_in_words
from vendor_admin.operations.actions import ActionForm
from vendor_admin.operations.inputs.declaration import Input
from vendor_admin.operations.inputs.described import by_platform_name, fields_of
from vendor_admin.operations.inputs.form_fields import form_field
from vendor_admin.operations.inputs.reading import inner_of
from vendor_admin.operations.inputs.reference_field import NAMED, ReferenceField
from vendor_admin.operations.kinds import Json, Target, plain

Sections = Sequence[tuple[str, Mapping[str, str]]]
YES_OR_NO = (("", "unchanged"), ("yes", "yes"), ("no", "no"))
TAKE_AWAY = "take_away"


class SettingsForm(ActionForm):
    """Settings of one kind of `row`, which declares what each takes.

    `sections` are titles with the settings below each: the platform's name of a setting, and what people call it.
    `words` are what people call the values of a setting, `help_texts` what else they should know of one.
    """

    row: ClassVar[type[Input]]
    sections: ClassVar[Sections] = ()
    words: ClassVar[Mapping[str, Mapping[str, str]]] = {}
    help_texts: ClassVar[Mapping[str, str]] = {}
    groups: ClassVar[Sequence[tuple[str, Sequence[str]]]] = ()

    def __init_subclass__(cls) -> None:
        cls.groups = [(title, tuple(labels)) for title, labels in cls.sections]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.settings = self.setting_fields()
        for field in self.settings.values():
            if isinstance(field, ReferenceField):
                field.belong_to(self.selection.organization_id)
        self.fields.update(self.settings)

    @classmethod
    def setting_fields(cls) -> dict[str, forms.Field]:
        """A field for each setting, by the platform's names."""
        labels = {name: label for _, section in cls.sections for name, label in section.items()}
        return {name: cls._setting_field(name, label) for name, label in labels.items()}

    @classmethod
    def _setting_field(cls, name: str, label: str) -> forms.Field:
        ours = by_platform_name(cls.row)[name]
        described = fields_of(cls.row)[ours]
        inner = inner_of(described.annotation)
        by_id = "Its name or platform id." if described.refers_to in NAMED else "Its platform id."
        help_text = cls.help_texts.get(name, by_id if described.refers_to else "")
        if inner is bool:
            return FlagField(label=label, help_text=help_text)
        more: dict[str, Any] = {"label": label, "required": False, "help_text": help_text}
        if get_origin(inner) is Literal:
            words = cls.words.get(name) or dict(choices_in_words(get_args(inner)))
            more["choices"] = [("", "–"), *words.items()]
        return form_field(cls.row, ours, **more)

    def typed(self) -> dict[str, Json]:
        """What was typed, by the platform's names."""
        return {name: self._json(name) for name in self.settings if self.cleaned_data.get(name) not in (None, "")}

    def _json(self, name: str) -> Json:
        value = self.cleaned_data[name]
        return value == "yes" if isinstance(self.settings[name], FlagField) else plain(value)


class FlagField(forms.ChoiceField):
    """Yes, no, or unchanged."""

    def __init__(self, **more: Any) -> None:
        super().__init__(required=False, choices=YES_OR_NO, **more)


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
            choices=[
                (name, str(field.label)) for name, field in self.fields.items() if not isinstance(field, FlagField)
            ],
            help_text="Limits that none of them is to have any more. What is neither typed nor selected stays.",
        )

    def known(self) -> Mapping[str, Json]:
        """What the mirror says of the one thing that is chosen, by the platform's names."""
        return {}

    def wanted(self) -> dict[str, Json]:
        """What changes; None takes a setting away."""
        if self.selection.single_id is not None:
            changed = [name for name in self.changed_data if name in self.settings]
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
        given = {name: values[name] for name in self.settings if values.get(name) is not None}
        return {
            name: ("yes" if value else "no")
            if isinstance(self.settings[name], FlagField)
            else _initial(self.settings[name], value)
            for name, value in given.items()
        }


def _initial(field: forms.Field, value: Json) -> Any:
    """A value of the mirror for a field to show; nobody typed it, so it is not read as what people type."""
    if isinstance(field, ReferenceField) and isinstance(value, int):
        return field.shown(value)
    return Decimal(value) if isinstance(field, AmountField) else field.to_python(value)
