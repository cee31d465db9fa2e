"""Who may make, start and keep running a plan: asked in the verbs and by workers, whatever page or program calls."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.utils import timezone

from tests.support.engine_kinds import register_engine_kinds
from tests.support.people import staff_user
from vendor_admin.errors import Conflict, NotAllowed, Refused
from vendor_admin.operations.engine.guards import guard
from vendor_admin.operations.kinds import Target
from vendor_admin.operations.models import ApprovalRule, Plan
from vendor_admin.operations.plans import verbs as plans
from vendor_admin.operations.store.queue import LaneKey
from vendor_admin.organizations.actors import Actor
from vendor_admin.organizations.models import AuditEntry, Organization, StaffRole, User
from vendor_admin.organizations.tenancy.scope import organization_scope

NOW = timezone.now()


class Desk:
    """One organization: mia makes plans, casey and rob approve them."""

    def __init__(self, organization: Organization) -> None:
        self.organization = organization
        for name in ("mia", "casey", "rob"):
            staff_user(name, organization)

    def preview(self, *, actor: str = "mia", ids: tuple[int, ...] = (1,), **values: Any) -> Plan:
        return plans.preview(
            organization=self.organization,
            kind_name="test_revoke_one_by_one",
            targets=[Target("tradingPermission", one) for one in ids],
            actor=Actor.from_key(actor),
            reason="a test",
            now=NOW,
            **values,
        )

    def running(self, *, approved_by: str = "") -> Plan:
        if not approved_by:
            return plans.confirm(plan=self.preview(), actor=Actor.staff("mia"), now=NOW)
        return plans.approve(plan=self.waiting(), actor=Actor.staff(approved_by), now=NOW)

    def waiting(self) -> Plan:
        ApprovalRule.objects.get_or_create(organization=self.organization, defaults={"accounts_over": 0})
        return plans.confirm(plan=self.preview(), actor=Actor.staff("mia"), now=NOW)

    def paused(self) -> Plan:
        return plans.pause(plan=self.running(), actor=Actor.staff("mia"))

    def cancelled(self) -> Plan:
        return plans.cancel(plan=self.running(), actor=Actor.staff("mia"), now=NOW)

    def seen_by_a_worker(self, plan: Plan) -> Plan:
        guard(LaneKey(self.organization.pk, "demo", "worker"), now=timezone.now())
        plan.refresh_from_db()
        return plan


@pytest.fixture
def desk(db: None) -> Iterator[Desk]:
    register_engine_kinds()
    organization = Organization.objects.create(slug="vendor", name="Vendor")
    with organization_scope(organization.pk):
        yield Desk(organization)


def disable(name: str) -> None:
    User.objects.filter(username=name).update(is_active=False)


def make_a_viewer(name: str) -> None:
    StaffRole.objects.filter(user__username=name).update(role="viewer")


def take_the_role(name: str) -> None:
    StaffRole.objects.filter(user__username=name).delete()


def take_the_second_factor(name: str) -> None:
    Authenticator.objects.filter(user__username=name).delete()


LOSSES = (disable, make_a_viewer, take_the_role, take_the_second_factor)
VERBS: dict[str, tuple[Callable[[Desk], Any], Callable[..., Plan]]] = {
    "confirm": (Desk.preview, partial(plans.confirm, now=NOW)),
    "discard": (Desk.preview, partial(plans.discard, now=NOW)),
    "approve": (Desk.waiting, partial(plans.approve, now=NOW)),
    "cancel what waits": (Desk.waiting, partial(plans.cancel, now=NOW)),
    "cancel": (Desk.running, partial(plans.cancel, now=NOW)),
    "pause": (Desk.running, plans.pause),
    "resume": (Desk.paused, partial(plans.resume, now=NOW)),
    "retry": (Desk.cancelled, partial(plans.retry_failed, now=NOW)),
    "revert": (Desk.cancelled, partial(plans.revert, now=NOW, reason="a test")),
}


@pytest.mark.parametrize("name", VERBS)
def test_each_verb_refuses_whoever_may_not(desk: Desk, name: str) -> None:
    make, verb = VERBS[name]
    plan = make(desk)
    for lose in LOSSES:
        staff_user(lose.__name__, desk.organization)
        lose(lose.__name__)
    before = (plan.state, Plan.objects.count())

    for actor in (*(lose.__name__ for lose in LOSSES), "nobody"):
        with pytest.raises(NotAllowed, match="may not"):
            verb(plan=plan, actor=Actor.staff(actor))

    plan.refresh_from_db()
    assert (plan.state, Plan.objects.count()) == before


def test_a_preview_is_made_by_whoever_may_and_by_workers_of_this_installation(desk: Desk) -> None:
    assert desk.preview(actor="system:upkeep").state == Plan.State.PREVIEW
    with pytest.raises(NotAllowed, match="API client 7 may not grant and revoke trading permissions"):
        desk.preview(actor="program:7")


@pytest.mark.parametrize("lose", LOSSES)
def test_a_plan_whose_maker_may_no_longer_is_not_started_by_anybody_else(desk: Desk, lose: Callable[[str], None]):
    preview, waiting = desk.preview(), desk.waiting()
    lose("mia")

    with pytest.raises(Refused, match="mia may no longer grant and revoke trading permissions"):
        plans.confirm(plan=preview, actor=Actor.staff("casey"), now=NOW)
    with pytest.raises(Refused, match="mia may no longer"):
        plans.approve(plan=waiting, actor=Actor.staff("casey"), now=NOW)
    assert not Plan.objects.filter(started_at__isnull=False).exists()


def test_who_takes_over_a_plan_whose_rows_moved_gets_the_new_preview(desk: Desk) -> None:
    plan = desk.preview()
    plan.rows.update(old={"status": "as it was then"})
    Plan.objects.filter(pk=plan.pk).update(state=Plan.State.PAUSED, confirmed_by="mia")
    disable("mia")

    renewed = plans.resume(plan=plan, actor=Actor.staff("casey"), now=NOW)
    plan.refresh_from_db()
    assert (plan.state, renewed.state, renewed.actor) == (Plan.State.STALE, Plan.State.PREVIEW, "casey")


@pytest.mark.parametrize("lose", LOSSES)
def test_a_running_plan_stops_until_somebody_who_may_takes_it_over(desk: Desk, lose: Callable[[str], None]) -> None:
    plan = desk.running()
    assert desk.seen_by_a_worker(plan).state == Plan.State.RUNNING

    lose("mia")
    plan = desk.seen_by_a_worker(plan)
    assert plan.state == Plan.State.PAUSED
    assert plan.wait_why.startswith("mia may no longer grant and revoke trading permissions. Somebody who may")
    assert AuditEntry.objects.get(action="plan paused").actor == "Worker"

    plan = plans.resume(plan=plan, actor=Actor.staff("casey"), now=NOW)
    assert (plan.taken_over_by, plan.wait_why) == ("casey", "")
    assert desk.seen_by_a_worker(plan).state == Plan.State.RUNNING
    disable("casey")
    assert desk.seen_by_a_worker(plan).state == Plan.State.PAUSED


def test_a_plan_that_needs_two_people_never_goes_on_with_one(desk: Desk) -> None:
    plan = desk.running(approved_by="casey")
    disable("mia")
    assert desk.seen_by_a_worker(plan).state == Plan.State.PAUSED
    with pytest.raises(Refused, match="You approved this plan"):
        plans.resume(plan=plan, actor=Actor.staff("casey"), now=NOW)
    plan = plans.resume(plan=plan, actor=Actor.staff("rob"), now=NOW)
    assert (plan.taken_over_by, plan.approved_by) == ("rob", "casey")

    make_a_viewer("casey")
    plan = desk.seen_by_a_worker(plan)
    assert plan.wait_why.startswith("casey may no longer approve plans.")
    with pytest.raises(Refused, match="A second person who may approve it has to resume it"):
        plans.resume(plan=plan, actor=Actor.staff("rob"), now=NOW)
    staff_user("nina", desk.organization)
    assert plans.resume(plan=plan, actor=Actor.staff("nina"), now=NOW).approved_by == "nina"
    assert desk.seen_by_a_worker(plan).state == Plan.State.RUNNING


@pytest.mark.parametrize("is_started", [True, False])
def test_a_plan_that_lost_its_maker_and_its_approver_is_taken_over_by_two_others(desk: Desk, is_started: bool) -> None:
    plan = desk.running(approved_by="casey") if is_started else desk.waiting()
    disable("mia")
    disable("casey")
    if is_started:
        assert desk.seen_by_a_worker(plan).state == Plan.State.PAUSED
    else:
        Plan.objects.filter(pk=plan.pk).update(state=Plan.State.PAUSED, approved_by="casey")
    staff_user("nina", desk.organization)

    plan = plans.resume(plan=plan, actor=Actor.staff("rob"), now=NOW)
    assert (plan.state, plan.taken_over_by, plan.approved_by) == (Plan.State.PAUSED, "rob", "")
    assert plan.wait_why == "rob has taken it over. A second person who may approve it has to resume it, or cancel it."
    with pytest.raises(Refused, match="A second person who may approve it has to resume it"):
        plans.resume(plan=plan, actor=Actor.staff("rob"), now=NOW)
    plan = plans.resume(plan=plan, actor=Actor.staff("nina"), now=NOW)
    assert (plan.state, plan.taken_over_by, plan.approved_by) == (Plan.State.RUNNING, "rob", "nina")
    assert desk.seen_by_a_worker(plan).state == Plan.State.RUNNING


def test_who_approved_a_plan_and_may_no_longer_can_take_it_over_and_needs_a_second_person(desk: Desk) -> None:
    plan = desk.running(approved_by="casey")
    disable("mia")
    StaffRole.objects.filter(user__username="casey").update(role="support")
    plan = desk.seen_by_a_worker(plan)

    plan = plans.resume(plan=plan, actor=Actor.staff("casey"), now=NOW)
    assert (plan.state, plan.taken_over_by, plan.approved_by) == (Plan.State.PAUSED, "casey", "")
    assert plans.resume(plan=plan, actor=Actor.staff("rob"), now=NOW).approved_by == "rob"


def test_a_key_that_was_used_for_something_else_is_refused_and_not_answered_with_the_other_plan(desk: Desk) -> None:
    first = desk.preview(idempotency_key="a")

    assert desk.preview(idempotency_key="a") == first
    for other in ({"ids": (2,)}, {"actor": "casey"}, {"parameters": {"x": 1}}):
        with pytest.raises(Conflict, match="used for another change"):
            desk.preview(idempotency_key="a", **other)
    assert Plan.objects.count() == 1
