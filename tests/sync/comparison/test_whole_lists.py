"""Long lists over REST: nothing older replaces what the socket tells meanwhile, and no list ends a socket twice."""

import asyncio
import json
import socket as sockets
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from tests.support.running_hub import RunningHub, wait_until
from tests.support.scripted_server import ScriptedServer, running_server
from tests.sync.scripted_platform import ScriptedPlatform
from tests.sync.socket.test_lookups import lone_socket
from tests.sync.stored import Stored
from vendor_admin.organizations.models import Connection
from vendor_admin.sync.comparison import type_comparison
from vendor_admin.sync.comparison.known_ids import KnownIds
from vendor_admin.sync.log.batch_parameters import by_mirror
from vendor_admin.sync.log.inbox import EBB, Inbox
from vendor_admin.sync.log.rows import Row
from vendor_admin.sync.models import Kind
from vendor_admin.sync.socket import opening
from vendor_admin.sync.socket.intake import Intake
from vendor_admin.sync.socket.listening import SNAPSHOT_CHUNK

Connect = Callable[..., Connection]
StartHub = Callable[..., RunningHub]
SNAPSHOT = dict.fromkeys(range(1, 7), "of the snapshot")


def entities(names: dict[int, str]) -> list[bytes]:
    return [json.dumps({"id": number, "name": name}).encode() for number, name in names.items()]


def news(number: int, name: str, event_type: str = "Updated") -> bytes:
    (entity,) = entities({number: name})
    return b'a[{"e":"props","d":{"entityType":"account","eventType":"%b","entity":%b}}]' % (event_type.encode(), entity)


class RestSide:
    """Answers calls over REST by their endpoint: (status, body), or entities that go out when `go_on` lets them."""

    def __init__(self, server: ScriptedServer) -> None:
        self.server = server
        self.answers: dict[str, list[tuple[int, object]]] = {}
        self.pieces: list[bytes] = []
        self.is_cut = False
        self.has_begun, self.may_end = threading.Event(), threading.Event()
        server.answers = [self._answer]

    def calls(self, endpoint: str) -> list[str]:
        return [one.path for one in self.server.seen if f"/{endpoint}" in one.path]

    def _answer(self, handler: BaseHTTPRequestHandler) -> None:
        handler.close_connection = True
        endpoint = "/".join(handler.path.partition("?")[0].split("/")[-2:])
        scripted = self.answers.get(endpoint, [])
        if scripted:
            status, body = scripted.pop(0) if len(scripted) > 1 else scripted[0]
            content = json.dumps(body).encode()
            handler.wfile.write(b"HTTP/1.1 %d x\r\nContent-Length: %d\r\n\r\n%b" % (status, len(content), content))
            return
        first, *rest = self.pieces
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n[" + first)
        self.has_begun.set()
        self.may_end.wait(20)
        for piece in rest:
            handler.wfile.write(b"," + piece)
        if not self.is_cut:
            handler.wfile.write(b"]")
        handler.connection.shutdown(sockets.SHUT_RDWR)

    def will_list(self, names: dict[int, str]) -> None:
        self.pieces = entities(names)


@pytest.fixture
def rest() -> Iterator[RestSide]:
    with running_server() as server:
        yield RestSide(server)


@pytest.fixture
def ask(
    platform: ScriptedPlatform,
    rest: RestSide,
    connect: Connect,
    start_hub: StartHub,
    stored: Stored,
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[[], None]:
    """A live socket that mirrors six accounts; more than two are read over REST. Called, it asks for a comparison."""
    monkeypatch.setattr(type_comparison, "MOST_OVER_SOCKET", 2)
    platform.snapshot = [b'a[{"s":200,"i":{i},"d":{"accounts":[%b]}}]' % b",".join(entities(SNAPSHOT))]
    connect(platform, entity_types=["account"], rest_url=rest.server.url)
    start_hub()
    wait_until(lambda: stored.lease()["settled_at"] if stored.leases() else None, what="the first load")

    def run() -> None:
        stored.rows("UPDATE sync_lease SET reconcile_requested_at = now() RETURNING id")

    return run


def is_compared(stored: Stored) -> bool:
    lease = stored.lease()
    return bool(lease["reconciled_at"]) and lease["reconciled_at"] > lease["reconcile_requested_at"]


def names(stored: Stored) -> dict[int, str]:
    return {row["entity_id"]: row["name"] for row in stored.mirror("account") if row["deleted_at"] is None}


def test_what_the_socket_tells_while_a_list_streams_is_never_replaced_by_it(
    platform: ScriptedPlatform, rest: RestSide, ask: Callable[[], None], stored: Stored
) -> None:
    rest.will_list(dict.fromkeys([1, 2, 3, 4, 7, 8], "of the list"))
    ask()
    assert rest.has_begun.wait(10)
    wait_until(lambda: names(stored)[1] == "of the list", what="what has come of the list")
    platform.send(
        news(1, "of an event"),  # listed before
        news(3, "of an event"),  # listed behind
        news(6, "of an event"),  # not listed
        news(7, "made and gone", "Deleted"),  # listed behind, and never heard of
        news(4, "gone", "Deleted"),  # listed behind
        news(9, "just made", "Created"),  # made since
    )
    wait_until(lambda: names(stored).get(9), what="the events, while the list streams")
    assert not is_compared(stored)
    rest.may_end.set()
    wait_until(lambda: is_compared(stored), what="the comparison")
    assert names(stored) == {
        1: "of an event",
        2: "of the list",
        3: "of an event",
        6: "of an event",
        8: "of the list",
        9: "just made",
    }
    assert [one["entity_id"] for one in stored.events() if one["kind"] == Kind.VANISHED] == [5]
    note = stored.reconciliations()[-1]
    assert (note["changed"], note["vanished"], note["platform_count"], note["error"]) == (3, 1, 6, "")
    assert not [one for one in platform.calls if one.startswith("account/list")], "it is not asked over the socket"
    assert rest.server.seen[-1].headers["Authorization"] == "Bearer token-of-the-tests"


def test_a_list_that_breaks_off_lets_nothing_vanish_and_is_read_again(
    rest: RestSide, ask: Callable[[], None], stored: Stored
) -> None:
    rest.will_list(dict.fromkeys([1, 2, 3], "of the list"))
    rest.is_cut = True
    rest.may_end.set()
    ask()
    wait_until(lambda: any("breaks off" in one["error"] for one in stored.reconciliations()), what="the failed read")
    assert names(stored) == SNAPSHOT | dict.fromkeys([1, 2, 3], "of the list")
    assert not is_compared(stored)
    rest.will_list(dict.fromkeys(SNAPSHOT, "read again"))
    rest.is_cut = False
    wait_until(lambda: is_compared(stored), what="the comparison")
    assert names(stored) == dict.fromkeys(SNAPSHOT, "read again")


def test_an_entity_that_cannot_be_read_goes_to_quarantine_and_lets_nothing_vanish(
    rest: RestSide, ask: Callable[[], None], stored: Stored
) -> None:
    rest.pieces = [*entities({1: "of the list"}), b'{"name":"without id"}', b'{"id":2,}', *entities({3: "of the list"})]
    rest.may_end.set()
    ask()
    wait_until(lambda: is_compared(stored), what="the comparison")
    assert names(stored) == SNAPSHOT | dict.fromkeys([1, 3], "of the list")
    assert sorted(bytes(one["raw"]) for one in stored.quarantine()) == [b'{"id":2,}', b'{"name":"without id"}']
    assert "could not be read" in stored.reconciliations()[-1]["error"]


def test_a_penalty_ticket_goes_with_the_same_list_once_more(
    rest: RestSide, ask: Callable[[], None], stored: Stored
) -> None:
    ticket = {"p-ticket": "T-6", "p-time": 1, "p-captcha": False}
    rest.answers = {"account/list": [(200, ticket), (200, [{"id": one, "name": "of the list"} for one in SNAPSHOT])]}
    ask()
    wait_until(lambda: is_compared(stored), what="the comparison")
    assert rest.calls("account/list")[1].endswith("?p-ticket=T-6")
    assert names(stored) == dict.fromkeys(SNAPSHOT, "of the list")


def test_a_list_that_the_token_may_not_read_is_refused_and_the_token_kept(
    rest: RestSide, ask: Callable[[], None], stored: Stored
) -> None:
    rest.answers = {"account/list": [(401, "Access is denied")], "auth/me": [(200, {"userId": 1})]}
    ask()
    wait_until(lambda: is_compared(stored), what="the comparison")
    assert stored.lease()["refused_types"] == ["account"]
    assert len(rest.calls("auth/me")) == 1
    assert "not permitted" in stored.reconciliations()[-1]["error"]


def test_a_dead_token_is_given_up_and_the_socket_left_alone(
    platform: ScriptedPlatform, rest: RestSide, ask: Callable[[], None], stored: Stored
) -> None:
    rest.answers = {"account/list": [(401, "no")], "auth/me": [(401, "no")], "auth/accesstokenrequest": [(500, "")]}
    ask()
    sessions = "SELECT 1 FROM organizations_platformsession WHERE expires_at IS NULL"
    wait_until(lambda: stored.rows(sessions), what="the token to be given up")
    assert len(platform.open_peers) == 1
    assert len(rest.calls("auth/me")) == 1


def test_a_user_that_is_locked_over_rest_asks_nothing_more(
    rest: RestSide, ask: Callable[[], None], stored: Stored
) -> None:
    rest.answers = {"account/list": [(429, "slow down")]}
    ask()
    wait_until(lambda: stored.rows("SELECT key FROM organizations_ratelock"), what="the lock")
    assert len(rest.calls("account/list")) == 1


@pytest.fixture
def too_long(
    platform: ScriptedPlatform, rest: RestSide, connect: Connect, stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Accounts whose list is longer than a frame may be, although nobody could know it before."""
    monkeypatch.setattr(opening, "MAX_FRAME_BYTES", 64 * 1024)
    accounts = [{"id": number, "name": f"ACCOUNT{number:06d}", "active": True} for number in range(1, 2001)]
    platform.lists["account"] = accounts
    platform.snapshot = [
        b'a[{"s":200,"i":{i},"d":{"accounts":%b}}]' % json.dumps(accounts[start : start + 500]).encode()
        for start in range(0, 2000, 500)
    ]
    rest.answers = {"account/list": [(200, accounts)]}
    connect(platform, entity_types=["account"], rest_url=rest.server.url)


def test_a_list_that_ended_the_socket_is_not_asked_there_again(
    platform: ScriptedPlatform, rest: RestSide, too_long: None, start_hub: StartHub, stored: Stored
) -> None:
    start_hub()
    wait_until(lambda: stored.lease()["settled_at"] if stored.leases() else None, what="the first load")
    stored.rows("UPDATE sync_lease SET reconcile_requested_at = now() RETURNING id")
    wait_until(lambda: is_compared(stored), what="the comparison")
    assert [len(platform.peers), len(platform.open_peers)] == [2, 1]
    assert platform.calls.count("account/list?") == 1
    errors = [one["error"] for one in stored.reconciliations()]
    assert errors == ["the answer is too long for a socket; it is read over REST from now on", ""]
    assert [one["reason"] for one in stored.gaps()][-1].startswith(("closed by the platform (1009", "connection lost"))


def test_a_list_that_ended_the_socket_and_fails_over_rest_ends_no_other(
    platform: ScriptedPlatform, rest: RestSide, too_long: None, start_hub: StartHub, stored: Stored
) -> None:
    rest.answers = {"account/list": [(500, "not now")]}
    start_hub()
    wait_until(lambda: stored.lease()["settled_at"] if stored.leases() else None, what="the first load")
    stored.rows("UPDATE sync_lease SET reconcile_requested_at = now() RETURNING id")
    wait_until(lambda: len(rest.calls("account/list")) >= 3, what="three tries over REST")
    assert len(platform.peers) == 2
    assert platform.calls.count("account/list?") == 1
    assert not is_compared(stored)


def test_a_list_waits_while_many_rows_wait_and_events_do_not() -> None:
    async def run() -> tuple[int, list[Any]]:
        inbox, most, taken = Inbox(max_rows=2_000), 0, []
        socket = lone_socket(inbox)
        socket.has_settled.set()
        reserved = socket.reserve(10_000, entity_type="account")
        later = socket.reserve(1)
        listed = [b'{"id":%d}' % number for number in range(1, 5_001)]
        putting = asyncio.create_task(socket.put_listed(listed, kind=Kind.RESYNC, reserved=reserved, first_place=7))
        while not putting.done() or len(inbox):
            await asyncio.sleep(0)
            most = max(most, len(inbox))
            assert not inbox.is_full(1)
            taken += inbox.take(300)
            inbox.done()
        assert await putting == list(range(1, 5_001))
        assert taken[-1].seq < later.first_seq
        return most, taken

    most, taken = asyncio.run(run())
    assert most < 2_000 // EBB + SNAPSHOT_CHUNK
    assert [(row.entity_id, row.seq) for row in taken] == [(one, one + 7) for one in range(1, 5_001)]
    assert all(row.is_difference and row.is_reserved for row in taken)


def test_a_list_ends_with_its_socket() -> None:
    async def run() -> object:
        inbox = Inbox()
        socket = lone_socket(inbox)
        reserved = socket.reserve(10, entity_type="account")
        return await socket.put_listed([b'{"id":1}'], kind=Kind.RESYNC, reserved=reserved, first_place=0)

    assert asyncio.run(run()) is None


def test_rows_of_a_list_do_not_count_as_events_that_wait() -> None:
    inbox = Inbox()
    socket = lone_socket(inbox)
    socket.has_settled.set()
    reserved = socket.reserve(10, entity_type="account")
    asyncio.run(socket.put_listed([b'{"id":1}'], kind=Kind.RESYNC, reserved=reserved, first_place=0))
    assert len(inbox) == 1
    assert inbox.oldest_received_at() == {}


def test_within_a_batch_an_older_list_does_not_replace_a_newer_snapshot() -> None:
    intake = Intake(lone_socket(Inbox()).lease)
    reserved = intake.reserve(10, entity_type="account")
    newer = intake.row("account", b'{"id":1,"name":"of the snapshot"}', kind=Kind.RESYNC, is_difference=True)
    older = intake.listed_row("account", b'{"id":1,"name":"of the list"}', kind=Kind.RESYNC, reserved=reserved, place=0)
    assert isinstance(newer, Row)
    assert isinstance(older, Row)
    for rows in ([newer, older], [older, newer]):
        (step,) = by_mirror(rows)
        assert step.rows == [newer]


def test_known_ids_tell_which_were_not_listed() -> None:
    known = KnownIds()
    known.extend([2, 3, 5])
    known.extend([8, 13])
    known.note([1, 3, 4, None, 13, 3, 99])
    assert (len(known), known.absent_count) == (5, 3)
    assert list(known.absent()) == [(0, 2), (2, 5), (3, 8)]
