"""Rows of `sync_gap`: the times in which a socket was not listened to, noted by its holder.

All functions run as the hub role on the hub's own connection, and do nothing for who holds the lease no more: `lease`
is the lease with the epoch of the socket that speaks.
"""

from datetime import datetime

import psycopg

from vendor_admin.sync.leases import HELD, STORED_UNTIL, Held, held_values

# Connections that end at once, one after the other, are one gap: what is noted for the last of them goes on. Five
# seconds are for the hub's clock, which stamps the ends of gaps.
_OPEN_GAP = f"""
{HELD},
grown AS (
    UPDATE sync_gap g SET ended_at = NULL, settled_at = NULL, lists_read_at = NULL, marks = NULL, repaired_at = NULL,
           repair_note = '', reason = %(reason)s
      FROM held
     WHERE %(grows)s AND g.id = (
           SELECT min(n.id) FROM sync_gap n
            WHERE n.lease_id = held.id AND n.ended_at >= held.opened_at - interval '5 seconds')
       AND NOT EXISTS (SELECT FROM sync_gap o WHERE o.lease_id = held.id AND o.ended_at IS NULL)
    RETURNING g.id)
INSERT INTO sync_gap (organization_id, lease_id, environment, shard, started_at, reason, differences, repair_note)
SELECT l.organization_id, l.id, l.environment, l.shard, x.started_at, %(reason)s, 0, ''
  FROM held l CROSS JOIN LATERAL (
       SELECT coalesce(%(started_at)s::timestamptz, {STORED_UNTIL}) AS started_at) AS x
 WHERE x.started_at IS NOT NULL AND NOT EXISTS (SELECT FROM grown)
ON CONFLICT (lease_id) WHERE ended_at IS NULL DO UPDATE SET started_at = EXCLUDED.started_at
 WHERE %(is_taken_over)s AND sync_gap.started_at > EXCLUDED.started_at
"""
_END_GAP = f"""
{HELD}
UPDATE sync_gap g SET ended_at = %(at)s FROM held WHERE g.lease_id = held.id AND g.ended_at IS NULL RETURNING g.id
"""
# With a gap go the older ones of its socket that a worker died, or a socket ended, before they could be settled.
_SETTLE_GAP = f"""
{HELD}
UPDATE sync_gap g SET settled_at = coalesce(g.settled_at, now()),
       differences = g.differences + CASE WHEN g.id = %(gap_id)s THEN %(differences)s ELSE 0 END,
       lists_read_at = CASE WHEN %(is_read)s THEN coalesce(g.lists_read_at, now()) ELSE g.lists_read_at END,
       repair_note = CASE WHEN %(note)s = '' OR g.repaired_at IS NOT NULL THEN g.repair_note ELSE %(note)s END
  FROM held
 WHERE g.lease_id = held.id
   AND (g.id = %(gap_id)s OR (g.id < %(gap_id)s AND g.ended_at IS NOT NULL AND g.repaired_at IS NULL))
"""
_NOTE_LOSS = f"""
{HELD}
INSERT INTO sync_gap (organization_id, lease_id, environment, shard, started_at, ended_at, reason, differences,
                      repair_note)
SELECT organization_id, id, environment, shard, %(started_at)s, %(ended_at)s, %(reason)s, 0, '' FROM held
RETURNING id
"""


async def open_gap(
    connection: psycopg.AsyncConnection,
    *,
    lease: Held,
    started_at: datetime | None,
    reason: str,
    is_taken_over: bool = False,
    grows: bool = False,
) -> None:
    """Note that a socket which was live is not listened to. One open gap a lease; without `started_at` the ledger
    tells. When the lease was taken over, a gap its last holder noted begins as early as rows died that were waiting.
    `grows`: the gap that ended with the last connection goes on, as that ended at once.
    """
    values = {"started_at": started_at, "reason": reason, "is_taken_over": is_taken_over, "grows": grows}
    await connection.execute(_OPEN_GAP, held_values(lease) | values)


async def end_gap(connection: psycopg.AsyncConnection, *, lease: Held, at: datetime) -> int | None:
    """Events arrive again. Returns the gap's id, if one was open."""
    row = await (await connection.execute(_END_GAP, held_values(lease) | {"at": at})).fetchone()
    return int(row[0]) if row else None


async def settle_gap(
    connection: psycopg.AsyncConnection,
    *,
    lease: Held,
    gap_id: int,
    differences: int,
    is_read: bool = False,
    note: str = "",
) -> None:
    """Add what the snapshot, or the repair from the platform's own logs, found to differ after a gap. `is_read`: all
    that the platform lists has been read; `places.tell_gaps` says whether that repairs it.
    """
    values = {"gap_id": gap_id, "differences": differences, "is_read": is_read, "note": note}
    await connection.execute(_SETTLE_GAP, held_values(lease) | values)


async def note_loss(
    connection: psycopg.AsyncConnection,
    *,
    lease_id: int,
    fence: int,
    epoch: int,
    started_at: datetime,
    ended_at: datetime,
    reason: str,
) -> int | None:
    """Note a time that is over, in which the socket was listened to and yet not all could be kept. Returns the gap's
    id.
    """
    of_lease = {"lease_id": lease_id, "fence": fence, "epoch": epoch}
    values = of_lease | {"started_at": started_at, "ended_at": ended_at, "reason": reason}
    row = await (await connection.execute(_NOTE_LOSS, values)).fetchone()
    return int(row[0]) if row else None
