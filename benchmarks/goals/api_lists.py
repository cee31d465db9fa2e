"""G18: lists of 100 rows and single reads of the partner API, beside the bare queries and the JSON of the same rows."""

import json
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from wsgiref.util import setup_testing_defaults

from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from benchmarks.bench import Bench
from benchmarks.installation import ENVIRONMENT, Tenant, empty_tables, make_tenants
from benchmarks.measuring import Figure, ratios
from benchmarks.scale.mirror_rows import ACCOUNTS, LIVE_MEMBERS, USERS, insert_sql
from vendor_admin.garbage import collect_garbage_seldom
from vendor_admin.organizations.actors import COMMAND_LINE
from vendor_admin.organizations.models import Organization
from vendor_admin.organizations.tenancy.scope import organization_scope
from vendor_admin.partner_api.keys.verbs import make_key
from vendor_admin.partner_api.scopes import PARTNER_SCOPES

MEMBERS, ORDERS = 2_000, 20_000
ROWS = 100
REQUESTS = 15
READS = 100
FILLED = (
    "user",
    "contactInfo",
    "account",
    "cashBalance",
    "accountRiskStatus",
    "userAccountAutoLiq",
    "tradingPermission",
)
TRADING = ("order", "orderVersion", "fill", "fillFee", "position", "contract", "currency")
TABLES_OF_ROWS = ("mirrors_", "partner_api_externalid")
"""What the statements of a page's rows read; the others find who asks, count the request and log it."""
LISTS = ("members", "accounts", "orders", "fills", "balances")


@dataclass(frozen=True)
class Caller:
    """A program with a key of an organization. It calls the application as the web server does."""

    organization_id: int
    key: str
    application: WSGIHandler

    def get(self, path: str) -> tuple[bytes, float]:
        """The whole body of an answer, and how long it took in ms.

        The request is logged after that: no client of the server waits for it.
        """
        address, _, query = path.partition("?")
        environment = {"PATH_INFO": address, "QUERY_STRING": query, "HTTP_AUTHORIZATION": f"Bearer {self.key}"}
        setup_testing_defaults(environment)
        statuses: list[str] = []

        def start(status: str, headers: Any, error: Any = None, /) -> Callable[[bytes], object]:
            statuses.append(status)
            return bytes

        started = time.perf_counter()
        answer = self.application(environment, start)
        body = b"".join(answer)
        took = (time.perf_counter() - started) * 1000
        answer.close()
        assert statuses == ["200 OK"], (statuses, body[:500])
        return body, took


def measure(bench: Bench) -> list[Figure]:
    """Whole requests with a key, through every middleware, as the app role."""
    (tenant,) = make_tenants(bench.server, count=1, websocket_url="ws://127.0.0.1:9", name="api")
    settings.PARTNER_API_REQUESTS_A_MINUTE = settings.PARTNER_API_ORGANIZATION_REQUESTS_A_MINUTE = 10_000_000
    fill_demo(bench, tenant, most=bench.rows)
    caller = make_caller(tenant.organization_id)
    collect_garbage_seldom()  # as the web role does
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)  # the web role keeps its connection from one request to the next
    figures = [_list_figure(bench, caller, name) for name in LISTS]
    figures += [_read_figure(caller, name, first + 7) for name, first in (("members", USERS), ("accounts", ACCOUNTS))]
    with bench.server.connect() as database:
        empty_tables(database)
    return figures


def _list_figure(bench: Bench, caller: Caller, name: str) -> Figure:
    path = f"/api/v1/{name}?limit={ROWS}"
    with CaptureQueriesContext(connection) as captured:
        answer, _ = caller.get(path)
    told = json.loads(answer)
    assert len(told["data"]) == ROWS, len(told["data"])
    asked = [query["sql"] for query in captured.captured_queries]
    statements = [sql for sql in asked if any(table in sql for table in TABLES_OF_ROWS)]
    in_all = len(captured)  # the next request empties the log of queries
    rounds = [_round(lambda: caller.get(path)[1], lambda: _bare(caller, statements, told)) for _ in range(bench.rounds)]
    requests, bare = [request for request, _ in rounds], [bare for _, bare in rounds]
    note = (
        f"{name}: {statistics.median(requests):.1f} ms in {in_all} queries, {len(statements)} of them of rows,"
        f" which take {statistics.median(bare):.1f} ms"
    )
    return Figure(
        goal="G18",
        what=f"{ROWS} {name} / their queries and JSON",
        values=ratios(requests, bare),
        floor=6.0,
        aim=3.0,
        is_ceiling=True,
        unit=" x",
        notes=[note],
    )


def _bare(caller: Caller, statements: list[str], told: Any) -> float:
    """The same rows by the same statements, without models, and the same JSON: how long they take in ms."""
    started = time.perf_counter()
    with organization_scope(caller.organization_id), connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
            cursor.fetchall()
    json.dumps(told)
    return (time.perf_counter() - started) * 1000


def _read_figure(caller: Caller, name: str, entity_id: int) -> Figure:
    path = f"/api/v1/{name}/{entity_id}"
    caller.get(path)
    times = [caller.get(path)[1] for _ in range(READS)]
    return Figure(
        goal="G18",
        what=f"one of {name}, 95th percentile",
        values=[statistics.quantiles(times, n=20)[-1]],
        floor=50.0,
        aim=25.0,
        is_ceiling=True,
        unit=" ms",
    )


def _round(request: Callable[[], float], bare: Callable[[], float]) -> tuple[float, float]:
    """The medians of both in ms, measured in turns so that what disturbs one disturbs the other."""
    times: list[tuple[float, float]] = [(request(), bare()) for _ in range(REQUESTS)]
    return statistics.median(one for one, _ in times), statistics.median(other for _, other in times)


def make_caller(organization_id: int) -> Caller:
    """A program with every scope, and its key."""
    organization = Organization.objects.get(pk=organization_id)
    with organization_scope(organization.pk):
        made = make_key(
            organization=organization,
            name="bench",
            scopes=[scope.name for scope in PARTNER_SCOPES],
            actor=COMMAND_LINE,
            now=timezone.now(),
        )
    return Caller(organization.pk, made.text, WSGIHandler())


def fill_demo(bench: Bench, tenant: Tenant, *, most: int) -> None:
    """Fill an organization with a demo's members and accounts, and what they traded."""
    members, orders = min(MEMBERS, most), min(ORDERS, most)
    sizes = {"members": members, "accounts": members, "orders": orders, "busy_share": 20}
    values = {"organization": tenant.organization_id, "environment": ENVIRONMENT, "lease": tenant.lease_ids[0]}
    with bench.server.connect() as database:
        for entity_type in (*FILLED, *TRADING):
            count = {"contract": 60, "currency": 3}.get(entity_type, orders if entity_type in TRADING else members)
            database.execute(insert_sql(entity_type).encode(), values | sizes | {"count": count})
        database.execute(LIVE_MEMBERS.encode(), values)
        database.execute("VACUUM ANALYZE")
