"""Lists of memberships, entitlements and market data, and of the plans they belong to."""

from collections.abc import Sequence
from typing import Any, ClassVar

from django.contrib import admin

from vendor_admin.listing.lists import Column, Filter
from vendor_admin.mirrors.admin.mirror_admin import (
    ENVIRONMENT,
    ENVIRONMENT_COLUMN,
    ID_COLUMN,
    PLATFORM_ID,
    RECEIVED_COLUMN,
    USER_ID,
    MirrorAdmin,
    field_column,
    member_column,
    money_column,
    yes_or_no,
)
from vendor_admin.mirrors.models import (
    Entitlement,
    MarketDataSubscription,
    MarketDataSubscriptionPlan,
    TradovateSubscription,
    TradovateSubscriptionPlan,
    UserPlugin,
)
from vendor_admin.mirrors.queries.lookups import attach_names, load


class SubscriptionAdmin(MirrorAdmin):
    """What members subscribe to; each line shows its plan."""

    plan_model: Any = None
    plan_field = ""
    filters: ClassVar[Sequence[Filter]] = (ENVIRONMENT, USER_ID, PLATFORM_ID)

    def join(self, rows: list[Any], *, organization_id: int) -> None:
        attach_names(rows, organization_id=organization_id)
        plans = load(
            self.plan_model, organization_id=organization_id, ids=(getattr(row, self.plan_field) for row in rows)
        )
        for row in rows:
            row.plan = plans.get(getattr(row, self.plan_field), row.environment)


PLAN_COLUMN = Column("Plan", lambda row: str(row.plan) if row.plan else None)


@admin.register(TradovateSubscription)
class MembershipAdmin(SubscriptionAdmin):
    plan_model, plan_field = TradovateSubscriptionPlan, "tradovate_subscription_plan_id"
    heading = "Memberships"
    columns = (
        Column("Membership", lambda row: row.entity_id, is_identifier=True),
        member_column(),
        PLAN_COLUMN,
        field_column("start_date", "From"),
        field_column("expiration_date", "Until"),
        money_column("plan_price", "Price"),
        money_column("paid_amount", "Paid"),
        field_column("cancelled_renewal", "Renewal cancelled"),
        field_column("cancel_reason"),
        ENVIRONMENT_COLUMN,
        RECEIVED_COLUMN,
    )
    filters = (ENVIRONMENT, USER_ID, PLATFORM_ID, yes_or_no("cancelled_renewal", "Renewal cancelled"))


@admin.register(UserPlugin)
class UserPluginAdmin(SubscriptionAdmin):
    plan_model, plan_field = Entitlement, "entitlement_id"
    heading = "Entitlements of members"
    columns = (
        Column("Entitlement of a member", lambda row: row.entity_id, is_identifier=True),
        member_column(),
        field_column("plugin_name", "Plugin"),
        PLAN_COLUMN,
        field_column("approval", "Approved"),
        field_column("start_date", "From"),
        field_column("expiration_date", "Until"),
        field_column("autorenewal", "Renews"),
        money_column("paid_amount", "Paid"),
        ENVIRONMENT_COLUMN,
        RECEIVED_COLUMN,
    )


@admin.register(MarketDataSubscription)
class MarketDataAdmin(SubscriptionAdmin):
    plan_model, plan_field = MarketDataSubscriptionPlan, "market_data_subscription_plan_id"
    heading = "Market data"
    columns = (
        Column("Market data", lambda row: row.entity_id, is_identifier=True),
        member_column(),
        PLAN_COLUMN,
        field_column("year"),
        field_column("month"),
        field_column("expired"),
        money_column("plan_price", "Price"),
        ENVIRONMENT_COLUMN,
        RECEIVED_COLUMN,
    )
    filters = (ENVIRONMENT, USER_ID, PLATFORM_ID, yes_or_no("expired", "Expired"))


@admin.register(Entitlement)
class EntitlementAdmin(MirrorAdmin):
    columns = (
        field_column("name"),
        ID_COLUMN,
        field_column("title"),
        money_column("price"),
        field_column("duration"),
        field_column("duration_units", "Units"),
        field_column("autorenewal", "Renews"),
        ENVIRONMENT_COLUMN,
        RECEIVED_COLUMN,
    )


@admin.register(TradovateSubscriptionPlan)
class MembershipPlanAdmin(MirrorAdmin):
    columns = (
        field_column("name"),
        ID_COLUMN,
        field_column("title"),
        money_column("price"),
        field_column("category"),
        field_column("trial"),
        field_column("duration"),
        field_column("duration_units", "Units"),
        ENVIRONMENT_COLUMN,
        RECEIVED_COLUMN,
    )


@admin.register(MarketDataSubscriptionPlan)
class MarketDataPlanAdmin(MirrorAdmin):
    columns = (
        field_column("name"),
        ID_COLUMN,
        field_column("title"),
        money_column("price"),
        field_column("data_type"),
        field_column("professional"),
        ENVIRONMENT_COLUMN,
        RECEIVED_COLUMN,
    )
