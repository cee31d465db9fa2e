"""The events role as its own process: readers wait there in numbers, are told at once, and are let go at the end."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import connection as database
from django.utils import timezone

from tests.support.database import ROOT
from tests.support.partner_api.program import ApiProgram
from tests.sync.events.log_desk import LogDesk
from vendor_admin.commands import ROLES, arguments_of
from vendor_admin.embedded import Program, RunningProgram, choose_port
from vendor_admin.organizations.actors import Actor
from vendor_admin.partner_api.keys.verbs import revoke_key
from vendor_admin.partner_api.models import RequestCount, RequestLogEntry

READERS = 500


class Role:
    """The running process and the port that it listens at."""

    def __init__(self, running: RunningProgram, port: int) -> None:
        self.running, self.port = running, port

    async def get(self, query: str, key: str, *, path: str = "/api/v1/events") -> tuple[int, dict[str, Any]]:
        """The status and the body of one request over a connection of its own."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        head = f"GET {path}?{query} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        writer.write(f"{head}Authorization: Bearer {key}\r\n\r\n".encode())
        try:
            answer = await asyncio.wait_for(reader.read(), timeout=60)
        finally:
            writer.close()
        status, _, body = answer.partition(b"\r\n\r\n")
        return int(status.split()[1]), json.loads(body)

    def ask(self, query: str, key: str, *, path: str = "/api/v1/events") -> tuple[int, dict[str, Any]]:
        return asyncio.run(self.get(query, key, path=path))


@pytest.fixture
def alpha(committed_db: None, hub_connection: psycopg.Connection) -> Iterator[LogDesk]:
    yield LogDesk(hub_connection, "alpha")
    database.close()


@pytest.fixture
def program(alpha: LogDesk) -> ApiProgram:
    return alpha.program()


@pytest.fixture
def role(alpha: LogDesk, child_environment: dict[str, str], tmp_path: Path) -> Iterator[Role]:
    port = choose_port()
    environment = child_environment | {"EVENTS_BIND": f"127.0.0.1:{port}"}
    program = Program(name="events", arguments=arguments_of(ROLES["events"]), folder=ROOT, environment=environment)
    running = RunningProgram(program, log_path=tmp_path / "events.log")
    try:
        deadline = time.monotonic() + 60
        while "Uvicorn running on" not in running.log_path.read_text():
            assert running.is_running, running.log_tail()
            assert time.monotonic() < deadline, running.log_tail()
            time.sleep(0.05)
        yield Role(running, port)
    finally:
        running.kill()


def test_what_is_there_is_answered_at_once_and_by_the_same_rules(
    alpha: LogDesk, program: ApiProgram, role: Role
) -> None:
    alpha.add("account", 1)
    alpha.settle()
    status, body = role.ask("wait=30", program.text)
    assert (status, [event["entity_id"] for event in body["data"]]) == (200, ["1"])
    assert role.ask("wait=30", "nonsense")[0] == 401
    status, problem = role.ask("wait=31", program.text)
    assert (status, problem["code"]) == (400, "invalid_parameter")
    assert role.ask("wait=30", alpha.program("members:read").text)[0] == 403


def test_a_reader_at_the_end_is_told_as_soon_as_something_happens(
    alpha: LogDesk, program: ApiProgram, role: Role
) -> None:
    async def wait_and_add() -> tuple[float, dict[str, Any]]:
        waiting = asyncio.create_task(role.get("after=latest&wait=30", program.text))
        await asyncio.sleep(1)
        assert not waiting.done()
        began = time.monotonic()
        await asyncio.to_thread(alpha.add, "fill", 7)
        _, body = await waiting
        return time.monotonic() - began, body

    seconds, body = asyncio.run(wait_and_add())
    assert [event["type"] for event in body["data"]] == ["fill.created"]
    assert seconds < 15
    with alpha.scope():
        assert RequestLogEntry.objects.count() == 1
        counted: Counter[str] = Counter()
        for one in RequestCount.objects.all():  # a minute may have ended meanwhile
            counted[one.caller] += one.count
    assert set(counted.values()) == {1}


def test_nothing_new_is_answered_with_an_empty_page_at_the_end_of_the_wait(
    alpha: LogDesk, program: ApiProgram, role: Role
) -> None:
    alpha.settle()
    began = time.monotonic()
    status, body = role.ask("after=latest&wait=2", program.text)
    assert (status, body["data"]) == (200, [])
    assert time.monotonic() - began >= 2
    assert role.ask(f"after={body['next_cursor']}", program.text)[1]["data"] == []


def test_a_reader_who_filters_is_not_woken_by_others_events(alpha: LogDesk, program: ApiProgram, role: Role) -> None:
    async def scene() -> dict[str, Any]:
        waiting = asyncio.create_task(role.get("after=latest&wait=30&types=order.*", program.text))
        await asyncio.sleep(1)
        await asyncio.to_thread(alpha.add, "fill", 7)
        await asyncio.sleep(1)
        assert not waiting.done()
        await asyncio.to_thread(alpha.add, "order", 8)
        return (await waiting)[1]

    assert [event["type"] for event in asyncio.run(scene())["data"]] == ["order.created"]


def test_a_key_that_is_revoked_while_its_reader_waits_learns_nothing_more(
    alpha: LogDesk, program: ApiProgram, role: Role
) -> None:
    def revoke() -> None:
        revoke_key(key=program.key, actor=Actor.staff("alice"), now=timezone.now())
        database.close()

    async def scene() -> int:
        waiting = asyncio.create_task(role.get("after=latest&wait=30", program.text))
        await asyncio.sleep(1)
        await asyncio.to_thread(revoke)
        await asyncio.to_thread(alpha.add, "fill", 7)
        return (await waiting)[0]

    assert asyncio.run(scene()) == 401


def test_five_hundred_readers_wait_on_one_process_with_few_connections(
    alpha: LogDesk, program: ApiProgram, role: Role, admin_connection: psycopg.Connection, database_name: str
) -> None:
    async def scene() -> tuple[list[tuple[int, dict[str, Any]]], int, int]:
        readers = [asyncio.create_task(role.get("after=latest&wait=30", program.text)) for _ in range(READERS)]
        done = 0
        deadline = time.monotonic() + 25
        connections = 0
        while time.monotonic() < deadline:
            row = admin_connection.execute(
                "SELECT count(*), count(*) FILTER (WHERE state <> 'idle') FROM pg_stat_activity"
                " WHERE datname = %s AND usename LIKE '%%app'",
                [database_name],
            ).fetchone()
            assert row is not None
            connections = row[0]
            await asyncio.sleep(0.5)
            done = sum(reader.done() for reader in readers)
            if row[1] == 0 and time.monotonic() > deadline - 12:
                break
        await asyncio.to_thread(alpha.add, "fill", 7)
        return list(await asyncio.gather(*readers)), connections, done

    answers, connections, done_before = asyncio.run(scene())
    assert done_before == 0, "somebody was answered before anything happened"
    assert connections <= 7
    assert {status for status, _ in answers} == {200}
    assert all([event["type"] for event in body["data"]] == ["fill.created"] for _, body in answers)


def test_at_sigterm_waiting_readers_are_answered_and_the_process_leaves(
    alpha: LogDesk, program: ApiProgram, role: Role
) -> None:
    async def scene() -> tuple[int, dict[str, Any]]:
        waiting = asyncio.create_task(role.get("after=latest&wait=30", program.text))
        await asyncio.sleep(1)
        assert not waiting.done()
        role.running.ask_to_stop()
        return await waiting

    began = time.monotonic()
    status, body = asyncio.run(scene())
    assert (status, body["data"]) == (200, [])
    assert time.monotonic() - began < 20
    assert role.running.stop(grace_seconds=20)
    assert role.running.exit_code == 0, role.running.log_tail()


def test_other_addresses_are_not_served_here(role: Role, program: ApiProgram) -> None:
    async def scene() -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", role.port)
        writer.write(b"GET /admin/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        answer = await reader.read()
        writer.close()
        return answer

    assert asyncio.run(scene()).startswith(b"HTTP/1.1 404")
