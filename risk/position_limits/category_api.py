"""Limits that risk categories bring, and the periods in which limits hold, by the partner API."""

from typing import Any

from rest_framework.request import Request

from risk.position_limits.api import Holding, OrderSizes
from vendor_admin.mirrors.api.mirror_reading import MirrorFilters, MirrorReading, MirrorResource
from vendor_admin.mirrors.models import CategoryPositionLimit, CategoryRiskParameter, RiskTimePeriod
from vendor_admin.mirrors.rules.limits_in_words import position_limit_in_words
from vendor_admin.partner_api.reading.fields import PlatformId, TimeOfDay, Word
from vendor_admin.partner_api.reading.filters import IdsFilter


class LimitOfCategory(Holding):
    """How many contracts each account of a risk category may hold."""

    risk_category_id = PlatformId(allow_null=True, help_text="The risk category.")
    risk_period_id = PlatformId(source="risk_time_period_id", allow_null=True, help_text="When it holds.")


class ParameterOfCategory(OrderSizes):
    """Sizes of orders and margins below a position limit of a risk category."""

    category_position_limit_id = PlatformId(allow_null=True, help_text="The position limit that it belongs to.")


class Period(MirrorResource):
    """The part of a day that limits of risk categories are about."""

    name = Word(allow_null=True, help_text="Its name.")
    start_time = TimeOfDay(allow_null=True, help_text="When it begins, in Central Time.")
    stop_time = TimeOfDay(allow_null=True, help_text="When it ends.")


class CategoryLimitFilters(MirrorFilters):
    """What the list of category position limits can be narrowed by."""

    risk_category = IdsFilter(field_name="risk_category_id", help_text="Risk categories' platform ids.")


class CategoryParameterFilters(MirrorFilters):
    """What the list of category risk parameters can be narrowed by."""

    category_position_limit = IdsFilter(
        field_name="category_position_limit_id", help_text="Category position limits' platform ids."
    )


class CategoryPositionLimits(MirrorReading):
    """How many contracts accounts may hold by their risk category."""

    model = CategoryPositionLimit
    serializer_class = LimitOfCategory
    filterset_class = CategoryLimitFilters
    noun = "category position limit"
    collection = "category-position-limits"
    tag = "Risk"
    required_scopes = {"GET": ("risk:read",)}

    def join(self, rows: list[Any], *, request: Request) -> None:
        for row in rows:
            row.in_words = position_limit_in_words(row)


class CategoryRiskParameters(MirrorReading):
    """Sizes of orders and margins below position limits of risk categories."""

    model = CategoryRiskParameter
    serializer_class = ParameterOfCategory
    filterset_class = CategoryParameterFilters
    noun = "category risk parameter"
    collection = "category-risk-parameters"
    tag = "Risk"
    required_scopes = {"GET": ("risk:read",)}


class RiskPeriods(MirrorReading):
    """The periods in which limits of risk categories hold."""

    model = RiskTimePeriod
    serializer_class = Period
    noun = "risk period"
    collection = "risk-periods"
    tag = "Risk"
    required_scopes = {"GET": ("risk:read",)}
