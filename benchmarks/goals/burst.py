"""G6: a burst of ten times the steady rate arrives at once: how fast it drains, and how much memory that takes."""

import threading

from benchmarks.bench import Bench
from benchmarks.measuring import Figure, memory_bytes
from benchmarks.streaming import streaming

STEADY_RATE = 2_000.0
FACTOR = 10
STEADY_SECONDS = 5.0
MEGABYTE = 2**20


def measure(bench: Bench) -> list[Figure]:
    """The steady rate first, then the events of the whole burst as fast as the socket takes them."""
    with streaming(bench) as stream:
        steady = stream.run(events=int(STEADY_RATE * STEADY_SECONDS), rate=STEADY_RATE)
        with _Peak(stream.hubs[0].pid) as peak:
            drained = stream.more(events=int(STEADY_RATE * FACTOR * bench.burst_seconds), stored=steady.events)
    growth = (peak.highest - peak.at_start) / MEGABYTE
    return [
        Figure(
            goal="G6",
            what="drain rate after a burst / steady rate",
            values=[drained.rate / STEADY_RATE],
            floor=5.0,
            aim=10.0,
            unit=" x",
            notes=[
                (
                    f"{drained.events:,} events at once ({FACTOR} x {STEADY_RATE:,.0f}/s, {bench.burst_seconds:.0f} s) "
                    f"drained at {drained.rate:,.0f}/s; every one in the log once"
                )
            ],
        ),
        Figure(
            goal="G6", what="memory growth of the hub, MB", values=[growth], floor=100.0, aim=100.0, is_ceiling=True
        ),
    ]


class _Peak:
    """Looks at a process's memory ten times a second."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self.at_start = self.highest = memory_bytes(pid)

    def __enter__(self) -> "_Peak":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(0.1):
            self.highest = max(self.highest, memory_bytes(self._pid))
