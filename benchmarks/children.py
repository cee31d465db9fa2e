"""Child processes of a benchmark: told what to do by lines of JSON on stdin, answering by lines of JSON on stdout.

A child ends when its stdin ends, so none outlives the benchmark, however that ends.
"""

import contextlib
import json
import os
import selectors
import subprocess
import sys
import time
from collections.abc import Mapping
from typing import Any, Self

from benchmarks.server import ROOT

STOP_SECONDS = 20.0


class ChildError(Exception):
    """A child ended, or did not answer in time."""


class Child:
    """`with Child("benchmarks.sender", ...) as sender: sender.ask(do="send", ...)`."""

    def __init__(self, module: str, *arguments: str, environment: Mapping[str, str] | None = None) -> None:
        self._module = module
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            cwd=ROOT,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
        )
        self._unread = b""

    @property
    def pid(self) -> int:
        return self._process.pid

    def ask(self, *, timeout_seconds: float = 60.0, **command: object) -> dict[str, Any]:
        """Give a command and wait for its answer. Raises ChildError."""
        self.tell(**command)
        return self.answer(timeout_seconds=timeout_seconds)

    def tell(self, **command: object) -> None:
        """Give a command; its answer is fetched later with `answer`."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(command).encode() + b"\n")
        except OSError as error:
            raise ChildError(f"{self._module} ended") from error

    def answer(self, *, timeout_seconds: float = 60.0) -> dict[str, Any]:
        """The next line that the child writes. Raises ChildError."""
        output = self._process.stdout
        assert output is not None
        deadline = time.monotonic() + timeout_seconds
        with selectors.DefaultSelector() as selector:
            selector.register(output, selectors.EVENT_READ)
            while b"\n" not in self._unread:
                if not selector.select(max(deadline - time.monotonic(), 0)):
                    raise ChildError(f"{self._module} did not answer within {timeout_seconds:g} s")
                data = os.read(output.fileno(), 65536)
                if not data:
                    raise ChildError(f"{self._module} ended with status {self._process.wait()}")
                self._unread += data
        line, _, self._unread = self._unread.partition(b"\n")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def stop(self) -> None:
        """Close its stdin and wait; a child that stays is killed."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
