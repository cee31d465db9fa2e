"""G2 and G4: from the socket to the commit, beside a client that stores event by event through the ORM."""

from benchmarks.bench import Bench
from benchmarks.children import Child
from benchmarks.installation import empty_tables
from benchmarks.measuring import Figure, Run, interleaved, ratios
from benchmarks.streaming import Stream, streaming

GROUP = "orm"
WARM_UP = 20_000


def measure(bench: Bench) -> list[Figure]:
    """Flat-out rates of both, round by round, and the CPU that an event costs the product's two sides."""
    with streaming(bench) as stream:
        rate = stream.run(events=WARM_UP).rate
        events = min(int(rate * bench.seconds), bench.events) // 40 * 40
        runs = interleaved(
            {
                "hub": lambda: stream.run(events=events),
                "orm": lambda: _per_event(bench, stream),
            },
            rounds=bench.rounds,
        )
    middle = sorted(runs["hub"], key=lambda run: run.rate)[bench.rounds // 2]
    slow = sorted(runs["orm"], key=lambda run: run.rate)[bench.rounds // 2]
    return [
        Figure(
            goal="G2",
            what="socket to commit / save + update_or_create per event",
            values=ratios((run.rate for run in runs["hub"]), (run.rate for run in runs["orm"])),
            floor=80.0,
            aim=100.0,
            unit=" x",
            notes=[
                (
                    f"{events:,} events a round over {len(stream.tenants)} sockets, ten a frame, all in the log once;"
                    f" hub {middle.rate:,.0f}/s, per event {slow.rate:,.0f}/s"
                )
            ],
        ),
        Figure(
            goal="G4",
            what="CPU of an event: hub process / its database backends",
            values=ratios((run.client_us for run in runs["hub"]), (run.backend_us for run in runs["hub"])),
            floor=0.5,
            aim=0.5,
            is_ceiling=True,
            notes=[
                f"{middle.client_us:.1f} + {middle.backend_us:.1f} µs; per event {slow.client_us:,.0f} µs in the client"
            ],
        ),
    ]


def _per_event(bench: Bench, stream: Stream) -> Run:
    """Let the simple client store what it can for a round's time."""
    empty_tables(stream.database)
    tenant = stream.tenants[0]
    url = _address(stream)
    arguments = (url, GROUP, str(tenant.organization_id), str(tenant.lease_ids[0]), str(bench.seconds))
    with Child("benchmarks.per_event", *arguments, environment={"LOG_LEVEL": "ERROR"}) as client:
        client.answer()
        stream.sender.tell(do="send", group=GROUP, events=bench.events // 10, rate=0)
        taken = client.answer(timeout_seconds=60 + 3 * bench.seconds)
        stream.sender.answer()
    stored = stream.database.execute("SELECT count(*) FROM sync_entityevent").fetchone()
    assert stored == (taken["events"],), f"{stored} rows are in the log instead of {taken['events']}"
    return Run(**taken)


def _address(stream: Stream) -> str:
    query = "SELECT websocket_url FROM organizations_connection WHERE id = %s"
    row = stream.database.execute(query, [stream.tenants[0].connection_id]).fetchone()
    assert row is not None
    return str(row[0])
