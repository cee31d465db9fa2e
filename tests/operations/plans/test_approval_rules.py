"""Above which size a change needs a second person, counted over a day; and two people raise that size."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests.support.engine_kinds import RevokeOneByOne, register_engine_kinds
from tests.support.people import staff_user
from tests.support.signed_in import signed_in
from vendor_admin.errors import Conflict, Refused
from vendor_admin.operations.kinds import PlanRequest, RowDraft, Target, register
from vendor_admin.operations.models import ApprovalRule, Plan
from vendor_admin.operations.plans import approval_rules
from vendor_admin.operations.plans import verbs as plans
from vendor_admin.organizations.actors import Actor
from vendor_admin.organizations.models import AuditEntry, Organization, StaffRole, User
from vendor_admin.organizations.staff import verbs as staff
from vendor_admin.organizations.tenancy.scope import organization_scope

NOW = timezone.now()
HOUR = timedelta(hours=1)


class MovesMoney(RevokeOneByOne):
    """Its rows say themselves what they move."""

    name = "test_moves_money"

    def drafts(self, request: PlanRequest) -> Sequence[RowDraft]:
        return [
            RowDraft(one, "demo", "money", new={"a": 1}, amount=Decimal(one.wanted["amount"]))
            for one in request.targets
        ]


class Desk:
    """Mia and max make plans; casey approves them."""

    def __init__(self, organization: Organization) -> None:
        self.organization = organization
        for name in ("mia", "max", "casey"):
            staff_user(name, organization)
        self.last_id = 0

    def preview(self, *amounts: str, actor: str = "mia", now: Any = NOW) -> Plan:
        first, self.last_id = self.last_id, self.last_id + len(amounts)
        targets = [Target("tradingPermission", first + at, {"amount": one}) for at, one in enumerate(amounts, start=1)]
        return plans.preview(
            organization=self.organization,
            kind_name=MovesMoney.name,
            targets=targets,
            actor=Actor.staff(actor),
            reason="a test",
            now=now,
        )

    def start(self, *amounts: str, actor: str = "mia", now: Any = NOW) -> Plan:
        return plans.confirm(plan=self.preview(*amounts, actor=actor, now=now), actor=Actor.staff(actor), now=now)

    def limits(self, **fields: Any) -> None:
        ApprovalRule.objects.update_or_create(organization=self.organization, defaults=fields)

    def set(self, rows: int, amount: int, *, actor: str = "mia", now: Any = NOW) -> ApprovalRule:
        return approval_rules.set_thresholds(
            organization=self.organization,
            accounts_over=rows,
            balance_change_over=Decimal(amount),
            actor=Actor.staff(actor),
            now=now,
            reason="we grew",
        )

    def approve(self, actor: str, *, now: Any = NOW, seen: str | None = None) -> ApprovalRule:
        seen = approval_rules.mark_of(approval_rules.approval_rule(self.organization)) if seen is None else seen
        return approval_rules.approve_thresholds(
            organization=self.organization, actor=Actor.staff(actor), now=now, seen=seen
        )

    def join_today(self, name: str) -> None:
        """Give somebody their role anew."""
        for role in ("risk", "owner"):
            staff.change_role(
                staff_role=StaffRole.objects.get(user__username=name),
                role=role,
                actor=Actor.staff("max"),
                reason="a change",
            )

    def in_force(self) -> tuple[int, Decimal]:
        rule = approval_rules.approval_rule(self.organization)
        return rule.accounts_over, Decimal(rule.balance_change_over)


@pytest.fixture
def desk(db: None) -> Iterator[Desk]:
    register_engine_kinds()
    register(MovesMoney())
    organization = Organization.objects.create(slug="vendor", name="Vendor")
    with organization_scope(organization.pk):
        yield Desk(organization)


# Over a day


def test_what_one_person_moves_within_a_day_counts_together(desk: Desk) -> None:
    assert desk.start("30000").state == Plan.State.RUNNING

    second = desk.start("-20000.01", now=NOW + HOUR)

    assert second.state == Plan.State.WAITING
    assert second.second_person_why == (
        "With what mia moved within a day it is 50,000.01 in all; more than 50,000.00 need a second person."
    )
    assert desk.start("20000", actor="max", now=NOW + HOUR).state == Plan.State.RUNNING


def test_so_do_the_rows(desk: Desk) -> None:
    desk.limits(accounts_over=5)
    assert desk.start("0", "0", "0").state == Plan.State.RUNNING
    assert desk.start("0", "0").state == Plan.State.RUNNING

    third = desk.start("0")

    assert third.state == Plan.State.WAITING
    assert third.second_person_why.startswith("With what mia changed within a day it is 6 rows; more than 5")


def test_previews_that_were_made_side_by_side_are_counted_when_they_are_confirmed(desk: Desk) -> None:
    first, second = desk.preview("30000"), desk.preview("30000")
    assert [first.needs_second_person, second.needs_second_person] == [False, False]

    states = [plans.confirm(plan=one, actor=Actor.staff("mia"), now=NOW).state for one in (first, second)]

    assert states == [Plan.State.RUNNING, Plan.State.WAITING]


def test_who_confirms_what_another_made_counts_as_well(desk: Desk) -> None:
    desk.start("30000", actor="max")

    confirmed = plans.confirm(plan=desk.preview("30000"), actor=Actor.staff("max"), now=NOW)

    assert confirmed.state == Plan.State.WAITING


def test_after_a_day_it_is_forgotten(desk: Desk) -> None:
    desk.start("30000")

    assert desk.start("30000", now=NOW + timedelta(hours=23)).state == Plan.State.WAITING
    assert desk.start("30000", now=NOW + timedelta(hours=25)).state == Plan.State.RUNNING


def test_what_was_approved_thrown_away_or_never_begun_does_not_count(desk: Desk) -> None:
    plans.approve(plan=desk.start("60000"), actor=Actor.staff("casey"), now=NOW)
    plans.cancel(plan=desk.start("60000"), actor=Actor.staff("mia"), now=NOW)
    plans.discard(plan=desk.preview("30000"), actor=Actor.staff("mia"), now=NOW)
    desk.preview("30000")

    assert desk.start("30000").state == Plan.State.RUNNING


def test_what_moves_nothing_is_not_held_up_by_what_was_moved(desk: Desk) -> None:
    desk.start("50000")

    assert desk.start("0").state == Plan.State.RUNNING


# Who is a second person


def test_whoever_got_the_role_today_does_not_approve_yet(desk: Desk) -> None:
    waiting = desk.start("60000")
    staff.add_person(
        organization=desk.organization,
        username="friend",
        email="f@v.example",
        role="risk",
        actor=Actor.staff("mia"),
        reason="a change",
    )
    promoted = StaffRole.objects.get(user__username="casey")
    staff.change_role(staff_role=promoted, role="risk", actor=Actor.staff("mia"), reason="a change")
    given = timezone.now()

    for name, now in (("casey", given), ("casey", given + timedelta(hours=23))):
        with pytest.raises(Refused, match="for less than a day"):
            plans.approve(plan=waiting, actor=Actor.staff(name), now=now)

    approved = plans.approve(plan=waiting, actor=Actor.staff("casey"), now=given + timedelta(hours=24))
    assert approved.approved_by == "casey"
    assert approval_rules.why_no_second_person("friend", organization_id=desk.organization.pk, now=given)


def test_what_somebody_made_who_got_the_role_today_is_not_approved_by_a_colleague(desk: Desk) -> None:
    desk.join_today("mia")
    waiting = desk.start("60000")

    with pytest.raises(Refused, match="mia has this role for less than a day"):
        plans.approve(plan=waiting, actor=Actor.staff("casey"), now=timezone.now())

    assert (
        plans.approve(plan=waiting, actor=Actor.staff("casey"), now=timezone.now() + 25 * HOUR).approved_by == "casey"
    )


def test_a_role_that_is_saved_unchanged_keeps_its_age(desk: Desk) -> None:
    staff.change_role(
        staff_role=StaffRole.objects.get(user__username="casey"),
        role="owner",
        actor=Actor.staff("max"),
        reason="a change",
    )

    assert not approval_rules.why_no_second_person("casey", organization_id=desk.organization.pk, now=timezone.now())


# Two people raise them


def test_lower_thresholds_hold_at_once(desk: Desk) -> None:
    desk.set(50, 1_000)

    assert desk.in_force() == (50, Decimal(1_000))


@pytest.mark.parametrize(("rows", "amount"), [(101, 50_000), (100, 50_001), (1, 60_000)])
def test_higher_ones_wait_for_a_second_person(desk: Desk, rows: int, amount: int) -> None:
    desk.set(rows, amount)
    assert desk.in_force() == (100, Decimal(50_000))

    with pytest.raises(Refused, match="You proposed them"):
        desk.approve("mia")
    desk.approve("casey")

    assert desk.in_force() == (rows, Decimal(amount))
    said = AuditEntry.objects.values_list("actor", "action", "reason")
    assert list(said) == [
        ("casey", "approval thresholds changed", "proposed by mia: we grew"),
        ("mia", "higher thresholds proposed", "we grew"),
    ]


def test_who_joined_today_raises_nothing(desk: Desk) -> None:
    desk.set(1_000, 1_000_000)
    desk.join_today("casey")

    with pytest.raises(Refused, match="for less than a day"):
        desk.approve("casey", now=timezone.now())


def test_what_somebody_who_joined_today_proposed_is_agreed_to_by_an_operator_alone(desk: Desk) -> None:
    desk.join_today("mia")
    desk.set(1_000, 1_000_000)
    User.objects.create_user("olga", kind=User.Kind.OPERATOR, is_staff=True)

    with pytest.raises(Refused, match="mia has this role for less than a day"):
        desk.approve("casey", now=timezone.now())
    desk.approve("olga", now=timezone.now())

    assert desk.in_force() == (1_000, Decimal(1_000_000))


def test_nobody_agrees_to_another_proposal_than_they_looked_at(desk: Desk) -> None:
    seen = approval_rules.mark_of(desk.set(101, 50_000))
    desk.set(100_000, 1_000_000, now=NOW + HOUR)

    with pytest.raises(Conflict, match="was changed since you looked"):
        desk.approve("casey", seen=seen)


def test_a_proposal_holds_once_and_ends_with_a_lower_setting_or_when_it_is_dropped(desk: Desk) -> None:
    for end in (
        lambda: desk.approve("casey"),
        lambda: desk.set(10, 10),
        lambda: approval_rules.withdraw_thresholds(organization=desk.organization, actor=Actor.staff("casey")),
    ):
        desk.set(1_000, 1_000_000)
        end()
        with pytest.raises(Conflict, match="Nobody has proposed"):
            desk.approve("casey")


@pytest.fixture
def alpha(db: None) -> Organization:
    return Organization.objects.create(slug="alpha", name="Alpha Funding")


def _page(client: Client) -> str:
    return str(client.get(reverse("thresholds")).content.decode())


def _agreeing(organization: Organization) -> str:
    """The address of the button that agrees to the present proposal."""
    with organization_scope(organization.pk):
        return (
            reverse("thresholds_approve") + "?" + urlencode({"of": approval_rules.mark_of(ApprovalRule.objects.get())})
        )


def test_with_one_owner_the_operator_is_the_second_person(alpha: Organization) -> None:
    ann = signed_in(staff_user("ann", alpha))
    olga = signed_in(User.objects.create_user("olga", kind=User.Kind.OPERATOR, is_staff=True))
    olga.post(reverse("enter"), {"organization": alpha.pk, "reason": "asked to agree"})

    ann.post(reverse("thresholds"), {"accounts_over": "200", "balance_change_over": "50000", "reason": "we grew"})

    assert "ann proposed more than 200 rows" in _page(ann)
    assert "Drop the proposal" in _page(ann)
    assert "Agree to the proposal" not in _page(ann)
    ann.post(_agreeing(alpha))
    with organization_scope(alpha.pk):
        assert ApprovalRule.objects.get().accounts_over == 100
    assert "Agree to the proposal" in _page(olga)
    assert _agreeing(alpha) in _page(olga)
    olga.post(_agreeing(alpha))
    with organization_scope(alpha.pk):
        assert ApprovalRule.objects.get().accounts_over == 200
    assert "ann proposed" not in _page(ann)


def test_who_may_not_manage_thresholds_agrees_to_none(alpha: Organization) -> None:
    ann, rita = signed_in(staff_user("ann", alpha)), signed_in(staff_user("rita", alpha, "risk"))
    ann.post(reverse("thresholds"), {"accounts_over": "200", "balance_change_over": "50000", "reason": "we grew"})

    for name in ("thresholds_approve", "thresholds_withdraw"):
        assert rita.post(reverse(name)).status_code == 403
        assert ann.get(reverse(name)).status_code == 405

    with organization_scope(alpha.pk):
        assert ApprovalRule.objects.get().proposed_accounts_over == 200
