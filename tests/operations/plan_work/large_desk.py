"""Plans of many rows, and workers that are lost while they are at them."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from tests.support.engine_kinds import RevokeOneByOne, register_engine_kinds
from tests.support.stored_plans import Desk
from vendor_admin.mirrors.readings import Ask
from vendor_admin.operations import kinds
from vendor_admin.operations.kinds import PlanRequest, RowDraft, Target
from vendor_admin.operations.models import Plan, PlanRow
from vendor_admin.operations.plan_work.held_plans import check
from vendor_admin.operations.plans import targets as plan_targets
from vendor_admin.operations.plans import verbs as plans
from vendor_admin.organizations.actors import Actor


class WorkerLost(BaseException):
    """The process ends here."""


class RevokeWhatIsThere(RevokeOneByOne):
    """Permissions whose status is in `status`, which tests change."""

    name = "test_revoke_what_is_there"
    status: dict[int | None, str] = {}

    def drafts(self, request: PlanRequest) -> Sequence[RowDraft]:
        drafts = super().drafts(request)
        for draft in drafts:
            draft.old = {"status": self.status.get(draft.target.entity_id, "Accepted")}
        return drafts


class RevokeAtAPrice(RevokeOneByOne):
    """What it costs is not known."""

    name = "test_revoke_at_a_price"

    def drafts(self, request: PlanRequest) -> Sequence[RowDraft]:
        drafts = super().drafts(request)
        for draft in drafts:
            draft.cost = None
        return drafts


class RevokeAndBack(RevokeWhatIsThere):
    """What was revoked can be revoked once more: its own way back. It starts from permissions that must be fresh."""

    name = "test_revoke_and_back"

    def asks(self, request: PlanRequest) -> Sequence[Ask]:
        return [Ask("demo", "tradingPermission", [one.entity_id for one in request.targets])]

    def revert(self, rows: Sequence[PlanRow]) -> tuple[str, Sequence[Target]] | None:
        return self.name, [Target("tradingPermission", row.target_id, {"back": True}) for row in rows]


class RevokeInSteps(RevokeAndBack):
    """What was not done of it is asked for as its second part."""

    name = "test_revoke_in_steps"

    def rest(self, row: PlanRow) -> Target:
        return Target(row.target_type, row.target_id, {"part": 2})


class RevokeAndBackTogether(RevokeAndBack):
    """What was revoked of the same status has one way back. Of those that were "Final" there is none."""

    name = "test_revoke_and_back_together"
    together = ("status",)

    def revert(self, rows: Sequence[PlanRow]) -> tuple[str, Sequence[Target]] | None:
        ids: dict[str, list[int | None]] = {}
        for row in rows:
            if row.old["status"] != "Final":
                ids.setdefault(row.old["status"], []).append(row.target_id)
        targets = [Target("tradingPermission", of_one[0], {"ids": of_one}) for of_one in ids.values()]
        return (RevokeAndBack.name, targets) if targets else None


class Large(Desk):
    """Plans of more than two rows are large, and three rows are worked on at a time."""

    def revoking(self, *ids: int, kind: str = RevokeOneByOne.name) -> Plan:
        with self.scope():
            return plans.preview(
                organization=self.organization,
                kind_name=kind,
                targets=[Target("tradingPermission", one) for one in ids],
                actor=Actor.staff(self.actor),
                reason="a test",
                now=timezone.now(),
            )

    def confirmed(self, *ids: int, kind: str = RevokeOneByOne.name) -> Plan:
        return self.confirm(self.checked(self.revoking(*ids, kind=kind)))

    def running(self, *ids: int) -> Plan:
        return self.checked(self.confirmed(*ids))

    def two_retries(self, *ids: int) -> list[Plan]:
        """Of a plan that was cancelled before anything was done, both confirmed."""
        earlier = self.running(*ids)
        self.checked(self.cancel(earlier))
        with self.scope():
            retries = [
                plans.retry_failed(plan=earlier, actor=Actor.staff(self.actor), now=timezone.now()) for _ in range(2)
            ]
        return [self.confirm(self.checked(one)) for one in retries]

    def checked(self, plan: Plan) -> Plan:
        """The plan once a worker had time for it."""
        with self.scope():
            due = timezone.now() - timedelta(minutes=1)
            Plan.objects.filter(pk=plan.pk, check_at__isnull=False).update(check_at=due)
        check(organization_id=self.organization.pk, plan_id=plan.pk)
        return self.reload(plan)

    def reload(self, plan: Plan) -> Plan:
        with self.scope():
            return Plan.objects.get(pk=plan.pk)

    def cancel(self, plan: Plan) -> Plan:
        with self.scope():
            return plans.cancel(plan=plan, actor=Actor.staff(self.actor), now=timezone.now())

    def states(self, plan: Plan) -> list[str]:
        return [row.state for row in self.rows(plan)]

    def end_claim(self, plan: Plan) -> None:
        """So much later that nobody believes in the lost worker any more."""
        with self.scope():
            Plan.objects.filter(pk=plan.pk).update(check_claimed_until=timezone.now() - timedelta(seconds=1))


@contextmanager
def lost_at(statement: str, *, time: int) -> Iterator[None]:
    """The worker ends when it sends a statement that begins like this for the so manieth time."""
    seen = 0

    def end(execute: Callable[..., Any], sql: str, parameters: Any, many: bool, context: Any) -> Any:
        nonlocal seen
        is_one = sql.strip().startswith(statement)
        seen += is_one
        if is_one and seen == time:  # what undoes the transaction is let through
            raise WorkerLost
        return execute(sql, parameters, many, context)

    with pytest.raises(WorkerLost), connection.execute_wrapper(end):
        yield


def large_desk(monkeypatch: pytest.MonkeyPatch) -> Large:
    """A desk of an organization of its own."""
    monkeypatch.setattr(plan_targets, "DIRECT_ROWS", 2)
    monkeypatch.setattr(plan_targets, "CHUNK", 3)
    register_engine_kinds()
    for kind in (RevokeWhatIsThere(), RevokeAtAPrice(), RevokeAndBack(), RevokeInSteps(), RevokeAndBackTogether()):
        kinds.register(kind)
    monkeypatch.setattr(RevokeWhatIsThere, "status", {})
    return Large()
