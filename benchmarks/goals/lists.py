"""G8: the event list in the admin at a million rows beside ten thousand, and far down beside its first page."""

import statistics
import time
from dataclasses import dataclass

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from benchmarks.bench import Bench
from benchmarks.installation import ENVIRONMENT, Tenant, empty_tables, make_tenants, sign_in_owner
from benchmarks.measuring import Figure, interleaved, ratios
from benchmarks.server import DATABASE
from vendor_admin.listing.lists import encode_cursor
from vendor_admin.sync.models import EntityEvent

SHORT = "vendor_admin_short"
SHORT_ROWS = 10_000
REQUESTS = 9
KEY = ("received_at", "id")
# One event every tenth of a second until now, of the types and accounts of a real day.
FILL = """
INSERT INTO sync_entityevent
    (organization_id, environment, lease_id, epoch, seq, received_at, kind, entity_type, entity_id, account_id, payload)
SELECT %(organization)s, %(environment)s, %(lease)s, 1, n, now() - (%(rows)s - n) * interval '100 milliseconds', 2,
       s.entity_type, n, 18000000 + n %% 500, s.payload
  FROM generate_series(1, %(rows)s) AS n
  JOIN (SELECT row_number() OVER () - 1 AS place, one ->> 't' AS entity_type, one -> 'e' AS payload
          FROM jsonb_array_elements(%(sample)s::jsonb) AS one) AS s
    ON s.place = n %% %(places)s
"""
DEEP = "SELECT id, received_at FROM sync_entityevent ORDER BY received_at, id OFFSET %s LIMIT 1"


@dataclass(frozen=True)
class Visit:
    """The median time of one page, in ms, and how many queries it took."""

    milliseconds: float
    queries: int


def measure(bench: Bench) -> list[Figure]:
    """Whole requests as a signed-in owner, through every middleware, as the app role."""
    (tenant,) = make_tenants(bench.server, count=1, websocket_url="ws://127.0.0.1:9", name="lists")
    client = sign_in_owner(tenant.organization_id, name="bench")
    _copy_database(bench)
    fill_log(bench, tenant, database=SHORT, rows=SHORT_ROWS)
    fill_log(bench, tenant, rows=bench.rows)
    address = reverse("admin:sync_entityevent_changelist")
    deep = f"{address}?before={_cursor(bench, rows=bench.rows // 10)}"
    visits = interleaved(
        {
            "short": lambda: _visit(client, address, database=SHORT),
            "long": lambda: _visit(client, address, database=DATABASE),
            "deep": lambda: _visit(client, deep, database=DATABASE),
        },
        rounds=bench.rounds,
    )
    with bench.server.connect() as database:
        empty_tables(database)
    return _figures(visits, rows=bench.rows)


def _figures(visits: dict[str, list[Visit]], *, rows: int) -> list[Figure]:
    times = {name: [visit.milliseconds for visit in found] for name, found in visits.items()}
    queries = {name: {visit.queries for visit in found} for name, found in visits.items()}
    note = ", ".join(
        f"{name} {statistics.median(times[name]):.1f} ms in {'/'.join(map(str, sorted(queries[name])))} queries"
        for name in times
    )
    return [
        Figure(
            goal="G8",
            what=f"first page of {rows:,} events / of {SHORT_ROWS:,}",
            values=ratios(times["long"], times["short"]),
            floor=3.0,
            aim=1.5,
            is_ceiling=True,
            unit=" x",
            notes=[note],
        ),
        Figure(
            goal="G8",
            what=f"a page {rows * 9 // 10:,} events down / the first",
            values=ratios(times["deep"], times["long"]),
            floor=3.0,
            aim=1.5,
            is_ceiling=True,
            unit=" x",
        ),
    ]


def _copy_database(bench: Bench) -> None:
    """The short list's database: the same, with nothing in the log."""
    connection.close()
    with bench.server.connect() as database:
        empty_tables(database)
    with bench.server.connect(database="postgres") as database:
        database.execute(f"CREATE DATABASE {SHORT} TEMPLATE {DATABASE}".encode())


def fill_log(bench: Bench, tenant: Tenant, *, database: str = DATABASE, rows: int) -> None:
    """Put so many events of a real day into the log of an organization."""
    sampled = bench.streams[0][:1000]
    sample = b",".join(b'{"t":"%b","e":%b}' % (one.entity_type.encode(), one.entity) for one in sampled)
    values = {
        "organization": tenant.organization_id,
        "environment": ENVIRONMENT,
        "lease": tenant.lease_ids[0],
        "rows": rows,
        "places": len(sampled),
        "sample": f"[{sample.decode()}]",
    }
    with bench.server.connect(database=database) as admin:
        admin.execute(FILL, values)
        admin.execute("VACUUM (ANALYZE) sync_entityevent")


def _cursor(bench: Bench, *, rows: int) -> str:
    """What the address line says on the page before the oldest `rows` events."""
    with bench.server.connect() as database:
        row = database.execute(DEEP, [rows]).fetchone()
    assert row is not None
    return encode_cursor(EntityEvent(id=row[0], received_at=row[1]), KEY)


def _visit(client: Client, address: str, *, database: str) -> Visit:
    if connection.settings_dict["NAME"] != database:
        connection.close()
        connection.settings_dict["NAME"] = database
    with CaptureQueriesContext(connection) as captured:
        page = client.get(address)
    queries = len(captured)  # the next request empties the log of queries
    assert page.status_code == 200, page.status_code
    assert page.content.count(b"<tr") > 20, "the page shows no events"
    times = []
    for _ in range(REQUESTS):
        started = time.perf_counter()
        client.get(address)
        times.append((time.perf_counter() - started) * 1000)
    return Visit(statistics.median(times), queries)
