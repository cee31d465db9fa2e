"""What was measured of a page or of a step, and the one table of all."""

import os
import statistics
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

HEADINGS = (
    "page or step",
    "",
    "p50 ms",
    "p95 ms",
    "in database",
    "CPU ms",
    "queries",
    "rows",
    "beside: p50",
    "queries",
    "large / beside",
    "rows/s",
    "MiB above base",
    "rows not needed",
    "scans",
)
MEBIBYTE = 2**20


@dataclass
class Measured:
    """Milliseconds of a page's requests, or of a step, and of their queries, and how many queries one has.

    A step takes CPU of its process and of the database's, goes through `rows`, and its process had so many bytes more
    than before at most. Of a page it is told which
    big tables it scans, how many rows its worst query reads and does not need, and whether the database gave it up.
    """

    of: str
    how: str = ""
    times: list[float] = field(default_factory=list)
    database_times: list[float] = field(default_factory=list)
    cpu_ms: float | None = None
    queries: int = 0
    rows: int = 0
    grown_bytes: int | None = None
    is_list: bool = False
    scans: list[str] = field(default_factory=list)
    is_given_up: bool = False
    thrown_away: int = 0

    @property
    def key(self) -> tuple[str, str]:
        return self.of, self.how

    @property
    def p50(self) -> float:
        return statistics.median(self.times)

    @property
    def p95(self) -> float:
        return sorted(self.times)[min(round(len(self.times) * 0.95), len(self.times) - 1)]

    @property
    def database_ms(self) -> float:
        return statistics.median(self.database_times)

    @property
    def rows_a_second(self) -> float:
        return self.rows / self.p50 * 1000

    def times_as_long_as(self, other: "Measured") -> float:
        """The quotient of the medians, for one row each where rows are gone through."""
        return self.p50 / max(self.rows, 1) / (other.p50 / max(other.rows, 1))


def print_table(found: Sequence[Measured], beside: Mapping[tuple[str, str], Measured]) -> None:
    """One line a page or step, on standard error or into the file that SCALE_TABLE names."""
    lines = [HEADINGS, ("---",) * len(HEADINGS), *(_cells(one, beside.get(one.key)) for one in found)]
    text = "".join(f"| {' | '.join(cells)} |\n" for cells in lines)
    if path := os.environ.get("SCALE_TABLE"):
        Path(path).write_text(text)
    else:
        sys.stderr.write(text)


def _cells(one: Measured, other: Measured | None) -> tuple[str, ...]:
    return (
        one.of,
        one.how,
        f"{one.p50:,.1f}",
        f"{one.p95:,.1f}",
        f"{one.database_ms:,.1f}",
        "" if one.cpu_ms is None else f"{one.cpu_ms:,.0f}",
        f"{one.queries:,}",
        f"{one.rows:,}" if one.rows else "",
        f"{other.p50:,.1f}" if other else "",
        f"{other.queries:,}" if other else "",
        f"{one.times_as_long_as(other):.2f}" if other else "",
        f"{one.rows_a_second:,.0f}" if one.rows else "",
        "" if one.grown_bytes is None else f"{one.grown_bytes / MEBIBYTE:.0f}",
        f"{one.thrown_away:,}",
        ", ".join([*one.scans, *["given up"] * one.is_given_up]),
    )
