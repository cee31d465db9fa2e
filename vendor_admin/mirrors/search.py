"""Finding members and accounts by name, e-mail or platform id, in the organizations in scope.

The search itself is a function of the database's owner (see migration 0003): trigram operators would not use their
index below row level security.
"""

from dataclasses import dataclass

from django.db import connection

from vendor_admin.mirrors.models import Account, PlatformUser
from vendor_admin.mirrors.names import load

LONGEST_QUERY = 100


@dataclass(frozen=True)
class Found:
    """One hit: `kind` is member or account; `row` is its mirror. A higher rank fits better; 9 means an exact id."""

    kind: str
    entity_id: int
    rank: float
    row: Account | PlatformUser

    @property
    def is_exact_id(self) -> bool:
        return self.rank >= 9


def find_members_and_accounts(*, words: str, organization_id: int, limit: int = 50) -> list[Found]:
    """Hits in the organization, best first. Typing errors are forgiven; one or two letters must occur exactly."""
    words = " ".join(words.replace("\x00", " ").split())[:LONGEST_QUERY]
    if not words:
        return []
    with connection.cursor() as cursor:
        cursor.execute("SELECT kind, entity_id, rank FROM search_members_and_accounts(%s, %s)", [words, limit])
        hits = cursor.fetchall()
    members = load(
        PlatformUser,
        organization_id=organization_id,
        ids=(entity_id for kind, entity_id, _ in hits if kind == "member"),
    )
    accounts = load(
        Account, organization_id=organization_id, ids=(entity_id for kind, entity_id, _ in hits if kind == "account")
    )
    found = []
    for kind, entity_id, rank in hits:
        row = (members if kind == "member" else accounts).get(entity_id)
        if row is not None:
            found.append(Found(kind, entity_id, rank, row))
    return found
