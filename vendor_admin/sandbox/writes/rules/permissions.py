"""Trading permissions: who may trade which simulated account."""

from vendor_admin.sandbox.world.state import Entity, Record
from vendor_admin.sandbox.writes.checks import need_length, need_open_account
from vendor_admin.sandbox.writes.desk import Desk
from vendor_admin.sandbox.writes.refusals import MissingError, RefusalError
from vendor_admin.sandbox.writes.requests import (
    AccountId,
    CreateTradingPermission,
    RequestTradingPermission,
    RevokeTradingPermissions,
    TradingPermissionId,
)
from vendor_admin.tradovate.enums import Environment

ACTIVE = ("Accepted", "Approved")
NOT_FOR_PARTNERS = "Access is denied"


def create_trading_permission(desk: Desk, request: CreateTradingPermission) -> Entity:
    """Let a user of the organization trade one of its accounts."""
    account, user = desk.own("account", request.account_id), desk.own("user", request.user_id)
    need_open_account(account.entity)
    if any(
        record.entity["accountId"] == request.account_id and record.entity["status"] in ACTIVE
        for record in desk.book().dependents("tradingPermission", request.user_id)
    ):
        raise RefusalError("Trading permission already exists")
    return {"tradingPermission": grant(desk, account, user)}


def grant(desk: Desk, account: Record, user: Record) -> Entity:
    """Make an accepted permission."""
    user_id, account_id = user.entity["id"], account.entity["id"]
    administrator = desk.book().get("user", desk.admin_user_id)
    entity = {
        "id": desk.new_id(),
        "userId": user_id,
        "accountId": account_id,
        "accountHolderContact": desk.organization.name[:64],
        "accountHolderEmail": administrator.entity["email"] if administrator else "",
        "ctaContact": _full_name(desk, user.entity)[:64],
        "ctaEmail": user.entity["email"],
        "status": "Accepted",
        "updated": desk.at,
        "approvedById": desk.admin_user_id,
    }
    return desk.create("tradingPermission", entity, account_id=account_id, user_id=user_id)


def revoke_trading_permission(desk: Desk, request: TradingPermissionId) -> Entity:
    """Take one permission back, at once."""
    record = desk.own("tradingPermission", request.trading_permission_id)
    if record.entity["status"] == "Revoked":
        raise RefusalError("Trading permission is already revoked")
    return {"tradingPermission": revoke(desk, record)}


def revoke_trading_permissions(desk: Desk, request: RevokeTradingPermissions) -> Entity:
    """Take several back, all or none; those already revoked are skipped."""
    if not request.trading_permission_ids:
        raise RefusalError("Empty tradingPermissionIds")
    records = [desk.own("tradingPermission", permission_id) for permission_id in request.trading_permission_ids]
    for record in {record.entity["id"]: record for record in records}.values():
        if record.entity["status"] != "Revoked":
            revoke(desk, record)
    return {"ok": True}


def revoke(desk: Desk, record: Record) -> Entity:
    """Mark a permission as revoked."""
    return desk.update("tradingPermission", record, status="Revoked", updated=desk.at)


def request_trading_permission(desk: Desk, request: RequestTradingPermission) -> Entity:
    """Offer an account to an advisor: reviewed by people, and closed to vendors."""
    if desk.is_administrator:
        raise RefusalError(NOT_FOR_PARTNERS)
    need_length("Cta Contact", request.cta_contact, least=1, most=64)
    need_length("Cta Email", request.cta_email, least=1, most=64)
    account = desk.own("account", request.account_id)
    caller = desk.own("user", desk.admin_user_id)
    if account.entity["userId"] != desk.admin_user_id:
        raise MissingError
    entity = {
        "id": desk.new_id(),
        "userId": desk.admin_user_id,
        "accountId": request.account_id,
        "accountHolderContact": caller.entity["name"],
        "accountHolderEmail": caller.entity["email"],
        "ctaContact": request.cta_contact,
        "ctaEmail": request.cta_email,
        "status": "Requested",
        "updated": desk.at,
    }
    desk.create("tradingPermission", entity, account_id=request.account_id, user_id=desk.admin_user_id)
    return {"tradingPermission": entity}


def accept_trading_permission(desk: Desk, request: TradingPermissionId) -> Entity:
    """Accept what was offered; closed to vendors as well."""
    if desk.is_administrator:
        raise RefusalError(NOT_FOR_PARTNERS)
    record = desk.own("tradingPermission", request.trading_permission_id)
    if record.user_id != desk.admin_user_id:
        raise MissingError
    if record.entity["status"] != "Requested":
        raise RefusalError("Trading permission is not requested")
    return {"tradingPermission": desk.update("tradingPermission", record, status="Accepted", updated=desk.at)}


def account_trading_permissions(desk: Desk, request: AccountId) -> Entity:
    """Every permission on an account; changes nothing."""
    desk.own("account", request.account_id)
    found = [record.entity for record in desk.book().all("tradingPermission")]
    return {"tradingPermissions": [entity for entity in found if entity["accountId"] == request.account_id]}


def accounts_with_active_permission(desk: Desk) -> set[int]:
    """Ids of the accounts that somebody may trade."""
    permissions = (record.entity for record in desk.book().all("tradingPermission"))
    return {entity["accountId"] for entity in permissions if entity["status"] in ACTIVE}


def _full_name(desk: Desk, user: Entity) -> str:
    person = desk.hidden.people.get(user["id"])
    if person is not None:
        return f"{person.first_name} {person.last_name}"
    for contact in desk.book(Environment.LIVE).dependents("contactInfo", user["id"]):
        return f"{contact.entity['firstName']} {contact.entity['lastName']}"
    return str(user["name"])
