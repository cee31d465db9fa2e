"""Plans of one organization without a platform: stored, started, and brought into the states that workers leave."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from tests.support.people import staff_of
from vendor_admin.operations.kinds import Target
from vendor_admin.operations.models import Operation, Plan, PlanRow
from vendor_admin.operations.plans import verbs as plans
from vendor_admin.operations.store import queue
from vendor_admin.operations.store.queue import LaneKey
from vendor_admin.organizations.actors import Actor
from vendor_admin.organizations.models import Organization
from vendor_admin.organizations.tenancy.scope import organization_scope

ADJUST = "fundTransaction/adjustcash"
MONEY = {"cashChange": "250.00", "cashChangeType": "ManualAdjustment", "currencyId": 1}


class Desk:
    """One organization, a person who makes plans, and a worker that holds the DEMO lane."""

    actor = "riley"

    def __init__(self) -> None:
        self.organization = Organization.objects.create(slug="vendor", name="Vendor")
        staff_of(self.organization, self.actor, "sam")
        self.lane = LaneKey(self.organization.pk, "demo", "worker")

    def scope(self) -> Any:
        return organization_scope(self.organization.pk)

    def preview(self, targets: Sequence[Target], *, kind: str = "test_any_write") -> Plan:
        with self.scope():
            return plans.preview(
                organization=self.organization,
                kind_name=kind,
                targets=targets,
                actor=Actor.staff(self.actor),
                reason="a test",
                now=timezone.now(),
            )

    def confirm(self, plan: Plan) -> Plan:
        with self.scope():
            return plans.confirm(plan=plan, actor=Actor.staff(self.actor), now=timezone.now())

    def adjusting(self, *account_ids: int, secrets: dict[str, str] | None = None) -> Plan:
        """A running plan that adds money to accounts, a call for each."""
        return self.confirm(self.preview([adjustment(one, secrets) for one in account_ids]))

    def operations(self, plan: Plan | int) -> list[Operation]:
        with self.scope():
            return list(Operation.objects.filter(plan=plan).order_by("id"))

    def rows(self, plan: Plan | int) -> list[PlanRow]:
        with self.scope():
            return list(PlanRow.objects.filter(plan=plan).order_by("position"))

    def change(self, row: Operation, **fields: Any) -> Operation:
        """The row in a state that workers or time bring about; its plan's rows follow."""
        with self.scope():
            Operation.objects.filter(pk=row.pk).update(**fields)
            if "state" in fields:
                PlanRow.objects.filter(operation_id=row.pk).update(state=fields["state"])
            return Operation.objects.get(pk=row.pk)

    def claim(self, plan: Plan) -> list[Operation]:
        """All of a plan's calls, claimed by the worker."""
        with self.scope():
            return claim(self.lane, ADJUST, now=timezone.now())


def adjustment(account_id: int, secrets: dict[str, str] | None = None) -> Target:
    """Of a plan of kind test_any_write."""
    body = {"accountId": account_id, **MONEY}
    wanted = {"path": ADJUST, "environment": "demo", "body": body}
    return Target("any", None, wanted, secrets or {})


def claim(
    lane: LaneKey, name: str, *, now: datetime, most: int = 100, lasts: timedelta = timedelta(0)
) -> list[Operation]:
    """Claim what may be sent of a name, as a worker does. Must run inside the organization's scope."""
    waiting = queue.first_waiting(lane, names=[name], most=most, most_urgent=most, now=now)
    return queue.claim(lane, ids=[one.id for one in waiting], now=now, until=now + lasts)
