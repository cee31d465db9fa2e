"""The report of a day's fills by the partner API."""

from typing import Any

from django.http import StreamingHttpResponse
from rest_framework.request import Request

from risk.orders.fees import FEES, total_fees
from vendor_admin.mirrors.api.day_rows import AccountsDayReport, join_accounts
from vendor_admin.mirrors.models import Contract, Fill, FillFee
from vendor_admin.mirrors.queries.lookups import load_plain
from vendor_admin.organizations.models import ENVIRONMENTS
from vendor_admin.partner_api.reading.fields import Amount, Choice, Day, Flag, Moment, PlatformId, Whole, Word
from vendor_admin.partner_api.reading.reports import Session, describes_report
from vendor_admin.partner_api.reading.resources import Resource


class Trade(Resource):
    """One fill with its fees."""

    id = PlatformId(source="entity_id", help_text="The platform's id of the fill.")
    environment = Choice(ENVIRONMENTS, help_text="The platform's environment.")
    at = Moment(source="timestamp", allow_null=True, help_text="When it was filled.")
    trade_date = Day(allow_null=True, help_text="The platform's trade date.")
    account_id = PlatformId(allow_null=True, help_text="The account.")
    account_name = Word(source="account.name", allow_null=True, help_text="The account's name.")
    account_external_id = Word(allow_null=True, help_text="Your own reference to the account.")
    order_id = PlatformId(allow_null=True, help_text="The order.")
    contract_id = PlatformId(allow_null=True, help_text="The contract.")
    contract_name = Word(source="contract.name", allow_null=True, help_text="The contract's name.")
    action = Word(allow_null=True, help_text="Buy or Sell.")
    quantity = Whole(source="qty", allow_null=True, help_text="How many contracts.")
    price = Amount(allow_null=True, help_text="At which price.")
    is_taken_back = Flag(help_text="true: it does not stand any more, and is not counted.")
    commission = Amount(source="fee.commission", allow_null=True, help_text="The commission.")
    exchange_fee = Amount(source="fee.exchange_fee", allow_null=True, help_text="The exchange's fee.")
    clearing_fee = Amount(source="fee.clearing_fee", allow_null=True, help_text="The clearing house's fee.")
    nfa_fee = Amount(source="fee.nfa_fee", allow_null=True, help_text="The NFA's fee.")
    brokerage_fee = Amount(source="fee.brokerage_fee", allow_null=True, help_text="The broker's fee.")
    ip_fee = Amount(source="fee.ip_fee", allow_null=True, help_text="The introducing partner's fee.")
    order_routing_fee = Amount(source="fee.order_routing_fee", allow_null=True, help_text="The fee for routing orders.")
    fees = Amount(allow_null=True, help_text=f"All {len(FEES)} of them together.")


class TradingActivityReport(AccountsDayReport):
    """Every fill of one session, with its fees."""

    name = "trading-activity"
    model = Fill
    row_class = Trade

    @describes_report(Trade, operation_id="report_trading_activity")
    def get(self, request: Request) -> StreamingHttpResponse:
        """Download the fills of a session's day with their fees."""
        return super().get(request)

    def join(self, rows: list[Any], *, session: Session, organization_id: int) -> None:
        join_accounts(rows, organization_id=organization_id)
        contracts = load_plain(Contract, organization_id=organization_id, ids={row.contract_id for row in rows})
        fees = load_plain(FillFee, organization_id=organization_id, ids=[row.entity_id for row in rows])
        for row in rows:
            row.contract = contracts.get(row.contract_id, row.environment)
            row.fee = fees.get(row.entity_id, row.environment)
            row.fees = total_fees(row.fee)
