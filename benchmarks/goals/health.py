"""G15: /syncz and /metrics at 200 sockets, each with 2,000 gaps, and one with 30,000 messages in quarantine."""

import statistics
import time
from functools import partial

from django.test import Client

from benchmarks.bench import Bench
from benchmarks.installation import make_tenants
from benchmarks.measuring import Figure, interleaved

SOCKETS = 200
GAPS_EACH = 2_000
QUARANTINED = 30_000
REQUESTS = 5
FILL_GAPS = """
INSERT INTO sync_gap (organization_id, lease_id, environment, shard, started_at, ended_at, repaired_at, reason,
                      differences, repair_note)
SELECT l.organization_id, l.id, l.environment, 0, now(), now(), now(), '', 0, ''
  FROM sync_lease l CROSS JOIN generate_series(1, %s::integer) WHERE l.id = ANY (%s)
"""
FILL_QUARANTINE = """
INSERT INTO sync_quarantinedevent (organization_id, lease_id, environment, epoch, seq, received_at, entity_type, reason,
                                   is_in_log, raw)
SELECT l.organization_id, l.id, l.environment, 1, n, now(), '', 'made up', false, 'made up'
  FROM sync_lease l CROSS JOIN generate_series(1, %s::integer) AS n WHERE l.id = %s
"""


def measure(bench: Bench) -> list[Figure]:
    """Whole requests of a caller on this machine, through every middleware, as the app role."""
    tenants = make_tenants(bench.server, count=SOCKETS, websocket_url="ws://127.0.0.1:9", name="health")
    leases = [lease for tenant in tenants for lease in tenant.lease_ids]
    with bench.server.connect() as database:
        database.execute(FILL_GAPS, [min(GAPS_EACH, bench.rows // 100), leases])
        database.execute(FILL_QUARANTINE, [min(QUARANTINED, bench.rows), leases[0]])
        database.execute("VACUUM ANALYZE sync_gap, sync_quarantinedevent")
        paths = ("/syncz", "/metrics")
        times = interleaved({path: partial(_milliseconds, path) for path in paths}, rounds=bench.rounds)
        database.execute("TRUNCATE sync_gap, sync_quarantinedevent, sync_storedrows")
        database.execute("DELETE FROM sync_lease WHERE id = ANY (%s)", [leases])
    return [
        Figure(
            goal="G15",
            what=f"{path} at {SOCKETS} sockets",
            values=times[path],
            floor=100.0,
            aim=50.0,
            is_ceiling=True,
            unit=" ms",
        )
        for path in paths
    ]


def _milliseconds(path: str) -> float:
    """The median of some requests."""
    times = []
    for _ in range(REQUESTS):
        started = time.perf_counter()
        answer = Client().get(path)
        times.append((time.perf_counter() - started) * 1000)
        assert answer.status_code in (200, 503), answer.status_code
        assert answer.content.count(b"health-") >= SOCKETS, "a socket is missing"
    return statistics.median(times)
