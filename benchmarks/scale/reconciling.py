"""A hub in its own process compares an organization's mirrors with the platform's lists, which it reads over REST."""

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import psycopg

from benchmarks.bench import Bench
from benchmarks.children import Child, ChildError
from benchmarks.events import store_frames
from benchmarks.installation import Tenant, switch
from benchmarks.measuring import cpu_seconds, forget_peak, peak_bytes
from benchmarks.scale.drift import DIFFERS_EVERY, DRIFT, list_sql
from benchmarks.scale.measured import Measured
from benchmarks.streaming import BACKENDS, wait_for
from vendor_admin.mirrors.columns import mirror_models

POLL_SECONDS = 0.05
# A comparison that takes longer than this stands still.
LONGEST_SECONDS = 900.0
# Only what is compared here is looked after.
POINT = """
UPDATE organizations_connection SET rest_url = %s, websocket_url = %s, entity_types = %s, version = version + 1
 WHERE id = ANY (%s)
"""
SESSIONS = "UPDATE organizations_platformsession SET rest_url = %s WHERE organization_id = ANY (%s)"
COMPARED = """
SELECT entity_type, extract(epoch FROM finished_at - started_at)::float8, platform_count, changed, vanished, error
  FROM sync_reconciliation WHERE organization_id = %s AND started_at > %s ORDER BY id
"""
ASK = "UPDATE sync_lease SET reconcile_requested_at = clock_timestamp() WHERE organization_id = %s"
DIFFERENT = 'SELECT count(*) FROM "{table}" WHERE organization_id = %s AND entity_id %% {every} = 0'
NOT_SETTLED = """
SELECT count(*) FROM sync_lease l WHERE l.id = ANY (ARRAY[{leases}]::bigint[])
   AND (l.state <> 'live' OR EXISTS (SELECT FROM sync_gap g WHERE g.lease_id = l.id AND g.lists_read_at IS NULL
                                        AND g.repaired_at IS NULL))
"""


@dataclass
class Comparing:
    """A hub that holds the tenants' sockets."""

    hub: Child
    database: psycopg.Connection

    def compare(self, tenant: Tenant) -> Iterator[Measured]:
        """Ask for a reconciliation; one line for each type, with the share of the backends' CPU that it took."""
        base = forget_peak(self.hub.pid)
        row = self.database.execute("SELECT clock_timestamp()").fetchone()
        assert row is not None
        self.database.execute(ASK, [tenant.organization_id])
        spent, sent, seen = self._spent(), self._sent(), 0
        cpu = cpu_seconds([self.hub.pid])
        deadline = time.monotonic() + LONGEST_SECONDS
        while seen < len(DRIFT):
            found = self.database.execute(COMPARED, [tenant.organization_id, row[0]]).fetchall()
            for entity_type, seconds, count, changed, vanished, error in found[seen:]:
                if error or vanished or changed != _differences(self.database, entity_type, tenant):
                    raise RuntimeError(f"{entity_type}: {changed} changed, {vanished} vanished, {error}")
                before, spent = spent, self._spent()
                cpu_before, cpu = cpu, cpu_seconds([self.hub.pid])
                sent_before, sent = sent, self._sent()
                yield Measured(
                    "reconciliation",
                    entity_type,
                    times=[seconds * 1000],
                    database_times=[(spent - before) * 1000],
                    cpu_ms=(spent - before + cpu - cpu_before) * 1000,
                    queries=sent - sent_before,
                    rows=count,
                    grown_bytes=max(peak_bytes(self.hub.pid) - base, 0),
                )
            seen = len(found)
            if time.monotonic() > deadline:
                raise ChildError(f"only {seen} types were compared")
            time.sleep(POLL_SECONDS)

    def _spent(self) -> float:
        return cpu_seconds(row[0] for row in self.database.execute(BACKENDS).fetchall())

    def _sent(self) -> int:
        return int(self.hub.ask(do="look")["statements"])


@contextmanager
def comparing(bench: Bench, tenants: list[Tenant]) -> Iterator[Comparing]:
    """A hub that holds these tenants' sockets, once what it reads at its start is read."""
    with ExitStack() as stack:
        frames = bench.server.folder / "no-frames"
        store_frames([], frames)
        lists = stack.enter_context(_list_server(bench))
        sender = stack.enter_context(Child("benchmarks.sender", str(frames)))
        hub = stack.enter_context(Child("benchmarks.hub_process", "bench-scale"))
        database = stack.enter_context(bench.server.connect())
        rest_url = f"http://127.0.0.1:{lists.answer()['port']}/v1"
        websocket_url = f"ws://127.0.0.1:{sender.answer()['port']}"
        connections = [tenant.connection_id for tenant in tenants]
        database.execute(POINT, [rest_url, websocket_url, list(DRIFT), connections])
        database.execute(SESSIONS, [rest_url, [tenant.organization_id for tenant in tenants]])
        hub.ask(do="look")
        switch(database, tenants, on=True)
        stack.callback(switch, database, tenants, on=False)
        leases = ", ".join(str(lease) for tenant in tenants for lease in tenant.lease_ids)
        wait_for(database, NOT_SETTLED.format(leases=leases), 0)
        yield Comparing(hub, database)


def _list_server(bench: Bench) -> Child:
    statements = {entity_type: list_sql(entity_type) for entity_type in DRIFT}
    environment = {"SCALE_DATABASE_URL": bench.server.admin_url}
    return Child("benchmarks.scale.list_server", json.dumps(statements), environment=environment)


def _differences(database: psycopg.Connection, entity_type: str, tenant: Tenant) -> int:
    statement = DIFFERENT.format(table=mirror_models()[entity_type]._meta.db_table, every=DIFFERS_EVERY)
    row = database.execute(statement.encode(), [tenant.organization_id]).fetchone()
    assert row is not None
    return int(row[0])
