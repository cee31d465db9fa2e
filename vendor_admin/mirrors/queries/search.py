"""Finding members and accounts by name, e-mail or platform id, in the organizations in scope.

The search itself is a function of the database's owner (see the first migration): trigram operators would not use
their index below row level security.
"""

import re
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import Q, QuerySet, Value

from vendor_admin.mirrors.models import Account, PlatformUser
from vendor_admin.mirrors.queries.any_of import among
from vendor_admin.mirrors.queries.folding import FoldedName
from vendor_admin.mirrors.queries.lookups import load

LONGEST_QUERY = 100
EXACT_NAME, EXACT_ID = 8, 9
_LIKE_AN_ID = re.compile(r"#? ?(?P<letter>[DLdl])?(?P<digits>[0-9](?:[0-9]|[ ,.'](?=[0-9]))*)")
_ENVIRONMENTS = {"d": "demo", "l": "live"}  # TradingView writes an account's id with the letter of its environment


@dataclass(frozen=True)
class Found:
    """One hit: `kind` is member or account; `row` is its mirror. A higher rank fits better; 9 means an exact id, 8 a
    whole name or address.
    """

    kind: str
    entity_id: int
    rank: float
    row: Account | PlatformUser

    @property
    def is_exact_id(self) -> bool:
        return self.rank >= EXACT_ID

    @property
    def is_exact_name(self) -> bool:
        return EXACT_NAME <= self.rank < EXACT_ID


def find_members_and_accounts(*, words: str, organization_id: int, limit: int = 50) -> list[Found]:
    """Hits in the organization, best first: platform ids, whole names, then what is like them.

    Ids are found as people write them: #9200001, 9,200,001, and an account's as TradingView shows it, D9200001 on DEMO
    and L9200001 on LIVE. Typing errors are forgiven; one or two letters must occur exactly.
    """
    words = " ".join(words.replace("\x00", " ").split())[:LONGEST_QUERY]
    if not words:
        return []
    hits = _hits(words, limit)
    digits, environment = id_in_words(words)
    if digits and digits != words:
        by_id = [hit for hit in _hits(digits, limit) if hit[2] >= EXACT_ID and (hit[0] == "account" or not environment)]
        found_by_id = {(kind, entity_id) for kind, entity_id, _ in by_id}
        hits = [*by_id, *(hit for hit in hits if (hit[0], hit[1]) not in found_by_id)][:limit]
    ids = {wanted: [entity_id for kind, entity_id, _ in hits if kind == wanted] for wanted in ("member", "account")}
    members = load(PlatformUser, organization_id=organization_id, ids=ids["member"])
    accounts = load(Account, organization_id=organization_id, ids=ids["account"])
    found = []
    for kind, entity_id, rank in hits:
        wanted = environment if rank >= EXACT_ID else ""
        row = members.get(entity_id) if kind == "member" else accounts.get(entity_id, wanted)
        if row is not None and (not wanted or row.environment == wanted):
            found.append(Found(kind, entity_id, rank, row))
    return found


def named(rows: QuerySet[Any], word: str, *columns: str) -> QuerySet[Any]:
    """Of members or accounts those that have a word as one of these columns, whatever the case of its letters.

    The search finds candidates by its indexes. One query.
    """
    kind = "member" if rows.model is PlatformUser else "account"
    words = " ".join(word.split())[:LONGEST_QUERY]
    candidates = [entity_id for found, entity_id, rank in _hits(words, 1_000) if found == kind and rank >= EXACT_NAME]
    folded = {f"folded_{column}": FoldedName(column) for column in columns}
    is_it = Q()
    for column in folded:
        is_it |= Q(**{column: FoldedName(Value(word))})
    found: QuerySet[Any] = rows.filter(among("entity_id", candidates)).alias(**folded).filter(is_it)
    return found


def like(rows: QuerySet[Any], words: str, *, organization_id: int, most: int = 200) -> QuerySet[Any]:
    """Of members or accounts those that the search finds for words, as it does on the search page. Two queries."""
    kind = "member" if rows.model is PlatformUser else "account"
    found = find_members_and_accounts(words=words, organization_id=organization_id, limit=most)
    return rows.filter(among("entity_id", [hit.entity_id for hit in found if hit.kind == kind]))


def id_in_words(words: str) -> tuple[str, str]:
    """The digits of a platform id, and the environment that its letter names; both empty where it is no id."""
    match = _LIKE_AN_ID.fullmatch(words.strip())
    if match is None:
        return "", ""
    digits = "".join(letter for letter in match["digits"] if letter.isdigit())
    return digits, _ENVIRONMENTS.get((match["letter"] or "").lower(), "")


def _hits(words: str, limit: int) -> list[tuple[str, int, float]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT kind, entity_id, rank FROM search_members_and_accounts(%s, %s)", [words, limit])
        return [(kind, entity_id, rank) for kind, entity_id, rank in cursor.fetchall()]
