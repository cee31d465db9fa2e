"""Entitlements and the plug-ins they become.

Sim+ (T-Prop) comes only after the trader signed the market data agreement, and brings CMEGROUP_TOP along.
"""

from vendor_admin.sandbox.world.reference import SIM_PLUS_ENTITLEMENT
from vendor_admin.sandbox.world.state import Entity, Record
from vendor_admin.sandbox.world.times import market_data_month, trade_date
from vendor_admin.sandbox.writes.desk import Desk
from vendor_admin.sandbox.writes.refusals import MissingError, RefusalError
from vendor_admin.sandbox.writes.requests import AddEntitlementSubscription, ChangePluginPermission
from vendor_admin.sandbox.writes.rules.market_data import add_month
from vendor_admin.sandbox.writes.rules.payments import pay
from vendor_admin.sandbox.writes.rules.periods import after, day_of
from vendor_admin.sandbox.writes.targets import own_user

TOP_OF_BOOK = "CMEGROUP_TOP"
SIM_PLUS_PLUGIN = "TProp"
NOT_SIGNED = "The user has not signed the market data agreement"


def entitlement_of(desk: Desk, entitlement_id: int) -> Entity | None:
    """The entitlement, or None."""
    record = desk.view().get("entitlement", entitlement_id)
    return record.entity if record else None


def is_for_signed_users(entitlement: Entity) -> bool:
    """Whether a signature has to come first."""
    return bool(entitlement["id"] == SIM_PLUS_ENTITLEMENT)


def has_signed(desk: Desk, user_id: int) -> bool:
    """Whether a user signed the agreement: a notice of it was sent, or the user has had Sim+ before."""
    if user_id in desk.world.agreements:
        return True
    plugins = desk.book().dependents("userPlugin", user_id)
    return any(record.entity.get("entitlementId") == SIM_PLUS_ENTITLEMENT for record in plugins)


def add_entitlement_subscription(desk: Desk, request: AddEntitlementSubscription) -> Entity:
    """Give a user an entitlement; `nonProSigned` in the request is no signature."""
    user = own_user(desk, request.user_id)
    entitlement = entitlement_of(desk, request.entitlement_id)
    if entitlement is None:
        raise MissingError
    if is_for_signed_users(entitlement) and not has_signed(desk, user.entity["id"]):
        raise RefusalError(NOT_SIGNED, code="UnknownError")
    added = add_entitlement(
        desk, user, entitlement, account_id=request.account_id, credit_card_id=request.credit_card_id
    )
    return {"errorCode": "Success", "entitlementSubscription": added}


def add_entitlement(
    desk: Desk, user: Record, entitlement: Entity, *, account_id: int | None, credit_card_id: int | None = None
) -> Entity:
    """A plug-in from today on; raises RefusalError with the platform's code."""
    user_id = user.entity["id"]
    discontinued = entitlement.get("discontinuedDate")
    if discontinued and day_of(discontinued) <= desk.session:
        raise RefusalError("The entitlement is discontinued", code="PlanDiscontinued")
    if any(
        record.entity.get("entitlementId") == entitlement["id"] and not is_over(record.entity, desk)
        for record in desk.book().dependents("userPlugin", user_id)
    ):
        raise RefusalError("The user already has this entitlement", code="ConflictWithExisting")
    price = float(entitlement["price"])
    paid = pay(
        desk, account_id=account_id, credit_card_id=credit_card_id, price=price, change_type="EntitlementSubscription"
    )
    ends = after(desk.session, entitlement.get("duration", 1), entitlement.get("durationUnits", "Month"))
    entity = {
        "id": desk.new_id(),
        "userId": user_id,
        "timestamp": desk.at,
        "planPrice": price,
        **paid,
        "pluginName": entitlement["name"].replace("-", ""),
        "approval": True,
        "entitlementId": entitlement["id"],
        "startDate": desk.trade_date,
        "expirationDate": trade_date(ends),
        "paidAmount": price,
        "autorenewal": bool(entitlement.get("autorenewal")),
    }
    desk.create("userPlugin", entity, account_id=paid.get("accountId"), user_id=user_id)
    if is_for_signed_users(entitlement):
        _bring_top_of_book(desk, user, paid.get("accountId"))
    return entity


def change_plugin_permission(desk: Desk, request: ChangePluginPermission) -> Entity:
    """Approve a user's plug-in or withdraw it."""
    user_id = own_user(desk, request.user_id).entity["id"]
    plugins = desk.book().dependents("userPlugin", user_id)
    named = [record for record in plugins if record.entity["pluginName"] == request.plugin_name]
    if not named:
        raise RefusalError("Plugin not found")
    if request.approval and request.plugin_name == SIM_PLUS_PLUGIN and not has_signed(desk, user_id):
        raise RefusalError(NOT_SIGNED)
    record = named[-1]
    if record.entity["approval"] != request.approval:
        desk.update("userPlugin", record, approval=request.approval)
    return {"ok": True}


def end_plugin(desk: Desk, record: Record) -> Entity:
    """Withdraw a plug-in today, and do not renew it."""
    return desk.update("userPlugin", record, approval=False, autorenewal=False, expirationDate=desk.trade_date)


def is_over(entity: Entity, desk: Desk) -> bool:
    """Whether a plug-in has nothing left to end."""
    expires = entity.get("expirationDate")
    return not entity["approval"] or bool(expires and day_of(expires) < desk.session)


def _bring_top_of_book(desk: Desk, user: Record, account_id: int | None) -> None:
    plan = next(
        (
            record.entity
            for record in desk.view().all("marketDataSubscriptionPlan")
            if record.entity["name"] == TOP_OF_BOOK
        ),
        None,
    )
    if plan is not None:
        add_month(desk, user, plan, market_data_month(desk.rule_moment), {"accountId": account_id}, price=0.0)
