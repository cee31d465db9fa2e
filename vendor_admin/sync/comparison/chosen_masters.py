"""Of which masters something is read that the platform lists by masters alone and that matters for a few of them.

A contract's margin matters while somebody holds it or has an order in it, a product's session while it is traded, the
history of an account's risk status when the status has changed; risk categories are few. So these types take a few
calls an hour, however many accounts there are. All functions run as the hub role on the hub's own connection.
"""

from datetime import datetime

import psycopg

from vendor_admin.mirrors.models import (
    AccountRiskStatus,
    CategoryPositionLimit,
    Contract,
    ContractMaturity,
    Order,
    Position,
    Product,
    RiskCategory,
)
from vendor_admin.sync.comparison.places import ACTIVE_ACCOUNTS, CLOCKS_DIFFER, IN_LEASE, of_lease
from vendor_admin.sync.leases import Held
from vendor_admin.sync.rolling import MOST_MOVED
from vendor_admin.tradovate.order_status import OVER

NEWEST_ORDERS = 20_000
"""Among so many of the newest orders those are looked for that rest: the whole table would take too long."""

_HELD = (
    f'SELECT contract_id FROM "{Position._meta.db_table}"'
    f" WHERE {IN_LEASE} AND deleted_at IS NULL AND archived IS NOT TRUE AND net_pos <> 0"
)
_ORDERED = (
    f'SELECT contract_id, ord_status, deleted_at FROM "{Order._meta.db_table}" WHERE {IN_LEASE}'
    f" ORDER BY entity_id DESC LIMIT {NEWEST_ORDERS}"
)
_RESTS = "deleted_at IS NULL AND (ord_status = ANY (%(over)s)) IS NOT TRUE"
# Positions of old trade dates may show a quantity for ever; an expired contract has no margin any more.
_CONTRACTS = f"""
SELECT c.entity_id
  FROM "{Contract._meta.db_table}" c LEFT JOIN "{ContractMaturity._meta.db_table}" m
       ON m.organization_id = c.organization_id AND m.environment = c.environment
      AND m.entity_id = c.contract_maturity_id
 WHERE c.organization_id = %(organization_id)s AND c.environment = %(environment)s AND c.deleted_at IS NULL
   AND (m.expiration_date IS NULL OR m.expiration_date > now() - interval '1 day')
   AND c.entity_id IN ({_HELD} UNION SELECT contract_id FROM ({_ORDERED}) AS newest WHERE {_RESTS})
"""
_PRODUCTS = f"""
SELECT entity_id FROM "{Product._meta.db_table}" WHERE {IN_LEASE} AND deleted_at IS NULL AND entity_id IN (
    SELECT m.product_id
      FROM "{Contract._meta.db_table}" c JOIN "{ContractMaturity._meta.db_table}" m
           ON m.organization_id = c.organization_id AND m.environment = c.environment
          AND m.entity_id = c.contract_maturity_id
     WHERE c.organization_id = %(organization_id)s AND c.environment = %(environment)s
       AND (c.received_at > now() - interval '7 days'
            OR c.entity_id IN ({_HELD} UNION SELECT contract_id FROM ({_ORDERED}) AS newest)))
"""
_ACCOUNTS = (
    f'SELECT entity_id FROM "{AccountRiskStatus._meta.db_table}" WHERE {IN_LEASE} AND deleted_at IS NULL'
    f" AND received_at > %(since)s::timestamptz - {CLOCKS_DIFFER} AND entity_id IN ({ACTIVE_ACCOUNTS})"
    " ORDER BY received_at DESC"
)
_BY_TYPE = {
    "accountRiskStatusLog": _ACCOUNTS,
    "contractMargin": _CONTRACTS,
    "productSession": _PRODUCTS,
    **{
        name: f'SELECT entity_id FROM "{model._meta.db_table}" WHERE {IN_LEASE} AND deleted_at IS NULL'
        for name, model in (("categoryPositionLimit", RiskCategory), ("categoryRiskParameter", CategoryPositionLimit))
    },
}


async def chosen_masters(
    connection: psycopg.AsyncConnection, *, lease: Held, entity_type: str, since: datetime
) -> list[int]:
    """Ids of the masters to ask for, ascending; 2,000 at most. Of accounts those whose risk status changed since a
    time, the last ones first.
    """
    query = f"{_BY_TYPE[entity_type]} LIMIT %(most)s"
    values = {"since": since, "most": MOST_MOVED, "over": sorted(OVER)}
    cursor = await connection.execute(query, of_lease(lease) | values)
    return sorted(row[0] for row in await cursor.fetchall())
