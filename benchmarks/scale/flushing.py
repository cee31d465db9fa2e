"""The product's writer stores live events of an organization in the log and in mirrors that hold its accounts."""

import asyncio
import itertools
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial

import msgspec
import psycopg
import uvloop

from benchmarks.bench import Bench
from benchmarks.events import Event, make_events
from benchmarks.goals.persist import BATCH, FENCE
from benchmarks.installation import ENVIRONMENT, Tenant
from benchmarks.measuring import cpu_seconds, interleaved
from benchmarks.scale.measured import Measured
from benchmarks.scale.mirror_rows import ACCOUNTS, OTHERS
from benchmarks.scale.sizes import SIZES, Size
from vendor_admin.mirrors.columns import mirror_models
from vendor_admin.sync.log.entity_reader import Accounts, read_entity
from vendor_admin.sync.log.flush import connect, statements_of, write_batch
from vendor_admin.sync.log.rows import Row
from vendor_admin.sync.socket.listening import KINDS

ROUNDS = 4
# Behind the numbers that the mirrors were filled with.
FIRST_SEQ = 10**9
# Of these an account has one, whose id follows from the account's.
ONE_OF_AN_ACCOUNT = ("cashBalance", "position")
# Two accounts that follow one another in the stream lie far apart in the mirrors.
STRIDE, EVENTS_OF_AN_ORDER = 104_729, 13


def flush(bench: Bench, tenants: dict[str, tuple[Tenant, Size]]) -> dict[str, Measured]:
    """Flush the same events for each tenant, turn by turn: the time of a batch, and the CPU of the backend."""
    events = [event for stream in make_events(SIZES[bench.size].flushed) for event in stream]
    of_a_round = max(len(events) // ROUNDS // BATCH, 1) * BATCH
    batches = {
        name: _batches(list(_rows(events, tenant, size)), of_a_round) for name, (tenant, size) in tenants.items()
    }
    found = {name: Measured("flush", f"{BATCH} events", rows=BATCH) for name in tenants}
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        writer = runner.run(connect(bench.server.role_url("hub")))
        interleaved(
            {name: partial(_flush_round, runner, writer, batches[name], found[name]) for name in tenants},
            rounds=len(events) // of_a_round,
        )
        runner.run(writer.close())
    return found


def _flush_round(
    runner: asyncio.Runner,
    writer: psycopg.AsyncConnection,
    rounds: Iterator[list[list[Row]]],
    measured: Measured,
) -> None:
    for batch in next(rounds):
        spent, started = cpu_seconds([writer.info.backend_pid]), time.perf_counter()
        runner.run(write_batch(writer, batch, fences={batch[0].lease_id: FENCE}))
        measured.times.append((time.perf_counter() - started) * 1000)
        measured.database_times.append((cpu_seconds([writer.info.backend_pid]) - spent) * 1000)
        measured.queries = 1 + len(list(statements_of(batch)))


def _batches(rows: list[Row], of_a_round: int) -> Iterator[list[list[Row]]]:
    batches = [rows[start : start + BATCH] for start in range(0, len(rows), BATCH)]
    each = of_a_round // BATCH
    return iter([batches[start : start + each] for start in range(0, len(batches), each)])


def _rows(events: list[Event], tenant: Tenant, size: Size) -> Iterator[Row]:
    """The events as a socket would queue them, of accounts all over the organization."""
    known, received_at = Accounts(), datetime.now(UTC).isoformat()
    numbers = itertools.count(FIRST_SEQ)
    for place, event in enumerate(events):
        entity = _moved(event, place, size)
        entity_id, account_id, extra, oddity = read_entity(event.entity_type, entity, known)
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
            entity=entity,
            extra=extra,
            oddity=oddity,
        )


def _moved(event: Event, place: int, size: Size) -> bytes:
    """The event for another account, which the mirrors hold; what an account has once is theirs as well."""
    entity = msgspec.json.decode(event.entity)
    if "accountId" in entity:
        number = 1 + (entity["accountId"] + place // EVENTS_OF_AN_ORDER * STRIDE) % (size.accounts // 2)
        entity["accountId"] = ACCOUNTS + number
        if mirror_models()[event.entity_type].id_is_account_id:
            entity["id"] = ACCOUNTS + number
        elif event.entity_type in ONE_OF_AN_ACCOUNT:
            entity["id"] = OTHERS + number
    return msgspec.json.encode(entity)
