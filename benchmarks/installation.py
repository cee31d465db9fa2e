"""Organizations with connections to the benchmark's sender, signed in already, and empty tables between rounds."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import psycopg
from django.test import Client
from django.utils import timezone

from benchmarks.server import BenchServer
from vendor_admin.mirrors.columns import mirror_models
from vendor_admin.mirrors.models import GenericEntity
from vendor_admin.mirrors.models.base import Mirror
from vendor_admin.organizations.models import Connection, Organization, PlatformSession, StaffRole, User
from vendor_admin.organizations.platform_access.tokens import credential_digest
from vendor_admin.organizations.sign_in.second_factor import MARK
from vendor_admin.organizations.tenancy.scope import organization_scope
from vendor_admin.tradovate.enums import Environment
from vendor_admin.tradovate.rest.authentication import Credentials

ENVIRONMENT = Environment.DEMO.value
# Nobody listens there: everything that the hub needs over REST is stored already.
REST_URL = "http://127.0.0.1:9/v1"
HUB_GROUP = "hub"
LEASE = """
INSERT INTO sync_lease (organization_id, connection_id, environment, shard, holder, fence, epoch, state, reason, advice,
                        events_stored, lag_ms, settled_at)
SELECT %(organization)s, %(connection)s, %(environment)s, s, '', 1, 1, 'unheld', '', '', 0, 0, now()
  FROM generate_series(0, %(shards)s - 1) AS s RETURNING id
"""


@dataclass(frozen=True)
class Tenant:
    """One organization with its connection and the leases of its shards."""

    organization_id: int
    connection_id: int
    lease_ids: list[int]


def make_tenants(
    server: BenchServer, *, count: int, websocket_url: str, name: str = HUB_GROUP, shards: int = 1
) -> list[Tenant]:
    """Organizations with a switched-off connection each; the n-th presents the token `name:n` to the sender."""
    with server.connect() as connection:
        return [
            _make_tenant(connection, token=f"{name}:{number}", websocket_url=websocket_url, shards=shards)
            for number in range(count)
        ]


def _make_tenant(database: psycopg.Connection, *, token: str, websocket_url: str, shards: int) -> Tenant:
    slug = token.replace(":", "-")
    organization = Organization.objects.create(slug=slug, name=f"Bench {slug}", is_simulated=True)
    credentials = {
        "name": slug,
        "password": "none",
        "app_id": "bench",
        "app_version": "1",
        "cid": "1",
        "sec": "none",
        "device_id": "bench",
    }
    with organization_scope(organization.pk):
        connection = Connection.objects.create(
            organization=organization,
            environment=ENVIRONMENT,
            rest_url=REST_URL,
            websocket_url=websocket_url,
            credentials=credentials,
            sharding=Connection.Sharding.BY_ACCOUNT if shards > 1 else Connection.Sharding.NONE,
            shard_count=shards,
            is_enabled=False,
        )
        PlatformSession.objects.create(
            organization=organization,
            rest_url=REST_URL,
            credential_digest=credential_digest(Credentials(**credentials)),
            token={"token": token, "name": slug, "issued_at": datetime.now(UTC).isoformat()},
            expires_at=timezone.now() + timedelta(days=1),
            platform_user_id=1,
        )
    values = {
        "organization": organization.pk,
        "connection": connection.pk,
        "environment": ENVIRONMENT,
        "shards": shards,
    }
    leases = database.execute(LEASE, values).fetchall()
    return Tenant(organization.pk, connection.pk, [row[0] for row in leases])


def sign_in_owner(organization_id: int, *, name: str) -> Client:
    """A client of a new owner of an organization, as behind a second factor."""
    user = User.objects.create_user(name, kind=User.Kind.STAFF, is_staff=True)
    StaffRole.objects.create(user=user, organization_id=organization_id, role=StaffRole.Role.OWNER)
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    session = client.session
    session[MARK] = user.pk
    session.save()
    return client


def switch(database: psycopg.Connection, tenants: list[Tenant], *, on: bool) -> None:
    """Enable or pause the tenants' connections."""
    ids = [tenant.connection_id for tenant in tenants]
    database.execute("UPDATE organizations_connection SET is_enabled = %s WHERE id = ANY (%s)", [on, ids])


def empty_tables(database: psycopg.Connection) -> None:
    """Empty log, ledger and mirrors, and take the write-ahead log's backlog out of the next round."""
    models: list[type[Mirror]] = [*mirror_models().values(), GenericEntity]
    tables = [model._meta.db_table for model in models]
    names = ", ".join(
        f'"{name}"' for name in ["sync_entityevent", "sync_batch", "sync_quarantinedevent", "sync_storedrows", *tables]
    )
    database.execute(f"TRUNCATE {names}".encode())
