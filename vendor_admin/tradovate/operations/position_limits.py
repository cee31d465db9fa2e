"""Position limits of an account, and the risk parameters that make a limit more exact (DEMO).

Source: partner.tradovate.com, pre-trade-risk, and the schemas. A risk parameter is deleted under the path of the
position limits, as both published API files have it.
"""

from collections.abc import Sequence

from vendor_admin.tradovate.catalogue.answers import (
    DeleteAnswer,
    UserAccountPositionLimitAnswer,
    UserAccountRiskParameterAnswer,
)
from vendor_admin.tradovate.catalogue.evidence import holds_settings, is_same
from vendor_admin.tradovate.catalogue.fields import (
    Amount,
    Count,
    Days,
    Id,
    ProductType,
    ShortText,
    TotalBy,
    VerificationStatus,
)
from vendor_admin.tradovate.catalogue.look_ups import Doubt, Entity, LookUp, Reading
from vendor_admin.tradovate.catalogue.operation import DEMO_ONLY, Operation
from vendor_admin.tradovate.catalogue.replaced_settings import from_entity, names_of
from vendor_admin.tradovate.catalogue.request import Request, body_of
from vendor_admin.tradovate.catalogue.write import Reversal, Settling, Write
from vendor_admin.tradovate.enums import Environment
from vendor_admin.tradovate.outcomes import Json

_LIMIT, _PARAMETER = "userAccountPositionLimit", "userAccountRiskParameter"


class Scope(Request, frozen=True, kw_only=True):
    """What a limit or parameter is about; all left out means everything."""

    contract_id: Id | None = None
    product_id: Id | None = None
    exchange_id: Id | None = None
    product_type: ProductType | None = None
    risk_discount_contract_group_id: Id | None = None
    product_verification_status: VerificationStatus | None = None
    contract_group_id: Id | None = None
    fungible_product_id: Id | None = None


class LimitFields(Scope, frozen=True, kw_only=True):
    """How many contracts may be held: short, long, and either way (exposed), counted per `total_by`."""

    active: bool
    risk_time_period_id: Id | None = None
    total_by: TotalBy
    short_limit: Count | None = None
    long_limit: Count | None = None
    exposed_limit: Count | None = None
    fungible_exposed_limit: Count | None = None
    description: ShortText | None = None


class ParameterFields(Scope, frozen=True, kw_only=True):
    """Sizes of single orders, months and days to expiration, and margin."""

    max_opening_order_qty: Count | None = None
    max_closing_order_qty: Count | None = None
    fungible_max_opening_order_qty: Count | None = None
    fungible_max_closing_order_qty: Count | None = None
    max_back_month: Count | None = None
    pre_expiration_days: Days | None = None
    margin_percentage: Amount | None = None
    margin_dollar_value: Amount | None = None
    hard_limit: bool | None = None


class CreateUserAccountPositionLimit(LimitFields, frozen=True, kw_only=True):
    account_id: Id


class UpdateUserAccountPositionLimit(CreateUserAccountPositionLimit, frozen=True, kw_only=True):
    """Everything at once: what is left out is no longer set."""

    id: Id


class DeleteUserAccountPositionLimit(Request, frozen=True, kw_only=True):
    user_account_position_limit_id: Id


class CreateUserAccountRiskParameter(ParameterFields, frozen=True, kw_only=True):
    user_account_position_limit_id: Id


class UpdateUserAccountRiskParameter(CreateUserAccountRiskParameter, frozen=True, kw_only=True):
    """Everything at once: what is left out is no longer set."""

    id: Id


class DeleteUserAccountRiskParameter(Request, frozen=True, kw_only=True):
    user_account_risk_parameter_id: Id


def _limits_of_account(request: CreateUserAccountPositionLimit, _environment: Environment) -> Sequence[LookUp]:
    return [LookUp(Environment.DEMO, _LIMIT, "deps", request.account_id)]


def _parameters_of_limit(request: CreateUserAccountRiskParameter, _environment: Environment) -> Sequence[LookUp]:
    return [LookUp(Environment.DEMO, _PARAMETER, "deps", request.user_account_position_limit_id)]


def _limit_exists(request: CreateUserAccountPositionLimit, reading: Reading) -> bool | None:
    return _one_is_like(request, reading.of(_LIMIT))


def _parameter_exists(request: CreateUserAccountRiskParameter, reading: Reading) -> bool | None:
    return _one_is_like(request, reading.of(_PARAMETER))


def _one_is_like(request: Request, found: Sequence[Entity]) -> bool:
    """Whether one of them says exactly what was asked for. Which call made it does not matter then."""
    wanted, names = body_of(request), names_of(type(request))
    return any(
        all(is_same(one.get(name), wanted.get(name)) for name in names if name in wanted or one.get(name))
        for one in found
    )


def _account(request: CreateUserAccountPositionLimit, _reading: Reading) -> LookUp:
    return LookUp(Environment.DEMO, "account", "item", request.account_id)


def _limit_of_parameter(request: CreateUserAccountRiskParameter, _reading: Reading) -> LookUp:
    return LookUp(Environment.DEMO, _LIMIT, "item", request.user_account_position_limit_id)


def _limit(request: UpdateUserAccountPositionLimit, _environment: Environment) -> Sequence[LookUp]:
    return [LookUp(Environment.DEMO, _LIMIT, "item", request.id)]


def _parameter(request: UpdateUserAccountRiskParameter, _environment: Environment) -> Sequence[LookUp]:
    return [LookUp(Environment.DEMO, _PARAMETER, "item", request.id)]


def _limit_is_set(request: UpdateUserAccountPositionLimit, reading: Reading) -> bool | None:
    return holds_settings(reading.with_id(_LIMIT, request.id), body_of(request), names_of(type(request)))


def _parameter_is_set(request: UpdateUserAccountRiskParameter, reading: Reading) -> bool | None:
    return holds_settings(reading.with_id(_PARAMETER, request.id), body_of(request), names_of(type(request)))


def _deleted_limit(request: DeleteUserAccountPositionLimit, _environment: Environment) -> Sequence[LookUp]:
    return [LookUp(Environment.DEMO, _LIMIT, "item", request.user_account_position_limit_id)]


def _deleted_parameter(request: DeleteUserAccountRiskParameter, _environment: Environment) -> Sequence[LookUp]:
    return [LookUp(Environment.DEMO, _PARAMETER, "item", request.user_account_risk_parameter_id)]


def _limit_is_gone(request: DeleteUserAccountPositionLimit, reading: Reading) -> bool | None:
    return reading.with_id(_LIMIT, request.user_account_position_limit_id) is None


def _parameter_is_gone(request: DeleteUserAccountRiskParameter, reading: Reading) -> bool | None:
    return reading.with_id(_PARAMETER, request.user_account_risk_parameter_id) is None


def _account_of_deleted(_request: DeleteUserAccountPositionLimit, reading: Reading) -> LookUp | None:
    return _of_before(reading, "account", "accountId")


def _limit_of_deleted(_request: DeleteUserAccountRiskParameter, reading: Reading) -> LookUp | None:
    return _of_before(reading, _LIMIT, "userAccountPositionLimitId")


def _of_before(reading: Reading, entity_type: str, field: str) -> LookUp | None:
    """What the deleted thing hung on, where that is known."""
    found = reading.before.get(field) if reading.before is not None else None
    return LookUp(Environment.DEMO, entity_type, "item", found) if isinstance(found, int) else None


def _create_doubt(request: CreateUserAccountPositionLimit | CreateUserAccountRiskParameter) -> Doubt:
    owner, made = (
        (f"Account {request.account_id}", "the new position limit")
        if isinstance(request, CreateUserAccountPositionLimit)
        else (f"Position limit {request.user_account_position_limit_id}", "the new risk parameter")
    )
    return Doubt(f"{owner} has {made}; sending it again would make a second one.", f"{owner} does not have {made}.")


def _update_doubt(request: UpdateUserAccountPositionLimit | UpdateUserAccountRiskParameter) -> Doubt:
    what = "Position limit" if isinstance(request, UpdateUserAccountPositionLimit) else "Risk parameter"
    return Doubt(
        f"{what} {request.id} has the new values.",
        f"{what} {request.id} has the values from before. Sending them again does no harm.",
    )


def _delete_doubt(request: DeleteUserAccountPositionLimit | DeleteUserAccountRiskParameter) -> Doubt:
    what = (
        f"Position limit {request.user_account_position_limit_id}"
        if isinstance(request, DeleteUserAccountPositionLimit)
        else f"Risk parameter {request.user_account_risk_parameter_id}"
    )
    return Doubt(f"{what} is deleted.", f"{what} is still in force.")


def _id_in(answer: Json) -> int | None:
    made = answer.get("id") if isinstance(answer, dict) else None
    return made if isinstance(made, int) else None


def _delete_limit(_request: CreateUserAccountPositionLimit, _old: Entity | None, answer: Json) -> Reversal | None:
    made = _id_in(answer)
    if made is None:
        return None
    return Reversal(
        DELETE_USER_ACCOUNT_POSITION_LIMIT.path, DeleteUserAccountPositionLimit(user_account_position_limit_id=made)
    )


def _delete_parameter(_request: CreateUserAccountRiskParameter, _old: Entity | None, answer: Json) -> Reversal | None:
    made = _id_in(answer)
    if made is None:
        return None
    return Reversal(
        DELETE_USER_ACCOUNT_RISK_PARAMETER.path, DeleteUserAccountRiskParameter(user_account_risk_parameter_id=made)
    )


def _limit_as_before(_request: UpdateUserAccountPositionLimit, old: Entity | None, _answer: Json) -> Reversal | None:
    earlier = from_entity(UpdateUserAccountPositionLimit, old)
    return Reversal(UPDATE_USER_ACCOUNT_POSITION_LIMIT.path, earlier) if earlier is not None else None


def _parameter_as_before(
    _request: UpdateUserAccountRiskParameter, old: Entity | None, _answer: Json
) -> Reversal | None:
    earlier = from_entity(UpdateUserAccountRiskParameter, old)
    return Reversal(UPDATE_USER_ACCOUNT_RISK_PARAMETER.path, earlier) if earlier is not None else None


def _limit_anew(_request: DeleteUserAccountPositionLimit, old: Entity | None, _answer: Json) -> Reversal | None:
    earlier = from_entity(CreateUserAccountPositionLimit, old)
    if earlier is None:
        return None
    return Reversal(
        CREATE_USER_ACCOUNT_POSITION_LIMIT.path,
        earlier,
        remains="It gets a new id, and its risk parameters have to be made anew.",
    )


def _parameter_anew(_request: DeleteUserAccountRiskParameter, old: Entity | None, _answer: Json) -> Reversal | None:
    earlier = from_entity(CreateUserAccountRiskParameter, old)
    if earlier is None:
        return None
    return Reversal(CREATE_USER_ACCOUNT_RISK_PARAMETER.path, earlier, remains="It gets a new id.")


def _operation(path: str, *, harmless: bool) -> Operation:
    return Operation(path=path, method="POST", environments=DEMO_ONLY, harmless_to_repeat=harmless)


CREATE_USER_ACCOUNT_POSITION_LIMIT = Write(
    operation=_operation("userAccountPositionLimit/create", harmless=False),
    request=CreateUserAccountPositionLimit,
    answer=UserAccountPositionLimitAnswer,
    settling=Settling(_limits_of_account, _limit_exists, _create_doubt, _account),
    revert=_delete_limit,
)

UPDATE_USER_ACCOUNT_POSITION_LIMIT = Write(
    operation=_operation("userAccountPositionLimit/update", harmless=True),
    request=UpdateUserAccountPositionLimit,
    answer=UserAccountPositionLimitAnswer,
    settling=Settling(_limit, _limit_is_set, _update_doubt, _account),
    revert=_limit_as_before,
)

DELETE_USER_ACCOUNT_POSITION_LIMIT = Write(
    operation=_operation("userAccountPositionLimit/deleteuseraccountpositionlimit", harmless=True),
    request=DeleteUserAccountPositionLimit,
    answer=DeleteAnswer,
    settling=Settling(_deleted_limit, _limit_is_gone, _delete_doubt, _account_of_deleted),
    revert=_limit_anew,
)

CREATE_USER_ACCOUNT_RISK_PARAMETER = Write(
    operation=_operation("userAccountRiskParameter/create", harmless=False),
    request=CreateUserAccountRiskParameter,
    answer=UserAccountRiskParameterAnswer,
    settling=Settling(_parameters_of_limit, _parameter_exists, _create_doubt, _limit_of_parameter),
    revert=_delete_parameter,
)

UPDATE_USER_ACCOUNT_RISK_PARAMETER = Write(
    operation=_operation("userAccountRiskParameter/update", harmless=True),
    request=UpdateUserAccountRiskParameter,
    answer=UserAccountRiskParameterAnswer,
    settling=Settling(_parameter, _parameter_is_set, _update_doubt, _limit_of_parameter),
    revert=_parameter_as_before,
)

DELETE_USER_ACCOUNT_RISK_PARAMETER = Write(
    operation=_operation("userAccountPositionLimit/deleteuseraccountriskparameter", harmless=True),
    request=DeleteUserAccountRiskParameter,
    answer=DeleteAnswer,
    settling=Settling(_deleted_parameter, _parameter_is_gone, _delete_doubt, _limit_of_deleted),
    revert=_parameter_anew,
)
