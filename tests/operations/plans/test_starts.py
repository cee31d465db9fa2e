"""Plans that start at the same moment: one takes the targets they share, the other says so, and nobody else waits."""

import threading
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import psycopg
import pytest
from django.db import connection as database
from django.utils import timezone

from tests.support.engine_kinds import RevokeOneByOne, register_engine_kinds
from tests.support.people import staff_of
from tests.support.running_hub import wait_until
from vendor_admin.operations.kinds import Call, Target
from vendor_admin.operations.models import Plan, PlanRow
from vendor_admin.operations.plan_work.held_plans import check
from vendor_admin.operations.plans import targets as plan_targets
from vendor_admin.operations.plans import verbs as plans
from vendor_admin.organizations.actors import Actor
from vendor_admin.organizations.models import Organization
from vendor_admin.organizations.tenancy.scope import organization_scope


@pytest.fixture
def organization(committed_db: None) -> Iterator[Organization]:
    register_engine_kinds()
    vendor = Organization.objects.create(slug="vendor", name="Vendor")
    staff_of(vendor, "riley")
    yield vendor
    database.close()


def previewed(organization: Organization, *ids: int) -> Plan:
    with organization_scope(organization.pk):
        return plans.preview(
            organization=organization,
            kind_name="test_revoke_one_by_one",
            targets=[Target("tradingPermission", one) for one in ids],
            actor=Actor.staff("riley"),
            reason="a test",
            now=timezone.now(),
        )


def confirm_in_thread(plan: Plan, said: list[str]) -> threading.Thread:
    def run() -> None:
        try:
            with organization_scope(plan.organization_id):
                said.append(plans.confirm(plan=plan, actor=Actor.staff("riley"), now=timezone.now()).state)
        except Exception as error:  # noqa: BLE001 - whatever it is, the test looks at it
            said.append(f"{type(error).__name__}: {error}")
        finally:
            database.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def test_of_two_plans_that_share_targets_and_start_at_once_one_starts_and_one_says_why_not(
    organization: Organization, admin_connection: psycopg.Connection
) -> None:
    forwards, backwards = previewed(organization, 1, 2, 3), previewed(organization, 3, 2, 1)
    third = previewed(organization, 2)
    admin_connection.autocommit = False
    # Both have taken their first target, and wait for the second, when a third lets go of it.
    admin_connection.execute("UPDATE operations_planrow SET is_locking = true WHERE plan_id = %s", [third.pk])
    said: list[str] = []
    threads = [confirm_in_thread(plan, said) for plan in (forwards, backwards)]

    def wait() -> bool:
        with database.cursor() as cursor:
            cursor.execute("SELECT count(DISTINCT pid) FROM pg_locks WHERE NOT granted")
            return bool(cursor.fetchone()[0] == 2)

    wait_until(wait, what="two starts that wait")
    admin_connection.rollback()
    for thread in threads:
        thread.join(30)

    started, refused = sorted(said, reverse=True)
    assert started == Plan.State.RUNNING
    assert refused.startswith("Conflict: Another plan has begun to change some of the same targets.")


def test_a_plan_that_starts_holds_up_nothing_else_of_its_organization(
    organization: Organization, admin_connection: psycopg.Connection
) -> None:
    plan = previewed(organization, 1)
    with organization_scope(organization.pk):
        plans.confirm(plan=plan, actor=Actor.staff("riley"), now=timezone.now())
        admin_connection.execute("SELECT 1 FROM organizations_organization FOR NO KEY UPDATE NOWAIT")


def test_while_the_calls_of_a_large_plan_are_stored_others_of_its_organization_start(
    organization: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan_targets, "DIRECT_ROWS", 2)
    monkeypatch.setattr(plan_targets, "CHUNK", 2)
    large = previewed(organization, 1, 2, 3, 4)
    check(organization_id=organization.pk, plan_id=large.pk)
    with organization_scope(organization.pk):
        plans.confirm(plan=large, actor=Actor.staff("riley"), now=timezone.now())
    at_work, may_go_on = threading.Event(), threading.Event()
    calls_of = RevokeOneByOne.calls

    def calls(self: RevokeOneByOne, rows: Sequence[PlanRow], **given: Any) -> Iterable[Call]:
        if rows[0].plan_id == large.pk:
            at_work.set()
            assert may_go_on.wait(30)
        return calls_of(self, rows, **given)

    monkeypatch.setattr(RevokeOneByOne, "calls", calls)

    def work() -> None:
        check(organization_id=organization.pk, plan_id=large.pk)
        database.close()

    worker = threading.Thread(target=work)
    worker.start()
    try:
        assert at_work.wait(30)
        small = previewed(organization, 9)
        with organization_scope(organization.pk):
            with database.cursor() as cursor:
                cursor.execute("SET LOCAL lock_timeout = '1s'")
            assert plans.confirm(plan=small, actor=Actor.staff("riley"), now=timezone.now()).state == Plan.State.RUNNING
    finally:
        may_go_on.set()
        worker.join(30)
    with organization_scope(organization.pk):
        assert Plan.objects.get(pk=large.pk).state == Plan.State.RUNNING
