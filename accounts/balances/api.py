"""Balances by the partner API: the cash of accounts, by currency."""

from typing import Any

from rest_framework.request import Request

from vendor_admin.mirrors.api.mirror_reading import MirrorFilters, MirrorReading, MirrorResource
from vendor_admin.mirrors.models import CashBalance, Currency
from vendor_admin.mirrors.queries.lookups import load_plain
from vendor_admin.partner_api.reading.fields import Amount, Day, Flag, Moment, PlatformId, Word
from vendor_admin.partner_api.reading.filters import IdsFilter
from vendor_admin.partner_api.reading.views import organization_id_of


class Balance(MirrorResource):
    """The cash of an account in one currency, without the profit or loss of open positions."""

    account_id = PlatformId(allow_null=True, help_text="The account.")
    amount = Amount(allow_null=True, help_text="The cash.")
    currency_id = PlatformId(allow_null=True, help_text="The platform's id of the currency.")
    currency = Word(source="currency.name", allow_null=True, help_text="The currency, for example USD.")
    start_of_day = Amount(source="amount_sod", allow_null=True, help_text="The cash at the start of the trade date.")
    realized_pnl = Amount(allow_null=True, help_text="The profit or loss that was realized on the trade date.")
    week_realized_pnl = Amount(allow_null=True, help_text="The same, of the week.")
    trade_date = Day(allow_null=True, help_text="The trade date that these are of.")
    archived = Flag(allow_null=True, help_text="Whether the platform archived it.")
    at = Moment(source="timestamp", allow_null=True, help_text="The platform's own time of it.")


class BalanceFilters(MirrorFilters):
    """What the list of balances can be narrowed by."""

    account = IdsFilter(field_name="account_id", help_text="Accounts' platform ids.")


class Balances(MirrorReading):
    """The cash of accounts, a row for each currency."""

    model = CashBalance
    serializer_class = Balance
    filterset_class = BalanceFilters
    noun = "balance"
    collection = "balances"
    tag = "Balances"
    required_scopes = {"GET": ("accounts:read",)}

    def join(self, rows: list[Any], *, request: Request) -> None:
        currencies = load_plain(
            Currency, organization_id=organization_id_of(request), ids=[row.currency_id for row in rows]
        )
        for row in rows:
            row.currency = currencies.get(row.currency_id, row.environment)
