"""G17: events out to a partner: pages of 1,000 through one cursor over whole requests, from the first to the last."""

import json
import os
import statistics
import time

from django.test import Client
from django.utils import timezone

from benchmarks.bench import Bench
from benchmarks.goals.lists import fill_log
from benchmarks.installation import empty_tables, make_tenants
from benchmarks.measuring import Figure
from vendor_admin.garbage import collect_garbage_seldom
from vendor_admin.organizations.actors import Actor
from vendor_admin.organizations.models import Organization
from vendor_admin.partner_api.keys.verbs import make_key

PATH = "/api/v1/events"
PAGE = 1_000
MOST_ROWS = 200_000


def measure(bench: Bench) -> list[Figure]:
    """One reader and one process that answers, the database beside them."""
    (tenant,) = make_tenants(bench.server, count=1, websocket_url="ws://127.0.0.1:9", name="events")
    organization = Organization.objects.get(pk=tenant.organization_id)
    rows = min(bench.rows, MOST_ROWS)
    fill_log(bench, tenant, rows=rows)
    collect_garbage_seldom()  # as the web role and the events role do
    key = make_key(
        organization=organization, name="bench", scopes=("events:read",), actor=Actor.staff("bench"), now=timezone.now()
    )
    client = Client(headers={"Authorization": f"Bearer {key.text}"})
    readings = [_read_all(client, rows=rows) for _ in range(bench.rounds)]
    by_cpu = statistics.median(rows / cpu_seconds for _, cpu_seconds in readings)
    with bench.server.connect() as database:
        empty_tables(database)
    return [
        Figure(
            goal="G17",
            what=f"events out, {rows:,} by pages of {PAGE:,}",
            values=[rows / seconds for seconds, _ in readings],
            floor=20_000.0,
            aim=30_000.0,
            unit=" /s",
            notes=[f"{by_cpu:,.0f} for each second of CPU that the process took; load {os.getloadavg()[0]:.1f}"],
        )
    ]


def _read_all(client: Client, *, rows: int) -> tuple[float, float]:
    """The seconds, and those of CPU, that all answers of one reading to the end took."""
    cursor, found, seconds, cpu_seconds = "", 0, 0.0, 0.0
    while found < rows:
        began, cpu_began = time.perf_counter(), time.process_time()
        answer = client.get(PATH, {"limit": str(PAGE), "after": cursor})
        seconds += time.perf_counter() - began
        cpu_seconds += time.process_time() - cpu_began
        assert answer.status_code == 200, answer.content[:500]
        page = json.loads(answer.content)  # the reader's own work
        assert page["data"], "the list ends too early"
        found += len(page["data"])
        cursor = page["next_cursor"]
    return seconds, cpu_seconds
