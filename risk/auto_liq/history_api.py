"""What liquidations did and how risk statuses changed, by the partner API."""

from typing import Any

from rest_framework.request import Request

from vendor_admin.mirrors.api.mirror_reading import MirrorFilters, MirrorReading, MirrorResource
from vendor_admin.mirrors.models import AccountRiskStatusLog, AutoLiqTransaction, Contract
from vendor_admin.mirrors.queries.lookups import load_plain
from vendor_admin.partner_api.reading.fields import Amount, Flag, Moment, PlatformId, Whole, Word
from vendor_admin.partner_api.reading.filters import IdsFilter
from vendor_admin.partner_api.reading.views import organization_id_of


class Liquidation(MirrorResource):
    """What one liquidation closed and cancelled of an account in one contract. It does not say which limit acted."""

    account_id = PlatformId(allow_null=True, help_text="The account.")
    contract_id = PlatformId(allow_null=True, help_text="The contract.")
    contract_name = Word(source="contract.name", allow_null=True, help_text="The contract's name, for example ESZ6.")
    at = Moment(source="timestamp", allow_null=True, help_text="The platform's own time of it.")
    closed_net_quantity = Whole(
        source="liquidated_net_pos", allow_null=True, help_text="The position that was closed: below 0 short."
    )
    cancelled_buy_limit_quantity = Whole(
        source="cancelled_buy_limit_qty",
        allow_null=True,
        help_text="Contracts of buy limit orders that were cancelled.",
    )
    cancelled_buy_stop_quantity = Whole(
        source="cancelled_buy_stop_qty", allow_null=True, help_text="Contracts of buy stop orders that were cancelled."
    )
    cancelled_sell_limit_quantity = Whole(
        source="cancelled_sell_limit_qty",
        allow_null=True,
        help_text="Contracts of sell limit orders that were cancelled.",
    )
    cancelled_sell_stop_quantity = Whole(
        source="cancelled_sell_stop_qty",
        allow_null=True,
        help_text="Contracts of sell stop orders that were cancelled.",
    )
    initiator = Word(allow_null=True, help_text="Whose settings acted, in the platform's word: Admin or Customer.")
    admin_action = Word(allow_null=True, help_text="What was done, in the platform's word.")


class RiskStatusChange(MirrorResource):
    """How the risk status of an account stood after a change."""

    account_id = PlatformId(allow_null=True, help_text="The account.")
    at = Moment(source="timestamp", allow_null=True, help_text="The platform's own time of it.")
    admin_action = Word(allow_null=True, help_text="What was decided, in the platform's word; Normal for nothing.")
    admin_action_at = Moment(source="admin_timestamp", allow_null=True, help_text="When that was decided.")
    closing_only_since = Moment(
        source="liquidate_only", allow_null=True, help_text="Since when only closing orders are taken."
    )
    closing_only_by_trader = Flag(
        source="user_triggered_liq_only", allow_null=True, help_text="Whether the trader's own settings did that."
    )
    highest_net_liquidation = Amount(source="max_net_liq", allow_null=True, help_text="The peak.")
    lowest_net_liquidation = Amount(source="min_net_liq", allow_null=True, help_text="The lowest value.")


class OfAccountsFilters(MirrorFilters):
    """What these lists can be narrowed by."""

    account = IdsFilter(field_name="account_id", help_text="Accounts' platform ids.")


class AutoLiquidations(MirrorReading):
    """What liquidations closed and cancelled."""

    model = AutoLiqTransaction
    serializer_class = Liquidation
    filterset_class = OfAccountsFilters
    noun = "auto-liquidation"
    collection = "auto-liquidations"
    tag = "Risk"
    required_scopes = {"GET": ("risk:read",)}

    def join(self, rows: list[Any], *, request: Request) -> None:
        ids = [row.contract_id for row in rows]
        contracts = load_plain(Contract, organization_id=organization_id_of(request), ids=ids)
        for row in rows:
            row.contract = contracts.get(row.contract_id, row.environment)


class RiskStatusHistory(MirrorReading):
    """How the risk status of accounts stood after each change."""

    model = AccountRiskStatusLog
    serializer_class = RiskStatusChange
    filterset_class = OfAccountsFilters
    noun = "risk status change"
    collection = "risk-status-history"
    tag = "Risk"
    required_scopes = {"GET": ("risk:read",)}
