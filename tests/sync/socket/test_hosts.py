"""The platform moves an organization to another host: the socket follows what is named, and no redirect."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection as database
from django.utils import timezone

from tests.support.running_hub import RunningHub, wait_until
from tests.sync.stored import Stored
from vendor_admin.organizations.actors import Actor
from vendor_admin.organizations.connections.verbs import connect_organization
from vendor_admin.organizations.models import Connection
from vendor_admin.organizations.platform_access import tokens
from vendor_admin.sandbox.running import RunningSandbox

StartHub = Callable[..., RunningHub]


@pytest.fixture
def sandbox() -> Iterator[RunningSandbox]:
    with RunningSandbox("--organizations", "2", "--users", "2", "--keep-orders", "10", "--rate", "0") as running:
        yield running


class Scene:
    """The first vendor of a sandbox with a DEMO connection whose socket is live."""

    def __init__(self, sandbox: RunningSandbox, stored: Stored) -> None:
        self.sandbox, self.stored, self.vendor = sandbox, stored, sandbox.organizations()[0]
        self.connection: Connection = connect_organization(
            slug="vendor",
            is_simulated=True,
            environment="demo",
            actor=Actor.staff("test"),
            rest_url=sandbox.rest_url("demo"),
            websocket_url=sandbox.websocket_url("demo"),
            credentials=self.vendor["credentials"],
            entity_types=["account"],
        )[0]

    def move(self, **values: Any) -> str:
        moved = self.sandbox.control("move", organization=self.vendor["name"], environment="demo", **values)
        return str(moved["host"])

    def wait_until_live_at(self, host: str) -> None:
        def is_live() -> bool:
            sockets = self.sandbox.state()["sockets"]
            leases = self.stored.leases()
            is_there = [one["host"] for one in sockets] == [host] and bool(leases)
            is_settled = is_there and leases[0]["state"] == "live" and bool(leases[0]["settled_at"])
            return is_settled and all(gap["ended_at"] for gap in self.stored.gaps())

        wait_until(is_live, seconds=40, what=f"a live socket at {host}")

    def calls(self, endpoint: str, *, host: str = "") -> int:
        """How often the platform was asked, at one of its hosts or at all."""
        entries = self.sandbox.view("ledger", limit=100_000)["entries"]
        return sum(
            one["direction"] == "received" and one["endpoint"] == endpoint and host in ("", one["host"])
            for one in entries
        )


@pytest.fixture
def scene(
    sandbox: RunningSandbox, committed_db: None, stored: Stored, start_hub: StartHub, settings: Any
) -> Iterator[Scene]:
    found = Scene(sandbox, stored)
    start_hub()
    found.wait_until_live_at(sandbox.view("hosts")["shared"])
    yield found
    database.close()


def test_the_socket_follows_the_organization_under_one_gap_each_time_and_nobody_signs_in_again(scene: Scene) -> None:
    first = scene.move()  # the platform closes the socket, and the old host refuses the next one
    scene.wait_until_live_at(first)
    second = scene.move(closes_sockets=False)  # only a renewal tells
    ids = {"connection_id": scene.connection.pk, "organization_id": scene.connection.organization_id}
    tokens.renew_now(**ids, now=timezone.now())
    scene.wait_until_live_at(second)
    closed, moved = scene.stored.gaps()
    assert closed["reason"] == "the platform closed the socket: the organization moved to another host"
    assert moved["reason"] == "the platform moved the organization to another host"
    assert [one["ended_at"] is not None for one in (closed, moved)] == [True, True]
    assert scene.calls("auth/accesstokenrequest") == 1
    assert scene.calls("auth/renewaccesstoken") == 2
    audit = "SELECT actor, new->>'host' AS host FROM organizations_auditentry WHERE action = 'platform host learned'"
    assert [(one["actor"], one["host"]) for one in scene.stored.rows(audit)] == [
        ("Vendor Admin", first),
        ("Vendor Admin", second),
    ]


def test_a_handshake_that_leads_elsewhere_is_not_followed_and_tried_again_after_an_hour(scene: Scene) -> None:
    collector = scene.sandbox.control("open-host")["host"]
    location = f"ws://{collector}/demo/v1/websocket"
    scene.sandbox.control("handshake", status=307, location=location, calls=0)
    scene.sandbox.control("close", environment="demo")
    wait_until(lambda: scene.stored.lease()["state"] == "waiting", what="a socket that waits")
    wait_until(lambda: collector in scene.stored.lease()["reason"], what="the reason with the host")
    lease = scene.stored.lease()
    assert (lease["next_try_at"] - timezone.now()).total_seconds() > 3500
    assert scene.calls("authorize", host=collector) == 0
    assert scene.calls("auth/renewaccesstoken") == 1
    assert [one["ended_at"] for one in scene.stored.gaps()] == [None]
    (known,) = scene.stored.rows("SELECT * FROM organizations_platformhosts")
    assert (known["wrong_status"], known["points_to"]) == (307, collector)


def test_a_renewal_that_names_the_held_host_ends_the_sockets_wait(scene: Scene) -> None:
    shared = scene.sandbox.view("hosts")["shared"]
    scene.sandbox.control("handshake", status=421, calls=1)
    scene.sandbox.control("close", environment="demo")
    wait_until(lambda: "named none" in scene.stored.lease()["reason"], what="a socket that waits for its host")
    scene.sandbox.control("api-hosts", value={"demo": shared})
    ids = {"connection_id": scene.connection.pk, "organization_id": scene.connection.organization_id}
    tokens.renew_now(**ids, now=timezone.now())
    scene.wait_until_live_at(shared)
    (known,) = scene.stored.rows("SELECT * FROM organizations_platformhosts")
    assert (known["wrong_host"], known["wrong_at"]) == ("", None)


def test_a_socket_goes_back_to_the_last_good_host_where_the_named_one_cannot_be_reached(scene: Scene) -> None:
    shared, away = scene.sandbox.view("hosts")["shared"], "127.0.0.1:1"
    scene.sandbox.control("api-hosts", value={"demo": away})
    ids = {"connection_id": scene.connection.pk, "organization_id": scene.connection.organization_id}
    tokens.renew_now(**ids, now=timezone.now())

    def has_fallen_back() -> bool:
        return bool(scene.stored.rows("SELECT 1 FROM organizations_platformhosts WHERE away_host = '127.0.0.1:1'"))

    wait_until(has_fallen_back, what="a host that is given up for now")
    scene.wait_until_live_at(shared)
    assert scene.calls("auth/accesstokenrequest") == 1


def test_a_renewal_that_fails_for_good_keeps_the_socket_and_costs_one_login_at_the_tokens_end(
    scene: Scene, settings: Any
) -> None:
    ids = {"connection_id": scene.connection.pk, "organization_id": scene.connection.organization_id}
    settings.BUDGET_WINDOW_SECONDS = 3.0
    fault = {"fault": "500", "endpoint": "auth/renewaccesstoken", "environment": "demo", "for_seconds": 60}
    scene.sandbox.control("call", **fault)
    first = tokens.access_token(**ids, now=timezone.now())
    end = first.expires_at
    asked = [tokens.access_token(**ids, now=end - timedelta(minutes=14 - number)) for number in range(14)]
    assert {one.token for one in asked} == {first.token}
    assert scene.calls("auth/accesstokenrequest") == 1
    assert 2 <= scene.calls("auth/renewaccesstoken") <= 14
    assert tokens.access_token(**ids, now=end).token != first.token
    assert scene.calls("auth/accesstokenrequest") == 2
    scene.wait_until_live_at(scene.sandbox.view("hosts")["shared"])
    assert scene.stored.gaps() == []
