"""A sandbox that was started for test mode, as settings name it."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.scenes import WORLD
from tests.support.warm_sandboxes import WarmSandboxes
from vendor_admin.sandbox.running import RunningSandbox

QUIET = tuple(word if word != "1" else "2" for word in WORLD)


@pytest.fixture
def test_sandbox(warm_sandboxes: WarmSandboxes, settings: Any) -> Iterator[RunningSandbox]:
    """Two vendors; DEBUG is off, so that loopback is for simulated organizations alone."""
    settings.DEBUG = False
    with RunningSandbox(*QUIET, "--test-mode", "--logins-per-user", "1000", start=warm_sandboxes.start) as running:
        settings.TEST_SANDBOX_URL = running.url
        yield running
