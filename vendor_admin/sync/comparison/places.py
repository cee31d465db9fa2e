"""Rows of `sync_readingplace`: how far what the platform lists by masters alone has been read; and gaps told by them.

All functions run as the hub role on the hub's own connection, and do nothing for who holds the lease no more. Shard 0
of a connection reads for all shards; every shard's gaps count from the place where the reading was when they ended.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import psycopg
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from vendor_admin.mirrors.columns import mirror_models
from vendor_admin.mirrors.models import (
    Account,
    AccountRiskStatus,
    CashBalance,
    Position,
    UserAccountAutoLiq,
    UserAccountPositionLimit,
)
from vendor_admin.sync.leases import HELD, Held, held_values
from vendor_admin.sync.rolling import MOST_MOVED, SMALL_CALLS, Place
from vendor_admin.tradovate.operations import MOST_IDS_IN_A_CALL

# A mirror is stamped by its hub's clock, which may differ from the database's.
CLOCKS_DIFFER = "interval '2 minutes'"
AT_FIRST = datetime(1970, 1, 1, tzinfo=UTC)
"""Everything has moved since then."""

_ENSURE = f"""
{HELD}
INSERT INTO sync_readingplace (organization_id, connection_id, entity_type, round, next_master, asked, masters,
                               began_at, last_began_at, last_ended_at, moved_at)
SELECT held.organization_id, held.connection_id, t.name,
       CASE WHEN first.reconciled_at IS NULL AND t.has_rounds THEN 0 ELSE 1 END,
       0, 0, 0, now(), first.reconciled_at, first.reconciled_at, CASE WHEN t.has_rounds THEN now() ELSE %(at_first)s END
  FROM held JOIN sync_lease first ON first.connection_id = held.connection_id AND first.shard = 0
       CROSS JOIN (SELECT unnest(%(types)s::text[]), true UNION ALL SELECT unnest(%(chosen)s::text[]), false)
               AS t(name, has_rounds)
ON CONFLICT DO NOTHING
"""
_MARK = f"""
{HELD},
gaps AS (
    SELECT g.id FROM sync_gap g JOIN held ON g.lease_id = held.id
     WHERE g.id <= %(gap_id)s AND g.ended_at IS NOT NULL AND g.repaired_at IS NULL AND g.marks IS NULL),
goals AS (
    UPDATE sync_readingplace p SET goal_round = p.round, goal_master = p.next_master, goal_asked = p.asked FROM held
     WHERE p.connection_id = held.connection_id AND p.entity_type = ANY (%(types)s) AND EXISTS (SELECT FROM gaps)
    RETURNING p.entity_type, p.round, p.next_master, p.asked)
UPDATE sync_gap g
   SET marks = coalesce((SELECT jsonb_object_agg(entity_type, jsonb_build_array(round, next_master, asked)) FROM goals),
                        '{{}}')
  FROM gaps WHERE g.id = gaps.id
"""
_PLACES = """
SELECT entity_type, round, next_master, asked, masters, last_ended_at, goal_round, goal_master, goal_asked, moved_at,
       unreadable
  FROM sync_readingplace WHERE connection_id = %(connection_id)s AND entity_type = ANY (%(types)s)
"""
_ADVANCE = f"""
{HELD}
UPDATE sync_readingplace p
   SET round = p.round + %(is_over)s::integer, masters = %(masters)s,
       next_master = CASE WHEN %(is_over)s THEN 0 ELSE %(next_master)s END,
       asked = CASE WHEN %(is_over)s THEN 0 ELSE p.asked + %(count)s END,
       began_at = CASE WHEN %(is_over)s THEN now() ELSE p.began_at END,
       last_began_at = CASE WHEN %(is_over)s THEN p.began_at ELSE p.last_began_at END,
       last_ended_at = CASE WHEN %(is_over)s THEN now() ELSE p.last_ended_at END,
       done_at = now() + %(seconds_left)s * interval '1 second'
  FROM held
 WHERE p.connection_id = held.connection_id AND p.entity_type = %(entity_type)s AND p.round = %(round)s
   AND (p.goal_round, p.goal_master) IS NOT DISTINCT FROM (%(goal_round)s::bigint, %(goal_master)s::bigint)
"""
_NOTE_MOVED = f"""
{HELD}
UPDATE sync_readingplace p SET moved_at = %(moved_at)s FROM held
 WHERE p.connection_id = held.connection_id AND p.entity_type = %(entity_type)s
"""
_NOTE_UNREADABLE = f"""
{HELD}
UPDATE sync_readingplace p SET unreadable = %(unreadable)s FROM held
 WHERE p.connection_id = held.connection_id AND p.entity_type = %(entity_type)s
"""
_TELL_GAPS = f"""
{HELD},
told AS (
    SELECT g.id, g.id = max(g.id) OVER () AS is_newest, coalesce(m.is_lapped, true) AS is_lapped, m.done, m.masters
      FROM held JOIN sync_lease l ON l.connection_id = held.connection_id JOIN sync_gap g ON g.lease_id = l.id
           CROSS JOIN LATERAL (
           SELECT bool_and((p.round - 1, p.next_master) >= ((m.value->>0)::bigint, (m.value->>1)::bigint)) AS is_lapped,
                  sum(p.masters) AS masters,
                  sum(least(p.masters, greatest(0, p.asked - (m.value->>2)::integer
                                                   + p.masters * (p.round - (m.value->>0)::bigint)))) AS done
             FROM jsonb_each(g.marks) m JOIN sync_readingplace p
               ON p.connection_id = held.connection_id AND p.entity_type = m.key AND m.key = ANY (%(types)s)) AS m
     WHERE g.ended_at IS NOT NULL AND g.repaired_at IS NULL AND g.marks IS NOT NULL AND g.lists_read_at IS NOT NULL)
UPDATE sync_gap g
   SET differences = g.differences + CASE WHEN told.is_newest THEN %(found)s ELSE 0 END,
       repaired_at = CASE WHEN told.is_lapped THEN now() END,
       repair_note = CASE
           WHEN told.is_lapped THEN
               format('%%s found in the platform''s snapshot, logs and lists.%%s',
                      g.differences + CASE WHEN told.is_newest THEN %(found)s ELSE 0 END, %(left_out)s::text)
           ELSE format('All lists are read. Of what is read account by account: %%s of %%s read, done about %%s UTC.',
                       trim(to_char(told.done, '999,999,990')), trim(to_char(told.masters, '999,999,990')),
                       to_char((now() + %(seconds_left)s * interval '1 second') AT TIME ZONE 'UTC',
                               'YYYY-MM-DD HH24:MI'))
           END
  FROM told WHERE g.id = told.id
RETURNING g.id, g.repaired_at IS NOT NULL
"""
IN_LEASE = "organization_id = %(organization_id)s AND environment = %(environment)s"
_MOVED_ACCOUNTS = " UNION ".join(
    [
        *(
            f'SELECT {account} FROM "{model._meta.db_table}"'
            f" WHERE {IN_LEASE} AND received_at > %(since)s::timestamptz - {CLOCKS_DIFFER}"
            for model, account in (
                (Account, "entity_id"),
                (AccountRiskStatus, "entity_id"),
                (UserAccountAutoLiq, "entity_id"),
                (CashBalance, "account_id"),
                (Position, "account_id"),
            )
        ),
        f'SELECT account_id FROM "{Position._meta.db_table}" WHERE {IN_LEASE} AND net_pos <> 0 AND deleted_at IS NULL',
    ]
)
_IS_ACTIVE = "archived IS NOT TRUE AND closed IS NOT TRUE"
ACTIVE_ACCOUNTS = (
    f'SELECT entity_id FROM "{Account._meta.db_table}" WHERE {IN_LEASE} AND deleted_at IS NULL AND {_IS_ACTIVE}'
)


@dataclass(frozen=True, slots=True)
class Size:
    """How many masters a type has, and how many of them are of accounts that are neither archived nor closed."""

    masters: int
    active: int


async def ensure(
    connection: psycopg.AsyncConnection, *, lease: Held, types: Sequence[str], chosen: Sequence[str] = ()
) -> None:
    """Begin to keep the places of these types. What an earlier release compared counts as read; of what is read of
    chosen masters (`chosen`) nothing does.
    """
    values = {"types": list(types), "chosen": list(chosen), "at_first": AT_FIRST}
    await connection.execute(_ENSURE, held_values(lease) | values)


async def mark(connection: psycopg.AsyncConnection, *, lease: Held, gap_id: int, types: Sequence[str]) -> None:
    """Note from where on these types are read once around, for a gap that has ended and older ones without a mark."""
    await connection.execute(_MARK, held_values(lease) | {"gap_id": gap_id, "types": list(types)})


async def read_places(connection: psycopg.AsyncConnection, *, lease: Held, types: Sequence[str]) -> list[Place]:
    """The places of a lease's connection."""
    async with connection.cursor(row_factory=class_row(Place)) as cursor:
        await cursor.execute(_PLACES, {"connection_id": lease.connection_id, "types": list(types)})
        return await cursor.fetchall()


async def advance(
    connection: psycopg.AsyncConnection,
    *,
    lease: Held,
    place: Place,
    next_master: int,
    count: int,
    masters: int,
    is_over: bool,
    seconds_left: float,
) -> None:
    """The next `count` masters from a place on were asked; `is_over`: they were the last ones of the round.

    Not where a gap was marked meanwhile: they may have been asked before it ended, and are asked again.
    """
    values = {
        "entity_type": place.entity_type,
        "round": place.round,
        "goal_round": place.goal_round,
        "goal_master": place.goal_master,
        "next_master": next_master,
        "count": count,
        "masters": masters,
        "is_over": is_over,
        "seconds_left": seconds_left,
    }
    await connection.execute(_ADVANCE, held_values(lease) | values)


async def note_moved(connection: psycopg.AsyncConnection, *, lease: Held, entity_type: str, moved_at: datetime) -> None:
    """What moved before that time, by the database's clock, has been read out of its turn."""
    await connection.execute(_NOTE_MOVED, held_values(lease) | {"entity_type": entity_type, "moved_at": moved_at})


async def note_unreadable(
    connection: psycopg.AsyncConnection, *, lease: Held, entity_type: str, unreadable: Mapping[str, str]
) -> None:
    """Keep which masters of a type could not be read, by their ids, with the reason."""
    values = {"entity_type": entity_type, "unreadable": Jsonb(dict(unreadable))}
    await connection.execute(_NOTE_UNREADABLE, held_values(lease) | values)


async def tell_gaps(
    connection: psycopg.AsyncConnection,
    *,
    lease: Held,
    types: Sequence[str],
    left_out: str,
    found: int,
    seconds_left: float,
) -> dict[int, bool]:
    """Call gaps of the connection repaired that have been read once around in these types, and say of the others how
    far it is. Returns their ids, with whether they are repaired now. `found` is added to the newest; `left_out` says
    what could not be read.
    """
    values = {"types": list(types), "left_out": left_out, "found": found, "seconds_left": seconds_left}
    return dict(await (await connection.execute(_TELL_GAPS, held_values(lease) | values)).fetchall())


async def next_masters(
    connection: psycopg.AsyncConnection, *, lease: Held, entity_type: str, start: int, most: int
) -> list[int]:
    """Ids of a type's masters that are not deleted, from one id on."""
    cursor = await connection.execute(
        f'SELECT entity_id FROM "{_master_table(entity_type)}" WHERE {IN_LEASE} AND deleted_at IS NULL'
        " AND entity_id >= %(start)s ORDER BY entity_id LIMIT %(most)s",
        of_lease(lease) | {"start": start, "most": most},
    )
    return [row[0] for row in await cursor.fetchall()]


async def active_masters(connection: psycopg.AsyncConnection, *, lease: Held, entity_type: str) -> list[int]:
    """All masters of a type but those of accounts that are archived or closed."""
    return await _masters(connection, lease=lease, entity_type=entity_type, accounts=ACTIVE_ACCOUNTS)


async def moved_masters(
    connection: psycopg.AsyncConnection, *, lease: Held, entity_type: str, since: datetime
) -> list[int]:
    """Of these masters those whose account moved since a time or has an open position, a bounded number."""
    accounts = f"({ACTIVE_ACCOUNTS}) INTERSECT ({_MOVED_ACCOUNTS})"
    return await _masters(
        connection, lease=lease, entity_type=entity_type, accounts=accounts, since=since, most=MOST_MOVED
    )


async def sizes(connection: psycopg.AsyncConnection, *, lease: Held, types: Sequence[str]) -> dict[str, Size]:
    """How many masters each type has. Active ones are counted up to one more than are read in an hour."""
    models, by_master = mirror_models(), {}
    for master in {models[one].master for one in types}:
        table, column = models[master]._meta.db_table, _key_of(master)
        mine = f'SELECT FROM "{table}" WHERE {IN_LEASE} AND deleted_at IS NULL'
        active = _IS_ACTIVE if master == "account" else f"{column} IN ({ACTIVE_ACCOUNTS})"
        cursor = await connection.execute(
            f"SELECT (SELECT count(*) FROM ({mine}) AS masters),"
            f" (SELECT count(*) FROM ({mine}{'' if column is None else f' AND {active}'} LIMIT %(most)s) AS masters)",
            of_lease(lease) | {"most": None if column is None else SMALL_CALLS * MOST_IDS_IN_A_CALL + 1},
        )
        by_master[master] = Size(*(await cursor.fetchall())[0])
    return {one: by_master[models[one].master] for one in types}


async def _masters(
    connection: psycopg.AsyncConnection,
    *,
    lease: Held,
    entity_type: str,
    accounts: str,
    since: datetime | None = None,
    most: int | None = None,
) -> list[int]:
    key = _key(entity_type)
    if key is not None:
        chosen = f"{key} IN ({accounts})"
    else:
        chosen = f"(%(since)s::timestamptz IS NULL OR received_at > %(since)s::timestamptz - {CLOCKS_DIFFER})"
    cursor = await connection.execute(
        f'SELECT entity_id FROM "{_master_table(entity_type)}" WHERE {IN_LEASE} AND deleted_at IS NULL AND {chosen}'
        " ORDER BY received_at DESC LIMIT %(most)s",
        of_lease(lease) | {"since": since, "most": most},
    )
    return sorted(row[0] for row in await cursor.fetchall())


def _master_table(entity_type: str) -> str:
    models = mirror_models()
    return models[models[entity_type].master]._meta.db_table


def _key(entity_type: str) -> str | None:
    """The column of the master's table that holds the account's id; none where the master is a user."""
    return _key_of(mirror_models()[entity_type].master)


def _key_of(master: str) -> str | None:
    model = mirror_models()[master]
    if model is Account:
        return "entity_id"
    return "account_id" if model is UserAccountPositionLimit else None


def of_lease(lease: Held) -> dict[str, object]:
    """The values of IN_LEASE."""
    return {"organization_id": lease.organization_id, "environment": lease.environment}
