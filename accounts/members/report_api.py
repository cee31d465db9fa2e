"""The report of the members of a day by the partner API."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from django.db.models import Q, QuerySet
from django.http import StreamingHttpResponse
from rest_framework import serializers
from rest_framework.request import Request

from accounts.members.api import join_members
from vendor_admin.mirrors.models import (
    MarketDataSubscription,
    MarketDataSubscriptionPlan,
    PlatformUser,
    TradovateSubscription,
    TradovateSubscriptionPlan,
    UserPlugin,
)
from vendor_admin.mirrors.queries.any_of import among
from vendor_admin.mirrors.queries.lookups import load_plain, one_row_each
from vendor_admin.partner_api.reading.fields import Flag, Moment, PlatformId, Word
from vendor_admin.partner_api.reading.reports import DayReport, Session, describes_report
from vendor_admin.partner_api.reading.resources import Resource


class MemberOfDay(Resource):
    """A member with what was held on the day."""

    id = PlatformId(source="entity_id", help_text="The platform's id of the member.")
    external_id = Word(allow_null=True, help_text="Your own reference to the member.")
    name = Word(allow_null=True, help_text="The user name.")
    email = Word(allow_null=True, help_text="The e-mail address.")
    first_name = Word(allow_null=True, help_text="The first name, from the contact info.")
    last_name = Word(allow_null=True, help_text="The last name, from the contact info.")
    status = Word(allow_null=True, help_text="The platform's status of the user, as it is now.")
    professional = Flag(allow_null=True, help_text="Whether the member is a professional to exchanges.")
    account_ids = serializers.ListField(
        child=PlatformId(), help_text="The accounts that the member may trade now; in CSV with spaces between them."
    )
    memberships = serializers.ListField(
        child=Word(), help_text="Names of the plans of memberships whose days include the day."
    )
    entitlements = serializers.ListField(child=Word(), help_text="Names of the plug-ins whose days include the day.")
    market_data = serializers.ListField(child=Word(), help_text="Names of the market data plans of the day's month.")
    created_at = Moment(source="timestamp", allow_null=True, help_text="The platform's own time of the user.")
    deleted_at = Moment(allow_null=True, help_text="When it was gone from the platform; empty while it is there.")


class MembersReport(DayReport):
    """Everyone who was there on one day, with what they held."""

    name = "members"
    row_class = MemberOfDay
    environment = ""

    @describes_report(MemberOfDay, operation_id="report_members", of_environment=False)
    def get(self, request: Request) -> StreamingHttpResponse:
        """Download the members of a session's day with what they held on it."""
        return super().get(request)

    def rows(self, session: Session, *, organization_id: int) -> QuerySet[Any]:
        was_there = Q(timestamp__isnull=True) | Q(timestamp__lt=session.ends_at)
        is_there = Q(deleted_at__isnull=True) | Q(deleted_at__gte=session.begins_at)
        users = PlatformUser.objects.filter(was_there, is_there, organization_id=organization_id)
        return one_row_each(users)

    def join(self, rows: list[Any], *, session: Session, organization_id: int) -> None:
        join_members(rows, organization_id=organization_id)
        ids = [row.entity_id for row in rows]
        day = session.day
        held = {
            "memberships": _plans_on(
                TradovateSubscription, TradovateSubscriptionPlan, "tradovate_subscription_plan_id",
                ids=ids, on=_days(day), organization_id=organization_id,
            ),
            "market_data": _plans_on(
                MarketDataSubscription, MarketDataSubscriptionPlan, "market_data_subscription_plan_id",
                ids=ids, on=Q(year=day.year, month=day.month), organization_id=organization_id,
            ),
            "entitlements": _names_by_member(
                UserPlugin.objects.filter(
                    among("user_id", ids), _days(day), organization_id=organization_id, deleted_at__isnull=True
                ).values_list("user_id", "plugin_name")
            ),
        }  # fmt: skip
        for row in rows:
            for name, of_members in held.items():
                setattr(row, name, sorted(of_members.get(row.entity_id, ())))


def _days(day: date) -> Q:
    """What is held on a day: begun by then, and not over. A day that is not known leaves it open."""
    return (Q(start_date__isnull=True) | Q(start_date__lte=day)) & (
        Q(expiration_date__isnull=True) | Q(expiration_date__gte=day)
    )


def _plans_on(
    model: Any, plan_model: Any, plan_column: str, *, ids: list[int], on: Q, organization_id: int
) -> dict[int, set[str]]:
    held = model.objects.filter(among("user_id", ids), on, organization_id=organization_id, deleted_at__isnull=True)
    pairs = list(held.values_list("user_id", plan_column, "environment"))
    plans = load_plain(plan_model, organization_id=organization_id, ids={plan_id for _, plan_id, _ in pairs})
    named = ((user_id, plans.get(plan_id, environment)) for user_id, plan_id, environment in pairs)
    return _names_by_member((user_id, plan.name if plan else None) for user_id, plan in named)


def _names_by_member(pairs: Iterable[tuple[int | None, str | None]]) -> dict[int, set[str]]:
    found: dict[int, set[str]] = {}
    for user_id, name in pairs:
        if user_id is not None:
            found.setdefault(user_id, set()).add(name or "unknown")
    return found
