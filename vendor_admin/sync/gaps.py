"""Rows of `sync_gap`: the times in which a socket was not listened to, noted by its holder.

All functions run as the hub role on the hub's own connection.
"""

from datetime import datetime

import psycopg

_OPEN_GAP = """
INSERT INTO sync_gap (organization_id, lease_id, environment, shard, started_at, reason, differences, repair_note)
SELECT l.organization_id, l.id, l.environment, l.shard, x.started_at, %(reason)s, 0, ''
  FROM sync_lease l CROSS JOIN LATERAL (
       SELECT coalesce(%(started_at)s::timestamptz, greatest(l.covered_until,
              (SELECT b.received_to FROM sync_batch b WHERE b.lease_id = l.id
                ORDER BY b.epoch DESC, b.first_seq DESC LIMIT 1))) AS started_at) AS x
 WHERE l.id = %(id)s AND l.fence = %(fence)s AND x.started_at IS NOT NULL
ON CONFLICT (lease_id) WHERE ended_at IS NULL DO UPDATE SET started_at = EXCLUDED.started_at
 WHERE %(is_taken_over)s AND sync_gap.started_at > EXCLUDED.started_at
"""
_END_GAP = "UPDATE sync_gap SET ended_at = %(at)s WHERE lease_id = %(id)s AND ended_at IS NULL RETURNING id"
# With a gap go the older ones of its socket that a worker died, or a socket ended, before they could be settled.
_SETTLE_GAP = """
UPDATE sync_gap SET settled_at = coalesce(settled_at, now()),
       differences = differences + CASE WHEN id = %(gap_id)s THEN %(differences)s ELSE 0 END,
       repaired_at = CASE WHEN %(is_repaired)s THEN coalesce(repaired_at, now()) ELSE repaired_at END,
       repair_note = CASE WHEN %(note)s = '' OR repaired_at IS NOT NULL THEN repair_note ELSE %(note)s END
 WHERE id = %(gap_id)s OR (id < %(gap_id)s AND ended_at IS NOT NULL AND repaired_at IS NULL
                           AND lease_id = (SELECT lease_id FROM sync_gap WHERE id = %(gap_id)s))
"""
_NOTE_LOSS = """
INSERT INTO sync_gap (organization_id, lease_id, environment, shard, started_at, ended_at, reason, differences,
                      repair_note)
SELECT organization_id, id, environment, shard, %(started_at)s, %(ended_at)s, %(reason)s, 0, ''
  FROM sync_lease WHERE id = %(id)s AND fence = %(fence)s
"""


async def open_gap(
    connection: psycopg.AsyncConnection,
    *,
    lease_id: int,
    fence: int,
    started_at: datetime | None,
    reason: str,
    is_taken_over: bool = False,
) -> None:
    """Note that a socket which was live is not listened to. One open gap a lease; without `started_at` the ledger
    tells. When the lease was taken over, a gap its last holder noted begins as early as rows died that were waiting.
    """
    values = {
        "id": lease_id,
        "fence": fence,
        "started_at": started_at,
        "reason": reason,
        "is_taken_over": is_taken_over,
    }
    await connection.execute(_OPEN_GAP, values)


async def end_gap(connection: psycopg.AsyncConnection, *, lease_id: int, at: datetime) -> int | None:
    """Events arrive again. Returns the gap's id, if one was open."""
    row = await (await connection.execute(_END_GAP, {"id": lease_id, "at": at})).fetchone()
    return int(row[0]) if row else None


async def settle_gap(
    connection: psycopg.AsyncConnection, *, gap_id: int, differences: int, is_repaired: bool = False, note: str = ""
) -> None:
    """Add what the snapshot, or the repair from the platform's own logs, found to differ after a gap."""
    values = {"gap_id": gap_id, "differences": differences, "is_repaired": is_repaired, "note": note}
    await connection.execute(_SETTLE_GAP, values)


async def note_loss(
    connection: psycopg.AsyncConnection,
    *,
    lease_id: int,
    fence: int,
    started_at: datetime,
    ended_at: datetime,
    reason: str,
) -> None:
    """Note a time that is over, in which the socket was listened to and yet not all could be kept."""
    values = {"id": lease_id, "fence": fence, "started_at": started_at, "ended_at": ended_at, "reason": reason}
    await connection.execute(_NOTE_LOSS, values)
