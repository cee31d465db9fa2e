"""Finds members, accounts and what the platform sells by the words that files and programs name them with."""

import re
from collections.abc import Iterable

from django.db.models import Q

from vendor_admin.amounts import read_id
from vendor_admin.errors import Fault, InvalidFields
from vendor_admin.mirrors.models import Account, PlatformUser
from vendor_admin.mirrors.models.base import Mirror
from vendor_admin.mirrors.queries.folding import FoldedName, fold
from vendor_admin.tradovate.enums import Environment

DEMO, LIVE = Environment.DEMO.value, Environment.LIVE.value
_ID_WITH_A_LETTER = re.compile("[DL][0-9]+", re.IGNORECASE)  # as TradingView writes account ids


class MemberNames:
    """Members by platform id, user name or e-mail, whatever the case. Two queries."""

    def __init__(self, words: Iterable[str], *, organization_id: int) -> None:
        self._folded = fold(words)
        wanted = set(self._folded.values())
        users = (
            PlatformUser.objects.filter(organization_id=organization_id, deleted_at__isnull=True)
            .annotate(folded_name=FoldedName("name"), folded_email=FoldedName("email"))
            .filter(Q(folded_name__in=wanted) | Q(folded_email__in=wanted) | Q(entity_id__in=_ids(wanted)))
        )
        self._found: dict[str, set[int]] = {}
        for user_id, name, email in users.values_list("entity_id", "folded_name", "folded_email"):
            for word in (str(user_id), name, email):
                if word:
                    self._found.setdefault(word, set()).add(user_id)

    def find(self, word: str) -> int:
        """The member's platform id; raises InvalidFields."""
        found = self._found.get(self._folded.get(word, word), set())
        if not word:
            raise _fault("required", "is missing.")
        if not found:
            raise _fault("not_found", f"is no member of this organization: {word[:64]}.")
        if len(found) > 1:
            raise _fault("ambiguous", f"is true of {len(found)} members: write the platform id.")
        return next(iter(found))


class AccountNames:
    """DEMO accounts by name or platform id. Two queries."""

    def __init__(self, words: Iterable[str], *, organization_id: int) -> None:
        given = {word for word in words if word}
        own = Account.objects.filter(organization_id=organization_id, environment=DEMO, deleted_at__isnull=True)
        by_id = own.filter(entity_id__in=_ids(given)).values_list("entity_id", flat=True)
        self._found: dict[str, set[int]] = {str(id_): {id_} for id_ in by_id}
        for name, id_ in own.filter(name__in=given).values_list("name", "entity_id"):
            self._found.setdefault(name or "", set()).add(id_)

    def find(self, word: str) -> int:
        """The account's platform id; raises InvalidFields."""
        if not word:
            raise _fault("required", "is missing.")
        found = self._found.get(word, set())
        if len(found) > 1:
            raise _fault("ambiguous", f"is the name of one account and the platform id of another: {word[:64]}.")
        if not found:
            advice = " Write the platform id or the name." if _ID_WITH_A_LETTER.fullmatch(word) else ""
            raise _fault("not_found", f"is no DEMO account of this organization: {word[:64]}.{advice}")
        return next(iter(found))


class CatalogNames:
    """What the platform sells (membership plans, entitlements, market data plans), by name, title or platform id,
    whatever the case. One query.
    """

    def __init__(self, model: type[Mirror], *, noun: str, organization_id: int) -> None:
        self._noun = noun
        own = model.objects.filter(organization_id=organization_id, environment=LIVE, deleted_at__isnull=True)
        fields = [name for name in ("title", "name") if hasattr(model, name)]
        self._found: dict[str, int] = {}
        for id_, *words in own.order_by("-entity_id").values_list("entity_id", *fields):
            self._found |= {str(word).casefold(): id_ for word in (*words, id_) if word}

    def find(self, word: str) -> int:
        """Its platform id; raises InvalidFields."""
        if not word:
            raise _fault("required", "is missing.")
        found = self._found.get(word.casefold())
        if found is None:
            raise _fault("not_found", f"is no {self._noun} of the platform: {word[:64]}.")
        return found


def _ids(words: Iterable[str]) -> list[int]:
    return [id_ for id_ in map(read_id, words) if id_ is not None]


def _fault(code: str, text: str) -> InvalidFields:
    """The file's line names the column."""
    return InvalidFields([Fault("", code, text)])
