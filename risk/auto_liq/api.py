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
    trailing_max_drawdown = Amount(allow_null=True, help_text="How far the account may fall below its peak.")
    trailing_max_drawdown_limit = Amount(allow_null=True, help_text="Where the drawdown's floor stops to rise.")
    trailing_max_drawdown_mode = Word(allow_null=True, help_text="When the peak is measured: RealTime or EOD.")
    daily_loss_alert = Amount(allow_null=True, help_text="The daily loss at which the trader is warned.")
    daily_loss_liquidate_only = Amount(
        source="daily_loss_liq_only",
        allow_null=True,
        help_text="The daily loss from which it may only close.",
    )
    daily_loss_auto_liquidate = Amount(
        source="daily_loss_auto_liq", allow_null=True, help_text="The daily loss at which the account is liquidated."
    )
    daily_loss_percent_alert = Amount(
        source="daily_loss_percentage_alert", allow_null=True, help_text="The same warning, in percent."
    )
    daily_loss_percent_liquidate_only = Amount(
        source="daily_loss_percentage_liq_only", allow_null=True, help_text="The same limit on closing, in percent."
    )
    daily_loss_percent_auto_liquidate = Amount(
        source="daily_loss_percentage_auto_liq", allow_null=True, help_text="The same liquidation, in percent."
    )
    weekly_loss_auto_liquidate = Amount(
        source="weekly_loss_auto_liq", allow_null=True, help_text="The weekly loss at which the account is liquidated."
    )
    daily_profit_auto_liquidate = Amount(
        source="daily_profit_auto_liq", allow_null=True, help_text="The daily profit at which positions are closed."
    )
    weekly_profit_auto_liquidate = Amount(
        source="weekly_profit_auto_liq", allow_null=True, help_text="The weekly profit at which positions are closed."
    )
    margin_percent_alert = Amount(
        source="margin_percentage_alert", allow_null=True, help_text="The use of margin, in percent, that warns."
    )
    margin_percent_liquidate_only = Amount(
        source="margin_percentage_liq_only",
        allow_null=True,
        help_text="The use of margin from which it may only close.",
    )
    margin_percent_auto_liquidate = Amount(
        source="margin_percentage_auto_liq",
        allow_null=True,
        help_text="The use of margin at which the account is liquidated.",
    )
    flatten_at = Moment(source="flatten_timestamp", allow_null=True, help_text="When open positions are closed.")
    changes_locked = Flag(allow_null=True, help_text="Whether the trader may not change limits of their own.")
    do_not_unlock = Flag(allow_null=True, help_text="Whether the account stays locked after a limit acted.")
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
