"""A server of ours: started, waited for, stopped. PostgreSQL and Valkey are such servers."""

import signal
import time
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Self

from vendor_admin.embedded.errors import EmbeddedError
from vendor_admin.embedded.programs import Program, RunningProgram


class EmbeddedServer(ABC):
    """One server, whose log is at `log_path`. `running` is its process, while it runs."""

    name: str
    ready_seconds: float
    grace_seconds = 15.0
    log_path: Path
    running: RunningProgram | None = None

    @abstractmethod
    def prepare(self) -> Program:
        """Make what the server needs and return it as a program."""

    @abstractmethod
    def is_ready(self) -> bool:
        """Whether the server answers now."""

    def start(self) -> Self:
        """Start the server and return when it answers. Raises EmbeddedError with the log's end if it does not."""
        self.running = RunningProgram(self.prepare(), log_path=self.log_path)
        try:
            self.wait_until_ready(self.running)
        except BaseException:
            self.running.kill()
            raise
        return self

    def wait_until_ready(self, running: RunningProgram) -> None:
        """Return when the server answers; raises EmbeddedError if it ends or stays silent."""
        deadline = time.monotonic() + self.ready_seconds
        while not self.is_ready():
            if not running.is_running or time.monotonic() > deadline:
                raise EmbeddedError(f"{self.name} did not start. End of {self.log_path}:\n{running.log_tail()}")
            time.sleep(0.05)

    def stop(self, *, stop_signal: signal.Signals | None = None) -> None:
        """Stop the server by its own signal, or by another."""
        if self.running is not None:
            self.running.stop(grace_seconds=self.grace_seconds, stop_signal=stop_signal)
            self.running = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()
