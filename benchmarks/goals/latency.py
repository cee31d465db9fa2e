"""G5: how long a row waits from its arrival to its commit, at a fifth of the flat-out rate."""

from benchmarks.bench import Bench
from benchmarks.measuring import Figure
from benchmarks.streaming import Stream, streaming
from vendor_admin.sync.log.writer import FLUSH_SECONDS

WARM_UP = 40_000
SHARE = 0.2
SKIP_SECONDS = 2.0


def measure(bench: Bench) -> list[Figure]:
    """p50 and p99 in flush windows. Open loop: the sender keeps its pace whatever the hub does."""
    with streaming(bench) as stream:
        rate = stream.run(events=min(WARM_UP, bench.events)).rate * SHARE
        rounds = [_percentiles(bench, stream, rate) for _ in range(max(1, bench.rounds // 2))]
    windows = [(p50 / FLUSH_SECONDS, p99 / FLUSH_SECONDS) for p50, p99 in rounds]
    note = f"{rate:,.0f} events/s; windows of {FLUSH_SECONDS * 1000:.0f} ms; measured in the hub, commit answered"
    return [
        Figure(
            goal="G5",
            what="received to committed, p50 in flush windows",
            values=[p50 for p50, _ in windows],
            floor=1.5,
            aim=1.5,
            is_ceiling=True,
            notes=[note],
        ),
        Figure(
            goal="G5",
            what="received to committed, p99 in flush windows",
            values=[p99 for _, p99 in windows],
            floor=2.0,
            aim=2.0,
            is_ceiling=True,
        ),
    ]


def _percentiles(bench: Bench, stream: Stream, rate: float) -> tuple[float, float]:
    stream.hubs[0].ask(do="watch")
    seconds = SKIP_SECONDS + max(bench.seconds, 1.0) * 2
    stream.run(events=int(rate * seconds) // 40 * 40, rate=rate)
    latencies = stream.hubs[0].ask(do="latencies", skip_seconds=SKIP_SECONDS)["latencies"]
    return latencies[len(latencies) // 2], latencies[len(latencies) * 99 // 100]
