"""The supervisor, with small programs as its children."""

import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from vendor_admin import supervisor as module
from vendor_admin.embedded.programs import Program, identify, still_runs
from vendor_admin.supervisor import Child, ChildFailed, StopRequested, Supervisor

NOTES_ITS_END = """
import pathlib, signal, sys, time
def leave(*_):
    with open(sys.argv[1], "a") as ends: ends.write(sys.argv[2] + "\\n")
    sys.exit(0)
signal.signal(signal.SIGTERM, leave)
pathlib.Path(sys.argv[2] + ".ready").touch()
while True: time.sleep(0.05)
"""
IGNORES_SIGNALS = """
import pathlib, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
grandchild = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
pathlib.Path("grandchild").write_text(str(grandchild.pid))
pathlib.Path(sys.argv[2] + ".ready").touch()
while True: time.sleep(0.05)
"""
CRASHES = "import sys; print('it hurts'); sys.exit(3)"


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def supervisor(tmp_path: Path, said: list[str]) -> Iterator[Supervisor]:
    supervisor = Supervisor(record_path=tmp_path / "children.json", say=said.append)
    yield supervisor
    supervisor.signals = 2
    supervisor.stop()


@pytest.fixture
def child(tmp_path: Path) -> Callable[..., Child]:
    def make(name: str, code: str = NOTES_ITS_END, *, stop_rank: int = 0, grace_seconds: float = 10) -> Child:
        return Child(
            program=Program(
                name=name, arguments=[sys.executable, "-c", code, str(tmp_path / "ends"), name], folder=tmp_path
            ),
            log_path=tmp_path / f"{name}.log",
            stop_rank=stop_rank,
            grace_seconds=grace_seconds,
            is_ready=(tmp_path / f"{name}.ready").exists,
        )

    return make


def wait_until(condition: Callable[[], object], *, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.02)


def test_children_stop_in_the_order_of_their_ranks(supervisor, child, tmp_path) -> None:
    for name, rank in (("database", 3), ("worker", 2), ("web", 0), ("beat", 1)):
        supervisor.start(child(name, stop_rank=rank))
    supervisor.stop()
    assert (tmp_path / "ends").read_text().split() == ["web", "beat", "worker", "database"]
    assert not supervisor.record_path.exists()


def test_a_child_that_ends_is_started_again_after_a_pause_that_grows(supervisor, child, said, monkeypatch) -> None:
    monkeypatch.setattr(module, "FIRST_PAUSE_SECONDS", 0.02)
    crashing = child("worker", CRASHES)
    crashing.is_ready = lambda: True
    supervisor.start(crashing)

    def stop_after_three() -> None:
        if crashing.crashes == 3:
            supervisor.signals = 1

    supervisor.watch(tick=stop_after_three)
    told = "\n".join(said)
    assert told.count("worker was started again.") == 2
    assert "exit code 3" in told
    assert "it hurts" in told
    pauses = [float(line.split()[-2]) for line in told.splitlines() if line.startswith("It starts again in")]
    assert pauses == [0.02, 0.04, 0.08]


def test_a_child_that_ignores_the_signal_is_killed_with_its_own_children(supervisor, child, said, tmp_path) -> None:
    stubborn = child("stubborn", IGNORES_SIGNALS, grace_seconds=0.3)
    supervisor.start(stubborn)
    grandchild = identify(int((tmp_path / "grandchild").read_text()))
    assert grandchild is not None
    supervisor.stop()
    assert not still_runs(grandchild)
    assert "stubborn did not stop in time and was killed." in said


def test_a_second_signal_cuts_the_waiting_short(supervisor, child, monkeypatch) -> None:
    monkeypatch.setattr(module, "HURRIED_GRACE_SECONDS", 0.2)
    supervisor.start(child("stubborn", IGNORES_SIGNALS, grace_seconds=60))
    supervisor.on_signal(signal.SIGINT, None)
    threading.Timer(0.3, lambda: supervisor.on_signal(signal.SIGINT, None)).start()
    started = time.monotonic()
    supervisor.stop()
    assert 0.3 < time.monotonic() - started < 10


def test_a_signal_during_the_start_leaves_nothing_behind(supervisor, child, tmp_path) -> None:
    never_ready = child("slow")
    never_ready.is_ready = lambda: False
    threading.Timer(0.3, lambda: supervisor.on_signal(signal.SIGTERM, None)).start()
    with pytest.raises(StopRequested):
        supervisor.start(never_ready)
    pid = never_ready.running.pid
    supervisor.stop()
    assert not psutil.pid_exists(pid)


def test_a_child_that_does_not_become_ready_is_told_with_its_log(supervisor, child) -> None:
    with pytest.raises(ChildFailed, match=r"(?s)worker did not become ready \(exit code 3\).*it hurts"):
        supervisor.start(child("worker", CRASHES))


def test_a_failing_command_is_told_with_its_log(supervisor, child, tmp_path) -> None:
    with pytest.raises(ChildFailed, match=r"(?s)migrate failed.*it hurts"):
        supervisor.run(child("migrate", CRASHES).program, log_path=tmp_path / "prepare.log")


def test_what_a_command_prints_is_returned_without_earlier_output(supervisor, child, tmp_path) -> None:
    log = tmp_path / "prepare.log"
    log.write_text("earlier\n")
    assert supervisor.run(child("seed", "print('now')").program, log_path=log) == "now\n"


def test_what_a_killed_run_left_behind_is_stopped_by_the_next(supervisor, tmp_path, said) -> None:
    """A supervisor of its own process is killed with -9; its child lives on until the next one starts."""
    code = textwrap.dedent(f"""
        import sys, time
        from pathlib import Path
        from vendor_admin.embedded.programs import Program
        from vendor_admin.supervisor import Child, Supervisor
        folder = Path({str(tmp_path)!r})
        supervisor = Supervisor(record_path=folder / "children.json", say=print)
        arguments = [sys.executable, "-c", {NOTES_ITS_END!r}, "ends", "worker"]
        program = Program(name="worker", arguments=arguments, folder=folder)
        supervisor.start(Child(program=program, log_path=folder / "worker.log", stop_rank=0, grace_seconds=5,
                               is_ready=(folder / "worker.ready").exists))
        print(supervisor.children[0].running.pid, flush=True)
        time.sleep(60)
    """)
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as first:
        assert first.stdout is not None
        orphan = identify(int(first.stdout.readline()))
        first.kill()
    assert orphan is not None
    assert still_runs(orphan)
    assert supervisor.stop_leftovers() == ["worker"]
    assert not still_runs(orphan)
    assert (tmp_path / "ends").read_text() == "worker\n"  # it was asked, not killed


def test_a_process_that_only_has_the_same_number_is_left_alone(supervisor, tmp_path) -> None:
    stranger = identify(os.getpid())
    assert stranger is not None
    note = {"name": "web", "stop_rank": 0, "stop_signal": int(signal.SIGTERM), "grace_seconds": 1}
    changed = {**stranger, "started_at": stranger["started_at"] - 100}
    supervisor.record_path.write_text(json.dumps([{**note, "identity": changed}]))
    assert supervisor.stop_leftovers() == []
