"""What members hold at the platform: memberships, plug-ins and market data (LIVE), trading permissions (DEMO)."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from vendor_admin.mirrors.models import (
    MarketDataSubscription,
    PlatformUser,
    TradingPermission,
    TradovateSubscription,
    UserPlugin,
)
from vendor_admin.mirrors.readings import Ask
from vendor_admin.operations.kinds import PlanRequest
from vendor_admin.tradovate.enums import Environment
from vendor_admin.tradovate.permission_status import has_ended, is_in_force
from vendor_admin.tradovate.trading_calendar import CalendarMonth

LIVE, DEMO = Environment.LIVE.value, Environment.DEMO.value
RENEWAL_TIME = timedelta(days=7)
"""Renewals are made in the night after the last day, and may be late: until then what renews counts as going on."""


@dataclass(slots=True)
class Holdings:
    """Everything of one member, what is over as well, oldest first."""

    memberships: list[TradovateSubscription] = field(default_factory=list)
    plugins: list[UserPlugin] = field(default_factory=list)
    market_data: list[MarketDataSubscription] = field(default_factory=list)
    permissions: list[TradingPermission] = field(default_factory=list)

    def has_anything_going_on(self, *, today: date) -> bool:
        """Whether something goes on that cancelling would end."""
        return (
            any(membership_goes_on(one, today=today) for one in self.memberships)
            or any(plugin_goes_on(one, today=today) for one in self.plugins)
            or any(market_data_goes_on(one, today=today) for one in self.market_data)
            or any(permission_stands(one) for one in self.permissions)
        )


def holdings_of(user_ids: Iterable[int | None], *, organization_id: int) -> dict[int, Holdings]:
    """What each of these members holds; every id that is asked for is in the answer. Four queries."""
    ids = sorted({one for one in user_ids if one is not None})
    found = {user_id: Holdings() for user_id in ids}
    for name, model, environment in (
        ("memberships", TradovateSubscription, LIVE),
        ("plugins", UserPlugin, LIVE),
        ("market_data", MarketDataSubscription, LIVE),
        ("permissions", TradingPermission, DEMO),
    ):
        for row in rows_of_members(model, ids, organization_id=organization_id, environment=environment):
            getattr(found[row.user_id], name).append(row)
    return found


def rows_of_members(
    model: Any, user_ids: Iterable[int | None], *, organization_id: int, environment: str = LIVE
) -> list[Any]:
    """The rows of one mirror that belong to these members, without what the platform deleted, oldest first."""
    ids = sorted({one for one in user_ids if one is not None})
    rows = model.objects.filter(
        organization_id=organization_id, environment=environment, user_id__in=ids, deleted_at__isnull=True
    )
    return list(rows.order_by("entity_id"))


def asks_of_additions(request: PlanRequest, *, held: str, sold: str, ids: Iterable[int | None]) -> list[Ask]:
    """What giving members something depends on: they, what they hold of its kind, and what is sold (by `ids`)."""
    user_ids = [target.entity_id for target in request.targets]
    return [
        Ask(LIVE, PlatformUser.entity_type, user_ids),
        Ask(LIVE, held, user_ids, by_master=True),
        Ask(LIVE, sold, list(ids)),
    ]


def membership_runs(one: TradovateSubscription, *, today: date) -> bool:
    """Whether a membership may be used now, also where it no longer renews. `today` is a trade date."""
    return one.expiration_date is None or one.expiration_date >= today


def membership_goes_on(one: TradovateSubscription, *, today: date) -> bool:
    """Whether a membership may be used now, or is about to renew."""
    since = today if one.cancelled_renewal else today - RENEWAL_TIME
    return membership_runs(one, today=since)


def plugin_runs(one: UserPlugin, *, today: date) -> bool:
    """Whether a plug-in may be used now."""
    return one.approval is not False and (one.expiration_date is None or one.expiration_date >= today)


def plugin_goes_on(one: UserPlugin, *, today: date) -> bool:
    """Whether a plug-in may be used now, or is about to renew."""
    return plugin_runs(one, today=today - RENEWAL_TIME if one.autorenewal else today)


def market_data_goes_on(one: MarketDataSubscription, *, today: date) -> bool:
    """Whether market data is there for this month or a later one, or is about to renew."""
    if one.expired or one.year is None or one.month is None:
        return not one.expired
    since = today - RENEWAL_TIME
    return CalendarMonth(one.year, one.month) >= CalendarMonth.of(since)


def permission_stands(one: TradingPermission) -> bool:
    """Whether a permission is in force, or was asked for and may come into force."""
    return not has_ended(one.status)


def permission_is_in_force(one: TradingPermission) -> bool:
    """Whether the member may trade the account by it."""
    return is_in_force(one.status)
