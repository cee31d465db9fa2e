"""When a plan will have been sent: by the sliding hour, locks in force, and what waits before it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vendor_admin.operations.models import Operation, Plan
from vendor_admin.operations.plans.forecast import forecast, last_call_at
from vendor_admin.operations.precedence import Priority
from vendor_admin.organizations.actors import Actor
from vendor_admin.organizations.connections.verbs import connect_organization
from vendor_admin.organizations.models import BudgetUse, Organization
from vendor_admin.organizations.platform_access import budgets
from vendor_admin.organizations.tenancy.scope import organization_scope

NOW = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)  # a Friday, 09:00 Central
HOUR = timedelta(hours=1)
BALANCES = ("demo", "cashBalance/changedemobalance")  # 1,000 an hour, successes count
USER = "api-user@production"


@given(
    limit=st.integers(1, 6),
    used=st.lists(st.integers(0, 59), max_size=6),
    calls=st.integers(1, 30),
    start=st.integers(0, 90),
)
def test_the_last_call_goes_out_when_a_window_that_is_played_through_lets_it(limit, used, calls, start):
    moments = sorted(NOW - timedelta(minutes=one) for one in used[:limit])
    begin = NOW + timedelta(minutes=start)
    played = list(moments)
    last = begin
    for _ in range(calls):
        last = max(begin, played[-limit] + HOUR) if len(played) >= limit else begin
        played.append(last)

    assert last_call_at(limit=limit, used=moments, calls=calls, start=begin, window=HOUR) == last


@pytest.fixture
def vendor(committed_db: None) -> Organization:
    connect_organization(
        slug="vendor",
        environment="demo",
        actor=Actor.staff("test"),
        rest_url="https://demo.tradovateapi.com/v1",
        websocket_url="wss://demo.tradovateapi.com/v1/websocket",
        credentials={
            "name": "api-user",
            "password": "p4ssw0rd-long",
            "app_id": "a",
            "cid": "1",
            "sec": "s3cret-s3cret",
        },
    )
    return Organization.objects.get(slug="vendor")


def _forecast(vendor: Organization, calls: dict[tuple[str, str], int], now: datetime = NOW, **values: Any) -> Any:
    with organization_scope(vendor.pk):
        return forecast(calls, organization=vendor, now=now, **values)


def _use(key: str, count: int, *, at: datetime) -> None:
    BudgetUse.objects.bulk_create(BudgetUse(key=key, used_at=at) for _ in range(count))


def test_a_plan_within_its_budgets_ends_as_fast_as_calls_go_out(vendor, settings):
    settings.PLATFORM_CONNECTIONS = 4
    found = _forecast(vendor, {BALANCES: 400})

    assert found.reasons == ()
    assert found.ends_at == NOW + timedelta(seconds=25)  # 400 calls of a quarter second, four at once


def test_a_plan_above_the_hours_budget_waits_for_the_window(vendor):
    _use(f"production {BALANCES[1]}", 900, at=NOW - timedelta(minutes=20))

    found = _forecast(vendor, {BALANCES: 500})

    assert timedelta(minutes=40) < found.ends_at - NOW < timedelta(minutes=42)
    assert any("allows 1,000 an hour, and 100 are left" in reason for reason in found.reasons)


def test_the_users_budget_counts_calls_of_every_endpoint_together(vendor):
    _use(f"{USER} all calls of a user", 4_900, at=NOW - timedelta(minutes=30))

    found = _forecast(
        vendor, {("demo", "user/revoketradingpermissions"): 60, ("demo", "user/createtradingpermission"): 60}
    )

    assert timedelta(minutes=30) < found.ends_at - NOW < timedelta(minutes=32)


def test_what_is_not_urgent_is_counted_without_the_part_that_is_kept_for_urgent_changes(vendor):
    _use(f"{USER} all calls of a user", 4_700, at=NOW - timedelta(minutes=30))
    calls = {("demo", "user/revoketradingpermissions"): 60}

    others = _forecast(vendor, calls)
    urgent = _forecast(vendor, calls, priority=Priority.URGENT)

    assert timedelta(minutes=30) < others.ends_at - NOW < timedelta(minutes=32)
    assert any("300 are left in this one; the last 250 are kept for urgent changes" in one for one in others.reasons)
    assert urgent.ends_at - NOW < timedelta(minutes=1)
    assert urgent.reasons == ()


def test_of_what_waits_already_only_urgent_calls_go_before_urgent_ones(vendor):
    with organization_scope(vendor.pk):
        plan = Plan.objects.create(organization=vendor, kind="x", title="x", state="running", actor="x", created_at=NOW)
        Operation.objects.bulk_create(
            Operation(
                organization=vendor, plan=plan, environment="demo", name=BALANCES[1], request={}, actor="x",
                idempotency_key=str(number), not_before=NOW, created_at=NOW,
            )
            for number in range(950)
        )  # fmt: skip
    urgent = _forecast(vendor, {BALANCES: 100}, priority=Priority.URGENT)

    assert urgent.ends_at - NOW < timedelta(minutes=1)


def test_budgets_that_count_failures_alone_hold_nothing_back(vendor):
    found = _forecast(vendor, {("demo", "user/createevaluationaccounts"): 300})

    assert found.ends_at - NOW < timedelta(minutes=1)
    assert found.reasons == ()


def test_a_lock_in_force_moves_the_end_and_is_named(vendor):
    budgets.lock(key=USER, until=NOW + timedelta(minutes=50), reason="The platform answered 429.")

    found = _forecast(vendor, {BALANCES: 1})

    assert timedelta(minutes=50) <= found.ends_at - NOW < timedelta(minutes=51)
    assert found.reasons == ("The platform answered 429.",)


def test_maintenance_holds_creations_of_real_organizations_and_nothing_else(vendor):
    friday_evening = datetime(2026, 11, 20, 22, 30, tzinfo=UTC)  # 16:30 Central; held until 20:30
    create, revoke = ("demo", "user/createevaluationaccounts"), ("demo", "user/revoketradingpermissions")

    held, free = (_forecast(vendor, {one: 1}, friday_evening) for one in (create, revoke))
    with organization_scope(vendor.pk):
        Organization.objects.update(is_simulated=True)
    vendor.refresh_from_db()
    simulated = _forecast(vendor, {create: 1}, friday_evening)

    assert held.ends_at.replace(second=0) == datetime(2026, 11, 21, 2, 30, tzinfo=UTC)
    assert "maintenance" in held.reasons[0]
    assert free.ends_at - friday_evening < timedelta(minutes=1)
    assert simulated.ends_at - friday_evening < timedelta(minutes=1)


def test_what_waits_already_goes_first(vendor):
    with organization_scope(vendor.pk):
        plan = Plan.objects.create(organization=vendor, kind="x", title="x", state="running", actor="x", created_at=NOW)
        Operation.objects.bulk_create(
            Operation(
                organization=vendor, plan=plan, environment="demo", name=BALANCES[1], request={}, actor="x",
                idempotency_key=str(number), not_before=NOW, created_at=NOW,
            )
            for number in range(950)
        )  # fmt: skip
    found = _forecast(vendor, {BALANCES: 100})

    assert HOUR < found.ends_at - NOW < HOUR + timedelta(minutes=2)


def test_without_a_connection_nothing_can_go_out(vendor):
    found = _forecast(vendor, {("live", "user/createevaluationusers"): 2})

    assert found.ends_at is None
    assert found.reasons == ("LIVE has no connection that is switched on.",)
