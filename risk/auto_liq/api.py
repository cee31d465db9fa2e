"""Loss, profit and drawdown limits of accounts by the partner API."""

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request

from vendor_admin.mirrors.api.mirror_reading import MirrorFilters, MirrorReading, MirrorResource
from vendor_admin.mirrors.models import UserAccountAutoLiq
from vendor_admin.mirrors.rules.limits_in_words import STAFF_WORDS, limits_in_words
from vendor_admin.partner_api.reading.fields import Amount, Flag, Moment, PlatformId, Word
from vendor_admin.partner_api.reading.filters import IdsFilter


class AutoLiq(MirrorResource):
    """The limits of one account. Amounts are in its currency; null and 0: no such limit is set."""

    id = PlatformId(source="entity_id", help_text="The account's platform id.")
    account_id = PlatformId(source="entity_id", help_text="The account.")
    drawdown = Amount(
        source="trailing_max_drawdown", allow_null=True, help_text="How far the account may fall below its peak."
    )
    drawdown_limit = Amount(
        source="trailing_max_drawdown_limit", allow_null=True, help_text="Where the drawdown's floor stops to rise."
    )
    drawdown_mode = Word(
        source="trailing_max_drawdown_mode", allow_null=True, help_text="When the peak is measured: RealTime or EOD."
    )
    daily_loss = Amount(
        source="daily_loss_auto_liq", allow_null=True, help_text="The daily loss at which the account is liquidated."
    )
    daily_loss_alert = Amount(allow_null=True, help_text="The daily loss at which the trader is warned.")
    daily_loss_closing_only = Amount(
        source="daily_loss_liq_only", allow_null=True, help_text="The daily loss from which it may only close."
    )
    daily_loss_percentage = Amount(
        source="daily_loss_percentage_auto_liq", allow_null=True, help_text="The same liquidation, in per cent."
    )
    daily_loss_percentage_alert = Amount(allow_null=True, help_text="The same warning, in per cent.")
    daily_loss_percentage_closing_only = Amount(
        source="daily_loss_percentage_liq_only", allow_null=True, help_text="The same limit on closing, in per cent."
    )
    weekly_loss = Amount(
        source="weekly_loss_auto_liq", allow_null=True, help_text="The weekly loss at which the account is liquidated."
    )
    daily_profit = Amount(
        source="daily_profit_auto_liq", allow_null=True, help_text="The daily profit at which positions are closed."
    )
    weekly_profit = Amount(
        source="weekly_profit_auto_liq", allow_null=True, help_text="The weekly profit at which positions are closed."
    )
    margin_percentage = Amount(
        source="margin_percentage_auto_liq",
        allow_null=True,
        help_text="The use of margin, in per cent, at which the account is liquidated.",
    )
    margin_percentage_alert = Amount(allow_null=True, help_text="The use of margin, in per cent, that warns.")
    margin_percentage_closing_only = Amount(
        source="margin_percentage_liq_only",
        allow_null=True,
        help_text="The use of margin, in per cent, from which it may only close.",
    )
    flatten_at = Moment(source="flatten_timestamp", allow_null=True, help_text="When open positions are closed.")
    is_fixed = Flag(
        source="changes_locked", allow_null=True, help_text="Whether the trader may not change limits of their own."
    )
    stays_locked = Flag(
        source="do_not_unlock", allow_null=True, help_text="Whether the account stays locked after a limit acted."
    )
    in_words = serializers.ListField(child=Word(), help_text="What the limits do, a sentence for each.")


class AutoLiqFilters(MirrorFilters):
    """What the list of limits can be narrowed by."""

    account = IdsFilter(field_name="entity_id", help_text="Accounts' platform ids.")


class AutoLiqs(MirrorReading):
    """Loss, profit and drawdown limits, one for each account that has them."""

    model = UserAccountAutoLiq
    serializer_class = AutoLiq
    filterset_class = AutoLiqFilters
    noun = "auto-liq"
    collection = "auto-liq"
    tag = "Risk"
    required_scopes = {"GET": ("risk:read",)}

    def join(self, rows: list[Any], *, request: Request) -> None:
        for row in rows:
            row.in_words = [f"{STAFF_WORDS[effect]}: {text}" for effect, text in limits_in_words(row)]
