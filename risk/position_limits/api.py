"""Position limits and risk parameters of accounts by the partner API."""

from typing import Any

from rest_framework.request import Request

from risk.position_limits.api_writes import (
    NewPositionLimits,
    NewRiskParameters,
    PositionLimitChanges,
    RiskParameterChanges,
)
from vendor_admin.mirrors.api.mirror_reading import MirrorFilters, MirrorReading, MirrorResource
from vendor_admin.mirrors.models import UserAccountPositionLimit, UserAccountRiskParameter
from vendor_admin.mirrors.rules.limits_in_words import position_limit_in_words
from vendor_admin.operations.api.making import ASKED_BY_VERBS
from vendor_admin.partner_api.reading.fields import Amount, Flag, PlatformId, Whole, Word
from vendor_admin.partner_api.reading.filters import IdsFilter


class WhatItIsAbout(MirrorResource):
    """What a limit is about: all of these that are null leave it open."""

    contract_id = PlatformId(allow_null=True, help_text="The contract that it is about.")
    product_id = PlatformId(allow_null=True, help_text="The product that it is about.")
    product_type = Word(allow_null=True, help_text="The type of products that it is about.")
    exchange_id = PlatformId(allow_null=True, help_text="The exchange that it is about.")
    contract_group_id = PlatformId(allow_null=True, help_text="The contract group that it is about.")


class Holding(WhatItIsAbout):
    """How many contracts may be held."""

    active = Flag(allow_null=True, help_text="Whether it is in force.")
    total_by = Word(allow_null=True, help_text="What is counted together, in the platform's word.")
    long_limit = Whole(allow_null=True, help_text="The most contracts long.")
    short_limit = Whole(allow_null=True, help_text="The most contracts short.")
    exposed_limit = Whole(allow_null=True, help_text="The most contracts exposed, long or short.")
    description = Word(allow_null=True, help_text="The platform's description.")
    in_words = Word(help_text="What the limit says, in words.")


class PositionLimit(Holding):
    """How many contracts an account may hold."""

    account_id = PlatformId(allow_null=True, help_text="The account.")


class OrderSizes(WhatItIsAbout):
    """Sizes of orders, and margins."""

    max_opening_order_quantity = Whole(
        source="max_opening_order_qty", allow_null=True, help_text="The largest order that opens a position."
    )
    max_closing_order_quantity = Whole(
        source="max_closing_order_qty", allow_null=True, help_text="The largest order that closes a position."
    )
    max_back_month = Whole(allow_null=True, help_text="How many months ahead contracts may be.")
    pre_expiration_days = Whole(allow_null=True, help_text="How many days before they expire contracts are closed.")
    margin_percent = Amount(source="margin_percentage", allow_null=True, help_text="The margin, in percent.")
    margin_amount = Amount(source="margin_dollar_value", allow_null=True, help_text="The margin, in dollars.")
    hard_limit = Flag(allow_null=True, help_text="Whether orders beyond it are refused.")


class RiskParameter(OrderSizes):
    """Sizes of orders and margins below a position limit."""

    position_limit_id = PlatformId(
        source="user_account_position_limit_id", allow_null=True, help_text="The position limit that it belongs to."
    )


class PositionLimitFilters(MirrorFilters):
    """What the list of position limits can be narrowed by."""

    account = IdsFilter(field_name="account_id", help_text="Accounts' platform ids.")


class RiskParameterFilters(MirrorFilters):
    """What the list of risk parameters can be narrowed by."""

    position_limit = IdsFilter(field_name="user_account_position_limit_id", help_text="Position limits' platform ids.")


class PositionLimits(NewPositionLimits, PositionLimitChanges, MirrorReading):
    """How many contracts accounts may hold."""

    model = UserAccountPositionLimit
    serializer_class = PositionLimit
    filterset_class = PositionLimitFilters
    noun = "position limit"
    collection = "position-limits"
    tag = "Risk"
    required_scopes = {"GET": ("risk:read",), **ASKED_BY_VERBS}

    def join(self, rows: list[Any], *, request: Request) -> None:
        for row in rows:
            row.in_words = position_limit_in_words(row)


class RiskParameters(NewRiskParameters, RiskParameterChanges, MirrorReading):
    """Sizes of orders and margins below position limits."""

    model = UserAccountRiskParameter
    serializer_class = RiskParameter
    filterset_class = RiskParameterFilters
    noun = "risk parameter"
    collection = "risk-parameters"
    tag = "Risk"
    required_scopes = {"GET": ("risk:read",), **ASKED_BY_VERBS}
