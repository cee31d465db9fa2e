"""A simulated platform for the tests of a file, and a vendor of it."""

from collections.abc import Iterator

import pytest
from django.db import connection as database

from tests.sync.comparison.sandbox_scene import Scene
from tests.sync.stored import Stored
from vendor_admin.sandbox.running import RunningSandbox


@pytest.fixture(scope="module")
def sandbox() -> Iterator[RunningSandbox]:
    world = ("--organizations", "1", "--users", "5", "--accounts-per-user", "2", "--keep-orders", "1000")
    with RunningSandbox(*world, "--no-limits", "--logins-per-user", "1000") as running:
        yield running


@pytest.fixture
def scene(committed_db: None, sandbox: RunningSandbox, stored: Stored) -> Iterator[Scene]:
    yield Scene(sandbox, stored)
    database.close()
