"""Auto-liquidation settings of accounts: the owner's, and those of whoever has permission to trade.

An update says everything: a field left out is no such limit. Administrators may change settings that are locked.
"""

from vendor_admin.sandbox.world.state import Entity, Record
from vendor_admin.sandbox.writes.bodies import fields_of
from vendor_admin.sandbox.writes.desk import Desk
from vendor_admin.sandbox.writes.refusals import MissingError, RefusalError, ViolationsError
from vendor_admin.sandbox.writes.risk_requests import (
    AutoLiqThresholds,
    PostTradeRisk,
    UpdateUserAutoLiq,
    UpdateUserAutoLiqs,
    UserAccountAutoLiq,
)

OWNERS_ONLY = frozenset(
    {
        "flattenTimestamp",
        "trailingMaxDrawdown",
        "trailingMaxDrawdownLimit",
        "trailingMaxDrawdownMode",
        "doNotUnlock",
    }
)


def need_sound_settings(settings: AutoLiqThresholds) -> None:
    """No negative limit, no percentage over 100, no limit of a drawdown that is not there; raises ViolationsError."""
    fields = fields_of(settings, without=frozenset({"accountId", "id"}))
    wrong = [
        (name, value, f"{name} should be greater than 0")
        for name, value in fields.items()
        if isinstance(value, (int, float)) and not isinstance(value, bool) and value <= 0
    ]
    wrong += [
        (name, value, f"{name} should be no greater than 100")
        for name, value in fields.items()
        if "Percentage" in name and value > 100
    ]
    if isinstance(settings, PostTradeRisk) and settings.trailing_max_drawdown is None:
        wrong += [
            (name, fields[name], "trailingMaxDrawdown should be specified")
            for name in ("trailingMaxDrawdownLimit", "trailingMaxDrawdownMode")
            if name in fields
        ]
    if wrong:
        raise ViolationsError(*wrong)


def create_user_account_auto_liq(desk: Desk, request: UserAccountAutoLiq) -> Entity:
    """Settings for an account that has none; the id is the account's."""
    account = _account_of(desk, request)
    if desk.book().get("userAccountAutoLiq", account.entity["id"]):
        raise ViolationsError(("id", request.id, "UserAccountAutoLiq already exists"))
    need_sound_settings(request)
    return _store(desk, "userAccountAutoLiq", account, fields_of(request))


def update_user_account_auto_liq(desk: Desk, request: UserAccountAutoLiq) -> Entity:
    """Replace the settings of an account; the id is the account's."""
    account = _account_of(desk, request)
    desk.own("userAccountAutoLiq", account.entity["id"])
    need_sound_settings(request)
    return _store(desk, "userAccountAutoLiq", account, fields_of(request))


def update_user_auto_liq(desk: Desk, request: UpdateUserAutoLiq) -> Entity:
    """Replace the owner's settings (`asOwner`) or those of the permitted user."""
    try:
        return _update(desk, request)
    except ViolationsError as error:
        raise RefusalError(str(error)) from None


def update_user_auto_liqs(desk: Desk, request: UpdateUserAutoLiqs) -> Entity:
    """The same for several accounts, all or none: an answer has no place for the error of one."""
    if not request.items:
        raise RefusalError("Empty items")
    return {"userAutoLiqs": [update_user_auto_liq(desk, item) for item in request.items]}


def _update(desk: Desk, request: UpdateUserAutoLiq) -> Entity:
    account = desk.own("account", request.account_id)
    need_sound_settings(request)
    entity_type = "userAccountAutoLiq" if request.as_owner else "permissionedAccountAutoLiq"
    own_fields = frozenset({"accountId", "asOwner"}) | (frozenset() if request.as_owner else OWNERS_ONLY)
    fields = {"id": request.account_id, **fields_of(request, without=own_fields)}
    return {entity_type: _store(desk, entity_type, account, fields)}


def _account_of(desk: Desk, request: UserAccountAutoLiq) -> Record:
    if request.id is None:
        raise ViolationsError(("id", "", "id should be specified"))
    account = desk.book().get("account", request.id)
    if account is None:
        raise MissingError
    return account


def _store(desk: Desk, entity_type: str, account: Record, entity: Entity) -> Entity:
    known = desk.book().get(entity_type, entity["id"])
    if known is not None:
        return desk.replace(entity_type, known, entity)
    return desk.create(entity_type, entity, account_id=account.entity["id"], user_id=account.user_id)
