"""The stage of the fault stories: one PostgreSQL of their own, which they stop and pause, and a database for each."""

import itertools
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.faults.stage import Stage
from tests.support.clusters.migrated_cluster import start_migrated
from tests.support.database import DatabaseServer, make_folder
from vendor_admin.embedded import EmbeddedPostgres
from vendor_admin.sandbox.running import RunningSandbox

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def fault_servers() -> Iterator[tuple[EmbeddedPostgres, DatabaseServer]]:
    """A server that the stories may crash and pause, as a process and as databases."""
    folder = make_folder()
    postgres, server = start_migrated(folder, durable=True)
    yield postgres, server
    postgres.remove()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def fault_postgres(fault_servers: tuple[EmbeddedPostgres, DatabaseServer]) -> EmbeddedPostgres:
    return fault_servers[0]


@pytest.fixture
def make_stage(
    fault_servers: tuple[EmbeddedPostgres, DatabaseServer], broker_url: str, tmp_path: Path
) -> Iterator[Callable[..., Stage]]:
    """`make_stage("--organizations", "2")` starts a sandbox with these arguments and makes a database."""
    stages: list[Stage] = []

    def make(*arguments: str) -> Stage:
        folder = tmp_path / f"stage-{len(stages) + 1}"
        folder.mkdir()
        sandbox = RunningSandbox("--ledger", str(folder / "ledger.jsonl"), *arguments)
        sandbox.__enter__()
        database = f"fault_story_{next(_numbers)}"
        stages.append(Stage(fault_servers[1].create(database), sandbox, folder, broker_url))
        return stages[-1]

    yield make
    for stage in stages:
        stage.close()
