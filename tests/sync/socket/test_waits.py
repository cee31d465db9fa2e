"""Sockets that wait: until when is shown, and a person may end the wait, except where the platform has locked them."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from websockets.asyncio.client import connect as open_connection
from websockets.asyncio.server import ServerConnection, serve

from tests.support.running_hub import RunningHub, wait_until
from tests.sync.scripted_platform import ScriptedPlatform
from tests.sync.socket.test_lookups import lone_socket
from tests.sync.stored import Stored
from vendor_admin.errors import Conflict
from vendor_admin.organizations.actors import Actor
from vendor_admin.organizations.connections.verbs import pause_connection, resume_connection
from vendor_admin.organizations.models import AuditEntry, Connection
from vendor_admin.organizations.platform_access import budgets, tokens
from vendor_admin.organizations.tenancy.scope import organization_scope
from vendor_admin.sync.log.inbox import Inbox
from vendor_admin.sync.models import Lease
from vendor_admin.sync.socket.listening import Listening
from vendor_admin.sync.socket.retry import StillLocked, try_now
from vendor_admin.tradovate.events import PeerSilent
from vendor_admin.tradovate.socket.sync_session import SyncSession

Connect = Callable[..., Connection]
StartHub = Callable[..., RunningHub]
ACCEPTED = [b'a[{"s":200,"i":{i},"d":{}}]']
NOT_NOW = [b'a[{"s":400,"i":{i},"d":"Not now"}]']
LOCKED = [b'a[{"s":429,"i":{i}}]']
CAPTCHA = [b'a[{"s":200,"i":{i},"d":{"p-ticket":"ticket-1","p-time":5,"p-captcha":true}}]']
PENALTY = [b'a[{"s":200,"i":{i},"d":{"p-ticket":"ticket-1","p-time":1}}]']


class Waiting:
    """An organization with a hub and a platform that does not let its socket in, or does."""

    def __init__(
        self, platform: ScriptedPlatform, connection: Connection, stored: Stored, hub: RunningHub | None = None
    ) -> None:
        self.platform, self.connection, self.stored, self.hub = platform, connection, stored, hub

    def wait_for(self, state: str) -> dict[str, Any]:
        wait_until(lambda: any(one["state"] == state for one in self.stored.leases()), what=f"the state {state}")
        return self.stored.lease()

    def lease(self) -> Lease:
        with organization_scope(self.connection.organization_id):
            return Lease.objects.get()

    def try_now(self, **options: Any) -> Lease:
        return try_now(lease=self.lease(), actor=Actor.staff("alice"), now=datetime.now(UTC), **options)

    def audit(self) -> list[tuple[str, str, dict[str, Any]]]:
        with organization_scope(self.connection.organization_id):
            return [(one.actor, one.action, one.new) for one in AuditEntry.objects.order_by("id")]


@pytest.fixture
def waiting(
    platform: ScriptedPlatform, connect: Connect, start_hub: StartHub, stored: Stored
) -> Callable[[list[bytes], str], Waiting]:
    def make(snapshot: list[bytes], state: str = "waiting") -> Waiting:
        platform.snapshot = snapshot
        scene = Waiting(platform, connect(platform, entity_types=["account"]), stored, start_hub())
        scene.wait_for(state)
        return scene

    return make


def test_a_waiting_socket_says_until_when_and_forgets_it_when_it_opens(
    waiting: Callable[..., Waiting], client: Client
) -> None:
    scene = waiting(NOT_NOW)
    lease = scene.wait_for("waiting")
    seconds = (lease["next_try_at"] - datetime.now(UTC)).total_seconds()
    assert 280 < seconds < 365
    assert lease["locked_until"] is None
    (shown,) = client.get("/syncz").json()["sockets"]
    assert datetime.fromisoformat(shown["next_try_at"]) - lease["next_try_at"] < timedelta(milliseconds=1)
    output = StringIO()
    with pytest.raises(SystemExit):
        call_command("sync_status", stdout=output)
    assert f"Next try at {lease['next_try_at']:%Y-%m-%d %H:%M:%S} UTC." in output.getvalue()
    scene.platform.snapshot = ACCEPTED
    scene.try_now()
    lease = scene.wait_for("live")
    assert (lease["next_try_at"], lease["locked_until"]) == (None, None)
    assert client.get("/syncz").json()["sockets"][0]["next_try_at"] is None


def test_a_wait_that_is_ended_early_is_in_the_audit_and_ended_once(waiting: Callable[..., Waiting]) -> None:
    scene = waiting(NOT_NOW)
    asked_at = datetime.now(UTC)
    call_command("sync_retry", "alpha", "--environment", "demo", stdout=StringIO())
    wait_until(lambda: len(scene.platform.peers) == 2, seconds=5, what="the second try")
    assert scene.audit() == [("manage.py sync_retry", "socket tried again at once", {})]
    scene.wait_for("waiting")
    wait_until(lambda: scene.stored.lease()["next_try_at"] > asked_at + timedelta(seconds=290), what="the next wait")
    wait_until(lambda: datetime.now(UTC) > asked_at + timedelta(seconds=3), what="several renewals")
    assert len(scene.platform.peers) == 2


def test_a_lock_of_the_platform_is_lifted_by_force_alone(waiting: Callable[..., Waiting]) -> None:
    scene = waiting(LOCKED)
    lease = scene.wait_for("waiting")
    assert 3590 < (lease["locked_until"] - datetime.now(UTC)).total_seconds() <= 3600
    assert lease["next_try_at"] >= lease["locked_until"]
    with pytest.raises(StillLocked, match="--force") as refused:
        scene.try_now()
    assert refused.value.until == lease["locked_until"]
    with pytest.raises(CommandError, match="lock lasts until"):
        call_command("sync_retry", "alpha", "--environment", "demo")
    assert scene.audit() == []
    scene.platform.snapshot = ACCEPTED
    assert len(scene.platform.peers) == 1
    call_command("sync_retry", "alpha", "--environment", "demo", "--force", stdout=StringIO())
    scene.wait_for("live")
    ((_, _, new),) = scene.audit()
    assert new == {"locks_forgotten": [f"{budgets.address_subject(scene.platform.rest_url)} user/syncrequest"]}


def test_a_captcha_outlives_the_claim_that_was_asked_for_it(waiting: Callable[..., Waiting]) -> None:
    scene = waiting(CAPTCHA)
    scene.stored.rows("UPDATE sync_lease SET fence = fence + 1, holder = '', expires_at = NULL RETURNING id")
    wait_until(lambda: scene.stored.lease()["fence"] >= 3, what="another claim")
    lease = scene.wait_for("waiting")
    assert "captcha" in lease["reason"]
    assert (lease["locked_until"] - datetime.now(UTC)).total_seconds() > 3500
    with pytest.raises(StillLocked):
        scene.try_now()
    assert len(scene.platform.peers) == 1


def test_a_penalty_is_waited_for_and_its_ticket_goes_with_the_next_try(waiting: Callable[..., Waiting]) -> None:
    scene = waiting(PENALTY)
    with pytest.raises(StillLocked):
        scene.try_now()
    scene.platform.snapshot = ACCEPTED
    scene.wait_for("live")
    first, second = scene.platform.peers
    assert (first.sync_request.get("p-ticket"), second.sync_request.get("p-ticket")) == (None, "ticket-1")
    assert second.opened_at - first.opened_at >= 1


def test_a_locked_user_does_not_even_sign_in(
    platform: ScriptedPlatform, connect: Connect, start_hub: StartHub, stored: Stored
) -> None:
    scene = Waiting(platform, connect(platform), stored)
    user = budgets.user_subject(user="a", url=platform.rest_url)
    until = datetime.now(UTC) + timedelta(seconds=60)
    budgets.lock(key=user, until=until, reason="The platform locked this user (429).")
    start_hub()
    lease = scene.wait_for("waiting")
    assert (lease["reason"], platform.peers) == ("The platform locked this user (429).", [])
    assert abs((lease["locked_until"] - until).total_seconds()) < 1


def test_a_stopped_socket_can_be_tried_again(
    platform: ScriptedPlatform,
    connect: Connect,
    start_hub: StartHub,
    stored: Stored,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    really, refusals = tokens.stored_token, [tokens.TokenUnavailable("The key has no rights.", "Give it some.")]

    def stored_token(**arguments: Any) -> Any:
        if refusals:
            raise refusals.pop()
        return really(**arguments)

    monkeypatch.setattr(tokens, "stored_token", stored_token)
    scene = Waiting(platform, connect(platform), stored)
    start_hub()
    assert scene.wait_for("failed")["next_try_at"] is None
    scene.try_now()
    scene.wait_for("live")


def test_a_socket_that_does_not_wait_cannot_be_tried(waiting: Callable[..., Waiting]) -> None:
    scene = waiting(ACCEPTED, "live")
    with pytest.raises(Conflict, match="live"):
        scene.try_now()
    with pytest.raises(CommandError, match="does not wait"):
        call_command("sync_retry", "alpha", "--environment", "demo")
    with pytest.raises(CommandError, match="LIVE"):
        call_command("sync_retry", "alpha", "--environment", "live")
    with pytest.raises(CommandError, match="nobody"):
        call_command("sync_retry", "nobody", "--environment", "demo")
    pause_connection(connection=scene.connection, actor=Actor.staff("staff"))
    with pytest.raises(Conflict, match="paused"):
        scene.try_now()
    assert scene.hub
    scene.hub.stop()
    resume_connection(connection=scene.connection, actor=Actor.staff("staff"))
    with pytest.raises(Conflict, match="worker"):
        scene.try_now()
    assert [action for _, action, _ in scene.audit()] == ["connection paused", "connection resumed"]


def test_a_heartbeat_into_a_broken_connection_leaves_the_judgement_to_the_ending() -> None:
    async def run() -> tuple[object, bool]:
        async def speak(connection: ServerConnection) -> None:
            await connection.send("o")
            connection.transport.abort()

        async with serve(speak, "127.0.0.1", 0) as server:
            port = next(iter(server.sockets)).getsockname()[1]
            connection = await open_connection(f"ws://127.0.0.1:{port}")
            inbox = Inbox()
            socket = lone_socket(inbox)
            loop = asyncio.get_running_loop()
            session = SyncSession(
                access_token="t", sync_request={}, now=loop.time(), heartbeat_seconds=0.05, silence_seconds=0.4
            )
            session.receive(b"o", now=loop.time())
            await connection.wait_closed()
            await Listening(owner=socket, inbox=inbox, session=session, connection=connection).tick()
            return socket.ending, connection.transport.is_closing()

    ending, is_closed = asyncio.run(run())
    assert isinstance(ending, PeerSilent)
    assert is_closed
