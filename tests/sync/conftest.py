"""An organization with a connection whose token is already there, hubs with short times, what is stored."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from django.db import connection as database

from tests.support.running_hub import RunningHub
from tests.sync.desk import Desk
from tests.sync.scripted_platform import ScriptedPlatform
from tests.sync.stored import Stored
from vendor_admin.organizations.models import Connection, Organization, PlatformSession
from vendor_admin.organizations.platform_access.tokens import credential_digest
from vendor_admin.organizations.tenancy.scope import organization_scope
from vendor_admin.sync.comparison import unread
from vendor_admin.tradovate.rest.authentication import Credentials
from vendor_admin.tradovate.socket import reconnect

CREDENTIALS = {
    "name": "alpha-admin",
    "password": "of-the-tests",
    "app_id": "Vendor Admin",
    "app_version": "1.0",
    "cid": "8",
    "sec": "of-the-tests",
    "device_id": "device-1",
}


@pytest.fixture
def platform() -> Iterator[ScriptedPlatform]:
    with ScriptedPlatform() as running:
        yield running


def give_token(connection: Connection, rest_url: str) -> None:
    """Store a token that is good for hours, as after a login."""
    with organization_scope(connection.organization_id):
        PlatformSession.objects.create(
            organization_id=connection.organization_id,
            rest_url=rest_url,
            credential_digest=credential_digest(Credentials(**connection.credentials)),
            token={"token": "token-of-the-tests", "name": "a", "issued_at": datetime.now(UTC).isoformat()},
            expires_at=datetime.now(UTC) + timedelta(hours=6),
            platform_user_id=1,
        )


@pytest.fixture
def connect(committed_db: None) -> Iterator[Callable[..., Connection]]:
    """Make an organization's connection to a scripted platform, with a token."""

    def make(platform: ScriptedPlatform, slug: str = "alpha", **values: Any) -> Connection:
        organization, _ = Organization.objects.get_or_create(slug=slug, defaults={"name": slug.title()})
        fields: dict[str, Any] = {
            "environment": "demo",
            "rest_url": platform.rest_url,
            "websocket_url": platform.websocket_url,
            "credentials": CREDENTIALS | {"name": f"{slug}-admin"},
        }
        with organization_scope(organization.pk):
            connection = Connection.objects.create(organization=organization, **(fields | values))
        give_token(connection, connection.rest_url)
        return connection

    yield make
    database.close()


@pytest.fixture
def start_hub(
    committed_db: None, database_urls: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., RunningHub]]:
    """Start hubs that reconnect and read again quickly; they are stopped at the test's end."""
    monkeypatch.setattr(reconnect, "FIRST_DELAY_SECONDS", 0.1)
    monkeypatch.setattr(unread, "FIRST_PAUSE_SECONDS", 0.1)
    running: list[RunningHub] = []

    def start(name: str = "hub-1", **settings: Any) -> RunningHub:
        hub = RunningHub(database_url=settings.pop("database_url", database_urls["hub"]), name=name, **settings)
        running.append(hub.start())
        return hub

    yield start
    for hub in running:
        hub.stop()


@pytest.fixture
def stored(committed_db: None, admin_connection: psycopg.Connection) -> Stored:
    return Stored(admin_connection)


@pytest.fixture
def desk(committed_db: None, database_urls: dict[str, str], admin_connection: psycopg.Connection) -> Desk:
    """A writer's desk with one lease."""
    desk = Desk(database_urls["hub"], admin_connection)
    desk.add_lease()
    return desk
