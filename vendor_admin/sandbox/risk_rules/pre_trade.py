"""Whether an order may be sent. Pure."""

import datetime as dt
from collections.abc import Sequence

from vendor_admin.sandbox.risk_rules.account_state import AccountState, OrderIntent
from vendor_admin.sandbox.risk_rules.exposure import outlook_of
from vendor_admin.sandbox.risk_rules.locks import lock_refusal
from vendor_admin.sandbox.risk_rules.margin import margin_refusal, weigh
from vendor_admin.sandbox.risk_rules.order_limits import order_refusal
from vendor_admin.sandbox.risk_rules.position_limits import (
    ContractBook,
    PositionLimit,
    parameters_for,
    position_refusal,
)
from vendor_admin.sandbox.risk_rules.refusals import Reason, Refusal


def may_send(
    order: OrderIntent,
    account: AccountState,
    *,
    limits: Sequence[PositionLimit],
    contracts: ContractBook,
    now: dt.datetime,
    is_session_open: bool,
) -> Refusal | None:
    """Why an order is not sent to the market, or None.

    `limits` are the active ones of the account and of its risk category. In this order: the account and its
    permission, the contract, the session, locks, size and month, positions, margin. What closes positions by a call or
    by a rule (`is_liquidation`) passes locks and sizes; it may not open.
    """
    contract = contracts.get(order.contract_id)
    if contract is None or contract.expires_at <= now:
        return Refusal(Reason.INVALID_CONTRACT, "The contract is not known or has expired.")
    outlook = outlook_of(order, account)
    opening = outlook.opening
    refusal = lock_refusal(account, is_opening=opening > 0, is_liquidation=order.is_liquidation, now=now)
    if refusal is not None and refusal.comes_at_once:
        return refusal
    if not is_session_open:
        return Refusal(Reason.SESSION_CLOSED, "The session of this contract is closed.")
    if refusal is not None or order.is_liquidation:
        return refusal
    refusal = order_refusal(contract, opening=opening, closing=order.quantity - opening, limits=limits, now=now)
    if refusal is not None or not opening:
        return refusal
    return position_refusal(outlook, limits, contracts, now) or margin_refusal(
        weigh(outlook, account, contracts), parameters_for(contract, limits, now)
    )
