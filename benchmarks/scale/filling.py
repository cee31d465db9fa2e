"""Fills the database of a benchmark with three organizations, set-wise, as the roles that write these tables."""

import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from datetime import timedelta

import psycopg

from benchmarks.installation import ENVIRONMENT, Tenant, make_tenants
from benchmarks.scale.mirror_rows import LIVE_MEMBERS, insert_sql, mirror_counts
from benchmarks.scale.sizes import LITTLE, MEDIUM, Size
from benchmarks.server import BenchServer

LONG_SECONDS = 5
MAKE_MONTH = "SELECT sync_make_partition((date_trunc('month', now()) - %s * interval '1 month')::date)"
# As the platform's stream of a trading firm: mostly orders and what follows from them.
EVENTS = """
INSERT INTO sync_entityevent
    (organization_id, environment, lease_id, epoch, seq, received_at, kind, entity_type, entity_id, account_id, payload)
SELECT %(organization)s, %(environment)s, %(lease)s, 1, n, now() - (%(events)s - n) * (%(span)s / %(events)s),
       CASE WHEN n %% 4 = 0 THEN 1 ELSE 2 END,
       CASE WHEN n %% 5000 = 0 THEN 'account'
            ELSE (ARRAY['order', 'orderVersion', 'fill', 'position', 'cashBalance', 'marginSnapshot'])[1 + n %% 6] END,
       300000000 + n,
       18000000 + CASE WHEN n %% %(busy_share)s = 0 THEN 1 ELSE 1 + (n * 7919::bigint) %% %(accounts)s END,
       jsonb_build_object('id', 300000000 + n, 'accountId', 18000001, 'ordStatus', 'Filled',
                          'note', repeat('x', 80))
  FROM generate_series(1, %(events)s) AS n
"""
BATCHES = """
INSERT INTO sync_batch (organization_id, lease_id, epoch, first_seq, last_seq, row_count, received_from, received_to,
                        committed_at)
SELECT %(organization)s, %(lease)s, 1, n * 100, n * 100 + 99, 100, now(), now(), now()
  FROM generate_series(1, greatest(%(events)s / 100, 1)) AS n
"""
HISTORY = (
    """
    INSERT INTO sync_gap (organization_id, lease_id, environment, shard, started_at, ended_at, settled_at, repaired_at,
                          reason, differences, repair_note)
    SELECT %(organization)s, %(lease)s, %(environment)s, 0, x.at, x.at + interval '1 minute', x.at, x.at, 'made up', 0,
           '' FROM generate_series(1, greatest(%(audit)s / 15, 1)) AS n
           CROSS JOIN LATERAL (SELECT now() - n * interval '20 minutes' AS at) AS x
    """,
    """
    INSERT INTO sync_reconciliation (organization_id, lease_id, environment, entity_type, started_at, finished_at,
                                     is_first_load, platform_count, changed, vanished, absent, error)
    SELECT %(organization)s, %(lease)s, %(environment)s,
           (ARRAY['account', 'cashBalance', 'user', 'tradingPermission'])[1 + n %% 4], x.at, x.at, false, 1, 0, 0, 0, ''
      FROM generate_series(1, greatest(%(audit)s * 2 / 3, 1)) AS n
           CROSS JOIN LATERAL (SELECT now() - n * interval '2 minutes' AS at) AS x
    """,
    """
    INSERT INTO sync_quarantinedevent (organization_id, lease_id, environment, epoch, seq, received_at, entity_type,
                                       reason, is_in_log, raw)
    SELECT %(organization)s, %(lease)s, %(environment)s, 1, n, now() - n * interval '1 minute', 'order', 'made up',
           false, 'made up' FROM generate_series(1, greatest(%(audit)s / 10, 1)) AS n
    """,
)
PLANS = """
INSERT INTO operations_plan (organization_id, kind, title, state, parameters, reason, actor, request_id, asked_digest,
                             needs_second_person, second_person_why, is_money, calls_needed, calls_by_path,
                             confirmed_by, approved_by, taken_over_by, wait_why, depends_on_rows, depends_on,
                             check_fault, checks_failed, created_at, started_at, finished_at)
SELECT %(organization)s, 'revoke_trading_permissions', 'Revoke permissions', 'finished', '{}', 'made up', 'scale-owner',
       '', '', false, '', false, 1, '{}', 'scale-owner', '', '', '', false, '{}', '', 0,
       x.at, x.at, x.at + interval '5 minutes'
  FROM generate_series(1, greatest(%(operations)s / %(plan_rows)s, 1)) AS n
       CROSS JOIN LATERAL (SELECT now() - n * interval '1 day' AS at) AS x
"""
OPERATIONS = """
INSERT INTO operations_operation (organization_id, plan_id, environment, name, request, sealed_request, short_id,
                                  idempotency_key, actor, reason, state, attempts, not_before, wait_reason,
                                  penalty_ticket, claimed_by, error_text, advice, response, settle_attempts,
                                  needs_person, question, unreadable, crashes, created_at, sent_at, call_ended_at,
                                  finished_at)
SELECT p.organization_id, p.id, %(environment)s, 'revoke_trading_permissions', '{}', '',
       lpad(to_hex(p.id * 65536 + n), 8, '0'), md5(p.id || '-' || n), 'scale-owner', '',
       CASE WHEN n %% 20 = 0 THEN 'rejected' ELSE 'succeeded' END, 1, p.created_at, '', '', '', '', '', '{}', 0,
       false, '', '', 0, p.created_at, p.created_at, p.created_at, p.created_at
  FROM operations_plan AS p CROSS JOIN generate_series(1, %(plan_rows)s) AS n
 WHERE p.organization_id = %(organization)s
"""
ROWS = """
INSERT INTO operations_planrow (organization_id, plan_id, position, environment, target_type, target_id, label, wanted,
                                secrets, old, new, warnings, state, why, result, operation_id, is_locking)
SELECT o.organization_id, o.plan_id, row_number() OVER (PARTITION BY o.plan_id ORDER BY o.id), %(environment)s,
       'tradingPermission', 900000000 + o.id %% 1000000, 'made up', '{}', '', '{"status": "Accepted"}',
       '{"status": "Revoked"}', '[]', o.state, '', '{}', o.id,
       false
  FROM operations_operation AS o WHERE o.organization_id = %(organization)s
"""
NOTICES = """
INSERT INTO notices_notice (organization_id, kind, subject, title, text, next_step, path, seen, opened_at, times,
                               acknowledged_by, closed_at, resolution)
SELECT %(organization)s, 'socket_down', 'lease ' || n, 'A socket is down', 'made up', '', '', '{}',
       x.at, 1, '', x.at + interval '5 minutes', 'over'
  FROM generate_series(1, greatest(%(audit)s / 6, 1)) AS n
       CROSS JOIN LATERAL (SELECT now() - n * interval '30 minutes' AS at) AS x
"""
# By the owner, who alone says when something was audited.
AUDIT = """
INSERT INTO organizations_auditentry (organization_id, at, actor, actor_kind, actor_id, action, subject, subject_kind,
                                      subject_id, old, new, reason, request_id)
SELECT %(organization)s, now() - (%(audit)s - n) * interval '1 minute', 'scale-owner', 'staff', 'scale-owner',
       'plan confirmed', 'plan ' || n, 'plan', n, '{}', '{}', '', '' FROM generate_series(1, %(audit)s) AS n
"""


def fill(server: BenchServer, size: Size) -> dict[str, Tenant]:
    """Make and fill the three organizations: "large", of `size`, "medium" and "little"."""
    began = time.monotonic()
    tenants = make_tenants(server, count=3, websocket_url="ws://127.0.0.1:9", name="scale")
    named = dict(zip(("large", "medium", "little"), tenants, strict=True))
    with _as_role(server, "app", tenants[0]) as app:
        for month in range(1, size.months):
            app.execute(MAKE_MONTH, [month])
            app.commit()
    for (name, tenant), one in zip(named.items(), (size, MEDIUM, LITTLE), strict=True):
        started = time.monotonic()
        _fill_one(server, tenant, one)
        print(f"filled {name}: {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)
    with server.connect() as admin:
        admin.execute("VACUUM (ANALYZE)")
        row = admin.execute("SELECT pg_size_pretty(pg_database_size(current_database()))").fetchone()
    assert row is not None
    print(f"filled, with its statistics: {row[0]} in {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    return named


def _fill_one(server: BenchServer, tenant: Tenant, size: Size) -> None:
    values = asdict(size) | {
        "organization": tenant.organization_id,
        "environment": ENVIRONMENT,
        "lease": tenant.lease_ids[0],
        "span": _span(size),
    }
    with _as_role(server, "hub", tenant) as hub:
        for entity_type, count in mirror_counts(size).items():
            _told(hub, insert_sql(entity_type), values | {"count": count})
        for statement in (LIVE_MEMBERS, EVENTS, BATCHES, *HISTORY):
            _told(hub, statement, values)
    with _as_role(server, "app", tenant) as app:
        for statement in (PLANS, OPERATIONS, ROWS, NOTICES):
            _told(app, statement, values)
    with _as_role(server, "owner", tenant) as owner:
        _told(owner, AUDIT, values)


def _told(connection: psycopg.Connection, statement: str, values: Mapping[str, object]) -> None:
    """Fill one table; what takes long is told."""
    started = time.monotonic()
    rows = connection.execute(statement.encode(), values).rowcount
    seconds = time.monotonic() - started
    if seconds > LONG_SECONDS:
        table = statement.split()[2].strip('"')
        print(f"  {table}: {rows:,} rows in {seconds:.0f} s", file=sys.stderr, flush=True)


def _span(size: Size) -> timedelta:
    """How far back the events go: within the months that were made."""
    return timedelta(days=max(28 * (size.months - 1), 1))


@contextmanager
def _as_role(server: BenchServer, role: str, tenant: Tenant) -> Iterator[psycopg.Connection]:
    """One transaction of a role within one organization."""
    with psycopg.connect(server.role_url(role)) as connection:
        connection.execute("SELECT set_config('app.orgs', %s, false)", [f"{{{tenant.organization_id}}}"])
        yield connection
