"""Plans around the platform's maintenance: creations and sensitive writes wait for its end, others go on."""

from datetime import UTC, datetime

import psycopg
import pytest
import time_machine
from django.urls import reverse

from tests.support.people import staff_user
from tests.support.scene import Scene
from tests.support.signed_in import signed_in
from vendor_admin.operations.models import Operation, Plan
from vendor_admin.operations.store.allowance import held_until
from vendor_admin.organizations.models import StaffRole

ADJUST, REVOKE = "fundTransaction/adjustcash", "user/revoketradingpermission"
# Clocks go back within this one: it begins on Saturday at 22:00 CDT and ends on Sunday at 06:30 CST.
BEFORE_IT = datetime(2026, 11, 1, 2, 29, tzinfo=UTC)
NEAR_IT = datetime(2026, 11, 1, 2, 31, tzinfo=UTC)
OPEN_AGAIN = datetime(2026, 11, 1, 13, 0, tzinfo=UTC)
UNTIL = "it goes on at 07:00 CT on 2026-11-01"


def start_both(scene: Scene) -> Plan:
    """A change of a balance, which is sensitive, and a revocation, which is not."""
    account = next(iter(scene.expected("account")))
    permission = next(id_ for id_, one in scene.expected("tradingPermission").items() if one["status"] == "Accepted")
    money = {"accountId": account, "cashChange": 10, "cashChangeType": "ManualAdjustment", "currencyId": 1}
    targets = [scene.any_write(ADJUST, money), scene.any_write(REVOKE, {"tradingPermissionId": permission})]
    return scene.start("test_any_write", targets)


def test_what_is_sensitive_waits_out_the_maintenance_and_goes_out_once(
    quiet_scene: Scene, admin_connection: psycopg.Connection, database_at_host_time: None
) -> None:
    scene = quiet_scene
    admin_connection.execute("UPDATE organizations_organization SET is_simulated = false")
    with time_machine.travel(BEFORE_IT, tick=True):
        start_both(scene)
        assert scene.work() == 2
    with time_machine.travel(NEAR_IT, tick=True):
        plan = start_both(scene)
        scene.work()
        money, permission = scene.operations(plan)
        assert permission.state == Operation.State.SUCCEEDED
        assert money.state == Operation.State.QUEUED
        assert money.not_before == OPEN_AGAIN
        staff = signed_in(staff_user("alice", scene.organization, StaffRole.Role.OWNER))
        for page in (
            reverse("admin:operations_operation_change", args=[money.pk]),
            reverse("admin:operations_plan_change", args=[plan.pk]),
        ):
            assert UNTIL in staff.get(page).content.decode(), page
    with time_machine.travel(OPEN_AGAIN.replace(hour=12, minute=59), tick=True):
        assert scene.work() == 0
    with time_machine.travel(OPEN_AGAIN, tick=True):
        assert scene.work() == 1
        assert scene.work() == 0
    assert scene.writes(ADJUST) == {"applied": 2}
    assert scene.writes(REVOKE) == {"applied": 2}
    assert scene.reload(plan).state == Plan.State.FINISHED


@pytest.mark.parametrize(
    ("now", "until"),
    [
        ("2026-03-06T21:29Z", None),  # Friday, 15:29 CST
        ("2026-03-06T21:30Z", "2026-03-07T02:30Z"),  # half an hour before 16:00 CST; until 20:00 and half an hour
        ("2026-03-07T02:29Z", "2026-03-07T02:30Z"),
        ("2026-03-07T02:30Z", None),
        ("2026-03-08T08:30Z", "2026-03-08T12:00Z"),  # Sunday, after clocks went forward: 06:30 CDT
        ("2026-11-01T12:59Z", "2026-11-01T13:00Z"),  # Sunday, after clocks went back: 06:30 CST
        ("2026-07-01T20:30Z", "2026-07-01T22:30Z"),  # a Wednesday in summer
        ("2026-12-02T20:30Z", None),  # the same hour of UTC in winter
    ],
)
def test_the_hold_follows_central_time_with_half_an_hour_on_either_side(now: str, until: str | None) -> None:
    held = held_until(datetime.fromisoformat(now))
    assert (held[0] if held else None) == (datetime.fromisoformat(until) if until else None)
