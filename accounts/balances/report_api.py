"""The report of a day's bookings by the partner API."""

from typing import Any

from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from rest_framework.request import Request

from vendor_admin.mirrors.external_ids import Kind, external_ids_of
from vendor_admin.mirrors.models import Account, CashBalanceLog, Currency
from vendor_admin.mirrors.queries.lookups import load
from vendor_admin.organizations.models import ENVIRONMENTS
from vendor_admin.partner_api.reading.fields import Amount, Choice, Day, Moment, PlatformId, Word
from vendor_admin.partner_api.reading.reports import DayReport, Session, describes_report
from vendor_admin.partner_api.reading.resources import Resource


class Booking(Resource):
    """One change of an account's cash."""

    id = PlatformId(source="entity_id", help_text="The platform's id of the booking.")
    environment = Choice(ENVIRONMENTS, help_text="The platform's environment.")
    at = Moment(source="timestamp", allow_null=True, help_text="When it was booked.")
    trade_date = Day(allow_null=True, help_text="The platform's trade date.")
    account_id = PlatformId(allow_null=True, help_text="The account.")
    account_name = Word(source="account.name", allow_null=True, help_text="The account's name.")
    account_external_id = Word(allow_null=True, help_text="Your own reference to the account.")
    kind = Word(source="cash_change_type", allow_null=True, help_text="The platform's kind of booking.")
    change = Amount(source="delta", allow_null=True, help_text="What was added; below 0: taken.")
    balance = Amount(source="amount", allow_null=True, help_text="The cash after it.")
    currency = Word(source="currency.name", allow_null=True, help_text="The currency, for example USD.")
    realized_pnl = Amount(allow_null=True, help_text="The trade date's realized profit or loss after it.")
    fill_id = PlatformId(allow_null=True, help_text="The fill that it comes from.")
    comment = Word(allow_null=True, help_text="The platform's comment.")


class TransactionsReport(DayReport):
    """Every change of the cash of accounts in one session."""

    name = "transactions"
    row_class = Booking

    @describes_report(Booking, operation_id="report_transactions")
    def get(self, request: Request) -> StreamingHttpResponse:
        """Download the bookings of a session's day."""
        return super().get(request)

    def rows(self, session: Session, *, organization_id: int) -> QuerySet[Any]:
        return CashBalanceLog.objects.filter(
            organization_id=organization_id,
            environment=session.environment,
            trade_date__in=session.dates,
            deleted_at__isnull=True,
        )

    def join(self, rows: list[Any], *, session: Session, organization_id: int) -> None:
        ids = {row.account_id for row in rows}
        accounts = load(Account, organization_id=organization_id, ids=ids)
        currencies = load(Currency, organization_id=organization_id, ids={row.currency_id for row in rows})
        known = [account_id for account_id in ids if account_id is not None]
        external = external_ids_of(known, kind=Kind.ACCOUNT, organization_id=organization_id)
        for row in rows:
            row.account = accounts.get(row.account_id, row.environment)
            row.currency = currencies.get(row.currency_id, row.environment)
            row.account_external_id = external.get((row.environment, row.account_id))
