"""An organization whose log a test fills row by row, as a hub would, and reads through the API."""

import json
import time
from datetime import UTC, datetime
from typing import Any

import psycopg

from tests.support.partner_api.program import ApiProgram
from vendor_admin.organizations.models import Organization
from vendor_admin.organizations.tenancy.scope import organization_scope
from vendor_admin.sync.events.cursors import beginning, present_life
from vendor_admin.sync.events.query import EventQuery
from vendor_admin.sync.events.reading import Event, EventPage, read_page
from vendor_admin.sync.models import Kind

INSERT = (
    "INSERT INTO sync_entityevent (received_at, organization_id, lease_id, epoch, seq, entity_id, kind, environment,"
    " entity_type, account_id, payload) VALUES (coalesce(%s, now()), %s, 1, 1, 1, %s, %s, %s, %s, %s, %s) RETURNING id"
)


class LogDesk:
    """Rows come over a hub's connection, each in a transaction of its own unless `over` says otherwise."""

    def __init__(self, hub: psycopg.Connection, slug: str = "alpha") -> None:
        self.hub = hub
        self.organization = Organization.objects.create(slug=slug, name=slug.title())
        self.path = "/api/v1/events"

    def scope(self) -> Any:
        return organization_scope(self.organization.pk)

    def add(
        self,
        entity_type: str = "account",
        entity_id: int = 1,
        kind: Kind = Kind.CREATED,
        *,
        account: int | None = None,
        at: datetime | None = None,
        environment: str = "demo",
        over: psycopg.Connection | None = None,
        **fields: Any,
    ) -> int:
        """One row of the log with these fields of the platform; returns its id."""
        if account is None and entity_type in ("account", "accountRiskStatus", "userAccountAutoLiq"):
            account = entity_id
        values = [at, self.organization.pk, entity_id, int(kind), environment, entity_type, account]
        row = (over or self.hub).execute(INSERT, [*values, json.dumps({"id": entity_id} | fields)]).fetchone()
        assert row is not None
        return int(row[0])

    def settle(self) -> None:
        """Wait until every transaction that was begun so far, in any database of the server, has ended."""
        deadline = time.monotonic() + 60
        begun = self._number("pg_snapshot_xmax")
        while self._number("pg_snapshot_xmin") < begun:
            assert time.monotonic() < deadline, "a transaction of another database has been open for a minute"
            time.sleep(0.02)

    def page(self, *, settled: bool = True, **asked: Any) -> EventPage:
        if settled:
            self.settle()
        with self.scope():
            return read_page(EventQuery(**asked), organization_id=self.organization.pk, now=datetime.now(UTC))

    def events(self, **asked: Any) -> list[Event]:
        return list(self.page(**asked).events)

    def types(self, **asked: Any) -> list[str]:
        return [event.type for event in self.events(**asked)]

    def start(self) -> str:
        """The cursor before everything."""
        with self.scope():
            return str(beginning(life=present_life(), now=datetime.now(UTC)))

    def program(self, *scopes: str) -> ApiProgram:
        return ApiProgram.of(self.organization, scopes=scopes or ("events:read",))

    def _number(self, name: str) -> int:
        row = self.hub.execute(f"SELECT {name}(pg_current_snapshot())::text::bigint".encode()).fetchone()
        assert row is not None
        return int(row[0])
