"""What was read of the platform stands in place of the mirrors' rows, in every query, and only while it is in force."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from django.db.models import Exists, OuterRef, Sum
from django.utils import timezone

from vendor_admin.mirrors.columns import mirror_models, platform_columns
from vendor_admin.mirrors.models import Account, CashBalance
from vendor_admin.mirrors.readings import Ask, Readings
from vendor_admin.organizations.models import Organization
from vendor_admin.organizations.tenancy.scope import organization_scope

CASH = "INSERT INTO mirrors_cashbalance (organization_id, environment, entity_id, lease_id, epoch, seq, received_at, account_id, amount) VALUES (%s, %s, %s, 1, 1, 1, now(), %s, %s)"  # noqa: E501
ACCOUNT = "INSERT INTO mirrors_account (organization_id, environment, entity_id, lease_id, epoch, seq, received_at, name) VALUES (%s, 'demo', %s, 1, 1, 1, now(), %s)"  # noqa: E501


@pytest.fixture
def organization(committed_db: None, hub_connection: psycopg.Connection) -> Iterator[Organization]:
    """Two accounts with cash, and a namesake on LIVE."""
    found = Organization.objects.create(slug="vendor", name="Vendor")
    for account_id, amount in ((1, 100), (2, 200)):
        hub_connection.execute(ACCOUNT, [found.pk, account_id, f"EVAL{account_id}"])
        hub_connection.execute(CASH, [found.pk, "demo", 10 + account_id, account_id, amount])
    hub_connection.execute(CASH, [found.pk, "live", 11, 1, 7])
    with organization_scope(found.pk):
        yield found


def read(organization: Organization, ask: Ask, *entities: dict[str, Any]) -> Readings:
    readings = Readings(organization.pk, at=timezone.now())
    model = mirror_models()[ask.entity_type]
    readings.add(ask, entities, model=model, columns=platform_columns(model))
    return readings


def cash() -> list[tuple[str, int, Decimal | None]]:
    rows = CashBalance.objects.filter(deleted_at__isnull=True).order_by("environment", "entity_id")
    return list(rows.values_list("environment", "entity_id", "amount"))


def test_what_was_asked_for_is_replaced_whole_and_everything_else_stays(organization: Organization) -> None:
    ask = Ask("demo", "cashBalance", [1, None, 1], by_master=True)
    day = {"year": 2026, "month": 11, "day": 20}
    moved = read(organization, ask, {"id": 11, "accountId": 1, "amount": 47750.25, "tradeDate": day, "new": [1]},
                 {"id": 19, "accountId": 1, "amount": "5"})  # fmt: skip
    before = [("demo", 11, Decimal(100)), ("demo", 12, Decimal(200)), ("live", 11, Decimal(7))]

    assert cash() == before
    with moved.in_force():
        assert cash() == [("demo", 11, Decimal("47750.25")), before[1], ("demo", 19, Decimal(5)), before[2]]
        row = CashBalance.objects.get(entity_id=11, environment="demo")
        assert (row.trade_date, row.extra, row.deleted_at) == (date(2026, 11, 20), {"new": [1]}, None)
        assert CashBalance.objects.filter(environment="demo").aggregate(total=Sum("amount")) == {
            "total": Decimal("47955.25")
        }
        with_cash = CashBalance.objects.filter(account_id=OuterRef("entity_id"), amount__gt=1_000)
        assert [one.name for one in Account.objects.filter(Exists(with_cash))] == ["EVAL1"]
    assert cash() == before


def test_what_the_platform_does_not_know_any_more_is_gone_and_another_organization_is_untouched(
    organization: Organization, hub_connection: psycopg.Connection
) -> None:
    other = Organization.objects.create(slug="other", name="Other")
    hub_connection.execute(ACCOUNT, [other.pk, 1, "THEIRS"])

    with read(organization, Ask("demo", "account", [1])).in_force():
        assert [one.name for one in Account.objects.order_by("entity_id")] == ["EVAL2"]
        with organization_scope(other.pk):
            assert [one.name for one in Account.objects.all()] == ["THEIRS"]


def test_values_that_nobody_believes_are_not_taken_for_what_they_are_not(organization: Organization) -> None:
    odd = {"id": "20", "accountId": "1", "currencyId": 0, "amount": "NaN", "realizedPnL": "1e3", "timestamp": "now"}
    found = read(organization, Ask("demo", "cashBalance", [1], by_master=True), odd, {"id": 0, "accountId": 1})

    with found.in_force():
        (row,) = CashBalance.objects.filter(account_id=1, environment="demo")
        assert (row.entity_id, row.currency_id, row.amount, row.realized_pnl) == (20, None, None, 1000)
        assert row.timestamp is None
