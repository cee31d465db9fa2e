"""Asking the platform itself for an account's money, on demand.

The mirrors show cash without the profit or loss of open positions; the platform's snapshot has both, and the margins.
It is one call for each account, made by a read job: within the budgets and locks, its answer kept. The platform does
not want it polled, so within seconds an account is asked about once.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from vendor_admin.mirrors.models import Account
from vendor_admin.mirrors.queries.lookups import load
from vendor_admin.operations.kinds import Question, ReadRow
from vendor_admin.operations.models import ReadJob, ReadJobRow
from vendor_admin.operations.read_jobs.verbs import ask, asked_since
from vendor_admin.operations.skip_reasons import SkipReason
from vendor_admin.organizations.actors import Actor
from vendor_admin.organizations.models import Organization
from vendor_admin.organizations.roles import Right
from vendor_admin.tradovate.catalogue.answers import CashBalanceSnapshotAnswer
from vendor_admin.tradovate.catalogue.write import Write
from vendor_admin.tradovate.enums import Environment
from vendor_admin.tradovate.operations.balances import GET_CASH_BALANCE_SNAPSHOT, GetCashBalanceSnapshot

FRESH = timedelta(seconds=5)


class CashSnapshots:
    """What accounts hold, by their ids."""

    name = "look_at_cash"
    title = "Get cash snapshots"
    right = Right.REQUEST_RECONCILIATION
    answers_page = "cash"

    def rows(self, questions: Sequence[Question], *, environment: str, organization_id: int) -> Sequence[ReadRow]:
        accounts = load(Account, organization_id=organization_id, ids=[one.target_id for one in questions])
        found = ((one, accounts.get(one.target_id, environment)) for one in questions)
        return [
            ReadRow(question, str(account))
            if account is not None and account.environment == environment
            else ReadRow(question, f"account {question.target_id}", SkipReason.NOT_THERE.format("account"))
            for question, account in found
        ]

    def call(self, question: Question) -> tuple[Write[GetCashBalanceSnapshot], GetCashBalanceSnapshot]:
        return GET_CASH_BALANCE_SNAPSHOT, GetCashBalanceSnapshot(account_id=question.target_id)


def request_cash_snapshot(
    *,
    organization: Organization,
    account_id: int,
    actor: Actor,
    now: datetime,
    environment: str = Environment.DEMO.value,
    request_id: str = "",
) -> ReadJob:
    """Ask the platform for an account's money, or return the look that was asked for within the last seconds.

    A worker asks as soon as the transaction has committed; `snapshot_of` has the answer then. Must run inside the
    organization's scope. Raises Conflict where there is no such account.
    """
    kind = CashSnapshots()
    recent = asked_since(
        organization=organization, kind=kind, target_id=account_id, environment=environment, since=now - FRESH
    )
    return recent or ask(
        organization=organization,
        kind=kind,
        questions=[Question(account_id)],
        environment=environment,
        actor=actor,
        now=now,
        request_id=request_id,
    )


def snapshot_of(job: ReadJob) -> CashBalanceSnapshotAnswer | None:
    """What the platform answered of a job's first account; None while it has not."""
    row = ReadJobRow.objects.filter(job=job).order_by("position").first()
    return answer_of(row) if row is not None else None


def answer_of(row: ReadJobRow) -> CashBalanceSnapshotAnswer | None:
    """What the platform answered of one account."""
    return CashBalanceSnapshotAnswer.read(row.answer) if row.answer is not None else None
