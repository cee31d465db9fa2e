"""Ending everything a user has: on LIVE memberships, plug-ins and market data, on DEMO trading permissions.

Sources: partner.tradovate.com, cancel-everything and revoke-and-cancel-users-and-accounts. Two documents disagree on
what leaving a switch out means, so all four are always sent.
"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime

from vendor_admin.tradovate.catalogue.answers import CancelEverythingAnswer
from vendor_admin.tradovate.catalogue.batches import Batch
from vendor_admin.tradovate.catalogue.fields import Ids
from vendor_admin.tradovate.catalogue.look_ups import Doubt, Entity, LookUp, Reading
from vendor_admin.tradovate.catalogue.operation import BOTH, Operation
from vendor_admin.tradovate.catalogue.request import Request
from vendor_admin.tradovate.catalogue.write import Settling, Write
from vendor_admin.tradovate.enums import Environment
from vendor_admin.tradovate.errors import Fault
from vendor_admin.tradovate.permission_status import has_ended as has_ended_permission
from vendor_admin.tradovate.trading_calendar import CalendarMonth, platform_trade_date
from vendor_admin.tradovate.values import trade_date_of


class CancelEverything(Request, frozen=True, kw_only=True):
    """Which users, and what of theirs. Each environment does its part of it and ignores the rest."""

    user_ids: Ids
    tradovate_subscriptions: bool
    user_plugins: bool
    market_data_subscriptions: bool
    trading_permissions: bool

    @classmethod
    def of_all_kinds(cls, user_ids: tuple[int, ...]) -> "CancelEverything":
        """Everything of these users."""
        return cls(
            user_ids=user_ids,
            tradovate_subscriptions=True,
            user_plugins=True,
            market_data_subscriptions=True,
            trading_permissions=True,
        )

    def entity_types(self, environment: Environment) -> tuple[str, ...]:
        """What this ends in one environment."""
        if environment is Environment.DEMO:
            return ("tradingPermission",) if self.trading_permissions else ()
        return tuple(
            entity_type
            for entity_type, is_wanted in (
                ("tradovateSubscription", self.tradovate_subscriptions),
                ("userPlugin", self.user_plugins),
                ("marketDataSubscription", self.market_data_subscriptions),
            )
            if is_wanted
        )

    def faults(self, *, now: datetime) -> Iterator[Fault]:
        if not (self.entity_types(Environment.LIVE) or self.entity_types(Environment.DEMO)):
            yield Fault("", "required", "must have at least one of the four switches on")
        if len(set(self.user_ids)) < len(self.user_ids):
            yield Fault("userIds", "not_unique", "must name each user once")


def has_ended(entity_type: str, entity: Entity, *, today: date) -> bool | None:
    """Whether a subscription, plug-in or permission will not go on; None where its fields do not tell.

    A membership has ended when it no longer renews, since it stays usable until its last day. What ends today may
    yet renew today.
    """
    match entity_type:
        case "tradovateSubscription":
            return entity.get("cancelledRenewal") is True or _is_over(entity, today)
        case "userPlugin":
            if entity.get("approval") is False or _is_over(entity, today):
                return True
            return None if entity.get("autorenewal") is False and entity.get("expirationDate") else False
        case "marketDataSubscription":
            return entity.get("expired") is True or _month_is_over(entity, today)
        case _:
            return has_ended_permission(entity.get("status"))


def _is_over(entity: Entity, today: date) -> bool:
    last_day = trade_date_of(entity.get("expirationDate"))
    return last_day is not None and last_day < today


def _month_is_over(entity: Entity, today: date) -> bool:
    year, month = entity.get("year"), entity.get("month")
    return isinstance(year, int) and isinstance(month, int) and (year, month) < CalendarMonth.of(today)


def _look_ups(request: CancelEverything, environment: Environment) -> Sequence[LookUp]:
    return [
        LookUp(environment, entity_type, "deps", user_id)
        for user_id in request.user_ids
        for entity_type in request.entity_types(environment)
    ]


def _happened(request: CancelEverything, reading: Reading) -> bool | None:
    """Whether nothing is left that would go on. What goes on may also have been added since."""
    today = platform_trade_date(reading.read_at)
    verdicts = {
        has_ended(entity_type, entity, today=today)
        for entity_type in request.entity_types(reading.environment)
        for entity in reading.of(entity_type)
        if entity.get("userId") in request.user_ids
    }
    return False if False in verdicts else None if None in verdicts else True


def _proof(request: CancelEverything, reading: Reading) -> LookUp:
    """What was to end is still listed when it has ended; who had nothing of a kind is listed as a user."""
    (user_id,) = request.user_ids
    for entity_type in request.entity_types(reading.environment):
        had_some = reading.before is not None and reading.before.get(f"{entity_type}Ids")
        if had_some and not any(one.get("userId") == user_id for one in reading.of(entity_type)):
            return LookUp(reading.environment, entity_type, "deps", user_id)
    return LookUp(reading.environment, "user", "item", user_id)


def _doubt(request: CancelEverything) -> Doubt:
    users = ", ".join(map(str, request.user_ids))
    return Doubt(
        f"What was to end for user {users} has ended; what still runs was added afterwards, and sending this again "
        "would end it too.",
        f"User {users} still has what was to end; renewals go on and are billed.",
    )


CANCEL_EVERYTHING = Write(
    operation=Operation(path="user/canceleverything", method="POST", environments=BOTH),
    request=CancelEverything,
    answer=CancelEverythingAnswer,
    settling=Settling(_look_ups, _happened, _doubt, _proof),
    batch=Batch("user_ids", "userIds", 500),
    cautions=(
        "It cannot be undone.",
        "Run it after the end of the trading day, and before 19:00 Central on the last day of a month.",
        "A month that has begun is billed in full.",
    ),
)
