"""A preview warns of what is unusual alone, and tells each kind of warning once."""

from typing import Any

import pytest
from django.test import Client

from tests.support.plan_desk import page, plan_of, rows_of
from tests.support.staff_and_rows import NOW
from vendor_admin.operations.kinds import Target
from vendor_admin.operations.models import Plan
from vendor_admin.operations.pages.plan_view import common_warnings
from vendor_admin.operations.plans import verbs as plans
from vendor_admin.organizations.actors import Actor
from vendor_admin.organizations.models import Organization
from vendor_admin.organizations.tenancy.scope import organization_scope

pytestmark = pytest.mark.pages

TIGHTER = "Positions are open: a tighter limit may liquidate them at once."


@pytest.fixture
def desk(alice: Client, alpha: Organization, trading_day: Any) -> Any:
    """Previews of a kind for accounts with open positions, by the owner; returns the plan."""
    trading_day(3)

    def preview(kind_name: str, *wanted: dict[str, Any], entity_type: str = "account", first: int = 10_001) -> Plan:
        targets = [Target(entity_type, first + number, one) for number, one in enumerate(wanted)]
        with organization_scope(alpha.pk):
            return plans.preview(
                organization=alpha,
                kind_name=kind_name,
                targets=targets,
                actor=Actor.staff("alice"),
                reason="x",
                now=NOW,
            )

    return preview


def warnings_of(alpha: Organization, plan: Plan) -> list[list[str]]:
    return [row.warnings for row in rows_of(alpha, plan.pk)]


def test_only_a_limit_that_acts_sooner_warns_of_open_positions(alpha, desk, write):
    write.connection.execute("UPDATE mirrors_useraccountautoliq SET daily_loss_auto_liq = 1000")

    for wanted in ({"dailyLossAlert": "500"}, {"dailyLossAutoLiq": "1500"}, {"doNotUnlock": True}):
        assert warnings_of(alpha, desk("set_auto_liq", wanted)) == [[]], wanted
    for wanted in ({"dailyLossAutoLiq": "900"}, {"weeklyLossAutoLiq": "3000"}):
        assert warnings_of(alpha, desk("set_auto_liq", wanted)) == [[TIGHTER]], wanted


def test_a_raised_position_limit_warns_of_nothing(alpha, desk, write):
    limit = {"account_id": 10_001, "active": True, "total_by": "Overall", "exposed_limit": 5}
    write.mirror("userAccountPositionLimit", alpha, 77, **limit)

    raised, lowered, off = (
        desk("update_position_limits", wanted, entity_type="userAccountPositionLimit", first=77)
        for wanted in ({"exposedLimit": 6}, {"exposedLimit": 4}, {"active": False})
    )

    assert warnings_of(alpha, raised) == warnings_of(alpha, off) == [[]]
    assert "Positions are open" in warnings_of(alpha, lowered)[0][0]


def test_floor_and_room_stand_in_the_row_and_are_no_warning(alpha, desk, write):
    write.connection.execute("UPDATE mirrors_cashbalance SET currency_id = 1")
    plan = desk("change_balances", {"cashChange": "10"})

    [row] = rows_of(alpha, plan.pk)
    assert {"floor", "room"} <= row.new.keys()
    assert not any("floor" in warning for warning in row.warnings)


def test_warnings_that_differ_in_figures_alone_are_one_line(alice: Client, alpha, desk):
    plan = desk("set_auto_liq", *({"trailingMaxDrawdown": str(1_000 + number)} for number in range(3)))

    with organization_scope(alpha.pk):
        told = dict(common_warnings(plan_of(alpha, plan.pk)))

    assert told["Less room: floor … → …, room … → …."] == 3
    assert told[TIGHTER] == 3
    assert len(told) == 2
    assert page(alice, plan.pk).count("Less room: floor …") == 1


def test_what_is_true_of_every_row_is_said_once_of_the_plan(alice: Client, alpha, desk):
    plan = desk("cancel_members", {"environment": "demo"}, entity_type="user", first=1)

    shown = page(alice, plan.pk)

    assert shown.count("Cancelling cannot be undone") == 1
