"""G11: what two and four hubs store against one, with the database on the same cores."""

from functools import partial

from benchmarks.bench import Bench
from benchmarks.measuring import Figure, Run, interleaved, ratios
from benchmarks.streaming import streaming

WARM_UP = 8_000
# Each case: hubs, floor, aim.
CASES = ((2, 1.3, 1.4), (4, 1.5, 1.7))


def measure(bench: Bench) -> list[Figure]:
    """Each round starts its hubs anew; the organizations are shared among them evenly."""
    rounds = max(1, bench.rounds // 2 + 1)
    runs = interleaved({str(hubs): partial(_run, bench, hubs) for hubs in (1, 2, 4)}, rounds=rounds)
    one = [run.rate for run in runs["1"]]
    return [
        Figure(
            goal="G11",
            what=f"{hubs} hubs / one hub",
            values=ratios((run.rate for run in runs[str(hubs)]), one),
            floor=floor,
            aim=aim,
            unit=" x",
            notes=[f"{hubs} hubs {max(run.rate for run in runs[str(hubs)]):,.0f}/s, one {max(one):,.0f}/s at best"],
        )
        for hubs, floor, aim in CASES
    ]


def _run(bench: Bench, hubs: int) -> Run:
    with streaming(bench, hubs=hubs) as stream:
        rate = stream.run(events=min(WARM_UP, bench.events)).rate
        return stream.run(events=min(int(rate * bench.seconds), bench.events) // 40 * 40)
