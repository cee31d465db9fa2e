"""The newcomer's command, from first start to last process, in a copy of the project with a space in its path."""

import collections
import contextlib
import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest

from tests.support.database import ROOT, make_folder
from vendor_admin.embedded.accounts import remove_home_folder
from vendor_admin.embedded.programs import identify, still_runs
from vendor_admin.sync.models import Kind

pytestmark = pytest.mark.slow

OLDER = "0002_log_partitions_and_functions"  # a migration of an older layout
LIVE_SECONDS = 600  # 90 and less where nothing else runs; here other tests do, at times on a slow machine
LEFT_OUT = shutil.ignore_patterns(".venv", "var", ".git", "__pycache__", ".*_cache", "docs")
SOCKET_KINDS = {Kind.CREATED: "Created", Kind.UPDATED: "Updated", Kind.DELETED: "Deleted"}


class RunningDemo:
    """One `manage.py demo` as a child, in a process group of its own as a terminal would give it."""

    def __init__(self, project: Path, *arguments: str) -> None:
        self.project = project
        self.output = project / "demo.out"
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "demo", *arguments],
                cwd=project,
                env=nothing_set(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def text(self) -> str:
        return self.output.read_text()

    def wait_for(self, text: str, *, seconds: float) -> None:
        wait_until(
            lambda: text in self.text or self.process.poll() is not None, seconds=seconds, told=lambda: self.text
        )
        assert text in self.text, self.text

    def wait_until_live(self) -> int:
        """Wait for the word that all sockets are live; returns the web port."""
        self.wait_for("Live: every socket receives events", seconds=LIVE_SECONDS)
        found = re.search(r"http://localhost:(\d+)/\n", self.text)
        assert found, self.text
        return int(found[1])

    def press_control_c(self, *, times: int = 1) -> None:
        for _ in range(times):
            os.killpg(self.process.pid, signal.SIGINT)
            time.sleep(0.3)  # a second signal of the same kind would be merged with one that still waits

    def everybody(self) -> list[Any]:
        """Identities of the supervisor, its children and all their descendants."""
        processes = [psutil.Process(self.process.pid)]
        processes += processes[0].children(recursive=True)
        return [identity for identity in (identify(process.pid) for process in processes) if identity]


@pytest.fixture(scope="module")
def project() -> Iterator[Path]:
    parent = make_folder()
    project = parent / "vendor admin"
    shutil.copytree(ROOT, project, ignore=LEFT_OUT)
    yield project
    remove_home_folder(project / "var" / "postgres")
    shutil.rmtree(parent)


@pytest.fixture
def start(project: Path) -> Iterator[Callable[..., RunningDemo]]:
    demos: list[RunningDemo] = []

    def start(*arguments: str) -> RunningDemo:
        demos.append(RunningDemo(project, *arguments))
        return demos[-1]

    yield start
    for demo in demos:
        if demo.process.poll() is None:
            demo.process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                demo.process.wait(timeout=60)


def nothing_set() -> dict[str, str]:
    """The environment of a newcomer: none of the service's variables."""
    return {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}


def wait_until(condition: Callable[[], object], *, seconds: float, told: Callable[[], str] = lambda: "") -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited {seconds} s. {told()}"
        time.sleep(0.1)


def get(port: int, path: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    with contextlib.closing(connection):
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()


def database(project: Path) -> psycopg.Connection:
    """The demo's database as its administrator."""
    kept = json.loads((project / "var" / "demo.secrets.json").read_text())
    (port,) = re.findall(r"PostgreSQL answers at 127\.0\.0\.1:(\d+)", (project / "demo.out").read_text())
    return psycopg.connect(
        host="127.0.0.1", port=port, user="postgres", password=kept["postgres_password"], dbname="vendor_admin"
    )


def stored_events(project: Path) -> int:
    with database(project) as connection:
        row = connection.execute("SELECT count(*) FROM sync_entityevent").fetchone()
        assert row is not None
        return int(row[0])


def nobody_is_left(identities: list[Any]) -> bool:
    return not any(still_runs(identity) for identity in identities)


def test_the_demo_from_first_start_to_reset(project: Path, start: Callable[..., RunningDemo]) -> None:
    with socket.socket() as taken:
        with contextlib.suppress(OSError):  # somebody else's program is as good as ours
            taken.bind(("127.0.0.1", 8000))
            taken.listen()
        demo = start()
        port = demo.wait_until_live()
        assert "Port 8000 is taken, so the web site will be at port" in demo.text
        assert port != 8000
    assert get(port, "/syncz")[0] == 200
    assert get(port, "/")[0] == 200
    assert "Sign in as" in demo.text
    (portal,) = re.findall(r"http://localhost:(\d+)/  for members of", demo.text)
    assert "Sign in with my prop firm" in get(int(portal), "/")[1]
    lines = re.findall(r"^ +(curl .*)$", demo.text, re.MULTILINE)
    assert len(lines) == 2
    for line in lines:
        assert json.loads(subprocess.check_output(["sh", "-c", line], timeout=60))["data"], line
    (receiver,) = re.findall(r"A sample receiver of webhooks.*\n +http://localhost:(\d+)/\n", demo.text)
    wait_until(lambda: ">verified<" in get(int(receiver), "/")[1], seconds=60)

    second = start_beside(project)
    assert second.returncode == 1
    assert "already runs in this folder" in second.stdout

    crash_the_sync_worker(demo, port)
    wait_until(lambda: stored_events(project) > 100, seconds=60)
    everybody = demo.everybody()
    demo.press_control_c()
    assert demo.process.wait(timeout=60) == 0
    assert nobody_is_left(everybody)
    order = re.findall(r"Stopping\.|Stopped\.", demo.text)
    assert order == ["Stopping.", "Stopped."], demo.text

    demo = start()
    demo.wait_until_live()
    before = stored_events(project)
    assert before > 100
    wait_until(lambda: stored_events(project) > before, seconds=30)
    compare_log_and_ledger(project)

    # Killed as a whole machine's memory shortage would: the children live on until the next start.
    orphans = demo.everybody()
    demo.process.kill()
    demo.process.wait()
    demo = start()
    demo.wait_for("Stopped postgres, which an earlier demo left behind.", seconds=60)
    assert nobody_is_left(orphans)
    demo.wait_until_live()
    everybody = demo.everybody()
    with database(project) as connection:
        connection.execute("INSERT INTO django_migrations (app, name, applied) VALUES ('sync', %s, now())", [OLDER])
    demo.press_control_c(times=2)
    assert demo.process.wait(timeout=20) == 0
    assert nobody_is_left(everybody)

    demo = start()
    assert demo.process.wait(timeout=60) == 1
    assert "This folder's data is of an older layout. `make demo RESET=1` starts fresh, without it." in demo.text
    assert "continues with this data" not in demo.text

    demo = start("--reset")
    demo.wait_for("Removed the data of earlier runs.", seconds=20)
    demo.press_control_c()  # in the middle of the start
    assert demo.process.wait(timeout=60) == 0, demo.text
    assert "cannot go on" not in demo.text


def start_beside(project: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", "demo"],
        cwd=project,
        env=nothing_set(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def crash_the_sync_worker(demo: RunningDemo, port: int) -> None:
    notes = json.loads((demo.project / "var" / "demo.children.json").read_text())
    (pid,) = [note["identity"]["pid"] for note in notes if note["name"] == "sync"]
    os.kill(pid, signal.SIGKILL)
    demo.wait_for("sync was started again.", seconds=30)
    wait_until(lambda: get(port, "/syncz")[0] == 200, seconds=60, told=lambda: get(port, "/syncz")[1])


def compare_log_and_ledger(project: Path) -> None:
    """Every row was sent by the sandbox over a socket, and no live event is stored more often than it was sent.

    Only what vanished was not sent by anybody.
    """
    with database(project) as connection:
        rows = connection.execute(
            "SELECT kind, environment, entity_type, entity_id, payload::text FROM sync_entityevent WHERE kind <> %s",
            [Kind.VANISHED.value],
        ).fetchall()
    wait_until(lambda: newest_entry(project) > time.time() - 2, seconds=20)  # the ledger's file lags a little
    sent: collections.Counter[tuple[Any, ...]] = collections.Counter()
    events: collections.Counter[tuple[Any, ...]] = collections.Counter()
    for line in ledger_lines(project):
        if line["direction"] != "sent" or line["socket"] is None or not line["entity_type"]:
            continue
        key = (line["environment"], line["entity_type"], line["entity_id"], canonical(line["text"]))
        sent[key] += 1
        if line["kind"] == "event":
            events[(line["event_type"], *key)] += 1
    stored_live: collections.Counter[tuple[Any, ...]] = collections.Counter()
    for kind, environment, entity_type, entity_id, payload in rows:
        key = (environment, entity_type, entity_id, canonical(payload))
        assert sent[key], f"not in the ledger: {kind} {key}"
        if kind in SOCKET_KINDS:
            stored_live[(SOCKET_KINDS[kind], *key)] += 1
    assert stored_live
    assert stored_live <= events


def ledger_lines(project: Path) -> Iterator[dict[str, Any]]:
    with (project / "var" / "sandbox" / "ledger.jsonl").open() as ledger:
        for line in ledger:
            if line.endswith("\n"):
                yield json.loads(line)


def newest_entry(project: Path) -> float:
    return max((line["at"] for line in ledger_lines(project)), default=0.0)


def canonical(text: str) -> str:
    """JSON text with sorted keys and numbers by value, so that 1.50 equals 1.5."""
    value = json.loads(text, parse_float=Decimal, parse_int=Decimal)
    return json.dumps(value, sort_keys=True, default=lambda number: f"{number.normalize():f}")
