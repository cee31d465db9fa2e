"""G1 and G3: the product's `write_batch` beside raw COPY and Django's bulk_create, the same rows, the same tables."""

import asyncio
import itertools
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime

import psycopg
import uvloop
from django.db import connections

from benchmarks import orm
from benchmarks.bench import Bench
from benchmarks.events import EVENTS_PER_FRAME, Event
from benchmarks.installation import ENVIRONMENT, Tenant, empty_tables, make_tenants
from benchmarks.measuring import Figure, Run, cpu_seconds, interleaved, ratios
from vendor_admin.sync.log.entity_reader import Accounts, read_entity
from vendor_admin.sync.log.flush import connect, write_batch
from vendor_admin.sync.log.rows import Row
from vendor_admin.sync.socket.listening import KINDS

BATCH = 500
FENCE = 1
COPY = (
    "COPY sync_entityevent (organization_id, environment, lease_id, epoch, seq, received_at, kind, entity_type,"
    " entity_id, account_id, payload) FROM STDIN"
)


def measure(bench: Bench) -> list[Figure]:
    """Rows per second of the three ways, round by round, after a short warm-up that also fits the rounds' length."""
    tenants = make_tenants(bench.server, count=len(bench.streams), websocket_url="ws://127.0.0.1:9", name="persist")
    rows = list(_rows(bench, tenants))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner, bench.server.connect() as admin:
        writer = runner.run(connect(bench.server.role_url("hub")))

        def product(part: list[Row]) -> Run:
            return _timed(admin, part, lambda: runner.run(_write(writer, part)), backend=writer.info.backend_pid)

        def raw_copy(part: list[Row]) -> Run:
            return _timed(admin, part, lambda: _copy(admin, part), backend=admin.info.backend_pid)

        def bulk(part: list[Row]) -> Run:
            return _timed(admin, part, lambda: _bulk(part), backend=_hub_backend())

        quick = rows[: _fitting(product(rows[: 20 * BATCH]).rate * bench.seconds, rows)]
        slow = rows[: _fitting(bulk(rows[: 4 * BATCH]).rate * bench.seconds, rows)]
        raw_copy(rows[: 20 * BATCH])
        runs = interleaved(
            {"product": lambda: product(quick), "copy": lambda: raw_copy(quick), "bulk": lambda: bulk(slow)},
            rounds=bench.rounds,
        )
        runner.run(writer.close())
    connections.close_all()
    return [_beside_copy(runs, rows=len(quick)), _beside_bulk(runs, rows=len(slow))]


def _rows(bench: Bench, tenants: list[Tenant]) -> Iterator[Row]:
    """The events as a hub's sockets would queue them: read by the product, ten of each organization in turn."""
    accounts = [Accounts() for _ in tenants]
    received_at = datetime.now(UTC).isoformat()
    streams = [_frames(events) for events in bench.streams]
    counts = [itertools.count(1) for _ in tenants]
    for frames in zip(*streams, strict=True):
        for tenant, known, numbers, events in zip(tenants, accounts, counts, frames, strict=True):
            for event in events:
                entity_id, account_id, extra, oddity = read_entity(event.entity_type, event.entity, known)
                yield Row(
                    organization_id=tenant.organization_id,
                    environment=ENVIRONMENT,
                    lease_id=tenant.lease_ids[0],
                    epoch=1,
                    seq=next(numbers),
                    received_at=received_at,
                    kind=KINDS[event.event_type],
                    entity_type=event.entity_type,
                    entity_id=entity_id,
                    account_id=account_id,
                    entity=event.entity,
                    extra=extra,
                    oddity=oddity,
                )


def _frames(events: list[Event]) -> Iterable[list[Event]]:
    return (events[start : start + EVENTS_PER_FRAME] for start in range(0, len(events), EVENTS_PER_FRAME))


def _fitting(count: float, rows: list[Row]) -> int:
    return max(BATCH, min(int(count), len(rows)) // BATCH * BATCH)


def _batches(rows: list[Row]) -> Iterable[list[Row]]:
    return (rows[start : start + BATCH] for start in range(0, len(rows), BATCH))


def _timed(admin: psycopg.Connection, rows: list[Row], work: Callable[[], None], *, backend: int) -> Run:
    empty_tables(admin)
    client, server, started = time.process_time(), cpu_seconds([backend]), time.perf_counter()
    work()
    run = Run(
        events=len(rows),
        seconds=time.perf_counter() - started,
        client_cpu=time.process_time() - client,
        backend_cpu=cpu_seconds([backend]) - server,
    )
    stored = admin.execute("SELECT count(*) FROM sync_entityevent").fetchone()
    assert stored == (len(rows),), f"{stored} rows are in the log instead of {len(rows)}"
    return run


async def _write(connection: psycopg.AsyncConnection, rows: list[Row]) -> None:
    for batch in _batches(rows):
        await write_batch(connection, batch, fences={row.lease_id: FENCE for row in batch})


def _copy(connection: psycopg.Connection, rows: list[Row]) -> None:
    """By the superuser: row level security, which binds even the owner, refuses COPY."""
    for batch in _batches(rows):
        text = b"".join(
            b"%d\t%b\t%d\t%d\t%d\t%b\t%d\t%b\t%d\t%b\t%b\n"
            % (
                row.organization_id,
                row.environment.encode(),
                row.lease_id,
                row.epoch,
                row.seq,
                row.received_at.encode(),
                row.kind,
                row.entity_type.encode(),
                row.entity_id,
                b"\\N" if row.account_id is None else b"%d" % row.account_id,
                row.entity.replace(b"\\", b"\\\\"),
            )
            for row in batch
        )
        with connection.cursor().copy(COPY) as copy:
            copy.write(text)


def _bulk(rows: list[Row]) -> None:
    for batch in _batches(rows):
        orm.save_bulk(batch)


def _hub_backend() -> int:
    with connections[orm.USING].cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return int(cursor.fetchone()[0])


def _beside_copy(runs: dict[str, list[Run]], *, rows: int) -> Figure:
    return Figure(
        goal="G1",
        what="log + mirrors as shipped / raw COPY into the log",
        values=ratios((run.rate for run in runs["product"]), (run.rate for run in runs["copy"])),
        floor=0.40,
        aim=0.50,
        notes=[f"{rows:,} rows a round in batches of {BATCH}; {_cost(runs, 'product')}; {_cost(runs, 'copy')}"],
    )


def _beside_bulk(runs: dict[str, list[Run]], *, rows: int) -> Figure:
    return Figure(
        goal="G3",
        what="the same / Django bulk_create(update_conflicts)",
        values=ratios((run.rate for run in runs["product"]), (run.rate for run in runs["bulk"])),
        floor=5.0,
        aim=8.0,
        unit=" x",
        notes=[f"{rows:,} rows a round in batches of {BATCH}; {_cost(runs, 'bulk')}"],
    )


def _cost(runs: dict[str, list[Run]], name: str) -> str:
    middle = sorted(runs[name], key=lambda run: run.rate)[len(runs[name]) // 2]
    return f"{name} {middle.rate:,.0f}/s at {middle.client_us:.1f} + {middle.backend_us:.1f} µs (client + backend)"
