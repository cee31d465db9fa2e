"""Measures sync and operations against their figures and prints one table: `python -m benchmarks [g1 g5 ...]`.

`python -m benchmarks scale --size huge` fills an installation of 600,000 accounts and asks for every page, export and
large plan (G16).

Everything is measured side by side in one run on this machine: the ratios mean something although the rates do not.
The exit status is 1 only if a median misses its floor by more than the rounds' spread.
"""

import argparse
import importlib
import signal
import sys
import time

import django

from benchmarks.bench import Bench
from benchmarks.server import BenchServer
from benchmarks.table import table

# Which module measures which goals, in the order of the table.
MODULES = {
    "goals.persist": ("g1", "g3"),
    "goals.end_to_end": ("g2", "g4"),
    "goals.latency": ("g5",),
    "goals.burst": ("g6",),
    "goals.idle_sockets": ("g7",),
    "goals.lists": ("g8",),
    "goals.api_lists": ("g18",),
    "goals.parallel_clients": ("g19",),
    "goals.health": ("g15",),
    "scale.measuring": ("g16",),
    "goals.several_hubs": ("g11",),
    "goals.operations": ("g12", "g13", "g14"),
    "goals.events_out": ("g17",),
    "goals.matching": ("g20",),
    "goals.liquidation": ("g21", "g22"),
}
NAMES = {"scale": "g16"}
GOALS = [goal for goals in MODULES.values() for goal in goals]


def main() -> int:
    """Run what was asked for; returns the exit status."""
    arguments = _arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that servers and children are stopped then, too
    figures = []
    with BenchServer() as server:
        django.setup()
        sizes = {name: value for name, value in vars(arguments).items() if name not in ("goals", "full")}
        bench = Bench(server, **sizes)
        if arguments.full:
            bench.burst_seconds = bench.idle_seconds = 60.0
        for name, goals in MODULES.items():
            if not set(goals) & set(arguments.goals or GOALS):
                continue
            started = time.monotonic()
            # Loaded only now: they import models, which need the settings.
            measured = importlib.import_module(f"benchmarks.{name}").measure(bench)
            figures += measured
            print(f"{name}: {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)
    figures.sort(key=lambda figure: int(figure.goal[1:]))
    print(table(figures))
    missed = [figure.goal for figure in figures if figure.misses]
    if missed:
        print(f"Missed by more than the spread: {', '.join(missed)}.")
    return 1 if missed else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("goals", nargs="*", type=str.lower, metavar="goal", help=f"{' '.join(GOALS)}; without any, all")
    parser.add_argument("--rounds", type=int, default=Bench.rounds, help="rounds of each method")
    parser.add_argument("--seconds", type=float, default=Bench.seconds, help="length of a round")
    parser.add_argument("--events", type=int, default=Bench.events, help="events prepared")
    parser.add_argument("--rows", type=int, default=Bench.rows, help="rows of the long list (g8)")
    parser.add_argument("--sockets", type=int, default=Bench.sockets, help="idle sockets (g7)")
    parser.add_argument(
        "--size", choices=("small", "huge"), default=Bench.size, help="of the filled installation (g16)"
    )
    parser.add_argument("--burst-seconds", type=float, default=Bench.burst_seconds, help="length of the burst (g6)")
    parser.add_argument("--idle-seconds", type=float, default=Bench.idle_seconds, help="how long to look (g7)")
    parser.add_argument(
        "--clients-seconds", type=float, default=Bench.clients_seconds, help="how long many clients call at once (g19)"
    )
    parser.add_argument("--accounts", type=int, default=Bench.accounts, help="accounts that are liquidated (g21, g22)")
    parser.add_argument(
        "--hour-seconds", type=float, default=Bench.hour_seconds, help="the platform's hour meanwhile (g21)"
    )
    parser.add_argument("--full", action="store_true", help="a burst of 60 s and 60 s of idle sockets (g6, g7)")
    arguments = parser.parse_args()
    arguments.goals = [NAMES.get(one, one) for one in arguments.goals]
    unknown = set(arguments.goals) - set(GOALS)
    if unknown:
        parser.error(f"no such goal: {', '.join(sorted(unknown))}")
    return arguments


if __name__ == "__main__":
    sys.exit(main())
