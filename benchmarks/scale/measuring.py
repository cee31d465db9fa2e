"""G16: fills an installation, asks for every page in a large and a small organization, and prints one table."""

import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence

import psycopg
from django.conf import settings
from django.test import Client

from benchmarks.bench import Bench
from benchmarks.goals.api_lists import make_caller
from benchmarks.installation import Tenant, sign_in_owner
from benchmarks.measuring import Figure
from benchmarks.scale.asking import REQUESTS, ask
from benchmarks.scale.filling import fill
from benchmarks.scale.measured import MEBIBYTE, Measured, print_table
from benchmarks.scale.sizes import SIZES
from benchmarks.scale.steps import measure_steps
from benchmarks.scale.visits import FIRST_PAGE, Visit, visits

BIG_ROWS = 1_500
BIG_TABLES = """
SELECT relname FROM pg_class
 WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND relname <> 'django_session'
   AND (reltuples > %s OR relname = 'sync_entityevent')
"""
START, START_SECONDS, PLAN_MEBIBYTES = "start, by a worker", 15.0, 150.0


def measure(bench: Bench) -> list[Figure]:
    """Whole requests and steps. The figures are of lists, and of what a large plan may take; the table on standard
    error has every page and step.
    """
    tenants = fill(bench.server, SIZES[bench.size])
    with bench.server.connect() as database:
        started = time.monotonic()
        pages, beside = _pages(bench, tenants, database)
        print(f"pages: {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)
        started, steps = time.monotonic(), list[Measured]()
        try:
            for large, medium in measure_steps(bench, tenants):
                steps += large
                beside |= {one.key: one for one in medium}
        finally:  # what was measured before a step failed took an hour
            print_table([*pages, *steps], beside)
        print(f"steps: {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)
        _empty(database)
    return [*_of_lists(pages, beside, may_scan=bench.size != "small"), *_of_plan(steps)]


def _pages(
    bench: Bench, tenants: Mapping[str, Tenant], database: psycopg.Connection
) -> tuple[list[Measured], dict[tuple[str, str], Measured]]:
    """Every page of the large organization, and those of the little one."""
    large, little = (tenants[name].organization_id for name in ("large", "little"))
    # In a small database the planner would choose to scan: there it is asked what it has to.
    is_small = bench.size == "small"
    requests = 0 if is_small else REQUESTS
    big_tables = [row[0] for row in database.execute(BIG_TABLES, [BIG_ROWS]).fetchall()]
    settings.PARTNER_API_REQUESTS_A_MINUTE = settings.PARTNER_API_ORGANIZATION_REQUESTS_A_MINUTE = 10_000_000
    client_for = _clients(large, name="scale-large")
    asked = visits(database, organization_id=large)
    found = [
        ask(client_for(one), one, requests=requests, big_tables=big_tables, where_it_must=is_small) for one in asked
    ]
    client_for = _clients(little, name="scale-little")
    asked = visits(database, organization_id=little)
    measured = [ask(client_for(one), one, requests=requests) for one in asked]
    return found, {one.key: one for one in measured}


def _clients(organization_id: int, *, name: str) -> Callable[[Visit], Client]:
    """Who asks for a page: an owner, or a program with a key."""
    owner, caller = sign_in_owner(organization_id, name=name), make_caller(organization_id)
    program = Client(headers={"Authorization": f"Bearer {caller.key}"})
    return lambda visit: program if visit.is_of_api else owner


def _of_lists(
    pages: Sequence[Measured], beside: Mapping[tuple[str, str], Measured], *, may_scan: bool
) -> Iterator[Figure]:
    lists = [one for one in pages if one.is_list]
    grown = {one.key: one.queries - beside[one.of, FIRST_PAGE].queries for one in lists}
    yield Figure(
        goal="G16",
        what=f"lists of {len(lists)} that scan a big table",
        values=[float(sum(bool(one.scans) for one in lists))],
        floor=float(len(lists) if may_scan else 0),
        aim=0.0,
        is_ceiling=True,
        notes=[f"{one.of} {one.how}: {', '.join(one.scans)}" for one in lists if one.scans],
    )
    yield Figure(
        goal="G16",
        what="queries that a list of the large organization has more than the little one's",
        values=[float(max(grown.values()))],
        floor=1.0,
        aim=0.0,
        is_ceiling=True,
        notes=[f"{of} {how}: {count} more" for (of, how), count in grown.items() if count > 0],
    )


def _of_plan(steps: Sequence[Measured]) -> Iterator[Figure]:
    plan = [one for one in steps if one.rows and one.of.endswith(("asked for", "by a worker"))]
    (start,) = (one for one in plan if one.of == START)
    largest = max(plan, key=lambda one: one.grown_bytes or 0)
    yield Figure(
        goal="G16",
        what=f"start of a plan over {start.rows:,} accounts",
        values=[start.p50 / 1000],
        floor=START_SECONDS,
        aim=START_SECONDS,
        is_ceiling=True,
        unit=" s",
        notes=[f"{start.queries:,} queries, {start.database_ms / 1000:.1f} s in the database"],
    )
    yield Figure(
        goal="G16",
        what="memory that its preview, start and cancel take above base",
        values=[(largest.grown_bytes or 0) / MEBIBYTE],
        floor=PLAN_MEBIBYTES,
        aim=PLAN_MEBIBYTES,
        is_ceiling=True,
        unit=" MiB",
        notes=[f"the most: {largest.of}"],
    )


def _empty(database: psycopg.Connection) -> None:
    """Give the disk back before other figures are measured."""
    names = [
        row[0]
        for row in database.execute(
            "SELECT quote_ident(relname) FROM pg_class WHERE relnamespace = 'public'::regnamespace"
            " AND relkind IN ('r', 'p') AND NOT relispartition"
            " AND relname ~ '^(mirrors_|operations_|sync_(entity|batch|gap|rec|qua))'"
        ).fetchall()
    ]
    database.execute(f"TRUNCATE {', '.join(names)} CASCADE".encode())
