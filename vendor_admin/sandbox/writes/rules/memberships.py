"""Memberships: the platform's subscription plans that an organization gives its users (TradovateSubscription)."""

import datetime as dt

from vendor_admin.sandbox.world.state import Entity, Record
from vendor_admin.sandbox.world.times import trade_date
from vendor_admin.sandbox.writes.desk import Desk
from vendor_admin.sandbox.writes.refusals import MissingError, RefusalError
from vendor_admin.sandbox.writes.requests import AddTradovateSubscription, CancelTradovateSubscription
from vendor_admin.sandbox.writes.rules.payments import pay
from vendor_admin.sandbox.writes.rules.periods import after, day_of
from vendor_admin.sandbox.writes.targets import own_user


def plan_of(desk: Desk, plan_id: int) -> Entity | None:
    """The organization's plan, or None."""
    record = desk.view().get("tradovateSubscriptionPlan", plan_id)
    return record.entity if record else None


def add_tradovate_subscription(desk: Desk, request: AddTradovateSubscription) -> Entity:
    """Give a user a plan; without a user the caller."""
    user = own_user(desk, request.user_id)
    plan = plan_of(desk, request.tradovate_subscription_plan_id)
    if plan is None:
        raise MissingError
    added = add_membership(desk, user, plan, account_id=request.account_id, credit_card_id=request.credit_card_id)
    return {"errorCode": "Success", "tradovateSubscription": added}


def add_membership(
    desk: Desk, user: Record, plan: Entity, *, account_id: int | None, credit_card_id: int | None = None
) -> Entity:
    """A membership from today on; raises RefusalError with the platform's code."""
    user_id = user.entity["id"]
    discontinued = plan.get("discontinuedDate")
    if discontinued and day_of(discontinued) <= desk.session:
        raise RefusalError("The plan is discontinued", code="PlanDiscontinued")
    if plan["trial"] and desk.hidden.trials_used.get((user_id, plan["id"])):
        raise RefusalError("Only one trial is allowed", code="SingleTrialOnly")
    if any(_is_running(record.entity, plan, desk.session) for record in _of(desk, user_id)):
        raise RefusalError("The user already has this subscription", code="ConflictWithExisting")
    price = float(plan["price"])
    paid = pay(
        desk, account_id=account_id, credit_card_id=credit_card_id, price=price, change_type="TradovateSubscription"
    )
    if plan["trial"]:
        desk.remember(desk.hidden.trials_used, (user_id, plan["id"]), True)
    entity = {
        "id": desk.new_id(),
        "userId": user_id,
        "timestamp": desk.at,
        "planPrice": price,
        **paid,
        "tradovateSubscriptionPlanId": plan["id"],
        "startDate": desk.trade_date,
        "expirationDate": trade_date(after(desk.session, plan["duration"], plan["durationUnits"])),
        "paidAmount": price,
        "cancelledRenewal": False,
    }
    return desk.create("tradovateSubscription", entity, account_id=paid.get("accountId"), user_id=user_id)


def cancel_tradovate_subscription(desk: Desk, request: CancelTradovateSubscription) -> Entity:
    """End a membership with its period, or with `expire` now."""
    record = desk.own("tradovateSubscription", request.tradovate_subscription_id)
    if record.entity.get("cancelledRenewal") and not request.expire:
        raise RefusalError("The subscription is already cancelled", code="UnknownError")
    ended = end_membership(desk, record, reason=request.cancel_reason, now=bool(request.expire))
    return {"errorCode": "Success", "tradovateSubscription": ended}


def end_membership(desk: Desk, record: Record, *, reason: str | None, now: bool) -> Entity:
    """Mark a membership as not to be renewed, or as over since yesterday."""
    over = {"expirationDate": trade_date(desk.session - dt.timedelta(days=1))} if now else {}
    kept = {"cancelReason": reason} if reason else {}
    return desk.update("tradovateSubscription", record, cancelledRenewal=True, **kept, **over)


def is_over(entity: Entity, session: dt.date) -> bool:
    """Whether a membership has nothing left to end."""
    return bool(entity.get("cancelledRenewal")) and day_of(entity["expirationDate"]) < session


def _of(desk: Desk, user_id: int) -> list[Record]:
    return list(desk.book().dependents("tradovateSubscription", user_id))


def _is_running(entity: Entity, plan: Entity, session: dt.date) -> bool:
    return entity["tradovateSubscriptionPlanId"] == plan["id"] and day_of(entity["expirationDate"]) >= session
