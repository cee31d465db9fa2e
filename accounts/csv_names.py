"""How lines of files name members and accounts, and the fault of naming the same thing twice."""

from collections.abc import Iterable, MutableMapping, Sequence

from django.db.models import Q
from django.db.models.functions import Lower

from vendor_admin.amounts import read_id
from vendor_admin.mirrors.models import Account, PlatformUser
from vendor_admin.tradovate.enums import Environment

DEMO = Environment.DEMO.value


class MemberNames:
    """Members by platform id, user name or e-mail, whatever the case. One query."""

    def __init__(self, words: Iterable[str], *, organization_id: int) -> None:
        lower = {word.lower() for word in words if word}
        users = (
            PlatformUser.objects.filter(organization_id=organization_id, deleted_at__isnull=True)
            .annotate(lower_name=Lower("name"), lower_email=Lower("email"))
            .filter(Q(lower_name__in=lower) | Q(lower_email__in=lower) | Q(entity_id__in=_ids(lower)))
        )
        self._found: dict[str, set[int]] = {}
        for user_id, name, email in users.values_list("entity_id", "lower_name", "lower_email"):
            for word in (str(user_id), name, email):
                if word:
                    self._found.setdefault(word, set()).add(user_id)

    def find(self, word: str) -> int:
        """The member's platform id; raises ValueError, in words."""
        found = self._found.get(word.lower(), set())
        if not word:
            raise ValueError("is missing.")
        if not found:
            raise ValueError(f"is no member of this organization: {word[:64]}.")
        if len(found) > 1:
            raise ValueError(f"is true of {len(found)} members: write the platform id.")
        return next(iter(found))


class AccountNames:
    """DEMO accounts by name or platform id. Two queries."""

    def __init__(self, words: Iterable[str], *, organization_id: int) -> None:
        given = {word for word in words if word}
        own = Account.objects.filter(organization_id=organization_id, environment=DEMO, deleted_at__isnull=True)
        by_id = own.filter(entity_id__in=_ids(given)).values_list("entity_id", flat=True)
        self._found: dict[str | None, int] = {str(id_): id_ for id_ in by_id}
        self._found |= dict(own.filter(name__in=given).values_list("name", "entity_id"))

    def find(self, word: str) -> int:
        """The account's platform id; raises ValueError, in words."""
        if not word:
            raise ValueError("is missing.")
        if word not in self._found:
            raise ValueError(f"is no DEMO account of this organization: {word[:64]}.")
        return self._found[word]


def fault_twice(lines: Sequence[tuple[int, object, MutableMapping[str, str]]], *, column: str) -> None:
    """Add a fault to every line but the first with the same value: (line number, value, faults by column)."""
    first: dict[object, int] = {}
    for number, value, faults in lines:
        if value in (None, ""):
            continue
        if value in first:
            faults.setdefault(column, f"stands in line {first[value]} already.")
        first.setdefault(value, number)


def _ids(words: Iterable[str]) -> list[int]:
    return [id_ for id_ in map(read_id, words) if id_ is not None]
