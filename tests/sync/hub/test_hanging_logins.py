"""Logins that hang are the matter of their own organization: a hub opens the sockets of all others meanwhile."""

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.support.running_hub import RunningHub, wait_until
from tests.support.scripted_server import ScriptedServer, running_server
from tests.sync.scripted_platform import ScriptedPlatform
from tests.sync.stored import Stored
from vendor_admin.organizations.models import Connection, PlatformSession
from vendor_admin.organizations.tenancy.scope import organization_scope

Connect = Callable[..., Connection]
StartHub = Callable[..., RunningHub]
HANGING = 10
TOKEN = {"accessToken": "t", "expirationTime": "2099-01-01T00:00:00Z", "userId": 1, "name": "n"}


@pytest.fixture
def hanging_hosts() -> Iterator[list[socket.socket]]:
    """Hosts that take a connection and never say a word. They hang up at the test's end."""
    with ExitStack() as stack:
        yield [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(HANGING)]


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with running_server() as running:
        yield running


def without_token(connection: Connection) -> Connection:
    with organization_scope(connection.organization_id):
        PlatformSession.objects.all().delete()
    return connection


def state_of(stored: Stored, connection: Connection) -> str:
    return str(stored.rows("SELECT state FROM sync_lease WHERE connection_id = %s", connection.pk)[0]["state"])


def test_ten_organizations_whose_logins_hang_do_not_delay_the_eleventh(
    platform: ScriptedPlatform,
    connect: Connect,
    start_hub: StartHub,
    stored: Stored,
    server: ScriptedServer,
    hanging_hosts: list[socket.socket],
) -> None:
    for number, host in enumerate(hanging_hosts):
        rest_url = f"http://127.0.0.1:{host.getsockname()[1]}/v1"
        without_token(connect(platform, slug=f"hangs-{number}", rest_url=rest_url))
    hub = start_hub()
    with ExitStack() as stack:
        for host in hanging_hosts:
            host.settimeout(20)
            stack.enter_context(host.accept()[0])  # its login hangs from here on
        server.will_answer(200, TOKEN)
        began = time.monotonic()
        eleventh = without_token(connect(platform, slug="eleventh", rest_url=server.url))
        wait_until(lambda: len(stored.leases()) == HANGING + 1, what="its lease")
        wait_until(lambda: state_of(stored, eleventh) == "live", what="its socket")
        assert time.monotonic() - began < 15, "the logins that hang are over after twenty seconds"
    assert hub.error is None
