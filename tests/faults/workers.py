"""Real sync workers as children, each in a process group of its own."""

import os
import re
import signal
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import psutil

from tests.support.database import ROOT

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z")


class SyncWorker:
    """`celery -A vendor_admin worker -Q sync --pool solo`, started at once; what it says goes to a file."""

    def __init__(self, environment: dict[str, str], *, log_path: Path) -> None:
        self.log_path = log_path
        celery = str(Path(sys.executable).with_name("celery"))
        queue = ("-Q", "sync", "--pool", "solo", "--loglevel", "INFO", "-n", f"{log_path.stem}@%h")
        with log_path.open("ab") as log:
            self._process = subprocess.Popen(
                [celery, "-A", "vendor_admin", "worker", *queue],
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.pid = self._process.pid

    @property
    def is_running(self) -> bool:
        return self._process.poll() is None

    def holds(self, holder: str) -> bool:
        """Whether a lease's holder names this worker (host:pid:random)."""
        return holder.split(":")[1:2] == [str(self.pid)]

    def kill(self) -> None:
        """kill -9 of the process group."""
        self.signal(signal.SIGKILL)
        self._process.wait(timeout=10)

    def pause(self) -> None:
        self.signal(signal.SIGSTOP)

    def resume(self) -> None:
        self.signal(signal.SIGCONT)

    def stop(self) -> int:
        """Ask it to flush and leave; returns its exit code."""
        self.signal(signal.SIGTERM)
        return self._process.wait(timeout=40)

    def signal(self, number: signal.Signals) -> None:
        if self.is_running:
            os.killpg(self.pid, number)

    def memory_bytes(self) -> int:
        return int(psutil.Process(self.pid).memory_info().rss)

    def said(self, event: str) -> list[str]:
        """The lines of its log that tell of an event, e.g. hub.lease_lost."""
        lines = self.log_path.read_text(errors="replace").splitlines()
        return [line for line in lines if event in line]

    def said_at(self, event: str) -> list[float]:
        """When it told of an event, in epoch seconds."""
        times = [_TIME.search(line) for line in self.said(event)]
        return [datetime.fromisoformat(found.group()).timestamp() for found in times if found]
