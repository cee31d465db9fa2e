"""A sandbox as a child process, for tests and benchmarks."""

import json
import pathlib
import selectors
import subprocess
import sys
import tempfile
import time
import types
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from typing import IO, Any, Protocol, Self

from vendor_admin.tradovate.enums import Environment

READY = "sandbox listening on "
ROOT = pathlib.Path(__file__).parents[2]


class Child(Protocol):
    """What is done with a child process: what `subprocess.Popen` gives."""

    stdin: IO[str] | None
    stdout: IO[str] | None

    @property
    def pid(self) -> int:
        """Its process id."""

    def terminate(self) -> None:
        """Ask it to end."""

    def kill(self) -> None:
        """End it."""

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end. Raises subprocess.TimeoutExpired."""


def start_child(arguments: list[str], errors: IO[str]) -> Child:
    """Start `python -m vendor_admin.sandbox` with these arguments."""
    return subprocess.Popen(  # noqa: S603 - our own module
        [sys.executable, "-m", "vendor_admin.sandbox", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=errors,
        text=True,
        cwd=ROOT,
    )


class SandboxDidNotStartError(Exception):
    """The child process ended or said nothing in time; the text holds what it wrote to stderr."""


class RunningSandbox:
    """`with RunningSandbox("--rate", "100") as sandbox:` starts the sandbox on a free port and ends it afterwards.

    The child also ends when this process dies, since it then loses its standard input.

    The arguments are those of `python -m vendor_admin.sandbox`; `start` may start the child in another way. Raises
    SandboxDidNotStartError.
    """

    def __init__(
        self,
        *arguments: str,
        start_seconds: float = 20.0,
        start: Callable[[list[str], IO[str]], Child] = start_child,
    ) -> None:
        self._arguments = arguments
        self._start_seconds = start_seconds
        self._start = start
        self._process: Child | None = None
        self._errors: IO[str] | None = None
        self.url = ""

    @property
    def pid(self) -> int:
        """The process id of the running child."""
        return self._running().pid

    def __enter__(self) -> Self:
        port = () if "--port" in self._arguments else ("--port", "0")
        self._errors = tempfile.TemporaryFile("w+")
        self._process = self._start(["--ends-with-stdin", *port, *self._arguments], self._errors)
        try:
            self.url = self._address()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: types.TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """End the child: politely first, then by force."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()
        if self._errors is not None:
            self._errors.close()

    def rest_url(self, environment: Environment | str, *, host: str = "") -> str:
        """Base address of the REST operations, at another of its hosts where one is given."""
        return f"{f'http://{host}' if host else self.url}/{Environment(environment).value}/v1"

    def websocket_url(self, environment: Environment | str, *, host: str = "") -> str:
        """Address of the socket."""
        return f"ws{self.rest_url(environment, host=host).removeprefix('http')}/websocket"

    def control(self, verb: str, /, **body: Any) -> Any:  # Any: JSON values
        """`POST /control/<verb>`; returns the answer's JSON. Raises ValueError with the text of a refusal."""
        return self._call(f"/control/{verb}", json.dumps(body).encode())

    def view(self, name: str, /, **query: object) -> Any:  # Any: JSON values
        """`GET /control/<name>`: state, organizations, expected, ledger."""
        return self._call(f"/control/{name}?{urllib.parse.urlencode(query)}", None)

    def state(self) -> Any:
        """`GET /control/state`."""
        return self.view("state")

    def organizations(self) -> list[dict[str, Any]]:
        """The vendors with their credentials."""
        found: list[dict[str, Any]] = self.view("organizations")
        return found

    def _call(self, path: str, body: bytes | None) -> Any:
        request = urllib.request.Request(self.url + path, data=body)  # noqa: S310 - http on loopback
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
                return json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                raise ValueError(error.read().decode()) from None

    def _said(self) -> str:
        if self._errors is None:
            return ""
        self._errors.seek(0)
        return self._errors.read()

    def _running(self) -> Child:
        if self._process is None:
            raise SandboxDidNotStartError("not started")
        return self._process

    def _address(self) -> str:
        process = self._running()
        output = process.stdout
        if output is None:
            raise SandboxDidNotStartError("no pipe to the child")
        deadline = time.monotonic() + self._start_seconds
        with selectors.DefaultSelector() as selector:
            selector.register(output, selectors.EVENT_READ)
            while (left := deadline - time.monotonic()) > 0:
                if not selector.select(left):
                    break
                line = output.readline()
                if line.startswith(READY):
                    return line.removeprefix(READY).strip()
                if not line:
                    break
        process.kill()
        process.wait()
        raise SandboxDidNotStartError(self._said())
