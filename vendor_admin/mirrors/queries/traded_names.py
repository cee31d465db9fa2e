"""Finds contracts, products, exchanges and contract groups of DEMO by the words that people, files and programs name
them with. A platform id is always taken: the mirrors have what the platform told of, and there may be more.
"""

from collections.abc import Iterable
from datetime import datetime

from vendor_admin.amounts import read_id
from vendor_admin.errors import Fault, InvalidFields
from vendor_admin.mirrors.models.base import Mirror
from vendor_admin.mirrors.queries.contracts import NamedContract, contracts_by_word, how_near
from vendor_admin.mirrors.queries.folding import FoldedName, fold
from vendor_admin.mirrors.rules.contract_names import contract_year, without_year
from vendor_admin.tradovate.enums import Environment

_DEMO = Environment.DEMO.value
_LONGEST_SHOWN = 64


class ContractNames:
    """Contracts by name or platform id, whatever the case; "ESZ6 2036" is the one of that year. Three queries."""

    def __init__(self, words: Iterable[str], *, organization_id: int, now: datetime) -> None:
        names = {without_year(word)[0] for word in words}
        self._now = now
        self._found = contracts_by_word(
            (name for name in names if name and read_id(name) is None),
            organization_id=organization_id,
            environment=_DEMO,
            now=now,
        )

    def find(self, word: str) -> int:
        """The contract's platform id; raises InvalidFields. A name does not stand for what has expired."""
        if (id_ := _id_in(word, "contract")) is not None:
            return id_
        name, year = without_year(word)
        several = self._found.get(name, [])
        if year is not None:
            several = [one for one in several if contract_year(one.name, expires_at=one.expires_at) == year]
        if not several:
            raise _not_found("contract", word)
        return self._nearest(several, word)

    def _nearest(self, several: list[NamedContract], word: str) -> int:
        first = several[0]
        if first.expires_at is not None and first.expires_at <= self._now:
            shown = f"{first.name} expired on {first.expires_at:%Y-%m-%d}"
            raise _fault("in_the_past", f"must not have expired: {shown}. A platform id is accepted all the same.")
        if len(several) > 1 and how_near(several[1], self._now) == how_near(first, self._now):
            raise _ambiguous(len(several), "contracts", word)
        return first.contract_id


class TradedNames:
    """Products, exchanges or contract groups by name or platform id, whatever the case. Two queries."""

    def __init__(self, words: Iterable[str], model: type[Mirror], *, noun: str, organization_id: int) -> None:
        self._noun = noun
        self._folded = fold(word for word in words if read_id(word) is None)
        self._found: dict[str, set[int]] = {}
        if not self._folded:
            return
        own = model.objects.filter(organization_id=organization_id, environment=_DEMO, deleted_at__isnull=True)
        named = own.annotate(folded=FoldedName("name")).filter(folded__in=set(self._folded.values()))
        for folded, id_ in named.values_list("folded", "entity_id"):
            self._found.setdefault(folded, set()).add(id_)

    def find(self, word: str) -> int:
        """Its platform id; raises InvalidFields."""
        if (id_ := _id_in(word, self._noun)) is not None:
            return id_
        found = self._found.get(self._folded.get(word, word), set())
        if not found:
            raise _not_found(self._noun, word)
        if len(found) > 1:
            raise _ambiguous(len(found), f"{self._noun}s", word)
        return next(iter(found))


def _id_in(word: str, noun: str) -> int | None:
    if not word:
        raise _fault("required", "is missing.")
    id_ = read_id(word)
    if id_ == 0:
        raise _not_found(noun, word)
    return id_


def _not_found(noun: str, word: str) -> InvalidFields:
    shown = word[:_LONGEST_SHOWN]
    return _fault("not_found", f"is no {noun} that is known here: {shown}. A platform id is accepted too.")


def _ambiguous(count: int, nouns: str, word: str) -> InvalidFields:
    return _fault("ambiguous", f"is true of {count} {nouns}: {word[:_LONGEST_SHOWN]}. Write the platform id.")


def _fault(code: str, text: str) -> InvalidFields:
    """The form's field, the file's column or the program's pointer says which."""
    return InvalidFields([Fault("", code, text)])
