"""What the tests of this folder share."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.support.running_hub import wait_until
from tests.sync.log.settled import MIRRORED, Connect, StartHub
from tests.sync.scripted_platform import ScriptedPlatform
from tests.sync.stored import Stored
from vendor_admin.organizations.models import Connection


@pytest.fixture
def settled(
    platform: ScriptedPlatform, connect: Connect, start_hub: StartHub, stored: Stored
) -> Callable[..., Connection]:
    """Open a connection's socket and wait until its first snapshot has settled."""

    def open_and_settle(**values: Any) -> Connection:
        connection = connect(platform, **({"entity_types": MIRRORED} | values))
        start_hub()
        wait_until(lambda: stored.lease()["settled_at"] if stored.leases() else None, what="the first snapshot")
        return connection

    return open_and_settle
