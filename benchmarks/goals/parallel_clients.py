"""G19: 200 programs call the partner API at once for a minute, of the web role as the product starts it.

The clients take their part of the same cores. What they ask for is what portals ask for most: an account, a member,
and now and then a list.
"""

import os
import statistics
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.bench import Bench
from benchmarks.children import Child
from benchmarks.goals.api_lists import fill_demo, make_caller
from benchmarks.installation import empty_tables, make_tenants
from benchmarks.measuring import Figure
from benchmarks.scale.mirror_rows import ACCOUNTS, USERS
from benchmarks.server import ROOT
from vendor_admin.commands import ROLES, arguments_of
from vendor_admin.embedded import Program, RunningProgram, choose_port

CLIENTS = 200
ORGANIZATIONS = 4
# Ordinary limits would refuse most of it: 600 a minute for each key.
LIMIT = "100000000"
START_SECONDS, STOP_SECONDS = 60.0, 30.0
# Paths, each as often as it stands here.
ASKED = [f"/api/v1/accounts/{ACCOUNTS + number}" for number in range(1, 9)]
ASKED += [f"/api/v1/members/{USERS + number}" for number in range(1, 9)]
ASKED += ["/api/v1/accounts?limit=50", "/api/v1/members?limit=50", "/api/v1/orders?limit=50", "/api/v1/me"]


def measure(bench: Bench) -> list[Figure]:
    """Whole requests over sockets: two processes with eight threads each, the database beside them."""
    tenants = make_tenants(bench.server, count=ORGANIZATIONS, websocket_url="ws://127.0.0.1:9", name="parallel")
    for tenant in tenants:
        fill_demo(bench, tenant, most=min(bench.rows, 2_000))
    keys = [make_caller(tenant.organization_id).key for tenant in tenants]
    calls = [{"path": path, "key": key} for path in ASKED for key in keys]
    with _web_role() as port, Child("benchmarks.api_clients") as clients:
        told = clients.ask(
            port=port,
            clients=min(CLIENTS, bench.sockets),
            seconds=bench.clients_seconds,
            calls=calls,
            timeout_seconds=bench.clients_seconds + 120,
        )
    with bench.server.connect() as database:
        empty_tables(database)
    return _figures(told["statuses"], told["milliseconds"], seconds=told["seconds"])


def _figures(statuses: dict[str, int], milliseconds: list[float], *, seconds: float) -> list[Figure]:
    failed = sum(count for status, count in statuses.items() if status != "200")
    hundredths = statistics.quantiles(milliseconds, n=100)
    answers = ", ".join(f"{count:,} x {status}" for status, count in sorted(statuses.items()))
    note = (
        f"{CLIENTS} clients: {answers} in {seconds:.0f} s, {len(milliseconds) / seconds:,.0f} a second;"
        f" median {hundredths[49]:,.0f} ms, p95 {hundredths[94]:,.0f} ms, p99 {hundredths[98]:,.0f} ms;"
        f" load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    )
    return [
        Figure(
            goal="G19",
            what=f"answers to {CLIENTS} clients at once that are not 200",
            values=[failed],
            floor=0.0,
            aim=0.0,
            is_ceiling=True,
            notes=[note],
        ),
        Figure(
            goal="G19",
            what=f"{CLIENTS} clients at once, 99th percentile",
            values=[hundredths[98]],
            floor=10_000.0,
            aim=3_000.0,
            is_ceiling=True,
            unit=" ms",
        ),
    ]


@contextmanager
def _web_role() -> Iterator[int]:
    """Gunicorn as the product starts it, on a port of its own, which is told; stopped at the end of the block."""
    port = choose_port()
    environment = os.environ | {
        "GUNICORN_CMD_ARGS": f"--bind 127.0.0.1:{port} --log-level error",
        "PARTNER_API_REQUESTS_A_MINUTE": LIMIT,
        "PARTNER_API_ORGANIZATION_REQUESTS_A_MINUTE": LIMIT,
    }
    program = Program(name="web", arguments=arguments_of(ROLES["web"]), folder=ROOT, environment=environment)
    with tempfile.TemporaryDirectory() as folder:
        running = RunningProgram(program, log_path=Path(folder) / "web.log")
        try:
            _wait_until_it_answers(running, port)
            yield port
        finally:
            running.stop(grace_seconds=STOP_SECONDS)


def _wait_until_it_answers(running: RunningProgram, port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/livez", timeout=5):
                return
        except (OSError, urllib.error.URLError):
            if time.monotonic() > deadline or not running.is_running:
                raise RuntimeError(f"the web role does not answer: {running.log_tail()}") from None
            time.sleep(0.2)
