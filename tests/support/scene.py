"""A vendor of the simulated platform, connected, with its mirrors loaded, and what its staff do with plans."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.utils import timezone

from tests.support.people import staff_of
from tests.support.running_hub import wait_until
from vendor_admin.mirrors.models import CashBalance, TradingPermission
from vendor_admin.operations.engine.runner import work
from vendor_admin.operations.kinds import Target
from vendor_admin.operations.models import Operation, Plan, PlanRow
from vendor_admin.operations.plan_work.held_plans import check
from vendor_admin.operations.plans import verbs as plans
from vendor_admin.organizations.actors import Actor
from vendor_admin.organizations.connections.verbs import connect_organization
from vendor_admin.organizations.models import Organization
from vendor_admin.organizations.tenancy.scope import organization_scope
from vendor_admin.sandbox.running import RunningSandbox
from vendor_admin.sync.models import Lease

ENVIRONMENTS = ("demo", "live")


class Scene:
    """`actor` is who makes plans; the others are second persons."""

    actor = "riley"
    others = ("casey", "sam")

    def __init__(
        self,
        sandbox: RunningSandbox,
        *,
        number: int = 0,
        slug: str = "vendor",
        environments: Sequence[str] = ENVIRONMENTS,
    ) -> None:
        self.sandbox, self.environments = sandbox, environments
        self.vendor = sandbox.organizations()[number]
        for environment in environments:
            connect_organization(
                slug=slug,
                is_simulated=True,
                environment=environment,
                actor=Actor.staff("test"),
                rest_url=sandbox.rest_url(environment),
                websocket_url=sandbox.websocket_url(environment),
                credentials=self.vendor["credentials"],
            )
        self.organization = Organization.objects.get(slug=slug)
        staff_of(self.organization, self.actor, *self.others)

    def scope(self) -> Any:
        return organization_scope(self.organization.pk)

    def wait_until_loaded(self) -> None:
        def is_loaded() -> bool:
            with self.scope():
                leases = list(Lease.objects.all())
            return len(leases) == len(self.environments) and all(
                one.settled_at and one.state == "live" for one in leases
            )

        wait_until(is_loaded, seconds=60, what="the first load")

    def expected(self, entity_type: str, environment: str = "demo") -> dict[int, dict[str, Any]]:
        """What the platform holds now, by id."""
        found = self.sandbox.view("expected", organization=self.vendor["name"], environment=environment)
        return {one["id"]: one for one in found["entities"].get(entity_type, ())}

    def writes(self, path: str) -> dict[str, int]:
        """The platform's own count of the write calls it got, by what came of them."""
        counts: dict[str, int] = self.sandbox.control("writes", path=path)["writes"].get(path, {})
        return counts

    def permissions(self, *, status: str = "Accepted") -> list[TradingPermission]:
        with self.scope():
            return list(TradingPermission.objects.filter(status=status, environment="demo").order_by("entity_id"))

    def account_ids(self, count: int) -> list[int]:
        """Accounts with a balance."""
        with self.scope():
            found = CashBalance.objects.filter(environment="demo").order_by("account_id")
            ids = list(dict.fromkeys(found.values_list("account_id", flat=True)))[:count]
        assert len(ids) == count
        return [one for one in ids if one is not None]

    def balance(self, account_id: int) -> Decimal:
        """What the platform says the account holds."""
        found = [one for one in self.expected("cashBalance").values() if one["accountId"] == account_id]
        return Decimal(str(found[0]["amount"]))

    def log_of(self, account_id: int) -> list[dict[str, Any]]:
        """The platform's own log of the account's balance changes by hand."""
        entries = self.expected("cashBalanceLog").values()
        return [
            one for one in entries if one["accountId"] == account_id and one["cashChangeType"] == "ManualAdjustment"
        ]

    def adjust(self, *account_ids: int, change: str = "250.00", **values: Any) -> Plan:
        """Start a plan that adds an amount to each account."""
        targets = [Target("account", one, {"change": change}) for one in account_ids]
        return self.start("test_adjust_balance", targets, **values)

    def any_write(self, path: str, body: Mapping[str, Any], environment: str = "demo") -> Target:
        """The target of a plan of kind test_any_write that makes this call."""
        return Target("any", None, {"path": path, "environment": environment, "body": dict(body)})

    def preview(
        self, kind_name: str, targets: Sequence[Target], parameters: Mapping[str, Any] | None = None, **values: Any
    ) -> Plan:
        with self.scope():
            return plans.preview(
                organization=self.organization,
                kind_name=kind_name,
                targets=targets,
                parameters=parameters,
                actor=Actor.staff(values.pop("actor", self.actor)),
                reason=values.pop("reason", "a test"),
                now=timezone.now(),
                **values,
            )

    def confirm(self, plan: Plan) -> Plan:
        with self.scope():
            return plans.confirm(plan=plan, actor=Actor.staff(self.actor), now=timezone.now())

    def start(self, kind_name: str, targets: Sequence[Target], **values: Any) -> Plan:
        """Preview and confirm; fails where that does not start the plan."""
        plan = self.confirm(self.preview(kind_name, targets, **values))
        assert plan.state == Plan.State.RUNNING, plan.get_state_display()
        return plan

    def prepared(self, plan: Plan) -> Plan:
        """A large plan after what workers do with all its rows: here they are previewed, or the plan is started."""
        check(organization_id=self.organization.pk, plan_id=plan.pk)
        return self.reload(plan)

    def work(self, environment: str = "demo", *, seconds: float = 20.0) -> int:
        return work(organization_id=self.organization.pk, environment=environment, seconds=seconds)

    def reload(self, plan: Plan) -> Plan:
        with self.scope():
            return Plan.objects.get(pk=plan.pk)

    def rows(self, plan: Plan) -> list[PlanRow]:
        with self.scope():
            return list(PlanRow.objects.filter(plan=plan).order_by("position"))

    def operations(self, plan: Plan) -> list[Operation]:
        with self.scope():
            return list(Operation.objects.filter(plan=plan).order_by("id"))
