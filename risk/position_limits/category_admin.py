"""Lists of the limits that risk categories bring, and of the periods in which limits hold."""

from typing import Any

from django.contrib import admin

from vendor_admin.listing.lists import Column, Filter
from vendor_admin.mirrors.admin.mirror_admin import (
    ENVIRONMENT,
    ENVIRONMENT_COLUMN,
    ID_COLUMN,
    PLATFORM_ID,
    RECEIVED_COLUMN,
    MirrorAdmin,
    contract_column,
    field_column,
    object_url,
    product_column,
    time_of_day_column,
)
from vendor_admin.mirrors.models import CategoryPositionLimit, CategoryRiskParameter, RiskCategory, RiskTimePeriod
from vendor_admin.mirrors.queries.lookups import attach_names, load
from vendor_admin.mirrors.rules.limits_in_words import position_limit_in_words


@admin.register(CategoryPositionLimit)
class CategoryPositionLimitAdmin(MirrorAdmin):
    columns = (
        Column("Limit", lambda row: row.entity_id, is_identifier=True),
        Column(
            "Risk category",
            lambda row: str(row.category) if row.category else row.risk_category_id,
            link=lambda row: object_url(RiskCategory, row.risk_category_id, row.environment),
        ),
        Column("What", position_limit_in_words),
        product_column(),
        contract_column(),
        Column("Risk period", lambda row: str(row.period) if row.period else row.risk_time_period_id),
        field_column("active"),
        field_column("description"),
        ENVIRONMENT_COLUMN,
        RECEIVED_COLUMN,
    )
    filters = (
        ENVIRONMENT,
        Filter("category", "Risk category id", kind="number", lookup="risk_category_id"),
        PLATFORM_ID,
    )
    intro = "Limits of all accounts in a risk category. The platform's staff set them."

    def join(self, rows: list[Any], *, organization_id: int) -> None:
        """Beside the names: the risk category and the period."""
        attach_names(rows, organization_id=organization_id)
        categories = load(RiskCategory, organization_id=organization_id, ids=(row.risk_category_id for row in rows))
        periods = load(RiskTimePeriod, organization_id=organization_id, ids=(row.risk_time_period_id for row in rows))
        for row in rows:
            row.category = categories.get(row.risk_category_id, row.environment)
            row.period = periods.get(row.risk_time_period_id, row.environment)


@admin.register(CategoryRiskParameter)
class CategoryRiskParameterAdmin(MirrorAdmin):
    columns = (
        Column("Parameter", lambda row: row.entity_id, is_identifier=True),
        Column(
            "Category position limit",
            lambda row: row.category_position_limit_id,
            link=lambda row: object_url(CategoryPositionLimit, row.category_position_limit_id, row.environment),
        ),
        product_column(),
        field_column("max_opening_order_qty", "Largest opening order"),
        field_column("max_closing_order_qty", "Largest closing order"),
        field_column("margin_percentage", "Margin %"),
        field_column("margin_dollar_value", "Margin $"),
        field_column("hard_limit"),
        ENVIRONMENT_COLUMN,
        RECEIVED_COLUMN,
    )
    filters = (
        ENVIRONMENT,
        Filter("limit", "Category position limit id", kind="number", lookup="category_position_limit_id"),
        PLATFORM_ID,
    )


@admin.register(RiskTimePeriod)
class RiskTimePeriodAdmin(MirrorAdmin):
    columns = (
        field_column("name"),
        ID_COLUMN,
        time_of_day_column("start_time", "From"),
        time_of_day_column("stop_time", "Until"),
        ENVIRONMENT_COLUMN,
        RECEIVED_COLUMN,
    )
    intro = "The part of a day, in Central Time, that the limits of a risk category are about."
