"""What members subscribe to by the partner API: memberships, entitlements, market data."""

from typing import Any, ClassVar

from rest_framework.request import Request

from accounts.subscriptions.api_writes import EntitlementChanges
from vendor_admin.mirrors.api.mirror_reading import MirrorFilters, MirrorReading, MirrorResource
from vendor_admin.mirrors.models import (
    Entitlement,
    MarketDataSubscription,
    MarketDataSubscriptionPlan,
    TradovateSubscription,
    TradovateSubscriptionPlan,
    UserPlugin,
)
from vendor_admin.mirrors.models.base import Mirror
from vendor_admin.mirrors.queries.lookups import load_plain
from vendor_admin.operations.api.making import ASKED_BY_VERBS
from vendor_admin.partner_api.reading.fields import Amount, Day, Flag, Moment, PlatformId, Whole, Word
from vendor_admin.partner_api.reading.filters import IdsFilter
from vendor_admin.partner_api.reading.views import organization_id_of


class OfMember(MirrorResource):
    """What every subscription says."""

    member_id = PlatformId(source="user_id", allow_null=True, help_text="The member who has it.")
    billing_account_id = PlatformId(source="account_id", allow_null=True, help_text="The account that pays for it.")
    price = Amount(source="plan_price", allow_null=True, help_text="The plan's price when it was bought.")
    created_at = Moment(source="timestamp", allow_null=True, help_text="The platform's own time of it.")


class Membership(OfMember):
    """A member's membership at the platform."""

    plan_id = PlatformId(source="tradovate_subscription_plan_id", allow_null=True, help_text="The plan.")
    plan_name = Word(source="plan.name", allow_null=True, help_text="The plan's name, for example FIRM_MONTHLY.")
    plan_title = Word(source="plan.title", allow_null=True, help_text="What the plan is called.")
    paid_amount = Amount(allow_null=True, help_text="What was paid.")
    start_date = Day(allow_null=True, help_text="The first day.")
    expiration_date = Day(allow_null=True, help_text="The last day; then it is renewed, unless that was cancelled.")
    cancelled_renewal = Flag(allow_null=True, help_text="Whether it ends with its last day.")
    cancel_reason = Word(allow_null=True, help_text="Why the renewal was cancelled.")


class EntitlementHeld(OfMember):
    """An entitlement that a member holds, for example Sim+."""

    entitlement_id = PlatformId(allow_null=True, help_text="What was subscribed to.")
    entitlement_name = Word(source="plan.name", allow_null=True, help_text="Its name.")
    entitlement_title = Word(source="plan.title", allow_null=True, help_text="What it is called.")
    plugin_name = Word(allow_null=True, help_text="The platform's name of the plug-in.")
    approved = Flag(source="approval", allow_null=True, help_text="Whether the platform approved it.")
    paid_amount = Amount(allow_null=True, help_text="What was paid.")
    start_date = Day(allow_null=True, help_text="The first day.")
    expiration_date = Day(allow_null=True, help_text="The last day; then it is renewed, if it renews itself.")
    renews = Flag(source="autorenewal", allow_null=True, help_text="Whether it renews itself.")


class MarketData(OfMember):
    """Market data of one exchange for one month."""

    plan_id = PlatformId(source="market_data_subscription_plan_id", allow_null=True, help_text="The plan.")
    plan_name = Word(source="plan.name", allow_null=True, help_text="The plan's name.")
    plan_title = Word(source="plan.title", allow_null=True, help_text="What the plan is called.")
    year = Whole(allow_null=True, help_text="The year of its month.")
    month = Whole(allow_null=True, help_text="The month, 1 to 12.")
    expired = Flag(allow_null=True, help_text="Whether the month is over.")


class OfMemberFilters(MirrorFilters):
    """What lists of subscriptions can be narrowed by."""

    member = IdsFilter(field_name="user_id", help_text="Members' platform ids.")


class SubscriptionReading(MirrorReading):
    """A list of subscriptions with their plans."""

    filterset_class = OfMemberFilters
    required_scopes = {"GET": ("subscriptions:read",)}
    plan_model: ClassVar[type[Mirror]]
    plan_column: ClassVar[str]

    def join(self, rows: list[Any], *, request: Request) -> None:
        ids = [getattr(row, self.plan_column) for row in rows]
        plans = load_plain(self.plan_model, organization_id=organization_id_of(request), ids=ids)
        for row in rows:
            row.plan = plans.get(getattr(row, self.plan_column), row.environment)


class Memberships(SubscriptionReading):
    """Members' memberships at the platform, those that are over as well."""

    model = TradovateSubscription
    serializer_class = Membership
    noun = "membership"
    tag = "Memberships"
    collection = "memberships"
    plan_model = TradovateSubscriptionPlan
    plan_column = "tradovate_subscription_plan_id"


class Entitlements(EntitlementChanges, SubscriptionReading):
    """Entitlements that members hold, those that are over as well."""

    model = UserPlugin
    serializer_class = EntitlementHeld
    noun = "entitlement"
    tag = "Entitlements"
    collection = "entitlements"
    plan_model = Entitlement
    plan_column = "entitlement_id"
    required_scopes = {**SubscriptionReading.required_scopes, **ASKED_BY_VERBS}


class MarketDataSubscriptions(SubscriptionReading):
    """Members' market data by exchange and month, those that are over as well."""

    model = MarketDataSubscription
    serializer_class = MarketData
    noun = "market data subscription"
    tag = "Market data subscriptions"
    collection = "market-data-subscriptions"
    plan_model = MarketDataSubscriptionPlan
    plan_column = "market_data_subscription_plan_id"
