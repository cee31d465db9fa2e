"""What is wrong with orders that somebody wants tried is told under our names, before the platform is asked."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from risk.dry_runs.contract_choices import contracts_to_offer
from risk.dry_runs.inputs import AskedOrders, read_dry_run
from tests.support.staff_and_rows import NOW, Writer
from vendor_admin.errors import InvalidFields
from vendor_admin.organizations.models import Organization
from vendor_admin.organizations.tenancy.scope import organization_scope

ORDER = {"contract": "MESZ6", "action": "Buy", "quantity": 1, "order_type": "Limit", "price": "4150.25"}


@pytest.fixture
def contracts(alpha: Organization, write: Writer) -> Organization:
    """An account, a contract with a tick of 0.25 that is traded, another, and one that has expired."""
    write.mirror("account", alpha, 18, name="EVAL18")
    write.mirror("product", alpha, 3, name="MES", tick_size=Decimal("0.25"))
    for number, name, days in ((43, "MESZ6", 30), (44, "MESH7", 120), (45, "MESU6", -60)):
        write.mirror("contractMaturity", alpha, 100 + number, product_id=3, expiration_date=NOW + timedelta(days=days))
        write.mirror("contract", alpha, number, name=name, contract_maturity_id=100 + number)
    write.mirror("contract", alpha, 40, name="ESZ6")
    write.mirror("position", alpha, 5, account_id=18, contract_id=44, net_pos=0)
    write.mirror("order", alpha, 6, account_id=18, contract_id=45, ord_status="Filled")
    return alpha


def read(alpha: Organization, *orders: Any, account: object = "EVAL18") -> AskedOrders:
    with organization_scope(alpha.pk):
        return read_dry_run({"account": account, "orders": orders}, organization_id=alpha.pk, now=NOW)


def faults(alpha: Organization, *orders: Any, account: object = "EVAL18") -> set[tuple[str, str]]:
    with pytest.raises(InvalidFields) as invalid:
        read(alpha, *orders, account=account)
    return {(fault.field, fault.code) for fault in invalid.value.faults}


def test_orders_name_their_contract_and_account_by_name_or_id(contracts: Organization) -> None:
    by_name = read(contracts, ORDER, ORDER | {"price": "4150.50"})
    by_id = read(contracts, {**ORDER, "contract": 43}, account=18)
    assert (by_name.account_id, by_id.account_id) == (18, 18)
    assert by_name.orders[0] == by_id.orders[0]
    assert str(by_name.orders[0]) == "Buy MESZ6, 1 Limit, limit 4,150.25"
    assert by_name.orders[0].request.contract_id == 43


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        ({"contract": "XXZ9"}, "contract", "not_found"),
        ({"contract": "MESU6"}, "contract", "in_the_past"),
        ({"price": "4150.30"}, "price", "out_of_range"),
        ({"order_type": "Stop", "stop_price": "4150.10"}, "stop_price", "out_of_range"),
        ({"order_type": "Stop"}, "stop_price", "required"),
        ({"order_type": "Whatever"}, "order_type", "unknown_value"),
        ({"quantity": 0}, "quantity", "out_of_range"),
        ({"quantity": 10_001}, "quantity", "out_of_range"),
        ({"action": "Hold"}, "action", "unknown_value"),
        ({"time_in_force": "GTC"}, "time_in_force", "unknown_field"),
    ],
)
def test_what_is_wrong_with_an_order_is_told_at_its_field(
    contracts: Organization, change: dict[str, Any], field: str, code: str
) -> None:
    assert (f"/orders/1/{field}", code) in faults(contracts, ORDER, ORDER | change)


def test_there_are_one_to_four_orders_of_an_account_that_is_here(contracts: Organization) -> None:
    assert faults(contracts) == {("/orders", "too_few")}
    assert ("/orders", "too_many") in faults(contracts, *[ORDER] * 5)
    assert faults(contracts, ORDER, account="EVAL99") == {("/account", "not_found")}


def test_however_many_orders_are_read_it_takes_the_same_queries(contracts: Organization) -> None:
    counts = []
    for number in (1, 4):
        with organization_scope(contracts.pk), CaptureQueriesContext(connection) as captured:
            read_dry_run({"account": "EVAL18", "orders": [ORDER] * number}, organization_id=contracts.pk, now=NOW)
        counts.append(len(captured))
    assert counts[0] == counts[1] <= 6


def test_contracts_that_the_account_traded_are_offered_first_and_expired_ones_not_at_all(
    contracts: Organization,
) -> None:
    with organization_scope(contracts.pk), CaptureQueriesContext(connection) as captured:
        offered = contracts_to_offer(18, organization_id=contracts.pk, now=NOW)
    assert [one.name for one in offered] == ["MESH7", "ESZ6", "MESZ6"]
    assert len(captured) <= 7
    with organization_scope(contracts.pk):
        others = contracts_to_offer(None, organization_id=contracts.pk, now=NOW)
    assert [one.name for one in others] == ["ESZ6", "MESH7", "MESZ6"]
