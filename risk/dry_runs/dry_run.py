"""Asking the platform what it would say to orders, without placing them (DEMO).

It is one call for each order, made by a read job: within the budgets and locks, its answers kept. The platform allows
500 of these calls an hour.
"""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import QuerySet

from risk.dry_runs.verdicts import TriedOrder, Verdict, asked_of, orders_asked, verdicts_of
from vendor_admin.mirrors.models import Account
from vendor_admin.mirrors.queries.lookups import load
from vendor_admin.operations.kinds import Question, ReadRow
from vendor_admin.operations.models import ReadJob, ReadJobRow
from vendor_admin.operations.read_jobs.verbs import ask
from vendor_admin.operations.skip_reasons import SkipReason
from vendor_admin.organizations.actors import Actor
from vendor_admin.organizations.models import Organization
from vendor_admin.organizations.roles import Right
from vendor_admin.tradovate.catalogue.write import Write
from vendor_admin.tradovate.enums import Environment
from vendor_admin.tradovate.operations.trading.dry_run import DRY_RUN, DryRun

DEMO = Environment.DEMO.value


class DryRuns:
    """What accounts could do with orders. A question is about an account; its last order is what it asks about.

    It only asks, so whoever may ask the platform about accounts may: trading needs another right.
    """

    name = "try_orders"
    title = "Dry runs of orders"
    right = Right.REQUEST_RECONCILIATION
    answers_page = "dry_run"

    def rows(self, questions: Sequence[Question], *, environment: str, organization_id: int) -> Sequence[ReadRow]:
        accounts = load(Account, organization_id=organization_id, ids=[one.target_id for one in questions])
        rows = []
        for question in questions:
            account = accounts.get(question.target_id, environment)
            is_there = account is not None and account.environment == environment and account.deleted_at is None
            why = "" if is_there else SkipReason.NOT_THERE.format("account")
            label = f"{account or question.target_id}: {orders_asked(question.asked)[-1]}"
            rows.append(ReadRow(question, label, why))
        return rows

    def call(self, question: Question) -> tuple[Write[DryRun], DryRun]:
        orders = tuple(one.request for one in orders_asked(question.asked))
        return DRY_RUN, DryRun(account_id=question.target_id, orders=orders)


def request_dry_run(
    *,
    organization: Organization,
    account_id: int,
    orders: Sequence[TriedOrder],
    actor: Actor,
    now: datetime,
    request_id: str = "",
) -> ReadJob:
    """Ask the platform whether it would take orders of an account, each as if those before it were placed.

    A worker asks as soon as the transaction has committed; `verdicts` has the answers then. Must run inside the
    organization's scope. Raises NotAllowed where the actor may not ask, and Conflict where there is no such account.
    """
    return ask(
        organization=organization,
        kind=DryRuns(),
        questions=[Question(account_id, asked) for asked in asked_of(orders)],
        environment=DEMO,
        actor=actor,
        now=now,
        request_id=request_id,
    )


def rows_of(job: ReadJob) -> QuerySet[ReadJobRow]:
    """The rows of a dry run, one for each order, in their order."""
    return ReadJobRow.objects.filter(organization_id=job.organization_id, job=job).order_by("position")


def verdicts(job: ReadJob) -> list[Verdict]:
    """What the platform said to each order so far. One query."""
    return verdicts_of(rows_of(job))
