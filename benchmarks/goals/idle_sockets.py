"""G7: what a hub pays for hundreds of idle TLS sockets, and how punctual its heartbeats are."""

import time
from contextlib import ExitStack

from benchmarks.bench import Bench
from benchmarks.certificates import make_certificates
from benchmarks.children import Child
from benchmarks.installation import HUB_GROUP, make_tenants, switch
from benchmarks.measuring import Figure, cpu_seconds, memory_bytes
from benchmarks.streaming import sender, wait_for, wait_until_live

SHARDS = 50
SETTLING_SECONDS = 8.0
KIBIBYTE = 1024


def measure(bench: Bench) -> list[Figure]:
    """CPU of the hub process over some seconds, memory growth per socket, the longest time between two of its beats."""
    shards = min(SHARDS, bench.sockets)
    bundle, *certificate = make_certificates(bench.server.folder)
    with ExitStack() as stack:
        sending, port = stack.enter_context(sender(bench, *map(str, certificate)))
        database = stack.enter_context(bench.server.connect())
        url = f"wss://127.0.0.1:{port}"
        tenants = make_tenants(
            bench.server, count=bench.sockets // shards, websocket_url=url, name=f"{HUB_GROUP}-idle", shards=shards
        )
        hub = stack.enter_context(
            Child("benchmarks.hub_process", "bench-idle", environment={"SSL_CERT_FILE": str(bundle)})
        )
        hub.ask(do="look")
        wait_for(database, "SELECT count(*) FROM sync_hub WHERE expires_at > now()", 1)
        before = memory_bytes(hub.pid)
        switch(database, tenants, on=True)
        stack.callback(switch, database, tenants, on=False)
        wait_until_live(sending, sockets=bench.sockets, group=f"{HUB_GROUP}-idle")
        time.sleep(SETTLING_SECONDS)
        sending.ask(do="forget_beats", group=f"{HUB_GROUP}-idle")
        spent, started = cpu_seconds([hub.pid]), time.monotonic()
        time.sleep(bench.idle_seconds)
        beats = sending.ask(do="beats", group=f"{HUB_GROUP}-idle")
        share = (cpu_seconds([hub.pid]) - spent) / (time.monotonic() - started)
        growth = (memory_bytes(hub.pid) - before) / bench.sockets
    return [
        Figure(
            goal="G7",
            what=f"CPU of a hub with {bench.sockets} idle TLS sockets, % of a core",
            values=[share * 100],
            floor=10.0,
            aim=4.0,
            is_ceiling=True,
            notes=[f"{beats['beats']:,} beats in {bench.idle_seconds:.0f} s"],
        ),
        Figure(
            goal="G7",
            what="memory of a socket, KiB",
            values=[growth / KIBIBYTE],
            floor=400.0,
            aim=100.0,
            is_ceiling=True,
        ),
        Figure(
            goal="G7",
            what="longest time between two beats of a socket, seconds",
            values=[beats["longest_silence"]],
            floor=3.0,
            aim=3.0,
            is_ceiling=True,
        ),
    ]
