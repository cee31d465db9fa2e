"""Waiting for the platform's maintenance to end, together: one socket tries, the others follow when it is live.

So that an installation of 200 sockets comes back early and yet leaves its hour's sync requests for the coming back.
"""

import psycopg

from vendor_admin.organizations.platform_access import budgets
from vendor_admin.sync.leases import HELD, Held, held_values
from vendor_admin.tradovate.socket.short_lives import A_PATTERN

FOLLOWS_AFTER_SECONDS = 60.0
PLATFORMS = ("production", "staging")

_LOCK = """
SELECT pg_advisory_xact_lock(hashtextextended(c.rest_url, 11))
  FROM sync_lease l JOIN organizations_connection c ON c.id = l.connection_id WHERE l.id = %(lease_id)s
"""
_CLAIM_TRY = f"""
{HELD},
seen AS (
    SELECT coalesce(bool_or(other.state = 'live' AND other.expires_at > now() AND other.opened_at > held.opened_at
                            AND other.opened_at <= now() - %(follows_after)s * interval '1 second'), false) AS is_back,
           coalesce(extract(epoch FROM now() - max(other.opened_at) FILTER (
               WHERE other.id = held.id OR other.short_lives < %(a_pattern)s))::float8, %(pause)s) AS tried_seconds_ago
      FROM held JOIN organizations_connection c ON c.id = held.connection_id
           JOIN organizations_connection beside ON beside.rest_url = c.rest_url
           JOIN sync_lease other ON other.connection_id = beside.id),
claimed AS (
    UPDATE sync_lease l SET opened_at = now() FROM held, seen
     WHERE l.id = held.id AND NOT seen.is_back AND seen.tried_seconds_ago >= %(pause)s)
SELECT CASE WHEN is_back THEN 0 ELSE greatest(%(pause)s - tried_seconds_ago, 0) END FROM seen
"""


async def seconds_until_try(connection: psycopg.AsyncConnection, *, lease: Held, pause_seconds: float) -> float:
    """How long until this socket may try: no time once another that was opened later lasts, else so long that of all
    sockets at the address one tries in `pause_seconds`. A try that may be made is noted as made.
    """
    values = {"pause": pause_seconds, "follows_after": FOLLOWS_AFTER_SECONDS, "a_pattern": A_PATTERN}
    async with connection.transaction():
        await connection.execute(_LOCK, held_values(lease))
        row = await (await connection.execute(_CLAIM_TRY, held_values(lease) | values)).fetchone()
    return float(row[0]) if row else pause_seconds


def keeps_its_hours(rest_url: str) -> bool:
    """Whether an address is the platform's own, whose maintenance has its hours: a sandbox has none."""
    return budgets.platform_subject(rest_url) in PLATFORMS
