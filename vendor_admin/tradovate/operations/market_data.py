"""Market data of a user, by month (LIVE). Sources as in trading_calendar.py."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from vendor_admin.tradovate.catalogue.answers import MarketDataSubscriptionAnswer, UndocumentedAnswer
from vendor_admin.tradovate.catalogue.evidence import was_added
from vendor_admin.tradovate.catalogue.fields import Id, Ids, Month, Year
from vendor_admin.tradovate.catalogue.look_ups import Doubt, Entity, LookUp, Reading
from vendor_admin.tradovate.catalogue.operation import LIVE_ONLY, Operation
from vendor_admin.tradovate.catalogue.replaced_settings import from_entity
from vendor_admin.tradovate.catalogue.request import Request
from vendor_admin.tradovate.catalogue.write import Reversal, Settling, Write
from vendor_admin.tradovate.enums import Environment
from vendor_admin.tradovate.errors import Fault
from vendor_admin.tradovate.operations.subscriptions import entity_in
from vendor_admin.tradovate.outcomes import Json
from vendor_admin.tradovate.trading_calendar import CalendarMonth, month_fault


class AddMarketDataSubscription(Request, frozen=True, kw_only=True):
    """Plans of one user for one month; it renews by itself from then on."""

    market_data_subscription_plan_ids: Ids
    year: Year
    month: Month
    credit_card_id: Id | None = None
    account_id: Id | None = None
    user_id: Id

    def faults(self, *, now: datetime) -> Iterator[Fault]:
        text = month_fault(self.year, self.month, now)
        if text:
            yield Fault("month", "out_of_range", text)


class ExpireMarketDataSubscription(Request, frozen=True, kw_only=True):
    """No public source describes the body: this one is named after that of the membership's cancellation."""

    market_data_subscription_id: Id


def _data_of_user(request: AddMarketDataSubscription, _environment: Environment) -> Sequence[LookUp]:
    return [LookUp(Environment.LIVE, "marketDataSubscription", "deps", request.user_id)]


def _data_was_added(request: AddMarketDataSubscription, reading: Reading) -> bool | None:
    def of_plan(plan_id: int) -> bool | None:
        wanted: dict[str, Any] = {
            "userId": request.user_id,
            "marketDataSubscriptionPlanId": plan_id,
            "year": request.year,
            "month": request.month,
        }
        of_type = reading.of("marketDataSubscription")
        like = (one for one in of_type if all(one.get(name) == value for name, value in wanted.items()))
        return was_added(like, reading, goes_on=lambda one: one.get("expired") is not True)

    verdicts = {of_plan(plan_id) for plan_id in request.market_data_subscription_plan_ids}
    return verdicts.pop() if len(verdicts) == 1 else None


def _user(request: AddMarketDataSubscription, _reading: Reading) -> LookUp:
    return LookUp(Environment.LIVE, "user", "item", request.user_id)


def _data_doubt(request: AddMarketDataSubscription) -> Doubt:
    month = CalendarMonth(request.year, request.month)
    return Doubt(
        f"User {request.user_id} has the market data for {month} from this call; sending it again may bill it twice.",
        f"User {request.user_id} lacks market data for {month}, or has what was there before.",
    )


def _expire_added(request: AddMarketDataSubscription, _old: Entity | None, answer: Json) -> Reversal | None:
    """The answer names one subscription, so only a call for one plan can be undone."""
    made = entity_in(answer, "marketDataSubscription")
    if made is None or len(request.market_data_subscription_plan_ids) != 1:
        return None
    expire = ExpireMarketDataSubscription(market_data_subscription_id=made["id"])
    return Reversal(EXPIRE_MARKET_DATA_SUBSCRIPTION.path, expire, remains="The month stays billed.")


def _data(request: ExpireMarketDataSubscription, _environment: Environment) -> Sequence[LookUp]:
    return [LookUp(Environment.LIVE, "marketDataSubscription", "item", request.market_data_subscription_id)]


def _data_has_expired(request: ExpireMarketDataSubscription, reading: Reading) -> bool | None:
    found = reading.with_id("marketDataSubscription", request.market_data_subscription_id)
    return None if found is None else found.get("expired") is True


def _expire_doubt(request: ExpireMarketDataSubscription) -> Doubt:
    return Doubt(
        f"Market data subscription {request.market_data_subscription_id} has ended.",
        f"Market data subscription {request.market_data_subscription_id} goes on and renews.",
    )


def _add_again(_request: ExpireMarketDataSubscription, old: Entity | None, _answer: Json) -> Reversal | None:
    plan_id = old.get("marketDataSubscriptionPlanId") if old is not None else None
    earlier = from_entity(AddMarketDataSubscription, old, marketDataSubscriptionPlanIds=[plan_id])
    if earlier is None:
        return None
    return Reversal(ADD_MARKET_DATA_SUBSCRIPTION.path, earlier, remains="It is a new subscription, billed anew.")


ADD_MARKET_DATA_SUBSCRIPTION = Write(
    operation=Operation(
        path="user/addmarketdatasubscription", method="POST", environments=LIVE_ONLY, waits_for_maintenance=True
    ),
    request=AddMarketDataSubscription,
    answer=MarketDataSubscriptionAnswer,
    settling=Settling(_data_of_user, _data_was_added, _data_doubt, _user),
    revert=_expire_added,
)

EXPIRE_MARKET_DATA_SUBSCRIPTION = Write(
    operation=Operation(
        path="user/expiremarketdatasubscription", method="POST", environments=LIVE_ONLY, harmless_to_repeat=True
    ),
    request=ExpireMarketDataSubscription,
    answer=UndocumentedAnswer,
    settling=Settling(_data, _data_has_expired, _expire_doubt),
    revert=_add_again,
    is_documented=False,
    cautions=("No public document describes this call: ask the platform's support before relying on it.",),
)
