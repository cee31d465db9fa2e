"""What comparing mirrors with the platform asks of the database: the time it began, what was known, a note of it.

All functions run as the hub role on the hub's own connection.
"""

from collections.abc import Sequence
from datetime import datetime

import psycopg

from vendor_admin.mirrors.models.base import Mirror
from vendor_admin.sync.leases import HELD, Held, held_values

_NOTE_RECONCILIATION = f"""
{HELD}
INSERT INTO sync_reconciliation (organization_id, lease_id, environment, entity_type, started_at, finished_at,
                                 is_first_load, platform_count, changed, vanished, absent, error)
SELECT organization_id, id, environment, %(entity_type)s, %(started_at)s, now(), %(is_first_load)s, %(platform_count)s,
       %(changed)s, %(vanished)s, %(absent)s, %(error)s
  FROM held
"""


async def database_now(connection: psycopg.AsyncConnection) -> datetime:
    """The database's time, which every comparison counts from, whatever the hub's clock says."""
    (row,) = await (await connection.execute("SELECT clock_timestamp()")).fetchall()
    now: datetime = row[0]
    return now


async def known_ids(
    connection: psycopg.AsyncConnection,
    model: type[Mirror],
    *,
    lease: Held,
    before: datetime,
    after: int,
    most: int,
) -> list[int]:
    """Ids that the mirror held before a time and that are not deleted, ascending: the first `most` behind `after`."""
    cursor = await connection.execute(
        f'SELECT entity_id FROM "{model._meta.db_table}" WHERE organization_id = %s AND environment = %s'
        " AND entity_id > %s AND deleted_at IS NULL AND received_at < %s ORDER BY entity_id LIMIT %s",
        [lease.organization_id, lease.environment, after, before, most],
    )
    return [row[0] for row in await cursor.fetchall()]


async def known_of(
    connection: psycopg.AsyncConnection, model: type[Mirror], *, lease: Held, masters: Sequence[int]
) -> list[int]:
    """Ids that the mirror holds of these masters and that are not deleted, ascending."""
    cursor = await connection.execute(
        f'SELECT entity_id FROM "{model._meta.db_table}" WHERE organization_id = %s AND environment = %s'
        f" AND {model.master_column} = ANY (%s) AND deleted_at IS NULL AND received_at < clock_timestamp()"
        " ORDER BY entity_id",
        [lease.organization_id, lease.environment, list(masters)],
    )
    return [row[0] for row in await cursor.fetchall()]


async def has_over(connection: psycopg.AsyncConnection, model: type[Mirror], count: int, *, lease: Held) -> bool:
    """Whether a mirror has more rows than so many, deleted ones included."""
    cursor = await connection.execute(
        f'SELECT count(*) FROM (SELECT FROM "{model._meta.db_table}" WHERE organization_id = %s AND environment = %s'
        " LIMIT %s) AS rows",
        [lease.organization_id, lease.environment, count + 1],
    )
    (row,) = await cursor.fetchall()
    return int(row[0]) > count


async def note_reconciliation(
    connection: psycopg.AsyncConnection,
    *,
    lease: Held,
    entity_type: str,
    started_at: datetime,
    is_first_load: bool,
    platform_count: int,
    changed: int,
    vanished: int,
    absent: int,
    error: str,
) -> None:
    """Store one comparison for people to see. `started_at` is by the database's clock; `absent` are those that are not
    listed and yet not taken as gone.
    """
    values = {
        "entity_type": entity_type,
        "started_at": started_at,
        "is_first_load": is_first_load,
        "platform_count": platform_count,
        "changed": changed,
        "vanished": vanished,
        "absent": absent,
        "error": error[:1000],
    }
    await connection.execute(_NOTE_RECONCILIATION, held_values(lease) | values)
