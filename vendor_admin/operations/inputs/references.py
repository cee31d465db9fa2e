"""Finds the platform ids of what rows refer to, all rows at once."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, Protocol

import msgspec

from vendor_admin.amounts import read_id
from vendor_admin.errors import Fault, InvalidFields
from vendor_admin.mirrors.models import Entitlement, MarketDataSubscriptionPlan, TradovateSubscriptionPlan
from vendor_admin.mirrors.queries.names import AccountNames, CatalogNames, MemberNames
from vendor_admin.operations.inputs.declaration import Input
from vendor_admin.operations.inputs.described import fields_of

ID: Final = "id"
"""The noun of references that are platform ids and nothing else: previews say whether there is such a thing."""


class Finder(Protocol):
    """Finds one kind of thing by words. Raises InvalidFields."""

    def find(self, word: str) -> int: ...


class _Ids:
    def find(self, word: str) -> int:
        found = read_id(word)
        if not found:
            raise InvalidFields([Fault("", "wrong_type", "must be a platform id: digits alone.")])
        return found


def _catalog(model: type, noun: str) -> Callable[[Iterable[str], int], Finder]:
    return lambda words, organization_id: CatalogNames(model, noun=noun, organization_id=organization_id)


FINDERS: Mapping[str, Callable[[Iterable[str], int], Finder]] = {
    ID: lambda words, organization_id: _Ids(),
    "account": lambda words, organization_id: AccountNames(words, organization_id=organization_id),
    "member": lambda words, organization_id: MemberNames(words, organization_id=organization_id),
    "membership_plan": _catalog(TradovateSubscriptionPlan, "membership plan"),
    "entitlement": _catalog(Entitlement, "entitlement"),
    "market_data_plan": _catalog(MarketDataSubscriptionPlan, "market data plan"),
}


class References:
    """What inputs refer to. Two queries at most for each kind of thing that they name."""

    def __init__(self, inputs: Sequence[Input], *, organization_id: int) -> None:
        words: dict[str, set[str]] = {}
        for one in inputs:
            for _, noun, word in _references_of(one):
                words.setdefault(noun, set()).add(word)
        self._finders = {noun: FINDERS[noun](named, organization_id) for noun, named in words.items()}

    def id_of(self, noun: str, word: object) -> int:
        """The platform id of a thing. Raises InvalidFields."""
        return self._finders[noun].find(str(word).strip())

    def faults(self, one: Input, pointer: str) -> list[Fault]:
        """What an input refers to that is not there."""
        faults = []
        for place, noun, word in _references_of(one):
            try:
                self.id_of(noun, word)
            except InvalidFields as invalid:
                faults += [Fault(f"{pointer}/{place}", fault.code, fault.text) for fault in invalid.faults]
        return faults


def _references_of(one: Input) -> list[tuple[str, str, str]]:
    """(place, noun, word) of each reference."""
    found = []
    for name, described in fields_of(type(one)).items():
        noun, value = described.refers_to, getattr(one, name)
        if not noun or value is None or value is msgspec.UNSET:
            continue
        if isinstance(value, tuple):
            found += [(f"{name}/{place}", noun, str(word).strip()) for place, word in enumerate(value)]
        else:
            found.append((name, noun, str(value).strip()))
    return found
