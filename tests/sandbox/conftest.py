"""One running sandbox a test module, without events of its own; tests ask the control door for what they need."""

from collections.abc import Iterator

import pytest

from tests.sandbox.plain_client import log_in
from tests.sandbox.vendor import Vendor
from tests.support.warm_sandboxes import WarmSandboxes
from vendor_admin.sandbox.serving.server import RunningSandbox


@pytest.fixture(scope="module")
def sandbox(warm_sandboxes: WarmSandboxes) -> Iterator[RunningSandbox]:
    world = ("--seed", "7", "--users", "6", "--no-limits", "--logins-per-user", "1000")
    with RunningSandbox(*world, start=warm_sandboxes.start) as running:
        yield running


@pytest.fixture
def token(sandbox: RunningSandbox) -> str:
    return log_in(sandbox)


@pytest.fixture
def vendor(sandbox: RunningSandbox, token: str) -> Iterator[Vendor]:
    """The first organization's program; whatever a test made go wrong with writes is over after it."""
    yield Vendor(sandbox, token=token)
    sandbox.control("clear-writes")
    sandbox.control("clear-limits")
