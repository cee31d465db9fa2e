"""Child programs that are started, recognized, stopped and never left behind."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypedDict

import psutil

from vendor_admin.embedded.accounts import Account


class Identity(TypedDict):
    """What makes a process recognizable after its number was used again: `started_at` is in seconds since the epoch."""

    pid: int
    started_at: float
    arguments: list[str]


@dataclass(frozen=True, kw_only=True)
class Program:
    """A program to run: `environment` None means ours; `stop_signal` asks it to finish its work and leave."""

    name: str
    arguments: Sequence[str]
    folder: Path
    environment: Mapping[str, str] | None = field(default=None, repr=False)
    account: Account | None = None
    stop_signal: signal.Signals = signal.SIGTERM


class RunningProgram:
    """One run of a program, in a process session of its own, so that a terminal's Ctrl-C does not reach it."""

    def __init__(self, program: Program, *, log_path: Path) -> None:
        self.program = program
        self.log_path = log_path
        with log_path.open("ab") as log:
            self.process = subprocess.Popen(  # noqa: S603 - argument lists of our own, no shell
                list(program.arguments),
                cwd=program.folder,
                env=None if program.environment is None else dict(program.environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                user=program.account.uid if program.account else None,
                group=program.account.gid if program.account else None,
                extra_groups=[] if program.account else None,
            )
        self.pid = self.process.pid
        self.identity = identify(self.pid)

    @property
    def is_running(self) -> bool:
        return self.process.poll() is None

    @property
    def exit_code(self) -> int | None:
        """Exit code once it ended (negative: killed by that signal), else None."""
        return self.process.poll()

    def ask_to_stop(self) -> None:
        """Send the stop signal and return at once."""
        if self.is_running:
            self.process.send_signal(self.program.stop_signal)

    def stop(self, *, grace_seconds: float = 15.0, stop_signal: signal.Signals | None = None) -> bool:
        """Stop the program and all its descendants; True if it left by itself within the grace."""
        if self.is_running:
            self.process.send_signal(stop_signal or self.program.stop_signal)
        left = True
        try:
            self.process.wait(timeout=grace_seconds)
        except subprocess.TimeoutExpired:
            left = False
        self.kill()
        return left

    def kill(self) -> None:
        """Kill -9 what is left of the program's process session."""
        kill_session(self.pid)
        if self.is_running:
            self.process.kill()
        self.process.wait()

    def log_tail(self, *, lines: int = 12) -> str:
        """The last lines of its log, to be shown with an error."""
        with contextlib.suppress(OSError):
            return "\n".join(self.log_path.read_text(errors="replace").splitlines()[-lines:])
        return ""


def identify(pid: int) -> Identity | None:
    """The identity of a running process, or None if there is no such process (any more)."""
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return None
        return Identity(pid=pid, started_at=process.create_time(), arguments=process.cmdline())
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return None


def still_runs(identity: Identity) -> bool:
    """Whether exactly this process runs: same number, same start. Its title may have changed meanwhile."""
    now = identify(identity["pid"])
    return now is not None and abs(now["started_at"] - identity["started_at"]) < 0.1


def stop_leftover(identity: Identity, *, stop_signal: signal.Signals, grace_seconds: float) -> bool:
    """Stop a process that an earlier, killed run left behind; True if it was really that process and is gone now."""
    if not still_runs(identity):
        return False
    pid = identity["pid"]
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, stop_signal)
    deadline = time.monotonic() + grace_seconds
    while still_runs(identity) and time.monotonic() < deadline:
        time.sleep(0.05)
    kill_session(pid)
    return True


def kill_session(leader: int) -> None:
    """Kill -9 all of a process session and all descendants of its leader (PostgreSQL's make sessions of their own)."""
    doomed = _descendants(leader)
    for process in psutil.process_iter():
        with contextlib.suppress(ProcessLookupError, PermissionError, psutil.Error):
            if os.getsid(process.pid) == leader:
                doomed.append(process)
    for process in doomed:
        with contextlib.suppress(psutil.Error):
            process.kill()
    psutil.wait_procs([process for process in doomed if process.pid != leader], timeout=5)


def _descendants(pid: int) -> list[psutil.Process]:
    with contextlib.suppress(psutil.Error):
        return psutil.Process(pid).children(recursive=True)
    return []
