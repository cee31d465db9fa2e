"""Sandboxes that begin as copies of one process which has loaded everything: a start takes a tenth of the work."""

import contextlib
import gc
import json
import os
import select
import signal
import socket
import subprocess
import sys
import types
from typing import IO, Self

from tests.support.database import ROOT
from vendor_admin.sandbox.__main__ import main
from vendor_admin.sandbox.running import Child

LONGEST_REQUEST = 65_536


class WarmSandboxes:
    """`with WarmSandboxes() as warm:` loads the sandbox once; `RunningSandbox(…, start=warm.start)` is a copy of it."""

    def __init__(self) -> None:
        self._door, self._inner_door = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)

    def __enter__(self) -> Self:
        with self._inner_door as inner:
            number = inner.fileno()
            command = [sys.executable, "-m", "tests.support.warm_sandboxes", str(number)]
            self._process = subprocess.Popen(command, cwd=ROOT, pass_fds=[number], stdin=subprocess.DEVNULL)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: types.TracebackType | None
    ) -> None:
        self._door.close()
        self._process.wait(timeout=20)

    def start(self, arguments: list[str], errors: IO[str]) -> Child:
        """Start a sandbox with these arguments, which writes its errors there."""
        read_by_child, stdin = os.pipe()
        stdout, written_by_child = os.pipe()
        files = [read_by_child, written_by_child, errors.fileno()]
        socket.send_fds(self._door, [json.dumps(arguments).encode()], files)
        pid = int(self._door.recv(LONGEST_REQUEST))
        os.close(read_by_child)
        os.close(written_by_child)
        return _Copy(pid, stdin=stdin, stdout=stdout)


class _Copy:
    """A child's child, whose end is seen by a file descriptor: nobody but its parent may wait for it."""

    def __init__(self, pid: int, *, stdin: int, stdout: int) -> None:
        self._pid = pid
        self.stdin: IO[str] | None = os.fdopen(stdin, "w")
        self.stdout: IO[str] | None = os.fdopen(stdout, "r")

    @property
    def pid(self) -> int:
        return self._pid

    def terminate(self) -> None:
        self._send(signal.SIGTERM)

    def kill(self) -> None:
        self._send(signal.SIGKILL)

    def wait(self, timeout: float | None = None) -> int:
        try:
            watch = os.pidfd_open(self._pid)
        except ProcessLookupError:
            return 0
        try:
            if not select.select([watch], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired("sandbox", timeout or 0)
        finally:
            os.close(watch)
        return 0

    def _send(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._pid, number)


def copy_on_request(door: socket.socket) -> None:
    """Start a copy of this process as a sandbox for each message, until nobody is left who could send one."""
    signal.signal(signal.SIGCHLD, lambda *_: _bury())
    gc.freeze()
    while True:
        message, files, _, _ = socket.recv_fds(door, LONGEST_REQUEST, 3)
        if not message:
            return
        pid = os.fork()
        if pid == 0:
            door.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            for number, file in enumerate(files):
                os.dup2(file, number)
                os.close(file)
            main(json.loads(message))
            return
        for file in files:
            os.close(file)
        door.send(str(pid).encode())


def _bury() -> None:
    """Take note of the copies that have ended."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


if __name__ == "__main__":
    copy_on_request(socket.socket(fileno=int(sys.argv[1])))
