"""Plans about money while no socket is live: read of the platform first, held where they cannot be, not sent blind."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection as database
from django.utils import timezone

from tests.operations.engine_kinds import register_engine_kinds
from tests.operations.scene import Scene
from tests.sync.running_hub import RunningHub
from vendor_admin.operations import plans
from vendor_admin.operations.held_plans import check
from vendor_admin.operations.kinds import DependsOnRows, Target, all_kinds, plain
from vendor_admin.operations.models import Plan
from vendor_admin.organizations.models import Connection, User
from vendor_admin.organizations.roles import Right
from vendor_admin.sandbox.running import RunningSandbox

ADJUST = "fundTransaction/adjustcash"
NO_WORKER = "DEMO is not live (no worker holds its socket)."
ABOUT_MONEY_OR_RISK = {
    Right.CHANGE_BALANCES, Right.RESET_ACCOUNTS, Right.MANAGE_RISK, Right.MANAGE_SUBSCRIPTIONS,
}  # fmt: skip


class Blind:
    """A vendor whose mirrors were loaded and whose hub then ended."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene

    def move(self, account_id: int, amount: str) -> None:
        """Change a balance at the platform, which nobody here hears."""
        balance = next(one for one in self.scene.expected("cashBalance").values() if one["accountId"] == account_id)
        self.scene.sandbox.control(
            "mutate", organization=self.scene.vendor["name"], environment="demo", entityType="cashBalance",
            id=balance["id"], fields={"amount": float(amount)},
        )  # fmt: skip

    def preview(self, *account_ids: int) -> Plan:
        targets = [Target("account", one, {"cashChange": "100"}) for one in account_ids]
        return self.scene.preview("change_balances", targets)

    def confirm(self, plan: Plan, *, read_ago: timedelta = timedelta(0)) -> Plan:
        """Confirm a preview whose rows were read so long ago."""
        if read_ago:
            self.set(plan, read_at=timezone.now() - read_ago)
        return self.scene.confirm(self.scene.reload(plan))

    def checked(self, plan: Plan) -> Plan:
        """The plan, or the preview that renews it, once a worker has looked at it."""
        self.set(plan, check_at=timezone.now() - timedelta(seconds=1))
        check(organization_id=self.scene.organization.pk, plan_id=plan.pk)
        with self.scene.scope():
            return Plan.objects.filter(renewed_from=plan).first() or Plan.objects.get(pk=plan.pk)

    def set(self, plan: Plan, **values: Any) -> None:
        with self.scene.scope():
            Plan.objects.filter(pk=plan.pk).update(**values)

    def old_amounts(self, plan: Plan) -> list[str]:
        return [row.old["amount"] for row in self.scene.rows(plan)]


@pytest.fixture
def blind(
    sandbox: RunningSandbox, committed_db: None, database_urls: dict[str, str], short_waits: None
) -> Iterator[Blind]:
    register_engine_kinds()
    scene = Scene(sandbox)
    with RunningHub(database_url=database_urls["hub"]):
        scene.wait_until_loaded()
    yield Blind(scene)
    database.close()


LONG_AGO = timedelta(minutes=3)


def test_a_preview_shows_what_the_platform_says_and_is_sent_only_while_that_is_known(blind: Blind) -> None:
    scene = blind.scene
    first, second = scene.account_ids(2)
    blind.move(first, "47750.25")

    preview = blind.preview(first, second)
    assert preview.wait_why == NO_WORKER
    renewed = blind.checked(preview)
    assert scene.reload(preview).state == Plan.State.STALE
    assert blind.old_amounts(renewed) == ["47750.25", plain(scene.balance(second))]
    assert renewed.read_at is not None
    assert blind.confirm(renewed).state == Plan.State.RUNNING
    assert scene.work() == 2
    assert scene.balance(first) == Decimal("47850.25")
    assert scene.writes(ADJUST) == {"applied": 2}

    # Read too long ago: not sent before the rows were read again.
    as_shown = blind.confirm(blind.checked(blind.preview(second)), read_ago=LONG_AGO)
    assert as_shown.state == Plan.State.HELD
    assert scene.work() == 0
    moved = blind.confirm(blind.checked(blind.preview(first)), read_ago=LONG_AGO)
    blind.move(first, "1000")
    running, renewed = blind.checked(as_shown), blind.checked(moved)
    assert (running.state, renewed.state) == (Plan.State.RUNNING, Plan.State.PREVIEW)
    assert scene.reload(moved).state == Plan.State.STALE
    assert blind.old_amounts(renewed) == ["1000"]

    # What runs when the reading has grown old as well waits, says why, and goes on once it was read anew.
    blind.set(running, read_at=timezone.now() - LONG_AGO)
    assert scene.work() == 0
    waiting = scene.reload(running)
    assert waiting.wait_why.startswith("DEMO is not live (no worker holds its socket): money and risk wait")
    assert not blind.checked(waiting).is_interrupted
    assert scene.work() == 1
    assert scene.writes(ADJUST) == {"applied": 3}


def test_a_plan_that_cannot_be_read_is_held_and_goes_on_by_itself_for_those_who_still_may(
    blind: Blind, database_urls: dict[str, str]
) -> None:
    scene = blind.scene
    first, second = scene.account_ids(2)
    plan, other = blind.confirm(blind.preview(first)), blind.confirm(blind.preview(second))
    with scene.scope():
        Connection.objects.filter(environment="demo").update(is_enabled=False)

    held = blind.checked(plan)
    assert held.state == Plan.State.HELD
    assert held.wait_why == "DEMO is not live (paused). The DEMO connection is paused."
    assert held.check_at is not None
    with scene.scope():
        cancelled = plans.cancel(plan=other, actor="casey", now=timezone.now(), reason="not any more")
    assert (cancelled.state, cancelled.wait_why, cancelled.check_at) == (Plan.State.CANCELLED, "", None)
    assert blind.checked(cancelled).state == Plan.State.CANCELLED

    User.objects.filter(username=scene.actor).update(is_active=False)
    with scene.scope():
        Connection.objects.filter(environment="demo").update(is_enabled=True)
    paused = blind.checked(plan)
    assert (paused.state, paused.started_at) == (Plan.State.PAUSED, None)
    assert paused.wait_why.startswith("riley may no longer change balances.")
    with scene.scope():
        resumed = plans.resume(plan=paused, actor="casey", now=timezone.now())
    assert (resumed.state, resumed.wait_why, resumed.taken_over_by) == (Plan.State.HELD, NO_WORKER, "casey")

    with RunningHub(database_url=database_urls["hub"], name="hub-2"):
        scene.wait_until_loaded()
        assert blind.checked(plan).state == Plan.State.RUNNING
        assert scene.work() == 1


def test_every_kind_about_money_or_risk_names_what_it_depends_on() -> None:
    gives_nothing_away = {
        "cancel_memberships", "change_plugin_permissions", "expire_market_data",
    }  # fmt: skip
    concerned = [
        kind
        for kind in all_kinds()
        if (kind.is_money or kind.right in ABOUT_MONEY_OR_RISK) and "(test)" not in kind.title
    ]

    assert {kind.name for kind in concerned if not isinstance(kind, DependsOnRows)} == gives_nothing_away
