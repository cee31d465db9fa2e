"""Looking at an account's money at the platform itself, on demand.

The mirrors show cash without the profit or loss of open positions; the platform's snapshot has both, and the margins.
It is one call, made as an operation like every other: within the budgets and locks, audited, its answer kept. The
platform does not want it polled, so one look at a time is made of an account.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from vendor_admin.mirrors.models import Account
from vendor_admin.mirrors.queries.lookups import load
from vendor_admin.operations.kinds import Call, Json, PlanRequest, RowDraft, Target
from vendor_admin.operations.models import Plan, PlanRow
from vendor_admin.operations.plans import verbs as plans
from vendor_admin.operations.skip_reasons import SkipReason
from vendor_admin.organizations.models import Organization
from vendor_admin.organizations.roles import Right
from vendor_admin.tradovate.catalogue.answers import CashBalanceSnapshotAnswer
from vendor_admin.tradovate.enums import Environment
from vendor_admin.tradovate.operations.balances import GET_CASH_BALANCE_SNAPSHOT, GetCashBalanceSnapshot

ENTITY_TYPE = "cashBalanceSnapshot"
FRESH = timedelta(seconds=5)


class LookAtCash:
    """Targets are looks (entity type cashBalanceSnapshot) by the account's id. They hold up no change of the account.

    The plan's parameter `environment` is demo, or live for an account there.
    """

    name = "look_at_cash"
    title = "Look at the cash"
    right = Right.REQUEST_RECONCILIATION
    is_money = False
    is_sensitive = False
    answers_page = "cash"

    def drafts(self, request: PlanRequest) -> Sequence[RowDraft]:
        environment = _environment(request.parameters)
        ids = [target.entity_id for target in request.targets]
        accounts = load(Account, organization_id=request.organization_id, ids=ids)
        drafts = []
        for target in request.targets:
            account = accounts.get(target.entity_id, environment)
            is_there = account is not None and account.environment == environment
            label = str(account) if is_there else f"account {target.entity_id}"
            why = "" if is_there else SkipReason.NOT_THERE.format("account")
            drafts.append(RowDraft(target, environment, label, why_skipped=why))
        return drafts

    def calls(self, rows: Sequence[PlanRow], *, parameters: Mapping[str, Json], reason: str) -> Iterable[Call]:
        for row in rows:
            request = GetCashBalanceSnapshot(account_id=row.target_id or 0)
            yield Call(GET_CASH_BALANCE_SNAPSHOT, row.environment, request, [row])

    def revert(self, rows: Sequence[PlanRow]) -> tuple[str, Sequence[Target]] | None:
        """A look changes nothing."""
        return None


def look_at_cash(
    *,
    organization: Organization,
    account_id: int,
    actor: str,
    now: datetime,
    environment: str = Environment.DEMO.value,
    request_id: str = "",
) -> Plan:
    """Ask the platform for an account's money, or return the look that was asked for within the last seconds.

    It is sent by a worker as soon as the transaction has committed; `snapshot_of` has the answer then. Must run inside
    the organization's scope. Raises Conflict where there is no such account.
    """
    recent = PlanRow.objects.filter(
        organization=organization,
        environment=environment,
        target_type=ENTITY_TYPE,
        target_id=account_id,
        plan__created_at__gt=now - FRESH,
        plan__state__in=(Plan.State.RUNNING, Plan.State.FINISHED),
    ).order_by("-id")
    if (row := recent.select_related("plan").first()) is not None:
        return row.plan
    plan = plans.preview(
        organization=organization,
        kind_name=LookAtCash.name,
        targets=[Target(ENTITY_TYPE, account_id)],
        parameters={"environment": environment},
        actor=actor,
        reason="",
        now=now,
        request_id=request_id,
    )
    return plans.confirm(plan=plan, actor=actor, now=now, request_id=request_id)


def snapshot_of(plan: Plan) -> CashBalanceSnapshotAnswer | None:
    """What the platform answered; None while it has not."""
    row = PlanRow.objects.filter(plan=plan).first()
    answer = row.result.get(GET_CASH_BALANCE_SNAPSHOT.path) if row is not None else None
    return CashBalanceSnapshotAnswer.read(answer) if answer is not None else None


def _environment(parameters: Mapping[str, Json]) -> str:
    return Environment(parameters.get("environment") or Environment.DEMO).value
