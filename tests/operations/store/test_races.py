"""Two at work on the same rows at the same moment: nothing that is being sent is taken for something else."""

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection as database
from django.utils import timezone

from tests.support import stored_plans
from tests.support.engine_kinds import register_engine_kinds
from tests.support.people import staff_of
from tests.support.running_hub import wait_until
from vendor_admin.operations.kinds import Target
from vendor_admin.operations.models import Operation, Plan, PlanRow
from vendor_admin.operations.plans import verbs as plans
from vendor_admin.operations.store import queue
from vendor_admin.operations.store.queue import LaneKey
from vendor_admin.organizations.actors import Actor
from vendor_admin.organizations.models import Organization
from vendor_admin.organizations.tenancy.scope import organization_scope
from vendor_admin.tradovate.operations.permissions import REVOKE_TRADING_PERMISSION

REVOKE = REVOKE_TRADING_PERMISSION.path


@pytest.fixture
def organization(committed_db: None) -> Iterator[Organization]:
    register_engine_kinds()
    vendor = Organization.objects.create(slug="vendor", name="Vendor")
    staff_of(vendor, "riley")
    yield vendor
    database.close()


def running_plan(organization: Organization, *ids: int) -> Plan:
    targets = [Target("tradingPermission", one) for one in ids]
    now = timezone.now()
    with organization_scope(organization.pk):
        plan = plans.preview(
            organization=organization,
            kind_name="test_revoke_one_by_one",
            targets=targets,
            actor=Actor.staff("riley"),
            reason="a test",
            now=now,
        )
        return plans.confirm(plan=plan, actor=Actor.staff("riley"), now=now)


def claim(lane: LaneKey) -> list[Operation]:
    with queue.step(lane.organization_id):
        return stored_plans.claim(lane, REVOKE, now=timezone.now(), lasts=timedelta(seconds=45))


def in_thread(function: Callable[[], Any]) -> threading.Thread:
    def run() -> None:
        try:
            function()
        finally:
            database.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def wait_for_a_blocked_statement() -> None:
    def is_blocked() -> bool:
        with database.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            return bool(cursor.fetchone()[0])

    wait_until(is_blocked, seconds=20, what="a statement that waits for a lock")


def test_cancelling_never_calls_a_row_cancelled_that_a_worker_has_just_claimed(organization: Organization) -> None:
    """A row that counts as cancelled can be retried: while it is on its way that would send it twice."""
    plan = running_plan(organization, 1, 2, 3)
    lane = LaneKey(organization.pk, "demo", "worker")

    def cancel() -> None:
        with organization_scope(organization.pk):
            plans.cancel(plan=plan, actor=Actor.staff("riley"), now=timezone.now())

    with organization_scope(organization.pk):
        list(PlanRow.objects.select_for_update().filter(plan=plan))  # so that cancelling stops half-way
        cancelling = in_thread(cancel)
        wait_for_a_blocked_statement()
        in_thread(lambda: claim(lane)).join()
    cancelling.join()

    with organization_scope(organization.pk):
        found = set(PlanRow.objects.filter(plan=plan).values_list("operation__state", "state", "is_locking"))
    assert found <= {("cancelled", "cancelled", False), ("sending", "queued", True)}


def test_who_takes_a_lane_over_leaves_what_its_last_holder_stores_meanwhile(organization: Organization) -> None:
    plan = running_plan(organization, 1, 2)
    claim(LaneKey(organization.pk, "demo", "first"))
    second = LaneKey(organization.pk, "demo", "second")

    with organization_scope(organization.pk):
        Operation.objects.filter(plan=plan).update(state="succeeded")
        PlanRow.objects.filter(plan=plan).update(state="succeeded", is_locking=False)
        recovering = in_thread(lambda: queue.recover(second, now=timezone.now(), settle_after=timedelta(seconds=1)))
        wait_for_a_blocked_statement()
    recovering.join()

    with organization_scope(organization.pk):
        found = set(PlanRow.objects.filter(plan=plan).values_list("operation__state", "state"))
    assert found == {("succeeded", "succeeded")}
