"""A form's field for a contract, product, exchange or contract group: by name or platform id, with suggestions."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError

from vendor_admin.amount_fields import WholeNumberField
from vendor_admin.errors import InvalidFields
from vendor_admin.mirrors.models import Contract, ContractGroup, Exchange, Product
from vendor_admin.mirrors.models.base import Mirror
from vendor_admin.mirrors.queries.lookups import load, load_contracts
from vendor_admin.mirrors.queries.suggestions import Suggestion, suggested_contracts, suggested_names
from vendor_admin.operations.inputs.described import LARGEST_ID
from vendor_admin.operations.inputs.references import FINDERS
from vendor_admin.operations.inputs.suggesting_input import SuggestingInput
from vendor_admin.operations.models import front_months
from vendor_admin.organizations.tenancy import database_clock
from vendor_admin.tradovate.enums import Environment

NAMED: Final[Mapping[str, type[Mirror]]] = {
    "contract": Contract,
    "product": Product,
    "exchange": Exchange,
    "contract_group": ContractGroup,
}
"""What such a field may name: the nouns of references.py with the mirrors that suggest."""
_SAYS_MORE: Final[Mapping[str, str]] = {"product": "description", "exchange": "mic_code"}
_DEMO = Environment.DEMO.value
_LONGEST = 64
_ID = WholeNumberField(min_value=1, max_value=LARGEST_ID)


class ReferenceField(forms.CharField):
    """Its value is a platform id, or None. The form says by `belong_to` in whose mirrors names are looked for."""

    def __init__(self, *, noun: str, **more: Any) -> None:
        super().__init__(max_length=_LONGEST, widget=SuggestingInput(), **more)
        self.noun = noun
        self._organization_id: int | None = None
        self._shown: dict[str, int] = {}

    def belong_to(self, organization_id: int) -> None:
        """Look for names in this organization, whose scope has to be in force."""
        self._organization_id = organization_id
        self.widget.offered = lambda: ((one.word, one.text) for one in self._suggestions(organization_id))

    def shown(self, entity_id: int) -> str:
        """What the field shows for an id: the name where it is known. As long as it stays, it means this id."""
        ids, organization_id = [entity_id], self._organization_id or 0
        if self.noun == "contract":
            rows = load_contracts(organization_id=organization_id, ids=ids)
        else:
            rows = load(NAMED[self.noun], organization_id=organization_id, ids=ids)
        row = rows.get(entity_id, _DEMO)
        name = str(row) if row is not None and row.name else str(entity_id)
        self._shown[name] = entity_id
        return name

    def clean(self, value: Any) -> int | None:
        """The platform id of what was typed. Raises ValidationError. Three queries at most."""
        word = super().clean(value)
        if not word:
            return None
        if word in self._shown:
            return self._shown[word]
        if word.isascii() and word.isdecimal():
            id_: int = _ID.clean(word)
            return id_
        try:
            return FINDERS[self.noun]([word], self._organization_id or 0).find(word)
        except InvalidFields as invalid:
            raise ValidationError([_sentence(fault.text) for fault in invalid.faults]) from invalid

    def _suggestions(self, organization_id: int) -> Iterable[Suggestion]:
        if self.noun == "contract":
            fronts = front_months(organization_id)
            return suggested_contracts(organization_id=organization_id, fronts=fronts, now=database_clock.now())
        return suggested_names(NAMED[self.noun], _SAYS_MORE.get(self.noun, ""), organization_id=organization_id)


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
