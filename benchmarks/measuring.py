"""Clocks and scales: CPU time and memory of processes, rounds with methods side by side, medians and their spread."""

import os
import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, kw_only=True)
class Run:
    """One round of one method: events, wall seconds, CPU seconds of the client process and of its database backends."""

    events: int
    seconds: float
    client_cpu: float = 0.0
    backend_cpu: float = 0.0

    @property
    def rate(self) -> float:
        return self.events / self.seconds

    @property
    def client_us(self) -> float:
        return self.client_cpu / self.events * 1e6

    @property
    def backend_us(self) -> float:
        return self.backend_cpu / self.events * 1e6


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One line of the table. `floor` decides about the exit status, `aim` is what the code is built for.

    `values` are the rounds' measurements; with `is_ceiling` smaller is better.
    """

    goal: str
    what: str
    values: Sequence[float]
    floor: float
    aim: float
    is_ceiling: bool = False
    unit: str = ""
    notes: Sequence[str] = field(default_factory=list)

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    @property
    def spread(self) -> float:
        """The distance between the quartiles; 0 for a single measurement."""
        if len(self.values) < 2:
            return 0.0
        low, _, high = statistics.quantiles(self.values, n=4, method="inclusive")
        return high - low

    @property
    def reaches_aim(self) -> bool:
        return self.median <= self.aim if self.is_ceiling else self.median >= self.aim

    @property
    def reaches_floor(self) -> bool:
        return self.median <= self.floor if self.is_ceiling else self.median >= self.floor

    @property
    def misses(self) -> bool:
        """Whether the median misses the floor by more than the spread."""
        beyond = self.median - self.floor if self.is_ceiling else self.floor - self.median
        return beyond > self.spread


def interleaved(methods: Mapping[str, Callable[[], T]], *, rounds: int) -> dict[str, list[T]]:
    """Run every method once a round, in turning order, so that what disturbs the machine disturbs all alike."""
    results: dict[str, list[T]] = {name: [] for name in methods}
    names = list(methods)
    for number in range(rounds):
        for name in names if number % 2 == 0 else reversed(names):
            results[name].append(methods[name]())
    return results


def ratios(over: Iterable[float], under: Iterable[float]) -> list[float]:
    """Quotients round by round."""
    return [above / below for above, below in zip(over, under, strict=True)]


def cpu_seconds(pids: Iterable[int]) -> float:
    """User and system time of processes on this machine; one that has ended counts as nothing."""
    total = 0.0
    for pid in pids:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        total += (int(fields[11]) + int(fields[12])) / TICKS
    return total


def memory_bytes(pid: int) -> int:
    """Proportional set size of a process."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    raise OSError(f"no Pss for process {pid}")


def forget_peak(pid: int) -> int:
    """Have the system look anew for the most memory that a process takes. Returns what it takes now, in bytes."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")
    return peak_bytes(pid)


def peak_bytes(pid: int) -> int:
    """The most memory that a process has taken since `forget_peak`."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise OSError(f"no VmHWM for process {pid}")
