"""A plan whose program lost its rights stops like one whose staff author did; its key or portal may do no more."""

import itertools
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from oauth_bridge.models import Portal
from oauth_bridge.portals import registry
from tests.support.engine_kinds import register_engine_kinds
from tests.support.people import staff_user
from vendor_admin.errors import NotAllowed, Refused
from vendor_admin.operations.engine.guards import guard
from vendor_admin.operations.kinds import Target
from vendor_admin.operations.models import ApprovalRule, Plan
from vendor_admin.operations.plans import verbs as plans
from vendor_admin.operations.store.queue import LaneKey
from vendor_admin.organizations.actors import Actor, label_of, rights_of
from vendor_admin.organizations.models import Organization, StaffRole
from vendor_admin.organizations.roles import Right
from vendor_admin.organizations.tenancy.scope import organization_scope
from vendor_admin.partner_api.keys.verbs import make_key, revoke_key
from vendor_admin.partner_api.models import ApiKey

OWNER = Actor.staff("mia")
TARGETS = itertools.count(1)
SCOPES = ["permissions:write", "operations:read"]


@pytest.fixture
def vendor(db: None) -> Iterator[Organization]:
    register_engine_kinds()
    organization = Organization.objects.create(slug="vendor", name="Vendor")
    staff_user("mia", organization)
    with organization_scope(organization.pk):
        yield organization


def approval(plan: Plan, actor: Actor) -> str:
    """How an approval ends: the plan's state, or why not."""
    try:
        return plans.approve(plan=plan, actor=actor, now=timezone.now()).state
    except Refused as refused:
        return f"{refused.code}: {refused.text}"


def key_of(organization: Organization, *, scopes: list[str] = SCOPES, **more: Any) -> ApiKey:
    values: dict[str, Any] = {"name": "Nightly job", "actor": OWNER, "now": timezone.now()} | more
    return make_key(organization=organization, scopes=scopes, **values).key


def program_of(organization: Organization, *, scopes: list[str] = SCOPES) -> Portal:
    made = registry.register_portal(
        organization=organization, kind=Portal.Kind.PROGRAM, name="Evening job", scopes=scopes, actor=OWNER,
        now=timezone.now(),
    )  # fmt: skip
    return made.portal


def running(organization: Organization, actor: Actor) -> Plan:
    now = timezone.now()
    plan = plans.preview(
        organization=organization,
        kind_name="test_revoke_one_by_one",
        targets=[Target("tradingPermission", next(TARGETS))],
        actor=actor,
        reason="a test",
        now=now,
    )
    return plans.confirm(plan=plan, actor=actor, now=now)


def seen_by_a_worker(plan: Plan) -> Plan:
    guard(LaneKey(plan.organization_id, "demo", "worker"), now=timezone.now())
    plan.refresh_from_db()
    return plan


def revoke(key: ApiKey) -> None:
    revoke_key(key=key, actor=OWNER, now=timezone.now())


def expire(key: ApiKey) -> None:
    ApiKey.objects.filter(pk=key.pk).update(expires_at=timezone.now() - timedelta(seconds=1))


def narrow(key: ApiKey) -> None:
    ApiKey.objects.filter(pk=key.pk).update(scopes=["operations:read"])


@pytest.mark.parametrize("lose", [revoke, expire, narrow])
def test_a_running_plan_pauses_when_its_key_may_no_more(vendor: Organization, lose: Callable[[ApiKey], None]) -> None:
    key = key_of(vendor)
    plan = running(vendor, key.actor)
    assert seen_by_a_worker(plan).state == Plan.State.RUNNING
    lose(key)
    assert seen_by_a_worker(plan).state == Plan.State.PAUSED
    assert plan.wait_why.startswith("API key Nightly job may no longer grant and revoke trading permissions")


def disable(portal: Portal) -> None:
    registry.switch_portal(portal=portal, is_enabled=False, actor=OWNER, now=timezone.now())


def take_scopes(portal: Portal) -> None:
    registry.change_portal(portal=portal, values={"scopes": ["operations:read"]}, actor=OWNER)


def remove(portal: Portal) -> None:
    registry.remove_portal(portal=portal, actor=OWNER)


@pytest.mark.parametrize("lose", [disable, take_scopes, remove])
def test_a_running_plan_pauses_when_its_portal_may_no_more(
    vendor: Organization, lose: Callable[[Portal], None]
) -> None:
    portal = program_of(vendor)
    plan = running(vendor, portal.actor)
    assert seen_by_a_worker(plan).state == Plan.State.RUNNING
    lose(portal)
    assert seen_by_a_worker(plan).state == Plan.State.PAUSED
    assert "may no longer grant and revoke trading permissions" in plan.wait_why


def test_a_program_without_the_scope_starts_nothing(vendor: Organization) -> None:
    for actor in (key_of(vendor, scopes=["members:read"]).actor, program_of(vendor, scopes=["members:read"]).actor):
        with pytest.raises(NotAllowed, match="may not grant and revoke"):
            running(vendor, actor)


def test_a_portal_that_signs_members_in_may_do_nothing(vendor: Organization) -> None:
    portal = program_of(vendor)
    Portal.objects.filter(pk=portal.pk).update(authorization_grant_type=Portal.Kind.SIGN_IN)
    assert rights_of([portal.actor.key], organization_id=vendor.pk)[portal.actor.key] == frozenset()


def test_rights_are_of_one_organization_whatever_scope_asks(vendor: Organization) -> None:
    other = Organization.objects.create(slug="other", name="Other")
    key = key_of(vendor).actor.key
    held = {Right.MANAGE_PERMISSIONS, Right.VIEW_OPERATIONS}
    assert rights_of([key], organization_id=vendor.pk)[key] == held
    assert rights_of([key], organization_id=other.pk)[key] == frozenset()
    with organization_scope(vendor.pk, other.pk):
        assert rights_of([key], organization_id=other.pk)[key] == frozenset()
        assert rights_of([key], organization_id=vendor.pk)[key] == held
    with organization_scope(other.pk):
        assert rights_of([key], organization_id=vendor.pk)[key] == held


def test_a_key_has_rights_until_the_moment_it_expires(vendor: Organization) -> None:
    ends_at = timezone.now() + timedelta(hours=1)
    key = key_of(vendor, expires_at=ends_at).actor.key
    assert rights_of([key], organization_id=vendor.pk)[key]
    with time_machine.travel(ends_at, tick=False):
        assert rights_of([key], organization_id=vendor.pk)[key] == frozenset()


def test_rights_and_names_of_programs_take_as_many_queries_for_twenty_as_for_one(vendor: Organization) -> None:
    keys = [key_of(vendor, name=f"job {number}").actor.key for number in range(20)]
    portal = program_of(vendor).actor.key
    counts = []
    for asked in ([keys[0], portal], [*keys, portal]):
        with organization_scope(vendor.pk), CaptureQueriesContext(database) as queries:
            rights_of(["mia", *asked], organization_id=vendor.pk)
            names = [label_of(key) for key in asked]
        assert names[-1] == "portal Evening job"
        counts.append(len(queries))
    assert counts[0] == counts[1] == 6
    with CaptureQueriesContext(database) as queries:
        rights_of(["mia"], organization_id=vendor.pk)
        label_of("mia")
    assert len(queries) == 2, "staff cost what they did"
    assert label_of("program:vac_unknown") == "API client vac_unknown"


def test_whoever_made_its_key_is_no_second_person_for_a_program(vendor: Organization) -> None:
    for name in ("casey", "rob"):
        staff_user(name, vendor)
    ApprovalRule.objects.create(organization=vendor, accounts_over=0)
    maker = key_of(vendor).actor
    casey_too = key_of(vendor, name="approves", actor=Actor.staff("casey"), scopes=["plans:approve"]).actor
    mia_too = key_of(vendor, name="approves as well", scopes=["plans:approve"]).actor
    plan = running(vendor, maker)
    assert plan.state == Plan.State.WAITING
    for actor in (OWNER, mia_too):
        assert "second_person: mia made the key of a program" in approval(plan, actor)
    assert approval(plan, casey_too) == Plan.State.RUNNING
    plan.refresh_from_db()
    assert plan.approved_by == casey_too.key

    of_staff = running(vendor, Actor.staff("casey"))
    assert "second_person: casey made the key of a program" in approval(of_staff, casey_too)
    assert approval(of_staff, mia_too) == Plan.State.RUNNING
    other = running(vendor, program_of(vendor).actor)
    assert "second_person: mia made the key of a program" in approval(other, OWNER)
    assert approval(other, Actor.staff("rob")) == Plan.State.RUNNING


def test_a_program_approves_for_nobody_whose_role_is_new(vendor: Organization) -> None:
    staff_user("casey", vendor)
    ApprovalRule.objects.create(organization=vendor, accounts_over=0)
    approver = key_of(vendor, name="approves", actor=Actor.staff("casey"), scopes=["plans:approve"]).actor
    StaffRole.objects.filter(user__username="casey").update(role_since=timezone.now())
    plan = running(vendor, OWNER)
    assert "second_person: casey has this role for less than a day" in approval(plan, approver)


def test_a_new_key_is_no_way_around_the_count_of_a_day(vendor: Organization) -> None:
    ApprovalRule.objects.create(organization=vendor, accounts_over=1)
    assert running(vendor, OWNER).state == Plan.State.RUNNING
    new = key_of(vendor).actor
    stopped = running(vendor, new)
    assert stopped.state == Plan.State.WAITING
    assert "With what API key Nightly job changed within a day" in stopped.second_person_why
    old = key_of(vendor, name="job of last week", now=timezone.now() - timedelta(days=7)).actor
    assert running(vendor, old).state == Plan.State.RUNNING, "it is not mia who runs it"
    assert running(vendor, key_of(vendor, name="another").actor).state == Plan.State.WAITING
