"""docker/ without Docker: both files are parsed, held to the table of commands, and every command in them is run."""

import json
import os
import re
import shlex
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml

from tests.support.database import ROOT, make_folder
from vendor_admin.commands import OPTIONAL_ROLES, PREPARATIONS, ROLES
from vendor_admin.embedded import EmbeddedPostgres, Program, RunningProgram, choose_port
from vendor_admin.embedded.postgres import wheel_installation
from vendor_admin.embedded.valkey import wheel_binary

GIVEN = {
    "SECRET_KEY": "a-key-of-fifty-characters-or-more-for-the-docker-test-0123456789",
    "CREDENTIAL_KEYS": os.environ["CREDENTIAL_KEYS"],
    "ALLOWED_HOSTS": "admin.example.com",
    "POSTGRES_PASSWORD": "postgres0secret",
    "OWNER_PASSWORD": "owner0secret",
    "APP_PASSWORD": "app0secret",
    "HUB_PASSWORD": "hub0secret",
    "VALKEY_PASSWORD": "valkey0secret",
    "TEST_SANDBOX_SECRET": "sandbox0secret",
}
READY_LINES = {
    "worker": " ready.",
    "tokens": " ready.",
    "operations": " ready.",
    "maintenance": " ready.",
    "reader": " ready.",
    "sync": " ready.",
    "beat": "Sending due task",
    "sandbox": "sandbox listening on ",
}


def dockerfile() -> list[tuple[str, str]]:
    """The instructions of the Dockerfile as pairs of keyword and rest."""
    text = (ROOT / "docker" / "Dockerfile").read_text().replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [(keyword, rest.strip()) for keyword, _, rest in (line.partition(" ") for line in lines)]


def services() -> dict[str, dict[str, Any]]:
    return dict(yaml.safe_load((ROOT / "docker" / "compose.yaml").read_text())["services"])


def ours() -> dict[str, dict[str, Any]]:
    return {name: service for name, service in services().items() if service["image"] == "vendor-admin"}


def test_every_role_is_started_as_the_table_says() -> None:
    assert {
        name: tuple(service["command"]) for name, service in ours().items()
    } == ROLES | PREPARATIONS | OPTIONAL_ROLES


def test_the_image_starts_the_web_role_and_not_as_root() -> None:
    last = dict(dockerfile())
    assert tuple(json.loads(last["CMD"])) == ROLES["web"]
    assert int(last["USER"].split(":")[0]) > 0


def test_the_image_installs_the_versions_of_the_lock_by_one_version_of_a_tool() -> None:
    tool, packages = [rest for keyword, rest in dockerfile() if keyword == "RUN" and "install" in rest]
    assert re.fullmatch(r"python -m pip install --no-cache-dir uv==\d+\.\d+\.\d+", tool)
    assert "--constraint requirements.lock -r pyproject.toml" in packages


def test_every_variable_is_explained_in_the_example() -> None:
    explained = set(re.findall(r"^#?([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    read = set(re.findall(r'env\.\w+\(\s*"([A-Z_]+)"', (ROOT / "vendor_admin" / "settings.py").read_text()))
    asked = set(re.findall(r"\$\{([A-Z_]+)", (ROOT / "docker" / "compose.yaml").read_text()))
    assert (read | asked) - explained == set()


def test_only_the_preparations_know_the_owners_login() -> None:
    for name, service in ours().items():
        assert ("DATABASE_OWNER_URL" in service["environment"]) == (name in PREPARATIONS), name


def test_the_sandbox_is_reached_by_the_other_services_alone_and_knows_nothing_of_theirs() -> None:
    sandbox = ours()["sandbox"]
    assert sandbox["environment"].keys() == {"TEST_SANDBOX_BIND", "TEST_SANDBOX_SECRET"}
    assert "ports" not in sandbox
    assert (sandbox["profiles"], sandbox["depends_on"]) == (["test-mode"], [])


class Machine:
    """Stands in for the network of compose: names of services become ports on this machine."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.postgres = EmbeddedPostgres(
            folder / "postgres", log_path=folder / "postgres.log", password=GIVEN["POSTGRES_PASSWORD"], durable=False
        )
        self.valkey_port, self.web_port, self.events_port = choose_port(), choose_port(), choose_port()

    def filled(self, text: str) -> str:
        text = re.sub(r"\$\{(\w+)(?::[?-]([^}]*))?\}", lambda m: GIVEN.get(m[1], (m[2] or "").strip()), text)
        for name, port in (
            ("@postgres:5432", f"@127.0.0.1:{self.postgres.port}"),
            ("@valkey:6379", f"@127.0.0.1:{self.valkey_port}"),
            ("127.0.0.1:8000", f"127.0.0.1:{self.web_port}"),
            ("127.0.0.1:8001", f"127.0.0.1:{self.events_port}"),
            ("8090", "0"),  # whatever is free
        ):
            text = text.replace(name, port)
        return text

    def environment(self, service: dict[str, Any]) -> dict[str, str]:
        image = dict(shlex.split(rest)[0].split("=") for keyword, rest in dockerfile() if keyword == "ENV")
        given = {name: self.filled(value) for name, value in service["environment"].items()}
        # The image listens on every address of its own network; here only this machine may reach it.
        here = {
            "GUNICORN_CMD_ARGS": f"--bind 127.0.0.1:{self.web_port}",
            "EVENTS_BIND": f"127.0.0.1:{self.events_port}",
            "STATE_FOLDER": str(self.folder / "state"),
            "TEST_SANDBOX_BIND": "127.0.0.1",
        }
        return {"PATH": os.environ["PATH"], "DJANGO_SETTINGS_MODULE": "vendor_admin.settings", **image, **given, **here}

    def database_url(self) -> str:
        """That of the superuser."""
        return self.postgres.url(database="vendor_admin")

    def program(self, name: str, command: list[str], environment: dict[str, str] | None = None) -> Program:
        arguments = [sys.executable if word == "python" else self.filled(word) for word in command]
        return Program(name=name, arguments=arguments, folder=ROOT, environment=environment)


@pytest.fixture
def machine() -> Iterator[Machine]:
    folder = make_folder()
    machine = Machine(folder)
    valkey = services()["valkey"]["command"]
    assert valkey[0] == "valkey-server"
    arguments = [str(wheel_binary()), *map(machine.filled, valkey[1:]), "--port", str(machine.valkey_port)]
    program = Program(name="valkey", arguments=[*arguments, "--bind", "127.0.0.1"], folder=folder)
    with machine.postgres:
        running = RunningProgram(program, log_path=folder / "valkey.log")
        yield machine
        running.stop()
    machine.postgres.remove()
    for path in sorted(folder.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    folder.rmdir()


def run(arguments: list[str], environment: dict[str, str] | None = None) -> None:
    done = subprocess.run(
        arguments, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=600, check=False
    )
    assert done.returncode == 0, f"{arguments}: {done.stdout}{done.stderr}"


def _until_healthy(check: list[str]) -> None:
    """As compose does it: a check that fails is tried again some times."""
    for _ in range(5):
        if subprocess.run(check, cwd=ROOT, capture_output=True, timeout=60, check=False).returncode == 0:
            return
    run(check)


def wait_for(running: RunningProgram, text: str, *, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while text not in running.log_path.read_text():
        assert running.is_running, running.log_tail()
        assert time.monotonic() < deadline, running.log_tail()
        time.sleep(0.05)


def _ask_amid_a_query(beat: RunningProgram, database_url: str) -> None:
    """Ask beat to stop while its query waits for a lock, and let go of the lock once beat gave the query up."""
    waiting = (
        "SELECT query_start FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        " AND query LIKE '%django_celery_beat_periodictasks%' AND pid <> pg_backend_pid()"
    )
    with psycopg.connect(database_url) as holder, psycopg.connect(database_url, autocommit=True) as looking:
        holder.execute("LOCK TABLE django_celery_beat_periodictasks IN ACCESS EXCLUSIVE MODE")
        deadline = time.monotonic() + 60
        while (began := looking.execute(waiting).fetchone()) is None:
            assert time.monotonic() < deadline, beat.log_tail()
            time.sleep(0.05)
        beat.ask_to_stop()
        while looking.execute(waiting).fetchone() == began:
            assert time.monotonic() < deadline, "beat does not leave in the middle of a query"
            time.sleep(0.05)
    beat.process.wait(timeout=30)


@pytest.mark.slow
def test_every_command_of_compose_runs(machine: Machine) -> None:
    run(
        [
            str(wheel_installation() / "bin" / "pg_isready"),
            "--port",
            str(machine.postgres.port),
            *services()["postgres"]["healthcheck"]["test"][2:],
        ]
    )
    for name in PREPARATIONS:
        service = ours()[name]
        run(list(machine.program(name, service["command"]).arguments), machine.environment(service))
    for name in (*ROLES, *OPTIONAL_ROLES):
        service = ours()[name]
        program = machine.program(name, service["command"], machine.environment(service))
        running = RunningProgram(program, log_path=machine.folder / f"{name}.log")
        try:
            if name in ("web", "events"):
                wait_for(running, "Listening at" if name == "web" else "Uvicorn running on")
                check = machine.program("check", service["healthcheck"]["test"][1:])
                _until_healthy(list(check.arguments))
                port = machine.web_port if name == "web" else machine.events_port
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/livez") as answer:
                    assert answer.status == 200
            else:
                wait_for(running, READY_LINES[name])
            if name == "beat":
                _ask_amid_a_query(running, machine.database_url())
            assert running.stop(grace_seconds=30), f"{name} does not leave when asked"
            assert running.exit_code == 0, running.log_tail()
        finally:
            running.kill()


@pytest.mark.slow
def test_every_command_of_the_dockerfile_runs() -> None:
    commands = [shlex.split(rest) for keyword, rest in dockerfile() if keyword == "RUN"]
    assert len(commands) == 3
    # Here nothing may change: what is installed stays, and nothing is asked of an index.
    harmless = {"uv": ["--dry-run", "--offline", "--python", sys.executable], "pip": [], "manage.py": ["--dry-run"]}
    for command in commands:
        tool = command[2] if command[1] == "-m" else command[1]
        words = [word for word in command[1:] if word != "--system"]
        run(
            [sys.executable, *words, *harmless[tool]], {**os.environ, "DJANGO_SETTINGS_MODULE": "vendor_admin.settings"}
        )
