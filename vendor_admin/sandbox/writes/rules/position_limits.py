"""Position limits of accounts and the risk parameters that hang on them."""

from vendor_admin.sandbox.world.state import Entity, Record
from vendor_admin.sandbox.writes.bodies import fields_of
from vendor_admin.sandbox.writes.desk import Desk
from vendor_admin.sandbox.writes.refusals import ViolationsError
from vendor_admin.sandbox.writes.risk_requests import (
    DeleteUserAccountPositionLimit,
    DeleteUserAccountRiskParameter,
    LimitFields,
    ParameterFields,
    PreTradeRisk,
    UserAccountPositionLimit,
    UserAccountRiskParameter,
)

MOST_DESCRIPTION = 64
# What a limit needs besides, so that it is clear what it counts.
_NEEDED_BY = {
    "Contract": "contractId",
    "ContractGroup": "contractGroupId",
    "DiscountGroup": "riskDiscountContractGroupId",
    "Exchange": "exchangeId",
    "FungibleProduct": "fungibleProductId",
    "Product": "productId",
    "ProductType": "productType",
}
_REFERENCES = {
    "contractId": "contract",
    "productId": "product",
    "exchangeId": "exchange",
    "contractGroupId": "contractGroup",
    "riskTimePeriodId": "riskTimePeriod",
}


def need_sound_limit(desk: Desk, limit: LimitFields) -> None:
    """The limit counts something that exists, and no number is negative; raises ViolationsError."""
    fields = fields_of(limit, without=frozenset({"parameters", "id", "accountId"}))
    wrong = _negative(fields) + _unknown(desk, fields)
    needed = _NEEDED_BY.get(limit.total_by)
    if needed is not None and needed not in fields:
        wrong.append((needed, "", f"{needed} should be specified when totalBy is {limit.total_by}"))
    if len(limit.description or "") > MOST_DESCRIPTION:
        wrong.append(("description", limit.description, f"Description should be no longer than {MOST_DESCRIPTION}"))
    if isinstance(limit, PreTradeRisk):
        for parameter in limit.parameters:
            wrong += _wrong_with(desk, parameter)
    if wrong:
        raise ViolationsError(*wrong)


def add_limit(desk: Desk, account: Record, limit: PreTradeRisk) -> None:
    """A limit and its parameters for an account that was just made."""
    account_id, user_id = account.entity["id"], account.user_id
    limit_id = desk.new_id()
    fields = fields_of(limit, without=frozenset({"parameters"}))
    entity = {"id": limit_id, **fields, "accountId": account_id}
    desk.create("userAccountPositionLimit", entity, account_id=account_id, user_id=user_id)
    for parameter in limit.parameters:
        entity = {"id": desk.new_id(), **fields_of(parameter), "userAccountPositionLimitId": limit_id}
        desk.create("userAccountRiskParameter", entity, account_id=account_id, user_id=user_id)


def create_position_limit(desk: Desk, request: UserAccountPositionLimit) -> Entity:
    """A new limit; an id in the request is ignored."""
    account = desk.own("account", request.account_id)
    need_sound_limit(desk, request)
    entity = {**fields_of(request), "id": desk.new_id()}
    return desk.create("userAccountPositionLimit", entity, account_id=account.entity["id"], user_id=account.user_id)


def update_position_limit(desk: Desk, request: UserAccountPositionLimit) -> Entity:
    """Replace a limit; it stays with its account."""
    if request.id is None:
        raise ViolationsError(("id", "", "id should be specified"))
    record = desk.own("userAccountPositionLimit", request.id)
    if record.entity["accountId"] != request.account_id:
        raise ViolationsError(("accountId", request.account_id, "accountId can not be changed"))
    need_sound_limit(desk, request)
    return desk.replace("userAccountPositionLimit", record, fields_of(request))


def delete_position_limit(desk: Desk, request: DeleteUserAccountPositionLimit) -> Entity:
    """Remove a limit and the parameters that hang on it."""
    record = desk.own("userAccountPositionLimit", request.user_account_position_limit_id)
    for parameter in list(desk.book().dependents("userAccountRiskParameter", record.entity["id"])):
        desk.delete("userAccountRiskParameter", parameter)
    desk.delete("userAccountPositionLimit", record)
    return {"success": True}


def create_risk_parameter(desk: Desk, request: UserAccountRiskParameter) -> Entity:
    """A new parameter of a limit; an id in the request is ignored."""
    limit = desk.own("userAccountPositionLimit", request.user_account_position_limit_id)
    _need_sound_parameter(desk, request)
    entity = {**fields_of(request), "id": desk.new_id()}
    return desk.create("userAccountRiskParameter", entity, account_id=limit.account_id, user_id=limit.user_id)


def update_risk_parameter(desk: Desk, request: UserAccountRiskParameter) -> Entity:
    """Replace a parameter; it stays with its limit."""
    if request.id is None:
        raise ViolationsError(("id", "", "id should be specified"))
    record = desk.own("userAccountRiskParameter", request.id)
    limit_id = request.user_account_position_limit_id
    if record.entity["userAccountPositionLimitId"] != limit_id:
        raise ViolationsError(("userAccountPositionLimitId", limit_id, "userAccountPositionLimitId can not be changed"))
    _need_sound_parameter(desk, request)
    return desk.replace("userAccountRiskParameter", record, fields_of(request))


def delete_risk_parameter(desk: Desk, request: DeleteUserAccountRiskParameter) -> Entity:
    """Remove a parameter."""
    desk.delete(
        "userAccountRiskParameter", desk.own("userAccountRiskParameter", request.user_account_risk_parameter_id)
    )
    return {"success": True}


def _need_sound_parameter(desk: Desk, parameter: ParameterFields) -> None:
    wrong = _wrong_with(desk, parameter)
    if wrong:
        raise ViolationsError(*wrong)


_Wrong = list[tuple[str, object, str]]


def _wrong_with(desk: Desk, parameter: ParameterFields) -> _Wrong:
    fields = fields_of(parameter, without=frozenset({"id", "userAccountPositionLimitId"}))
    return _negative(fields) + _unknown(desk, fields)


def _negative(fields: Entity) -> _Wrong:
    return [
        (name, value, f"{name} should be no less than 0")
        for name, value in fields.items()
        if isinstance(value, (int, float)) and value < 0
    ]


def _unknown(desk: Desk, fields: Entity) -> _Wrong:
    return [
        (name, fields[name], f"{name} is unknown")
        for name, entity_type in _REFERENCES.items()
        if name in fields and desk.view().get(entity_type, fields[name]) is None
    ]
