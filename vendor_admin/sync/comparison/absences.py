"""When entities that a list leaves out may be taken as gone.

A few are believed. A list that leaves out many may come from a host or a key that does not see them: it is held, some
of them are asked for by id, and a person decides.
"""

from collections.abc import Sequence

import psycopg

from vendor_admin.sync.leases import Held

MOST_BELIEVED = 20
MOST_BELIEVED_SHARE = 0.05
ASKED_BY_ID = 50

_CONFIRMED = """
SELECT r.absent FROM sync_reconciliation r
 WHERE r.organization_id = %(organization_id)s AND r.environment = %(environment)s AND r.entity_type = %(entity_type)s
   AND r.absent > 0 AND r.confirmed_at > now() - interval '1 day'
   AND NOT EXISTS (
       SELECT FROM sync_reconciliation v
        WHERE v.organization_id = r.organization_id AND v.environment = r.environment
          AND v.entity_type = r.entity_type AND v.vanished > 0 AND v.id > r.id)
 ORDER BY r.id DESC LIMIT 1
"""


def is_believable(*, absent: int, known: int) -> bool:
    """Whether so many of the known may have gone at once: up to 20, or up to one in twenty."""
    return absent <= max(MOST_BELIEVED, known * MOST_BELIEVED_SHARE)


def sample(entity_ids: Sequence[int]) -> list[int]:
    """Up to 50 of them, spread over all."""
    step = max(1, -(-len(entity_ids) // ASKED_BY_ID))
    return list(entity_ids[::step])


async def confirmed(connection: psycopg.AsyncConnection, *, lease: Held, entity_type: str) -> int:
    """How many entities of a type a person said to be gone, in the last day and since the last that went; else 0."""
    values = {
        "organization_id": lease.organization_id,
        "environment": lease.environment,
        "entity_type": entity_type,
    }
    row = await (await connection.execute(_CONFIRMED, values)).fetchone()
    return int(row[0]) if row else 0
