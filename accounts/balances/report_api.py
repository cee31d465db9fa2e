"""The report of a day's bookings by the partner API."""

from typing import Any

from django.http import StreamingHttpResponse
from rest_framework.request import Request

from vendor_admin.mirrors.api.day_rows import AccountsDayReport, join_accounts
from vendor_admin.mirrors.models import CashBalanceLog, Currency
from vendor_admin.mirrors.queries.lookups import load_plain
from vendor_admin.organizations.models import ENVIRONMENTS
from vendor_admin.partner_api.reading.fields import Amount, Choice, Day, Moment, PlatformId, Word
from vendor_admin.partner_api.reading.reports import Session, describes_report
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


class TransactionsReport(AccountsDayReport):
    """Every change of the cash of accounts in one session."""

    name = "transactions"
    model = CashBalanceLog
    row_class = Booking

    @describes_report(Booking, operation_id="report_transactions")
    def get(self, request: Request) -> StreamingHttpResponse:
        """Download the bookings of a session's day."""
        return super().get(request)

    def join(self, rows: list[Any], *, session: Session, organization_id: int) -> None:
        join_accounts(rows, organization_id=organization_id)
        currencies = load_plain(Currency, organization_id=organization_id, ids={row.currency_id for row in rows})
        for row in rows:
            row.currency = currencies.get(row.currency_id, row.environment)
