"""A small cast (Alice owns Alpha, Bob looks at it, Charlie owns Beta, Olga operates), and rows as hubs write them."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from django.core.cache import cache
from django.test import Client
from psycopg import sql
from psycopg.types.json import Jsonb

from tests.support.pages import text_of
from tests.support.people import staff_user
from tests.support.signed_in import signed_in
from vendor_admin.mirrors.columns import mirror_models
from vendor_admin.organizations.models import Connection, Organization, User
from vendor_admin.organizations.tenancy.scope import organization_scope

NOW = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)


def page_text(response: Any) -> str:
    """The words and tags of a page that was shown, with single spaces."""
    assert response.status_code == 200, response.status_code
    return text_of(response)


@pytest.fixture(autouse=True)
def nothing_kept() -> None:
    """Each test has a database of its own with the same ids: what the process keeps of the last one is wrong."""
    cache.clear()


@pytest.fixture
def alpha(committed_db: None) -> Organization:
    return Organization.objects.create(slug="alpha", name="Alpha Funding")


@pytest.fixture
def beta(committed_db: None) -> Organization:
    return Organization.objects.create(slug="beta", name="Beta Prop", is_simulated=True)


@pytest.fixture
def alice(alpha: Organization) -> Client:
    return signed_in(staff_user("alice", alpha, "owner"))


@pytest.fixture
def bob(alpha: Organization) -> Client:
    return signed_in(staff_user("bob", alpha, "viewer"))


@pytest.fixture
def charlie(beta: Organization) -> Client:
    return signed_in(staff_user("charlie", beta, "owner"))


@pytest.fixture
def olga(committed_db: None) -> Client:
    user = User.objects.create_user("olga", password="pass-olga", kind=User.Kind.OPERATOR, is_staff=True)
    return signed_in(user)


class Writer:
    """Writes rows as the hub role does."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self.connection = connection

    def mirror(self, entity_type: str, organization: Organization, entity_id: int, **values: Any) -> None:
        table = mirror_models()[entity_type]._meta.db_table
        self.insert(
            table,
            {
                "organization_id": organization.pk,
                "environment": "demo",
                "entity_id": entity_id,
                "lease_id": 1,
                "epoch": 1,
                "seq": entity_id,
                "received_at": NOW,
            }
            | values,
        )

    def event(self, organization: Organization, entity_type: str, entity_id: int, **values: Any) -> None:
        self.insert(
            "sync_entityevent",
            {
                "organization_id": organization.pk,
                "environment": "demo",
                "entity_type": entity_type,
                "entity_id": entity_id,
                "lease_id": 1,
                "epoch": 1,
                "seq": 1,
                "kind": 2,
                "received_at": NOW,
                "payload": Jsonb({"id": entity_id}),
            }
            | values,
        )

    def gap(self, organization: Organization, **values: Any) -> None:
        self.insert(
            "sync_gap",
            {
                "organization_id": organization.pk,
                "lease_id": 1,
                "environment": "demo",
                "shard": 0,
                "started_at": NOW,
                "reason": "The platform closed the socket.",
                "differences": 0,
                "repair_note": "",
            }
            | values,
        )

    def quarantine(self, organization: Organization, **values: Any) -> None:
        self.insert(
            "sync_quarantinedevent",
            {
                "organization_id": organization.pk,
                "lease_id": 1,
                "environment": "demo",
                "epoch": 1,
                "seq": 1,
                "received_at": NOW,
                "entity_type": "order",
                "reason": "no id",
                "is_in_log": False,
                "raw": b'{"bad": ',
            }
            | values,
        )

    def socket(self, organization: Organization, *, environment: str = "demo", **values: Any) -> None:
        """A connection and its socket, live and fresh unless the values say otherwise."""
        now = datetime.now(UTC)
        with organization_scope(organization.pk):
            connection = Connection.objects.create(
                organization=organization,
                environment=environment,
                rest_url="http://127.0.0.1:9/v1",
                websocket_url="ws://127.0.0.1:9/v1/websocket",
                credentials={"name": "nobody"},
            )
        self.insert(
            "sync_lease",
            {
                "organization_id": organization.pk,
                "connection_id": connection.pk,
                "environment": environment,
                "shard": 0,
                "holder": "hub",
                "fence": 1,
                "expires_at": now + timedelta(hours=1),
                "epoch": 1,
                "state": "live",
                "reason": "",
                "advice": "",
                "connected_since": now,
                "last_frame_at": now,
                "settled_at": now,
                "reconciled_at": now,
                "events_stored": 0,
                "lag_ms": 0,
            }
            | values,
        )

    def insert(self, table: str, values: dict[str, Any]) -> None:
        statement = sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
            sql.Identifier(table),
            sql.SQL(", ").join(sql.Identifier(name) for name in values),
            sql.SQL(", ").join(sql.Placeholder() for _ in values),
        )
        self.connection.execute(statement, list(values.values()))


@pytest.fixture
def write(committed_db: None, hub_connection: psycopg.Connection) -> Writer:
    return Writer(hub_connection)


@pytest.fixture
def trading_day(alpha: Organization, write: Writer) -> Callable[[int], None]:
    """Writes so many members of Alpha, each with an account, money, limits, an order and a fill."""

    def make(count: int, *, first: int = 1) -> None:
        write.mirror("currency", alpha, 1_000_000 + first, name="USD")
        write.mirror("contract", alpha, 2_000_000 + first, name="ESZ6")
        for number in range(first, first + count):
            moment = NOW + timedelta(seconds=number)
            write.mirror("user", alpha, number, name=f"trader{number}", status="Active", environment="live")
            write.mirror("contactInfo", alpha, number, user_id=number, first_name="Ann", last_name=f"Number{number}")
            write.mirror("account", alpha, 10_000 + number, name=f"EVAL{number}", active=True, user_id=number)
            write.mirror(
                "tradingPermission", alpha, number, user_id=number, account_id=10_000 + number, status="Approved"
            )
            write.mirror("cashBalance", alpha, number, account_id=10_000 + number, amount=50_000 + number)
            write.mirror("accountRiskStatus", alpha, 10_000 + number, max_net_liq=50_500, admin_action="Normal")
            write.mirror("userAccountAutoLiq", alpha, 10_000 + number, trailing_max_drawdown=2_000)
            contract_id = 2_000_000 + first
            write.mirror(
                "order",
                alpha,
                number,
                account_id=10_000 + number,
                contract_id=contract_id,
                ord_status="Filled",
                action="Buy",
            )
            write.mirror("orderVersion", alpha, number, order_id=number, order_qty=2, order_type="Limit", price=6000)
            write.mirror(
                "fill", alpha, number, account_id=10_000 + number, contract_id=contract_id, order_id=number, qty=2
            )
            write.mirror("position", alpha, number, account_id=10_000 + number, contract_id=contract_id, net_pos=2)
            write.event(alpha, "order", number, account_id=10_000 + number, received_at=moment)

    return make
