"""Rows D.1 to D.3 of the acceptance programme, hosts by organization, as one story from the platform's side.

The sandbox's ledger says at which of its hosts each call came in: it is the evidence of every row.
"""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from django.db import connection as database
from django.utils import timezone

from tests.support.engine_kinds import register_engine_kinds
from tests.support.running_hub import RunningHub, wait_until
from tests.support.scene import Scene
from tests.sync.stored import Stored
from vendor_admin.operations.models import Plan
from vendor_admin.organizations.models import Connection, PlatformHosts
from vendor_admin.organizations.platform_access import tokens
from vendor_admin.sandbox.running import RunningSandbox

WORLD = ("--organizations", "1", "--users", "3", "--accounts-per-user", "1", "--keep-orders", "50")
ADJUST = "fundTransaction/adjustcash"
RENEW = "auth/renewaccesstoken"


class Watch:
    """What the platform has seen since a moment."""

    def __init__(self, sandbox: RunningSandbox) -> None:
        self._sandbox, self._since = sandbox, sandbox.state()["ledger_n"]

    def received(self, *, host: str = "", kinds: tuple[str, ...] = ("rest", "frame", "write")) -> list[str]:
        """The endpoints that were asked on DEMO, at one host or at all; beats are none."""
        entries = self._sandbox.view("ledger", after=self._since, limit=20_000)["entries"]
        return [
            entry["endpoint"]
            for entry in entries
            if (entry["direction"], entry["environment"]) == ("received", "demo")
            and entry["endpoint"]
            and entry["kind"] in kinds
            and host in ("", entry["host"])
        ]


@pytest.fixture
def scene(committed_db: None, database_urls: dict[str, str]) -> Iterator[Scene]:
    """A vendor whose sockets of both environments are live."""
    register_engine_kinds()
    with RunningSandbox(*WORLD) as sandbox:
        scene = Scene(sandbox)
        with RunningHub(database_url=database_urls["hub"]):
            scene.wait_until_loaded()
            yield scene
        database.close()


def socket_of(scene: Scene) -> dict[str, Any]:
    """The one DEMO socket as the platform sees it; empty while there is none that has synchronized."""
    sockets = [one for one in scene.sandbox.state()["sockets"] if one["environment"] == "demo" and one["is_synced"]]
    return sockets[0] if len(sockets) == 1 else {}


def renew(scene: Scene) -> PlatformHosts:
    with scene.scope():
        connection = Connection.objects.get(environment="demo")
    tokens.renew_now(connection_id=connection.pk, organization_id=connection.organization_id, now=timezone.now())
    with scene.scope():
        return PlatformHosts.objects.select_related("connection").get(connection=connection)


def test_d1_d2_d3_a_moved_organization_is_followed_where_the_platform_says_and_nowhere_else(
    scene: Scene, admin_connection: psycopg.Connection
) -> None:
    stored = Stored(admin_connection)
    sandbox, old = scene.sandbox, scene.sandbox.view("hosts")["shared"]
    watch, moved = Watch(sandbox), sandbox.control("move", environment="demo")
    new = moved["host"]
    assert moved["closed"] == 1

    # D.2: the new host is used, under one gap, without a login.
    wait_until(lambda: socket_of(scene).get("host") == new, seconds=40, what="a socket at the new host")
    scene.wait_until_loaded()
    assert "auth/accesstokenrequest" not in watch.received()
    assert watch.received(host=old) == [RENEW], "nothing but the question where to go"
    (gap,) = stored.gaps()
    assert gap["ended_at"]

    # D.1: events, reads and writes go on there.
    watch = Watch(sandbox)
    (account,) = scene.account_ids(1)
    plan = scene.adjust(account)
    scene.work()
    assert scene.reload(plan).state == Plan.State.FINISHED
    assert watch.received(host=new, kinds=("write",)) == [ADJUST]
    wait_until(lambda: any(one["kind"] <= 3 for one in stored.events("cashBalance")), what="the balance's event")

    # D.3: a host that cannot be believed is said and not used; nor is one that is no longer named forgotten.
    number = socket_of(scene)["socket"]
    sandbox.control("api-hosts", value={"demo": "demo.evil.test", "live": old})
    hosts = renew(scene)
    assert [(one["purpose"], one["said"]) for one in hosts.refused] == [("demo", "demo.evil.test")]
    sandbox.control("api-hosts", when="never")
    hosts = renew(scene)
    assert (hosts.connection.platform_host, hosts.named["demo"]) == (new, new)
    assert socket_of(scene)["socket"] == number, "the same socket"
    assert watch.received(host=old) == [], "no token came to the old host again"
    assert len(stored.gaps()) == 1
