"""Keeps a set of child programs running, and stops them in order without leaving one behind.

One thread, no asyncio: the loop looks at its children five times a second. Signals only set a counter, so that a child
is never started and then forgotten. The first signal stops politely, a second one cuts the waiting short.
"""

import contextlib
import json
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from vendor_admin.embedded.programs import Identity, Program, RunningProgram, stop_leftover

LOOK_SECONDS = 0.2
FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 30.0
# A child that ran this long is well again: its next crash starts from the first pause.
WELL_AFTER_SECONDS = 60.0
# What is left of every grace once a second signal came.
HURRIED_GRACE_SECONDS = 2.0


class StopRequested(Exception):
    """A signal asked to stop while something was being started."""


class ChildFailed(Exception):
    """A child did not become ready, or a command ended with an error. The text shows the end of its log."""


@dataclass(kw_only=True)
class Child:
    """A program to keep running. Children with the same `stop_rank` are stopped together, the lowest rank first."""

    program: Program
    log_path: Path
    stop_rank: int
    grace_seconds: float
    is_ready: Callable[[], bool] = lambda: True
    running: RunningProgram | None = None
    started_at: float = 0.0
    crashes: int = 0
    restart_at: float = 0.0

    @property
    def name(self) -> str:
        return self.program.name


class Supervisor:
    """Starts children, starts them again when they end, stops them. `record_path` tells a later run who they are."""

    def __init__(self, *, record_path: Path, say: Callable[[str], None]) -> None:
        self.record_path = record_path
        self.say = say
        self.children: list[Child] = []
        self.signals = 0
        self._hurried_at: float | None = None

    def install_signal_handlers(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self.on_signal)

    def start(self, child: Child, *, ready_seconds: float = 60.0) -> None:
        """Start a child and return when it is ready. Raises ChildFailed, or StopRequested if a signal comes first."""
        self._raise_if_stopping()
        self.children.append(child)
        self._launch(child)
        deadline = time.monotonic() + ready_seconds
        while not child.is_ready():
            self._raise_if_stopping()
            if child.running is None or not child.running.is_running or time.monotonic() > deadline:
                raise ChildFailed(_failure(child, "did not become ready"))
            time.sleep(0.05)

    def run(self, program: Program, *, log_path: Path) -> str:
        """Run a program to its end and return what it printed. Raises ChildFailed or StopRequested."""
        self._raise_if_stopping()
        start = log_path.stat().st_size if log_path.exists() else 0
        running = RunningProgram(program, log_path=log_path)
        try:
            while running.is_running:
                self._raise_if_stopping()
                time.sleep(0.05)
        finally:
            running.kill()
        if running.exit_code != 0:
            raise ChildFailed(f"{program.name} failed. End of {log_path}:\n{running.log_tail()}")
        with log_path.open(errors="replace") as log:
            log.seek(start)
            return log.read()

    def watch(self, *, tick: Callable[[], None] = lambda: None) -> None:
        """Start children again when they end, until a signal comes. `tick` is called at every look."""
        while not self.signals:
            now = time.monotonic()
            for child in self.children:
                self._look_after(child, now=now)
            tick()
            time.sleep(LOOK_SECONDS)

    def stop(self) -> None:
        """Stop all children in the order of their ranks; returns when no process of theirs is left."""
        for rank in sorted({child.stop_rank for child in self.children}):
            self._stop_together([child for child in self.children if child.stop_rank == rank])
        self.children.clear()
        self.record_path.unlink(missing_ok=True)

    def stop_leftovers(self) -> list[str]:
        """Stop what an earlier run that was killed left behind, in the same order; returns the names."""
        stopped = []
        for note in sorted(_read_record(self.record_path), key=lambda note: note["stop_rank"]):
            identity: Identity = note["identity"]
            number = signal.Signals(note["stop_signal"])
            if stop_leftover(identity, stop_signal=number, grace_seconds=note["grace_seconds"]):
                stopped.append(note["name"])
        self.record_path.unlink(missing_ok=True)
        return stopped

    def on_signal(self, _number: int, _frame: object) -> None:
        self.signals += 1
        if self.signals == 2:
            self._hurried_at = time.monotonic()

    def _raise_if_stopping(self) -> None:
        if self.signals:
            raise StopRequested

    def _launch(self, child: Child) -> None:
        child.running = RunningProgram(child.program, log_path=child.log_path)
        child.started_at = time.monotonic()
        self._write_record()

    def _look_after(self, child: Child, *, now: float) -> None:
        if child.running is not None and child.running.is_running:
            return
        if child.running is not None:
            child.running.kill()  # its own children, if it left any
            child.crashes = 1 if now - child.started_at > WELL_AFTER_SECONDS else child.crashes + 1
            pause = min(FIRST_PAUSE_SECONDS * 2 ** (child.crashes - 1), LONGEST_PAUSE_SECONDS)
            child.restart_at = now + pause
            self.say(_failure(child, "ended by itself", lines=3) + f"\nIt starts again in {pause:g} s.")
            child.running = None
        elif now >= child.restart_at:
            self._launch(child)
            self.say(f"{child.name} was started again.")

    def _stop_together(self, children: list[Child]) -> None:
        present = [child for child in children if child.running is not None]
        for child in present:
            if child.running is not None:
                child.running.ask_to_stop()
        asked_at = time.monotonic()
        for child in present:
            running = child.running
            if running is None:
                continue
            while running.is_running and time.monotonic() < self._deadline(asked_at + child.grace_seconds):
                time.sleep(0.05)
            if running.is_running:
                self.say(f"{child.name} did not stop in time and was killed.")
            running.kill()

    def _deadline(self, polite: float) -> float:
        return polite if self._hurried_at is None else min(polite, self._hurried_at + HURRIED_GRACE_SECONDS)

    def _write_record(self) -> None:
        notes = [
            {
                "name": child.name,
                "identity": child.running.identity,
                "stop_rank": child.stop_rank,
                "stop_signal": int(child.program.stop_signal),
                "grace_seconds": child.grace_seconds,
            }
            for child in self.children
            if child.running is not None and child.running.identity is not None
        ]
        unfinished = self.record_path.with_suffix(".new")
        unfinished.write_text(json.dumps(notes, indent=1))
        unfinished.replace(self.record_path)


def _read_record(path: Path) -> list[dict]:  # type: ignore[type-arg]
    with contextlib.suppress(OSError, ValueError):
        return list(json.loads(path.read_text()))
    return []


def _failure(child: Child, what: str, *, lines: int = 12) -> str:
    code = child.running.exit_code if child.running else None
    tail = child.running.log_tail(lines=lines) if child.running else ""
    return f"{child.name} {what} (exit code {code}). End of {child.log_path}:\n{tail}"
