"""A holder that stands still, or is cut off, inside a flush: what it has locked never holds up who takes over."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress

import psycopg
import pytest

from tests.support.cutting_proxy import CuttingProxy
from tests.sync.desk import Desk, Ear, row
from tests.sync.stored import Stored
from vendor_admin.organizations.models import Connection, Organization
from vendor_admin.organizations.tenancy.scope import organization_scope
from vendor_admin.sync import backends, leases
from vendor_admin.sync.log import batch_parameters as parameters
from vendor_admin.sync.log import flush, statements
from vendor_admin.sync.log.rows import BadRow, Row

# The last that a flush locks.
HAS_WRITTEN = "SELECT 1 FROM pg_locks WHERE relation = 'sync_storedrows'::regclass AND mode = 'RowExclusiveLock'"


@pytest.fixture(autouse=True)
def no_timeout_of_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """What PostgreSQL 17 ends by itself stays here as with 15."""
    monkeypatch.setattr(backends, "TRANSACTION_SECONDS", 600)


@asynccontextmanager
async def standing_flush(
    url: str, *, hub: str, rows: Sequence[Row | BadRow], fences: dict[int, int]
) -> AsyncIterator[None]:
    """A hub's flush of which the server has everything but COMMIT, and hears nothing more."""
    connection = await flush.connect(url, name=backends.application_name(hub, "writer"))
    with suppress(psycopg.OperationalError):
        async with connection.pipeline():
            await connection.execute("BEGIN")
            await connection.execute(statements.HOLD_FENCES, [parameters.fence_parameter(fences)])
            for statement in flush.statements_of(rows):
                await connection.execute(statement.sql, statement.parameters)
            connection.pgconn.send_flush_request()
            connection.pgconn.flush()
            yield
            await connection.execute("COMMIT")
    await connection.close()


def test_whoever_takes_over_ends_a_flush_that_stands_still_and_only_once_the_holder_has_lapsed(
    desk: Desk, stored: Stored
) -> None:
    Organization.objects.create(id=1, slug="alpha", name="Alpha")
    with organization_scope(1):
        Connection.objects.create(
            id=1, organization_id=1, environment="demo", rest_url="http://x", websocket_url="ws://x"
        )
    desk.admin.execute("UPDATE sync_lease SET holder = 'old', expires_at = now() + interval '1 hour'")
    desk.add_lease(2)
    desk.admin.execute("UPDATE sync_lease SET holder = 'old', expires_at = now() - interval '1 s' WHERE id = 2")

    unwritten = [row(1, name="never"), *Ear().rows(b'a["unreadable"]')]

    async def story() -> None:
        new = await backends.connect(desk.url, name=backends.application_name("new", "side"))
        other = await backends.connect(desk.url, name=backends.application_name("older", "writer"))
        async with new, other, standing_flush(desk.url, hub="old", rows=unwritten, fences={1: 1}):
            while not desk.admin.execute(HAS_WRITTEN).fetchone():
                await asyncio.sleep(0.01)
            assert await leases.break_locks_of_lapsed(new, name="new") == [], "one of its leases is in force"
            desk.admin.execute("UPDATE sync_lease SET expires_at = now() - interval '1 s' WHERE id = 1")
            assert await leases.break_locks_of_lapsed(new, name="old") == [], "nobody ends itself"
            assert await leases.claim(new, name="new", most=5, ttl=10) == [], "a flush holds it"
            assert await leases.break_locks_of_lapsed(new, name="new") == ["old"]
            (taken,) = await leases.claim(new, name="new", most=5, ttl=10)
            assert (taken.id, taken.fence) == (1, 2)
            await other.execute("SELECT 1")  # a hub of a name that begins alike was left alone

    asyncio.run(story())
    assert not stored.events()
    desk.fences[1] = 2
    desk.flush([row(1, name="of the new holder", epoch=2), *Ear(epoch=2).rows(b'a["unreadable"]')])
    assert [account["name"] for account in stored.mirror("account")] == ["of the new holder"]
    assert [kept["row_count"] for kept in stored.rows("SELECT row_count FROM sync_storedrows")] == [1]


def test_a_writer_that_was_cut_off_ends_what_it_left_at_the_server_and_writes_once(
    desk: Desk, stored: Stored, database_urls: dict[str, str]
) -> None:
    with CuttingProxy(database_urls["hub"]) as proxy:
        proxy.stop_behind(b"INSERT INTO sync_batch")
        desk.write([row(seq, seq, name="x" * 200) for seq in range(1, 601)], url=proxy.url)
        assert proxy.has_stopped
    assert [event["seq"] for event in stored.events()] == list(range(1, 601))
    assert sum(count for _, count in desk.stored) == 600


def test_every_connection_of_a_hub_carries_its_name_and_is_bounded(database_urls: dict[str, str], desk: Desk) -> None:
    name = "a-host-of-a-very-long-name.in-a.datacenter.é example:1234567:abcdef"
    assert backends.application_name(name, "writer").isascii()

    async def shown() -> dict[str, str]:
        async with await flush.connect(desk.url, name=backends.application_name(name, "writer")) as connection:
            settings = ["application_name", "lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout"]
            settings += ["tcp_user_timeout", "tcp_keepalives_idle"]
            if connection.info.server_version >= 170_000:
                settings.append("transaction_timeout")
            rows = await connection.execute("SELECT name, setting FROM pg_settings WHERE name = ANY (%s)", [settings])
            return dict(await rows.fetchall())

    found = asyncio.run(shown())
    assert found["application_name"] == backends.application_name(name, "writer")
    assert found["application_name"].endswith(":1234567:abcdef writer")
    assert [setting for setting, value in found.items() if value == "0"] == []
