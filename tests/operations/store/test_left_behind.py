"""What a worker left behind when it died is found and ended, and no password outlives its use."""

from collections.abc import Iterator

import pytest
from django.db import connection as database
from django.utils import timezone

from tests.support.engine_kinds import register_engine_kinds
from tests.support.people import staff_of
from vendor_admin.operations.engine import runner, sweep
from vendor_admin.operations.kinds import Target
from vendor_admin.operations.models import Operation, Plan, PlanRow
from vendor_admin.operations.plans import decisions
from vendor_admin.operations.plans import verbs as plans
from vendor_admin.operations.store import wakeups
from vendor_admin.organizations.actors import Actor
from vendor_admin.organizations.models import Organization
from vendor_admin.organizations.tenancy.scope import organization_scope


@pytest.fixture
def organization(committed_db: None) -> Iterator[Organization]:
    register_engine_kinds()
    vendor = Organization.objects.create(slug="vendor", name="Vendor")
    staff_of(vendor, "riley", "sam")
    yield vendor
    database.close()


@pytest.fixture
def nudged(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int | str, ...]]:
    sent: list[tuple[int | str, ...]] = []
    monkeypatch.setattr(wakeups, "send_task", lambda task, *arguments: sent.append(arguments))
    return sent


def running_plan(organization: Organization) -> Plan:
    now = timezone.now()
    with organization_scope(organization.pk):
        plan = plans.preview(
            organization=organization,
            kind_name="test_revoke_one_by_one",
            targets=[Target("tradingPermission", 1)],
            actor=Actor.staff("riley"),
            reason="a test",
            now=now,
        )
        return plans.confirm(plan=plan, actor=Actor.staff("riley"), now=now)


@pytest.mark.parametrize(
    ("plan_state", "left", "becomes"),
    [("running", "succeeded", ("finished", "succeeded")), ("cancelled", "queued", ("cancelled", "cancelled"))],
)
def test_a_plan_of_which_nothing_can_be_sent_any_more_is_ended_without_any_message(
    organization: Organization,
    nudged: list[tuple[int | str, ...]],
    plan_state: str,
    left: str,
    becomes: tuple[str, str],
) -> None:
    plan = running_plan(organization)
    with organization_scope(organization.pk):
        Operation.objects.filter(plan=plan).update(state=left)
        Plan.objects.filter(pk=plan.pk).update(state=plan_state)
    nudged.clear()

    sweep.wake_due_lanes()
    assert nudged == [(organization.pk, "demo")]
    runner.work(organization_id=organization.pk, environment="demo", seconds=1)

    with organization_scope(organization.pk):
        plan.refresh_from_db()
        assert (plan.state, Operation.objects.get(plan=plan).state) == becomes
    nudged.clear()
    sweep.wake_due_lanes()
    assert nudged == []


@pytest.mark.usefixtures("nudged")
def test_a_password_is_forgotten_once_a_person_says_that_the_platform_took_it(organization: Organization) -> None:
    plan = running_plan(organization)
    with organization_scope(organization.pk):
        PlanRow.objects.filter(plan=plan).update(state="unknown", secrets={"password": "correct horse"})
        Operation.objects.filter(plan=plan).update(state="unknown", needs_person=True)
        operation = Operation.objects.get(plan=plan)
        decisions.decide(
            operation=operation, was_done=True, actor=Actor.staff("sam"), reason="asked", now=timezone.now()
        )
        assert PlanRow.objects.get(plan=plan).secrets == {}
