"""Market data of users, month by month, paid from the organization's billing account."""

from vendor_admin.sandbox.world.state import Entity, Record
from vendor_admin.sandbox.world.times import market_data_month
from vendor_admin.sandbox.writes.desk import Desk
from vendor_admin.sandbox.writes.refusals import MissingError, RefusalError
from vendor_admin.sandbox.writes.requests import AddMarketDataSubscription, ExpireMarketDataSubscription
from vendor_admin.sandbox.writes.rules.payments import pay
from vendor_admin.sandbox.writes.rules.periods import day_of
from vendor_admin.sandbox.writes.targets import own_user


def add_market_data_subscription(desk: Desk, request: AddMarketDataSubscription) -> Entity:
    """Give a user data plans for a month, all or none; the answer has room for the last one only."""
    user = own_user(desk, request.user_id)
    if not request.market_data_subscription_plan_ids:
        raise RefusalError("Empty marketDataSubscriptionPlanIds", code="UnknownError")
    if not 1 <= request.month <= 12:
        raise RefusalError("Month should be between 1 and 12", code="UnknownError")
    year, month = market_data_month(desk.rule_moment)
    if (request.year, request.month) != (year, month):
        raise RefusalError(f"Market data can be added for {month}/{year} only", code="UnknownError")
    added: Entity = {}
    for plan_id in request.market_data_subscription_plan_ids:
        record = desk.view().get("marketDataSubscriptionPlan", plan_id)
        if record is None:
            raise MissingError
        added = _add(desk, user, record.entity, request)
    return {"errorCode": "Success", "marketDataSubscription": added}


def add_month(
    desk: Desk, user: Record, plan: Entity, month: tuple[int, int], paid: Entity, *, price: float
) -> Entity | None:
    """A subscription for a month, unless the user has it; `paid` holds the account and the log entry."""
    user_id, account_id = user.entity["id"], paid.get("accountId")
    if _has(desk, user_id, plan["id"], month):
        return None
    entity = {
        "id": desk.new_id(),
        "userId": user_id,
        "timestamp": desk.at,
        "planPrice": price,
        **{name: value for name, value in paid.items() if value is not None},
        "marketDataSubscriptionPlanId": plan["id"],
        "year": month[0],
        "month": month[1],
        "expired": False,
    }
    if account_id is not None:
        entity["renewalAccountId"] = account_id
    return desk.create("marketDataSubscription", entity, account_id=account_id, user_id=user_id)


def expire_market_data_subscription(desk: Desk, request: ExpireMarketDataSubscription) -> Entity:
    """End a subscription: it does not renew. The month stays paid."""
    record = desk.own("marketDataSubscription", request.market_data_subscription_id)
    if record.entity["expired"]:
        raise RefusalError("The subscription is already expired", code="UnknownError")
    return {"errorCode": "Success", "marketDataSubscription": end_market_data(desk, record)}


def end_market_data(desk: Desk, record: Record) -> Entity:
    """Mark a subscription as expired."""
    return desk.update("marketDataSubscription", record, expired=True)


def _add(desk: Desk, user: Record, plan: Entity, request: AddMarketDataSubscription) -> Entity:
    discontinued = plan.get("discontinuedDate")
    if discontinued and day_of(discontinued) <= desk.session:
        raise RefusalError("The plan is discontinued", code="PlanDiscontinued")
    if plan["professional"] not in ("Either", "Professional" if user.entity["professional"] else "NonProfessional"):
        raise RefusalError("The plan is for another kind of user", code="IncompatibleCMEMarketDataSubscriptionPlans")
    month = (request.year, request.month)
    if _has(desk, user.entity["id"], plan["id"], month):
        raise RefusalError("The user already has this subscription", code="ConflictWithExisting")
    price = float(plan["price"])
    paid = pay(
        desk,
        account_id=request.account_id,
        credit_card_id=request.credit_card_id,
        price=price,
        change_type="MarketDataSubscription",
    )
    return add_month(desk, user, plan, month, paid, price=price) or {}


def _has(desk: Desk, user_id: int, plan_id: int, month: tuple[int, int]) -> bool:
    return any(
        record.entity["marketDataSubscriptionPlanId"] == plan_id
        and (record.entity["year"], record.entity["month"]) == month
        and not record.entity["expired"]
        for record in desk.book().dependents("marketDataSubscription", user_id)
    )
