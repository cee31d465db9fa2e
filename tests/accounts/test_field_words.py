"""What previews and the history of changes call fields, and how they write values."""

from typing import Any

import pytest

from accounts.members.changes import CONTACT_FIELDS
from risk.auto_liq.plans import LIMITS
from risk.position_limits.resources import POSITION_LIMITS, RISK_PARAMETERS
from tests.support.staff_and_rows import Writer
from vendor_admin.operations.models import PlanRow
from vendor_admin.operations.pages.rows import attach_names, changes_in_words, changes_of
from vendor_admin.operations.plans.field_words import in_order, title_of, titles_of, write
from vendor_admin.organizations.models import Organization
from vendor_admin.organizations.tenancy.scope import organization_scope


@pytest.mark.parametrize("settings", [LIMITS, POSITION_LIMITS.settings, RISK_PARAMETERS.settings])
def test_no_setting_is_called_by_the_platforms_name(settings):
    for name in (*settings.fields, *CONTACT_FIELDS):
        title = title_of(name)
        assert title[0].isupper()
        assert title.lower() == title[0].lower() + title[1:], f"{name} has a capital inside: {title}"
        assert "AutoLiq" not in title


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("amount", "47500", "47,500.00"),
        ("amount", "-0.5", "−0.50"),
        ("amount", {"odd": 1}, "{'odd': 1}"),
        ("dailyLossPercentageAutoLiq", "2.5", "2.5 %"),
        ("openPositions", True, "some"),
        ("openPositions", False, "none"),
        ("doNotUnlock", True, "yes"),
        ("trailingMaxDrawdownMode", "RealTime", "real time"),
        ("userPluginIds", [7, 8], "2"),
        ("userPluginIds", [], "none"),
        ("tradovateSubscriptionPlanId", 30001, "Sim membership"),
        ("entitlementIds", [12, 13], "T-Prop, 13"),
        ("year", 2026, "2026"),
        ("city", None, "–"),
        ("city", "", "–"),
        ("somethingNew", ["a", True], "a, yes"),
        (
            "preTradeRisk",
            [{"active": True, "totalBy": "Overall", "parameters": [], "exposedLimit": 5}],
            "at most 5 exposed, all products together",
        ),
        ("preTradeRisk", 5, "5"),
    ],
)
def test_a_value_is_written_for_people(name: str, value: Any, said: str):
    names = {("tradovateSubscriptionPlan", 30001): "Sim membership", ("entitlement", 12): "T-Prop"}

    assert write(name, value, names) == said


def test_what_was_asked_for_stands_first():
    assert in_order({"room": 1, "floor": 1, "maxNetLiq": 1, "zebra": 1, "amount": 1}) == [
        "amount", "maxNetLiq", "floor", "room", "zebra",
    ]  # fmt: skip
    assert titles_of(["floor", "amount"]) == "Balance, Drawdown floor"


def test_a_row_tells_its_changes_without_secrets_and_without_what_stays():
    row = PlanRow(
        old={"amount": "47500", "floor": "45000", "userId": 7},
        new={"amount": "47750", "floor": "45250", "userId": 7, "password": "set anew"},
    )

    changes = changes_of(row)

    assert [title for title, _, _ in changes] == ["Balance", "Drawdown floor", "Password"]
    assert "set anew" not in changes_in_words(row)
    assert changes_in_words(row).startswith("Balance: 47,500.00 → 47,750.00; Drawdown floor: 45,000.00 → 45,250.00")


def test_where_nothing_is_left_everything_goes():
    assert changes_in_words(PlanRow(old={"longLimit": 3}, new={})) == "At most long: 3 → –"


def test_an_id_that_both_environments_have_is_called_by_its_own_name_in_each(committed_db, hub_connection):
    alpha = Organization.objects.create(slug="alpha", name="Alpha")
    write_row = Writer(hub_connection)
    for environment, name in (("demo", "EVAL7"), ("live", "FUNDED7")):
        write_row.mirror("account", alpha, 7, name=name, environment=environment)
    rows = [PlanRow(environment=one, old={}, new={"accountId": 7}) for one in ("demo", "live")]

    with organization_scope(alpha.pk):
        attach_names(rows, organization_id=alpha.pk)

    assert [changes_in_words(row) for row in rows] == ["Account: – → EVAL7", "Account: – → FUNDED7"]
