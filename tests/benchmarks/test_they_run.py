"""The benchmarks run from end to end with tiny sizes; what they measure then means nothing."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TINY = (
    *("--rounds", "1", "--seconds", "0.1", "--events", "4000", "--rows", "12000", "--sockets", "8"),
    *("--burst-seconds", "0.2", "--idle-seconds", "1", "--clients-seconds", "1"),
    *("--accounts", "30", "--hour-seconds", "600"),
)


def run(*arguments: str, timeout_seconds: float) -> subprocess.CompletedProcess[str]:
    """Status 0 or 1: a tiny run may miss a floor, but must measure."""
    command = [sys.executable, "-m", "benchmarks", *TINY, *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=timeout_seconds, check=False)
    assert done.returncode in (0, 1), done.stderr
    assert "Traceback" not in done.stderr, done.stderr
    return done


def test_an_unknown_goal_is_refused_before_anything_starts() -> None:
    command = [sys.executable, "-m", "benchmarks", "g99"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert "no such goal: g99" in done.stderr


@pytest.mark.slow
def test_every_goal_is_in_the_table() -> None:
    printed = run(timeout_seconds=900).stdout
    for number in (*range(1, 9), 11, *range(15, 23)):
        goal = f"G{number}"
        assert f"\n{goal} " in printed, printed
    of_lists = [line for line in printed.splitlines() if line.startswith("G16 ") and " list" in line]
    assert len(of_lists) == 2
    assert all("aim reached" in line for line in of_lists), printed  # counts, which no machine changes
    for step in ("start of a plan over 300 accounts", "memory that its preview, start and cancel take above base"):
        assert f"\nG16   {step} " in printed, printed
