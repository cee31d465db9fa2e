"""Memberships (Tradovate subscriptions) and plug-ins (entitlements) of a user, on LIVE.

Without a user the platform subscribes the organization's administrator (older partner guide), so here one must always
be named. `accountId` is the organization's LIVE billing account, whose name ends in _DATA.
"""

from collections.abc import Sequence

from vendor_admin.tradovate.catalogue.answers import (
    EntitlementSubscriptionAnswer,
    SimpleAnswer,
    TradovateSubscriptionAnswer,
)
from vendor_admin.tradovate.catalogue.evidence import was_added
from vendor_admin.tradovate.catalogue.fields import Id, LongText, Name
from vendor_admin.tradovate.catalogue.look_ups import Doubt, Entity, LookUp, Reading
from vendor_admin.tradovate.catalogue.operation import LIVE_ONLY, Operation
from vendor_admin.tradovate.catalogue.replaced_settings import from_entity
from vendor_admin.tradovate.catalogue.request import Request
from vendor_admin.tradovate.catalogue.write import Reversal, Settling, Write
from vendor_admin.tradovate.enums import Environment
from vendor_admin.tradovate.operations.cancelling import has_ended
from vendor_admin.tradovate.outcomes import Json
from vendor_admin.tradovate.trading_calendar import platform_trade_date, session_date
from vendor_admin.tradovate.values import trade_date_of

_BILLED = "A month that has begun stays billed."


class AddTradovateSubscription(Request, frozen=True, kw_only=True):
    tradovate_subscription_plan_id: Id
    credit_card_id: Id | None = None
    account_id: Id | None = None
    user_id: Id


class CancelTradovateSubscription(Request, frozen=True, kw_only=True):
    """Ends the renewal; with `expire` the membership ends at once."""

    tradovate_subscription_id: Id
    cancel_reason: LongText | None = None
    expire: bool | None = None


class AddEntitlementSubscription(Request, frozen=True, kw_only=True):
    """For Sim+ (T-Prop) only after the trader has signed the market data agreement."""

    entitlement_id: Id
    credit_card_id: Id | None = None
    account_id: Id | None = None
    user_id: Id
    non_pro_signed: bool | None = None


class ChangePluginPermission(Request, frozen=True, kw_only=True):
    user_id: Id
    plugin_name: Name
    approval: bool


def entity_in(answer: Json, field: str) -> Entity | None:
    """The entity inside an answer, if it is there and has an id."""
    entity = answer.get(field) if isinstance(answer, dict) else None
    return entity if isinstance(entity, dict) and isinstance(entity.get("id"), int) else None


def _was_added(entity_type: str, key: str, wanted: int, user_id: int, reading: Reading) -> bool | None:
    today = platform_trade_date(reading.read_at)
    like = (one for one in reading.of(entity_type) if one.get(key) == wanted and one.get("userId") == user_id)
    return was_added(like, reading, goes_on=lambda one: has_ended(entity_type, one, today=today) is not True)


def _user(request: AddTradovateSubscription | AddEntitlementSubscription, _reading: Reading) -> LookUp:
    """The user, who is there whatever was added."""
    return LookUp(Environment.LIVE, "user", "item", request.user_id)


def _memberships_of_user(request: AddTradovateSubscription, _environment: Environment) -> Sequence[LookUp]:
    return [LookUp(Environment.LIVE, "tradovateSubscription", "deps", request.user_id)]


def _membership_was_added(request: AddTradovateSubscription, reading: Reading) -> bool | None:
    plan_id = request.tradovate_subscription_plan_id
    return _was_added("tradovateSubscription", "tradovateSubscriptionPlanId", plan_id, request.user_id, reading)


def _membership_doubt(request: AddTradovateSubscription) -> Doubt:
    return Doubt(
        f"User {request.user_id} has the membership of plan {request.tradovate_subscription_plan_id} from this call; "
        "sending it again may bill it twice.",
        f"User {request.user_id} has no membership of plan {request.tradovate_subscription_plan_id}, or one that was "
        "there before.",
    )


def _cancel_added(_request: AddTradovateSubscription, _old: Entity | None, answer: Json) -> Reversal | None:
    made = entity_in(answer, "tradovateSubscription")
    if made is None:
        return None
    cancel = CancelTradovateSubscription(tradovate_subscription_id=made["id"], expire=True)
    return Reversal(CANCEL_TRADOVATE_SUBSCRIPTION.path, cancel, remains=_BILLED)


def _membership(request: CancelTradovateSubscription, _environment: Environment) -> Sequence[LookUp]:
    return [LookUp(Environment.LIVE, "tradovateSubscription", "item", request.tradovate_subscription_id)]


def _membership_was_cancelled(request: CancelTradovateSubscription, reading: Reading) -> bool | None:
    found = reading.with_id("tradovateSubscription", request.tradovate_subscription_id)
    if found is None:
        return None
    today = platform_trade_date(reading.read_at)
    if not request.expire:
        return has_ended("tradovateSubscription", found, today=today)
    last_day = trade_date_of(found.get("expirationDate"))
    return last_day is not None and last_day <= session_date(reading.read_at)


def _cancel_doubt(request: CancelTradovateSubscription) -> Doubt:
    return Doubt(
        f"Membership {request.tradovate_subscription_id} no longer renews.",
        f"Membership {request.tradovate_subscription_id} goes on and will be billed again.",
    )


def _add_again(request: CancelTradovateSubscription, old: Entity | None, _answer: Json) -> Reversal | None:
    """Only for what ended at once: a membership that runs on without renewal cannot be made to renew again."""
    earlier = from_entity(AddTradovateSubscription, old) if request.expire else None
    if earlier is None:
        return None
    return Reversal(
        ADD_TRADOVATE_SUBSCRIPTION.path, earlier, remains="It is a new membership with a new id, billed anew."
    )


def _plugins_of_user(
    request: AddEntitlementSubscription | ChangePluginPermission, _environment: Environment
) -> Sequence[LookUp]:
    return [LookUp(Environment.LIVE, "userPlugin", "deps", request.user_id)]


def _entitlement_was_added(request: AddEntitlementSubscription, reading: Reading) -> bool | None:
    return _was_added("userPlugin", "entitlementId", request.entitlement_id, request.user_id, reading)


def _entitlement_doubt(request: AddEntitlementSubscription) -> Doubt:
    return Doubt(
        f"User {request.user_id} has entitlement {request.entitlement_id} from this call; sending it again may bill it "
        "twice.",
        f"User {request.user_id} lacks entitlement {request.entitlement_id}, or has one that was there before.",
    )


def _withdraw_added(request: AddEntitlementSubscription, _old: Entity | None, answer: Json) -> Reversal | None:
    made = entity_in(answer, "entitlementSubscription")
    name = made.get("pluginName") if made is not None else None
    if not isinstance(name, str) or not name:
        return None
    withdraw = ChangePluginPermission(user_id=request.user_id, plugin_name=name, approval=False)
    return Reversal(CHANGE_PLUGIN_PERMISSION.path, withdraw, remains=_BILLED)


def _approval_is_as_wanted(request: ChangePluginPermission, reading: Reading) -> bool | None:
    found = [
        one.get("approval") is request.approval
        for one in reading.of("userPlugin")
        if one.get("pluginName") == request.plugin_name and one.get("userId") == request.user_id
    ]
    if not found:
        return None
    return True if all(found) else None if any(found) else False


def _approval_doubt(request: ChangePluginPermission) -> Doubt:
    is_now, was = ("may", "may not") if request.approval else ("may not", "may")
    return Doubt(
        f"User {request.user_id} {is_now} use {request.plugin_name}.",
        f"User {request.user_id} {was} use {request.plugin_name}. Sending it again does no harm.",
    )


def _approval_as_before(request: ChangePluginPermission, old: Entity | None, _answer: Json) -> Reversal | None:
    if old is None or old.get("approval") is not (not request.approval):
        return None
    opposite = ChangePluginPermission(
        user_id=request.user_id, plugin_name=request.plugin_name, approval=not request.approval
    )
    return Reversal(CHANGE_PLUGIN_PERMISSION.path, opposite)


ADD_TRADOVATE_SUBSCRIPTION = Write(
    operation=Operation(
        path="user/addtradovatesubscription", method="POST", environments=LIVE_ONLY, waits_for_maintenance=True
    ),
    request=AddTradovateSubscription,
    answer=TradovateSubscriptionAnswer,
    settling=Settling(_memberships_of_user, _membership_was_added, _membership_doubt, _user),
    revert=_cancel_added,
)

CANCEL_TRADOVATE_SUBSCRIPTION = Write(
    operation=Operation(
        path="user/canceltradovatesubscription", method="POST", environments=LIVE_ONLY, harmless_to_repeat=True
    ),
    request=CancelTradovateSubscription,
    answer=TradovateSubscriptionAnswer,
    settling=Settling(_membership, _membership_was_cancelled, _cancel_doubt),
    revert=_add_again,
    cautions=(_BILLED,),
)

ADD_ENTITLEMENT_SUBSCRIPTION = Write(
    operation=Operation(
        path="userPlugin/addentitlementsubscription", method="POST", environments=LIVE_ONLY, waits_for_maintenance=True
    ),
    request=AddEntitlementSubscription,
    answer=EntitlementSubscriptionAnswer,
    settling=Settling(_plugins_of_user, _entitlement_was_added, _entitlement_doubt, _user),
    revert=_withdraw_added,
    cautions=("Sim+ (T-Prop) only after the trader has signed the market data agreement.",),
)

CHANGE_PLUGIN_PERMISSION = Write(
    operation=Operation(
        path="userPlugin/changepluginpermission", method="POST", environments=LIVE_ONLY, harmless_to_repeat=True
    ),
    request=ChangePluginPermission,
    answer=SimpleAnswer,
    settling=Settling(_plugins_of_user, _approval_is_as_wanted, _approval_doubt),
    revert=_approval_as_before,
)
