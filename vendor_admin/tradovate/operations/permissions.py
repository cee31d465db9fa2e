"""Trading permissions: which user may trade which account (DEMO).

Source: partner.tradovate.com, revoke-and-cancel-users-and-accounts. Requesting and accepting is the route for money
managers, which goes through the platform's compliance: vendors must not use it.
"""

from collections.abc import Sequence

from vendor_admin.tradovate.catalogue.answers import SimpleAnswer, TradingPermissionAnswer
from vendor_admin.tradovate.catalogue.batches import Batch
from vendor_admin.tradovate.catalogue.fields import Email, Id, Ids, Name
from vendor_admin.tradovate.catalogue.look_ups import Doubt, Entity, LookUp, Reading
from vendor_admin.tradovate.catalogue.operation import DEMO_ONLY, Operation
from vendor_admin.tradovate.catalogue.replaced_settings import from_entity
from vendor_admin.tradovate.catalogue.request import Request
from vendor_admin.tradovate.catalogue.write import Reversal, Settling, Write
from vendor_admin.tradovate.enums import Environment
from vendor_admin.tradovate.operations.subscriptions import entity_in
from vendor_admin.tradovate.outcomes import Json
from vendor_admin.tradovate.permission_status import IN_FORCE, PermissionStatus, has_ended, is_in_force

_NOT_FOR_VENDORS = "Not for vendors: it goes through the platform's compliance. Use createTradingPermission."
_ARCHIVING = "An account without any permission is archived on the Friday after ten days."


class CreateTradingPermission(Request, frozen=True, kw_only=True):
    account_id: Id
    user_id: Id


class RevokeTradingPermission(Request, frozen=True, kw_only=True):
    trading_permission_id: Id


class RevokeTradingPermissions(Request, frozen=True, kw_only=True):
    trading_permission_ids: Ids


class RequestTradingPermission(Request, frozen=True, kw_only=True):
    account_id: Id
    cta_contact: Name
    cta_email: Email


class AcceptTradingPermission(Request, frozen=True, kw_only=True):
    trading_permission_id: Id


def _of_user(request: CreateTradingPermission, _environment: Environment) -> Sequence[LookUp]:
    return [LookUp(Environment.DEMO, "tradingPermission", "deps", request.user_id)]


def _was_granted(request: CreateTradingPermission, reading: Reading) -> bool | None:
    """Whether the user may trade the account. One that is only requested is not what was asked for, but not nothing."""
    found = {
        one.get("status")
        for one in reading.of("tradingPermission")
        if one.get("accountId") == request.account_id and one.get("userId") == request.user_id
    }
    return True if found & set(IN_FORCE) else None if PermissionStatus.REQUESTED in found else False


def _account(request: CreateTradingPermission | RequestTradingPermission, _reading: Reading) -> LookUp:
    return LookUp(Environment.DEMO, "account", "item", request.account_id)


def _grant_doubt(request: CreateTradingPermission) -> Doubt:
    return Doubt(
        f"User {request.user_id} may trade account {request.account_id}.",
        f"User {request.user_id} may not trade account {request.account_id}.",
    )


def _revoke_granted(_request: CreateTradingPermission, _old: Entity | None, answer: Json) -> Reversal | None:
    made = entity_in(answer, "tradingPermission")
    if made is None:
        return None
    return Reversal(REVOKE_TRADING_PERMISSION.path, RevokeTradingPermission(trading_permission_id=made["id"]))


def _one(request: RevokeTradingPermission | AcceptTradingPermission, _environment: Environment) -> Sequence[LookUp]:
    return [LookUp(Environment.DEMO, "tradingPermission", "item", request.trading_permission_id)]


def _each(request: RevokeTradingPermissions, _environment: Environment) -> Sequence[LookUp]:
    return [LookUp(Environment.DEMO, "tradingPermission", "item", one) for one in request.trading_permission_ids]


def _status(reading: Reading, permission_id: int) -> object:
    found = reading.with_id("tradingPermission", permission_id)
    return found.get("status") if found is not None else None


def _was_revoked(request: RevokeTradingPermission, reading: Reading) -> bool | None:
    status = _status(reading, request.trading_permission_id)
    return None if status is None else status == PermissionStatus.REVOKED


def _were_revoked(request: RevokeTradingPermissions, reading: Reading) -> bool | None:
    verdicts = {_status(reading, one) for one in request.trading_permission_ids}
    return True if verdicts == {PermissionStatus.REVOKED} else None if None in verdicts else False


def _revoke_doubt(request: RevokeTradingPermission | RevokeTradingPermissions) -> Doubt:
    ids = (
        request.trading_permission_ids
        if isinstance(request, RevokeTradingPermissions)
        else (request.trading_permission_id,)
    )
    named = ", ".join(map(str, ids))
    return Doubt(
        f"Trading permission {named} is revoked: the trader no longer sees the account.",
        f"Trading permission {named} is in force: the trader can still trade. Revoking again does no harm.",
    )


def _grant_again(
    _request: RevokeTradingPermission | RevokeTradingPermissions, old: Entity | None, _answer: Json
) -> Reversal | None:
    if old is None or not is_in_force(old.get("status")):
        return None
    earlier = from_entity(CreateTradingPermission, old)
    if earlier is None:
        return None
    return Reversal(CREATE_TRADING_PERMISSION.path, earlier, remains="It is a new permission with a new id.")


def _all(_request: RequestTradingPermission, _environment: Environment) -> Sequence[LookUp]:
    return [LookUp(Environment.DEMO, "tradingPermission", "list")]


def _was_requested(request: RequestTradingPermission, reading: Reading) -> bool | None:
    return any(
        one.get("accountId") == request.account_id
        and str(one.get("ctaEmail")).casefold() == request.cta_email.casefold()
        and not has_ended(one.get("status"))
        for one in reading.of("tradingPermission")
    )


def _request_doubt(request: RequestTradingPermission) -> Doubt:
    return Doubt(
        f"A permission on account {request.account_id} was requested and waits for the platform's compliance.",
        f"No permission on account {request.account_id} was requested.",
    )


def _was_accepted(request: AcceptTradingPermission, reading: Reading) -> bool | None:
    status = _status(reading, request.trading_permission_id)
    return None if status is None else is_in_force(status)


def _accept_doubt(request: AcceptTradingPermission) -> Doubt:
    return Doubt(
        f"Trading permission {request.trading_permission_id} is accepted.",
        f"Trading permission {request.trading_permission_id} still waits to be accepted.",
    )


CREATE_TRADING_PERMISSION = Write(
    operation=Operation(
        path="user/createtradingpermission", method="POST", environments=DEMO_ONLY, waits_for_maintenance=True
    ),
    request=CreateTradingPermission,
    answer=TradingPermissionAnswer,
    settling=Settling(_of_user, _was_granted, _grant_doubt, _account),
    revert=_revoke_granted,
)

REVOKE_TRADING_PERMISSION = Write(
    operation=Operation(
        path="user/revoketradingpermission", method="POST", environments=DEMO_ONLY, harmless_to_repeat=True
    ),
    request=RevokeTradingPermission,
    answer=TradingPermissionAnswer,
    settling=Settling(_one, _was_revoked, _revoke_doubt),
    revert=_grant_again,
    cautions=(_ARCHIVING,),
)

REVOKE_TRADING_PERMISSIONS = Write(
    operation=Operation(
        path="user/revoketradingpermissions", method="POST", environments=DEMO_ONLY, harmless_to_repeat=True
    ),
    request=RevokeTradingPermissions,
    answer=SimpleAnswer,
    settling=Settling(_each, _were_revoked, _revoke_doubt),
    revert=_grant_again,
    batch=Batch("trading_permission_ids", "tradingPermissionIds", 100, is_documented=False),
    cautions=(_ARCHIVING,),
)

REQUEST_TRADING_PERMISSION = Write(
    operation=Operation(
        path="user/requesttradingpermission",
        method="POST",
        environments=DEMO_ONLY,
        hourly_limit=20,
        counts_successes=False,
    ),
    request=RequestTradingPermission,
    answer=TradingPermissionAnswer,
    settling=Settling(_all, _was_requested, _request_doubt, _account),
    is_for_vendors=False,
    cautions=(_NOT_FOR_VENDORS,),
)

ACCEPT_TRADING_PERMISSION = Write(
    operation=Operation(path="user/accepttradingpermission", method="POST", environments=DEMO_ONLY),
    request=AcceptTradingPermission,
    answer=TradingPermissionAnswer,
    settling=Settling(_one, _was_accepted, _accept_doubt),
    is_for_vendors=False,
    cautions=(_NOT_FOR_VENDORS,),
)
