"""Finds the platform ids of what rows refer to, all rows at once."""

from collections.abc import Callable, Iterable, Mapping
from typing import Final, Protocol

from vendor_admin.amounts import read_id
from vendor_admin.errors import Fault, InvalidFields
from vendor_admin.mirrors.models import (
    ContractGroup,
    Entitlement,
    Exchange,
    MarketDataSubscriptionPlan,
    Product,
    TradovateSubscriptionPlan,
)
from vendor_admin.mirrors.models.base import Mirror
from vendor_admin.mirrors.queries.names import AccountNames, CatalogNames, MemberNames
from vendor_admin.mirrors.queries.traded_names import ContractNames, TradedNames
from vendor_admin.operations.inputs.declaration import Input
from vendor_admin.operations.inputs.described import fields_of
from vendor_admin.organizations.tenancy import database_clock

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


def _traded(model: type[Mirror], noun: str) -> Callable[[Iterable[str], int], Finder]:
    return lambda words, organization_id: TradedNames(words, model, noun=noun, organization_id=organization_id)


def _contracts(words: Iterable[str], organization_id: int) -> Finder:
    return ContractNames(words, organization_id=organization_id, now=database_clock.now())


FINDERS: Mapping[str, Callable[[Iterable[str], int], Finder]] = {
    ID: lambda words, organization_id: _Ids(),
    "account": lambda words, organization_id: AccountNames(words, organization_id=organization_id),
    "member": lambda words, organization_id: MemberNames(words, organization_id=organization_id),
    "membership_plan": _catalog(TradovateSubscriptionPlan, "membership plan"),
    "entitlement": _catalog(Entitlement, "entitlement"),
    "market_data_plan": _catalog(MarketDataSubscriptionPlan, "market data plan"),
    "contract": _contracts,
    "product": _traded(Product, "product"),
    "exchange": _traded(Exchange, "exchange"),
    "contract_group": _traded(ContractGroup, "contract group"),
}


class References:
    """What inputs refer to, as they were given. At most four queries for each kind of thing that they name.

    What is no word and no number is no reference: reading says what is wrong with it.
    """

    def __init__(self, inputs: Iterable[tuple[type[Input], Mapping[str, object]]], *, organization_id: int) -> None:
        words: dict[str, set[str]] = {}
        for kind, values in inputs:
            for _, noun, word in _references_in(kind, values):
                words.setdefault(noun, set()).add(word)
        self._finders = {noun: FINDERS[noun](named, organization_id) for noun, named in words.items()}

    def id_of(self, noun: str, word: object) -> int:
        """The platform id of a thing. Raises InvalidFields."""
        return self._finders[noun].find(str(word).strip())

    def faults(self, kind: type[Input], values: Mapping[str, object], pointer: str) -> list[Fault]:
        """What an input refers to that is not there."""
        faults = []
        for place, noun, word in _references_in(kind, values):
            try:
                self.id_of(noun, word)
            except InvalidFields as invalid:
                faults += [Fault(f"{pointer}/{place}", fault.code, fault.text) for fault in invalid.faults]
        return faults


def _references_in(kind: type[Input], values: Mapping[str, object]) -> list[tuple[str, str, str]]:
    """(place, noun, word) of each reference."""
    found = []
    for name, described in fields_of(kind).items():
        noun, value = described.refers_to, values.get(name)
        if not noun:
            continue
        if isinstance(value, list | tuple):
            found += [(f"{name}/{place}", noun, str(one).strip()) for place, one in enumerate(value) if _is_word(one)]
        elif _is_word(value):
            found.append((name, noun, str(value).strip()))
    return found


def _is_word(value: object) -> bool:
    return isinstance(value, str | int) and not isinstance(value, bool)
