"""What was refused is retried once, what was done is taken back once, and never over somebody else's change."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

import pytest
from django.db import connection as database
from django.utils import timezone

from tests.support.people import staff_of
from vendor_admin.errors import Conflict
from vendor_admin.operations.kinds import Call, PlanRequest, RowDraft, Target, register
from vendor_admin.operations.models import Plan, PlanRow
from vendor_admin.operations.plans import verbs as plans
from vendor_admin.organizations.actors import Actor
from vendor_admin.organizations.models import Organization
from vendor_admin.organizations.roles import Right
from vendor_admin.organizations.tenancy.scope import organization_scope
from vendor_admin.tradovate.operations.permissions import REVOKE_TRADING_PERMISSION, RevokeTradingPermission


class TurnDials:
    """Targets are dials of a mirror that is a dictionary; `wanted` holds the new `value`."""

    name = "test_turn_dials"
    title = "Turn dials (test)"
    right = Right.MANAGE_RISK
    is_money = False
    is_sensitive = False
    mirror: ClassVar[dict[int | None, int]] = {}

    def drafts(self, request: PlanRequest) -> Sequence[RowDraft]:
        return [
            RowDraft(
                one,
                "demo",
                f"dial {one.entity_id}",
                old={"value": self.mirror[one.entity_id]},
                new={"value": one.wanted["value"]},
            )
            for one in request.targets
        ]

    def calls(self, rows: Sequence[PlanRow], *, parameters: Mapping[str, Any], reason: str) -> Iterable[Call]:
        for row in rows:
            request = RevokeTradingPermission(trading_permission_id=row.target_id or 0)
            yield Call(REVOKE_TRADING_PERMISSION, "demo", request, [row])

    def revert(self, rows: Sequence[PlanRow]) -> tuple[str, Sequence[Target]] | None:
        return self.name, [Target("dial", row.target_id, dict(row.old), expected=row.new) for row in rows]


class Dials:
    """One organization's dials, and what its staff do."""

    def __init__(self, organization: Organization) -> None:
        self.organization = organization
        self.mirror = TurnDials.mirror
        self.mirror.clear()
        self.mirror.update({1: 10, 2: 20})

    def turned(self, *, state: str = "succeeded") -> Plan:
        """A plan over both dials that ended, each row in this state."""
        targets = [Target("dial", number, {"value": value + 5}) for number, value in self.mirror.items() if number]
        plan = plans.preview(
            organization=self.organization,
            kind_name=TurnDials.name,
            targets=targets,
            actor=Actor.staff("riley"),
            reason="a test",
            now=timezone.now(),
        )
        return self.ended(self.confirmed(plan), state=state)

    def ended(self, plan: Plan, *, state: str = "succeeded") -> Plan:
        """As the workers would end it; what succeeds is seen by the mirror."""
        for row in plan.rows.filter(state="queued"):
            if state == "succeeded":
                self.mirror[row.target_id] = row.new["value"]
            row.state, row.is_locking = state, False
            row.save()
        plan.operations.update(state=state)
        plan.state = Plan.State.FINISHED
        plan.save()
        return plan

    def confirmed(self, plan: Plan) -> Plan:
        return plans.confirm(plan=plan, actor=Actor.staff("riley"), now=timezone.now())

    def reverted(self, plan: Plan) -> Plan:
        return plans.revert(plan=plan, actor=Actor.staff("riley"), reason="a mistake", now=timezone.now())

    def retried(self, plan: Plan) -> Plan:
        return plans.retry_failed(plan=plan, actor=Actor.staff("riley"), now=timezone.now())

    def states(self, plan: Plan) -> list[str]:
        return list(plan.rows.order_by("position").values_list("state", flat=True))


@pytest.fixture
def dials(committed_db: None) -> Iterator[Dials]:
    register(TurnDials())
    organization = Organization.objects.create(slug="vendor", name="Vendor")
    staff_of(organization, "riley")
    with organization_scope(organization.pk):
        yield Dials(organization)
    database.close()


def test_a_renewed_revert_still_leaves_alone_what_somebody_else_changed(dials: Dials) -> None:
    plan = dials.turned()
    dials.mirror[1] = 99
    back = dials.reverted(plan)
    assert dials.states(back) == ["skipped", "planned"]

    dials.mirror[2] = 77
    renewed = dials.confirmed(back)

    assert renewed.renewed_from_id == back.pk
    assert dials.states(renewed) == ["skipped", "skipped"]


def test_a_retried_revert_still_leaves_alone_what_somebody_else_changed(dials: Dials) -> None:
    plan = dials.turned()
    back = dials.ended(dials.confirmed(dials.reverted(plan)), state="rejected")
    dials.mirror[1] = 99
    assert dials.states(dials.retried(back)) == ["skipped", "planned"]


def test_what_failed_is_retried_once_whoever_asks_again(dials: Dials) -> None:
    plan = dials.turned(state="rejected")
    first, second = dials.retried(plan), dials.retried(plan)
    dials.confirmed(first)
    PlanRow.objects.filter(plan=first).update(is_locking=False, state="succeeded")  # the mirror does not know yet

    with pytest.raises(Conflict, match=f"Plan {first.pk} "):
        dials.confirmed(second)
    with pytest.raises(Conflict, match=f"Plan {first.pk} "):
        dials.retried(plan)


def test_what_a_retry_left_out_can_still_be_retried(dials: Dials) -> None:
    plan = dials.turned(state="rejected")
    first = dials.retried(plan)
    first.rows.filter(position=1).update(state="skipped")
    dials.ended(dials.confirmed(first))
    assert [row.target_id for row in dials.retried(plan).rows.all()] == [1]


def test_what_was_done_is_taken_back_once_also_while_the_mirror_lags(dials: Dials) -> None:
    plan = dials.turned()
    first, second = dials.reverted(plan), dials.reverted(plan)
    dials.confirmed(first)
    PlanRow.objects.filter(plan=first).update(is_locking=False, state="succeeded")

    with pytest.raises(Conflict, match=f"Plan {first.pk} "):
        dials.confirmed(second)
    with pytest.raises(Conflict, match=f"Plan {first.pk} "):
        dials.reverted(plan)
