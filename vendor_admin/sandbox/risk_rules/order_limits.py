"""How large one order may be, and which months may be opened: the risk parameters of position limits. Pure."""

import datetime as dt
from collections.abc import Sequence

from vendor_admin.sandbox.risk_rules.account_state import ContractTerms
from vendor_admin.sandbox.risk_rules.position_limits import PositionLimit, RiskParameter, parameters_for
from vendor_admin.sandbox.risk_rules.refusals import Reason, Refusal
from vendor_admin.sandbox.world.times import CENTRAL


def order_refusal(
    contract: ContractTerms, *, opening: int, closing: int, limits: Sequence[PositionLimit], now: dt.datetime
) -> Refusal | None:
    """Why the order is too large, or its month may not be opened, or None. An order that only closes may be of any
    month.
    """
    for parameter in parameters_for(contract, limits, now):
        refusal = _too_large(parameter, contract, opening=opening, closing=closing)
        if refusal is None and opening:
            refusal = _wrong_month(parameter, contract, now)
        if refusal is not None:
            return refusal
    return None


def months_ahead(contract: ContractTerms, now: dt.datetime) -> int:
    """How many months after this one a contract expires."""
    today, expires = now.astimezone(CENTRAL).date(), contract.expires_at.astimezone(CENTRAL).date()
    return (expires.year - today.year) * 12 + expires.month - today.month


def _too_large(parameter: RiskParameter, contract: ContractTerms, *, opening: int, closing: int) -> Refusal | None:
    units = contract.fungible_units
    for quantity, most in (
        (opening, parameter.max_opening_quantity),
        (closing, parameter.max_closing_quantity),
        (opening * units, parameter.fungible_max_opening_quantity),
        (closing * units, parameter.fungible_max_closing_quantity),
    ):
        if most is not None and quantity > most:
            text = f"The order is larger than allowed. Limit: {most} Current: {quantity}"
            return Refusal(Reason.MAX_ORDER_QTY_LIMIT_REACHED, text)
    return None


def _wrong_month(parameter: RiskParameter, contract: ContractTerms, now: dt.datetime) -> Refusal | None:
    months = months_ahead(contract, now)
    if parameter.max_back_month is not None and months > parameter.max_back_month:
        text = f"The contract expires too far ahead. Limit: {parameter.max_back_month} months Current: {months}"
        return Refusal(Reason.BACK_MONTH_PROHIBITED, text)
    days = parameter.pre_expiration_days
    if days is not None and contract.expires_at - now < dt.timedelta(days=days):
        text = f"The contract expires in less than {days} days: positions in it may only be closed."
        return Refusal(Reason.LIQUIDATION_ONLY_BEFORE_EXPIRATION, text)
    return None
