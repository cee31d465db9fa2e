"""Reports of what happened in accounts on one session's day, by the partner API."""

from collections.abc import Sequence
from typing import Any, ClassVar

from django.db.models import QuerySet

from vendor_admin.mirrors.external_ids import Kind, external_ids_of
from vendor_admin.mirrors.models import Account, CashBalanceLog, Fill
from vendor_admin.mirrors.queries.lookups import load
from vendor_admin.partner_api.reading.reports import DayReport, Session


class AccountsDayReport(DayReport):
    """The rows of one mirror that have the day's trade date and an account."""

    model: ClassVar[type[CashBalanceLog] | type[Fill]]

    def rows(self, session: Session, *, organization_id: int) -> QuerySet[Any]:
        return self.model.objects.filter(
            organization_id=organization_id,
            environment=session.environment,
            trade_date__in=session.dates,
            deleted_at__isnull=True,
        )


def join_accounts(rows: Sequence[Any], *, organization_id: int) -> None:
    """Give rows their `account` and its external id. Two queries."""
    ids = {row.account_id for row in rows}
    accounts = load(Account, organization_id=organization_id, ids=ids)
    known = [account_id for account_id in ids if account_id is not None]
    external = external_ids_of(known, kind=Kind.ACCOUNT, organization_id=organization_id)
    for row in rows:
        row.account = accounts.get(row.account_id, row.environment)
        row.account_external_id = external.get((row.environment, row.account_id))
