"""Worker processes for tests: forks of one child that has Django loaded, each of which works on a lane and may die."""

import json
import subprocess
import sys
from collections.abc import Mapping
from types import TracebackType
from typing import Self

import psycopg

from tests.support.database import ROOT
from tests.support.scene import Scene

KILLED = -9
# How soon after a call of unknown outcome these workers, and the tests, read the platform.
SHORT_WAITS = {"OPERATION_SETTLE_SECONDS": 0.05, "OPERATION_PATIENCE_SECONDS": 0.2}


class Workers:
    """`with Workers(environment, admin_url=…) as workers:`; what one that died held is let run out at once."""

    def __init__(self, environment: Mapping[str, str], *, admin_url: str) -> None:
        self._environment = {**environment, **{name: str(value) for name, value in SHORT_WAITS.items()}}
        self._admin_url = admin_url
        self._server: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        self._server = subprocess.Popen(
            [sys.executable, "-m", "tests.operations.engine.crashing_worker"],
            env=self._environment,
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._server is not None:
            self._server.communicate(timeout=60)

    def run(
        self,
        scene: Scene,
        point: str,
        *,
        environment: str = "demo",
        path: str = "",
        passes: int = 1,
        seconds: float = 20,
        ahead: float = 0,
    ) -> int:
        """Let one work on the scene's lane until it ends or dies at the point; returns its exit code."""
        assert self._server is not None
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        order = {
            "organization": scene.organization.pk,
            "environment": environment,
            "point": point,
            "passes": passes,
            "path": path,
            "seconds": seconds,
            "ahead": ahead,
        }
        self._server.stdin.write(json.dumps(order) + "\n")
        self._server.stdin.flush()
        code = int(self._server.stdout.readline())
        if code != KILLED:
            return code
        with psycopg.connect(self._admin_url) as connection:
            connection.execute("UPDATE operations_lane SET expires_at = now() - interval '1 second'")
            connection.execute("UPDATE operations_operation SET claimed_until = now() WHERE state = 'sending'")
        return code
