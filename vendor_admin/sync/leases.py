"""Who holds which socket: rows of `sync_lease`, taken and renewed by conditional UPDATE.

All functions run as the hub role on the hub's own connection. Times are the database's, so that hosts' clocks do not
matter. A flush holds its leases FOR KEY SHARE, and `fence` is part of a key: so a claim waits for a flush, and renewals
do not.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

import msgspec
import psycopg
import structlog
from psycopg.rows import class_row

from vendor_admin.sync import backends
from vendor_admin.tradovate.api_hosts import at_host

log = structlog.get_logger(__name__)


class UnheldReason(StrEnum):
    """Why nobody listened to a socket, in the words that the gap keeps."""

    NO_WORKER = "no worker held it"
    PAUSED = "the connection was paused"
    CHANGED = "the connection was changed"
    MOVED = "the platform moved the organization to another host"


# Hubs beat every second. Less than a lease's ttl: a dead hub whose leases run out must not count in the fair share.
HUB_TTL_SECONDS = 6.0
FORGOTTEN_AT_ONCE = 20_000

# What a new shard will hear, the others heard until now: it begins where they are, so that it begins with a gap.
_ENSURE = """
INSERT INTO sync_lease (organization_id, connection_id, environment, shard, holder, fence, epoch, state, reason, advice,
                        events_stored, lag_ms, covered_until, settled_at)
SELECT c.organization_id, c.id, c.environment, s.shard, '', 0, 0, 'unheld', '', '', 0, 0, others.covered_until,
       others.settled_at
  FROM organizations_connection c CROSS JOIN LATERAL generate_series(0, c.shard_count - 1) AS s(shard)
       CROSS JOIN LATERAL (
       SELECT min(o.covered_until) AS covered_until,
              CASE WHEN bool_and(o.settled_at IS NOT NULL) THEN min(o.settled_at) END AS settled_at
         FROM sync_lease o WHERE o.connection_id = c.id) AS others
 WHERE NOT EXISTS (SELECT 1 FROM sync_lease l WHERE l.connection_id = c.id AND l.shard = s.shard)
ON CONFLICT DO NOTHING
"""
# What somebody else has locked waits for the next time: one row never holds up the others. Gaps without a lease are
# never told of again, so what they missed counts as the others', whose own gaps tell when it has been read.
_RETIRE = """
WITH retired AS (
    DELETE FROM sync_lease WHERE id IN (
        SELECT l.id FROM sync_lease l JOIN organizations_connection c ON c.id = l.connection_id
         WHERE l.shard >= c.shard_count AND (l.holder = '' OR l.expires_at < now()) FOR UPDATE OF l SKIP LOCKED)
    RETURNING id)
UPDATE sync_gap g SET ended_at = coalesce(g.ended_at, now()), repaired_at = now(), repair_note = %(note)s
  FROM retired WHERE g.lease_id = retired.id AND g.repaired_at IS NULL
"""
_RETIRED = "This part of the connection was given up. The others began anew then, and read what was missed."
# Up to where a lease `l` is known to be stored.
STORED_UNTIL = """
greatest(l.covered_until, (SELECT b.received_to FROM sync_batch b WHERE b.lease_id = l.id
                            ORDER BY b.epoch DESC, b.first_seq DESC LIMIT 1))"""
# The gaps of leases `l` that nobody holds from now on, up to the next holder.
_OF_UNHELD = f"""(organization_id, lease_id, environment, shard, started_at, reason, differences, repair_note)
SELECT l.organization_id, l.id, l.environment, l.shard, x.started_at, %(gap_reason)s, 0, ''
  FROM l CROSS JOIN LATERAL (SELECT {STORED_UNTIL} AS started_at) AS x WHERE x.started_at IS NOT NULL
ON CONFLICT (lease_id) WHERE ended_at IS NULL DO NOTHING
"""
_MARK_PAUSED = f"""
WITH l AS (
UPDATE sync_lease SET state = 'paused', reason = 'Paused by staff.', advice = 'Resume the connection to go on.',
       state_since = now(), connected_since = NULL, next_try_at = NULL, locked_until = NULL, holder = '',
       expires_at = NULL
 WHERE id IN (
    SELECT l.id FROM sync_lease l JOIN organizations_connection c ON c.id = l.connection_id
     WHERE NOT c.is_enabled AND (l.state <> 'paused' OR l.holder <> '') AND (l.holder = '' OR l.expires_at < now())
       FOR UPDATE OF l SKIP LOCKED)
RETURNING *)
INSERT INTO sync_gap {_OF_UNHELD}"""
_BEAT = """
INSERT INTO sync_hub (name, expires_at) VALUES (%(name)s, now() + %(ttl)s * interval '1 second')
ON CONFLICT (name) DO UPDATE SET expires_at = EXCLUDED.expires_at
"""
_SHARE = """
SELECT ceil((SELECT count(*) FROM sync_lease l JOIN organizations_connection c ON c.id = l.connection_id
              WHERE c.is_enabled AND l.shard < c.shard_count)
            / greatest((SELECT count(*) FROM sync_hub WHERE expires_at > now()), 1)::numeric)::integer
"""
_LAPSED = """
SELECT holder FROM sync_lease WHERE holder NOT IN ('', %(name)s) GROUP BY holder HAVING max(expires_at) < now()
"""
_CONFIGURATION = """
l.id, l.organization_id, l.connection_id, l.environment, l.shard, l.fence, l.epoch, l.settled_at, l.retry_requested_at,
c.version, c.rest_url, c.websocket_url, c.platform_host, c.entity_types, c.sharding, c.shard_count,
l.short_lives, extract(epoch FROM clock_timestamp() - l.opened_at)::float8 AS opened_seconds_ago
"""
# Begins every INSERT and UPDATE of a holder outside a flush: nothing is written by who has lost the lease, nor by who
# knows of a socket that this database does not know (it was restored).
HELD = """
WITH held AS (
    SELECT * FROM sync_lease WHERE id = %(lease_id)s AND fence = %(fence)s AND epoch >= %(epoch)s FOR KEY SHARE)"""
_CLAIM = f"""
WITH free AS (
    SELECT l.id FROM sync_lease l JOIN organizations_connection c ON c.id = l.connection_id
     WHERE c.is_enabled AND l.shard < c.shard_count AND (l.holder = '' OR l.expires_at < now())
     ORDER BY l.expires_at NULLS LAST, l.id LIMIT %(most)s FOR UPDATE OF l SKIP LOCKED)
UPDATE sync_lease l
   SET holder = %(name)s, fence = l.fence + 1, expires_at = now() + %(ttl)s * interval '1 second',
       state = 'connecting', reason = '', advice = '', state_since = now(), connected_since = NULL,
       next_try_at = NULL, locked_until = NULL
  FROM free, organizations_connection c
 WHERE l.id = free.id AND c.id = l.connection_id
RETURNING {_CONFIGURATION}
"""
_READ = f"""
SELECT {_CONFIGURATION} FROM sync_lease l JOIN organizations_connection c ON c.id = l.connection_id
 WHERE l.id = %(id)s AND l.fence = %(fence)s AND l.holder = %(name)s
"""
# A lease that somebody else has locked is ours still, but not renewed.
_RENEW = """
WITH told AS (
    SELECT * FROM jsonb_to_recordset(%(statuses)s::jsonb) AS x(id bigint, fence bigint, epoch bigint, state text,
       reason text, advice text, state_since timestamptz, connected_since timestamptz, last_frame_at timestamptz,
       last_event_at timestamptz, covered_until timestamptz, settled_at timestamptz, newly_stored bigint,
       lag_ms integer, waiting_ms integer, reconciled_at timestamptz, next_try_at timestamptz,
       locked_until timestamptz, refused_types text[], short_lives integer)),
free AS (
    SELECT l.id FROM sync_lease l JOIN told x ON x.id = l.id AND x.fence = l.fence AND x.epoch <= l.epoch
     WHERE l.holder = %(name)s ORDER BY l.id FOR NO KEY UPDATE OF l SKIP LOCKED),
renewed AS (
    UPDATE sync_lease l
       SET expires_at = now() + %(ttl)s * interval '1 second', state = x.state, reason = x.reason, advice = x.advice,
           state_since = x.state_since, connected_since = x.connected_since, last_frame_at = x.last_frame_at,
           last_event_at = coalesce(x.last_event_at, l.last_event_at),
           covered_until = coalesce(x.covered_until, l.covered_until),
           settled_at = coalesce(x.settled_at, l.settled_at), events_stored = l.events_stored + x.newly_stored,
           lag_ms = x.lag_ms, waiting_ms = x.waiting_ms, reconciled_at = coalesce(x.reconciled_at, l.reconciled_at),
           next_try_at = x.next_try_at, locked_until = x.locked_until,
           refused_types = coalesce(x.refused_types, l.refused_types),
           short_lives = CASE WHEN x.epoch = l.epoch THEN coalesce(x.short_lives, l.short_lives) ELSE l.short_lives END
      FROM told x JOIN free ON free.id = x.id
     WHERE l.id = x.id
    RETURNING l.id, l.reconciled_at)
SELECT l.id, renewed.id IS NOT NULL AS is_renewed, c.version, c.platform_host,
       c.is_enabled AND l.shard < c.shard_count AS is_wanted,
       CASE WHEN l.reconcile_requested_at > coalesce(renewed.reconciled_at, l.reconciled_at, '-infinity')
            THEN l.reconcile_requested_at END AS reconcile_requested_at, l.retry_requested_at
  FROM sync_lease l JOIN told x ON x.id = l.id AND x.fence = l.fence AND x.epoch <= l.epoch
       JOIN organizations_connection c ON c.id = l.connection_id LEFT JOIN renewed ON renewed.id = l.id
 WHERE l.holder = %(name)s
"""
_FORGET_BATCHES = """
DELETE FROM sync_batch WHERE ctid = ANY (ARRAY(
    SELECT b.ctid
      FROM (SELECT DISTINCT organization_id FROM sync_lease WHERE holder = %(name)s) AS o CROSS JOIN LATERAL (
           SELECT ctid FROM sync_batch
            WHERE organization_id = o.organization_id AND committed_at < now() - interval '1 day'
            LIMIT %(most)s) AS b
     LIMIT %(most)s))
"""
_OTHERS_SETTLED = """
SELECT NOT EXISTS (
    SELECT FROM sync_lease l JOIN organizations_connection c ON c.id = l.connection_id
     WHERE c.id = %s AND l.id <> %s AND l.shard < c.shard_count AND l.settled_at IS NULL)
"""
_REQUEST_RECONCILIATION = f"""
{HELD}
UPDATE sync_lease l SET reconcile_requested_at = now() FROM held
 WHERE l.connection_id = held.connection_id AND l.shard = 0
"""
# From here on nobody listens. The gap is noted at once: it may be long until the next holder comes.
_RELEASE = f"""
WITH l AS (
UPDATE sync_lease l
   SET holder = '', expires_at = NULL, connected_since = NULL, state = 'unheld', state_since = now(),
       reason = %(reason)s, advice = '', next_try_at = NULL, locked_until = NULL
  FROM unnest(%(ids)s::bigint[], %(fences)s::bigint[], %(epochs)s::bigint[]) AS x(id, fence, epoch)
 WHERE l.id = x.id AND l.fence = x.fence AND l.epoch >= x.epoch AND l.holder = %(name)s
RETURNING l.*)
INSERT INTO sync_gap {_OF_UNHELD}"""
# A connection counts as one that ended at once until it has lasted: so a worker that dies of it is counted as well.
_NEXT_EPOCH = """
UPDATE sync_lease SET epoch = epoch + 1, opened_at = clock_timestamp(), short_lives = %(short_lives)s
 WHERE id = %(lease_id)s AND fence = %(fence)s AND epoch >= %(epoch)s AND holder = %(name)s
RETURNING epoch
"""


@dataclass(frozen=True, slots=True)
class Held:
    """A lease as it was claimed, with the connection's configuration (without its credentials).

    `rest_url` and `websocket_url` are as configured; `platform_host` is the host in use, where it is another.
    `short_lives` is how many connections in a row have ended at once, and `opened_seconds_ago` how long
    before the claim the last was opened.
    """

    id: int
    organization_id: int
    connection_id: int
    environment: str
    shard: int
    fence: int
    epoch: int
    settled_at: datetime | None
    retry_requested_at: datetime | None
    version: int
    rest_url: str
    websocket_url: str
    platform_host: str = ""
    entity_types: list[str] = field(default_factory=list)
    sharding: str = ""
    shard_count: int = 1
    short_lives: int = 0
    opened_seconds_ago: float | None = None

    @property
    def websocket_url_in_use(self) -> str:
        """Where the socket is opened."""
        return at_host(self.websocket_url, self.platform_host)


def held_values(lease: Held) -> dict[str, object]:
    """The parameters of HELD; the lease carries the epoch of the socket that speaks."""
    return {"lease_id": lease.id, "fence": lease.fence, "epoch": lease.epoch}


class Status(msgspec.Struct):
    """What the holder tells about a lease when it renews it. Times are aware; `newly_stored` is since the last
    renewal, `waiting_ms` the age of the oldest row that is not committed. A waiting socket has `next_try_at`, and
    `locked_until` while it is the platform that makes it wait. `refused_types` is None until something was compared.
    `short_lives` belongs to the epoch.
    """

    id: int
    fence: int
    epoch: int
    state: str
    reason: str = ""
    advice: str = ""
    state_since: datetime | None = None
    connected_since: datetime | None = None
    last_frame_at: datetime | None = None
    last_event_at: datetime | None = None
    covered_until: datetime | None = None
    settled_at: datetime | None = None
    newly_stored: int = 0
    lag_ms: int = 0
    waiting_ms: int = 0
    reconciled_at: datetime | None = None
    next_try_at: datetime | None = None
    locked_until: datetime | None = None
    refused_types: list[str] | None = None
    short_lives: int | None = None


@dataclass(frozen=True, slots=True)
class Renewed:
    """What the database says of a lease that is still held: the connection's version and host in use, and
    what staff want.

    It is not renewed while somebody else has its row locked.
    """

    id: int
    is_renewed: bool
    version: int
    platform_host: str
    is_wanted: bool
    reconcile_requested_at: datetime | None
    retry_requested_at: datetime | None


async def upkeep(connection: psycopg.AsyncConnection, *, name: str) -> int:
    """Make leases for new connections, retire those of dropped shards, say that this hub lives. Returns its fair
    share.
    """
    async with connection.transaction():
        await connection.execute(_ENSURE)
        await connection.execute(_RETIRE, {"note": _RETIRED})
        await connection.execute(_MARK_PAUSED, {"gap_reason": UnheldReason.PAUSED.value})
        await connection.execute(_BEAT, {"name": name, "ttl": HUB_TTL_SECONDS})
        row = await (await connection.execute(_SHARE)).fetchone()
    return int(row[0]) if row else 0


async def break_locks_of_lapsed(connection: psycopg.AsyncConnection, *, name: str) -> list[str]:
    """End the connections of hubs that have let all their leases run out, so that what those have locked is free.

    Such a hub died, is cut off, or stands still, perhaps inside a flush. If it lives, it loses nothing by this: its
    writer connects again and asks the ledger. Returns their names.
    """
    cursor = await connection.execute(_LAPSED, {"name": name})
    lapsed = [str(holder) for (holder,) in await cursor.fetchall()]
    if lapsed and not await backends.end(connection, names=[backends.application_name(one) for one in lapsed]):
        log.warning("hub.locks_not_broken_yet", hubs=lapsed)
    return lapsed


async def claim(connection: psycopg.AsyncConnection, *, name: str, most: int, ttl: float) -> list[Held]:
    """Take up to `most` leases that nobody holds. Each claim raises the fence."""
    async with connection.cursor(row_factory=class_row(Held)) as cursor:
        await cursor.execute(_CLAIM, {"name": name, "most": most, "ttl": ttl})
        return await cursor.fetchall()


async def read(connection: psycopg.AsyncConnection, *, name: str, lease_id: int, fence: int) -> Held | None:
    """A lease with the connection's present configuration; None when it was lost."""
    async with connection.cursor(row_factory=class_row(Held)) as cursor:
        await cursor.execute(_READ, {"name": name, "id": lease_id, "fence": fence})
        return await cursor.fetchone()


async def renew(
    connection: psycopg.AsyncConnection, *, name: str, statuses: Sequence[Status], ttl: float
) -> dict[int, Renewed]:
    """Prolong leases and store their status. A lease that is missing from the answer was lost; one whose row somebody
    else has locked is in it as not renewed.
    """
    async with connection.cursor(row_factory=class_row(Renewed)) as cursor:
        await cursor.execute(
            _RENEW, {"name": name, "ttl": ttl, "statuses": msgspec.json.encode(list(statuses)).decode()}
        )
        return {row.id: row for row in await cursor.fetchall()}


async def release(
    connection: psycopg.AsyncConnection,
    *,
    name: str,
    held: Sequence[Held],
    reason: str,
    gap_reason: UnheldReason = UnheldReason.NO_WORKER,
) -> None:
    """Give leases back, so that other hubs can take them at once. A gap begins that the next holder ends."""
    of_held = {
        "ids": [lease.id for lease in held],
        "fences": [lease.fence for lease in held],
        "epochs": [lease.epoch for lease in held],
    }
    await connection.execute(_RELEASE, of_held | {"name": name, "reason": reason, "gap_reason": gap_reason.value})


async def retire_hub(connection: psycopg.AsyncConnection, *, name: str) -> None:
    """Forget this hub, so that the others' fair share grows at once."""
    await connection.execute("DELETE FROM sync_hub WHERE name = %s", [name])


async def forget_old_batches(connection: psycopg.AsyncConnection, *, name: str, most: int = FORGOTTEN_AT_ONCE) -> int:
    """Drop ledger rows older than a day of the organizations this hub serves: they answer questions of the last
    minutes, and count events of the last hours. Returns how many went; `most` of them means that there may be more.
    """
    return (await connection.execute(_FORGET_BATCHES, {"name": name, "most": most})).rowcount


async def have_others_settled(connection: psycopg.AsyncConnection, *, lease: Held) -> bool:
    """Whether every other shard of a lease's connection has once had a whole snapshot."""
    row = await (await connection.execute(_OTHERS_SETTLED, [lease.connection_id, lease.id])).fetchone()
    return bool(row and row[0])


async def request_reconciliation(connection: psycopg.AsyncConnection, *, lease: Held) -> None:
    """Ask the shard that loads and compares for all shards of a lease's connection to do so again."""
    await connection.execute(_REQUEST_RECONCILIATION, held_values(lease))


async def next_epoch(connection: psycopg.AsyncConnection, *, name: str, lease: Held) -> int | None:
    """Number the next socket of a lease, whose short lives are those before it; None when the lease was lost."""
    values = held_values(lease) | {"name": name, "short_lives": lease.short_lives + 1}
    row = await (await connection.execute(_NEXT_EPOCH, values)).fetchone()
    return int(row[0]) if row else None
