"""Who the tests of the sandbox's rules of risk are about: three contracts and an account of 50,000 dollars."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from vendor_admin.sandbox.risk_rules.account_state import AccountState, ContractTerms, OrderIntent, WorkingOrder
from vendor_admin.sandbox.risk_rules.position_limits import PositionLimit, RiskParameter
from vendor_admin.sandbox.risk_rules.pre_trade import may_send
from vendor_admin.sandbox.risk_rules.refusals import Refusal

NOW = dt.datetime(2026, 11, 30, 16, 0, tzinfo=dt.UTC)
ES, ES_NEXT, MES, CL, GC = 1, 2, 3, 4, 5


def _contract(contract_id: int, product_id: int, **fields: Any) -> ContractTerms:  # Any: fields of contracts
    terms: dict[str, Any] = {
        "exchange_id": 1,
        "expires_at": dt.datetime(2026, 12, 18, 14, 30, tzinfo=dt.UTC),
        "initial_margin": 500.0,
        "maintenance_margin": 450.0,
        "contract_group_id": 1,
        "discount_group_id": 1,
        "fungible_product_id": 801,
        "fungible_units": 10,
    }
    return ContractTerms(contract_id=contract_id, product_id=product_id, **{**terms, **fields})


CONTRACTS: Mapping[int, ContractTerms] = {
    ES: _contract(ES, 801),
    ES_NEXT: _contract(ES_NEXT, 801, expires_at=dt.datetime(2027, 3, 19, 14, 30, tzinfo=dt.UTC)),
    MES: _contract(MES, 803, initial_margin=50.0, maintenance_margin=45.0, fungible_units=1),
    CL: _contract(
        CL, 806, exchange_id=3, initial_margin=1_500.0, contract_group_id=2, discount_group_id=2,
        fungible_product_id=None,
    ),
    GC: _contract(GC, 808, exchange_id=4, contract_group_id=3, discount_group_id=3, fungible_product_id=None),
}  # fmt: skip


def account(**fields: Any) -> AccountState:  # Any: fields of the state
    """An account that is flat and began the day and the week with what it has."""
    state: dict[str, Any] = {
        "account_id": 7,
        "cash": 50_000.0,
        "day_start": 50_000.0,
        "week_start": 50_000.0,
        "max_net_liq": 50_000.0,
        "min_net_liq": 50_000.0,
        "start_balance": 50_000.0,
    }
    return AccountState(**{**state, **fields})


def buy(quantity: int = 1, contract_id: int = ES, **fields: Any) -> OrderIntent:  # Any: fields of orders
    return OrderIntent(contract_id, "Buy", quantity, **fields)


def sell(quantity: int = 1, contract_id: int = ES, **fields: Any) -> OrderIntent:  # Any: fields of orders
    return OrderIntent(contract_id, "Sell", quantity, **fields)


def works(order: OrderIntent) -> WorkingOrder:
    """The order once it rests at the market."""
    return WorkingOrder(order.contract_id, order.action, order.quantity, order.one_of)


def limit(total_by: str = "Overall", *parameters: RiskParameter, **fields: Any) -> PositionLimit:  # Any: limits
    return PositionLimit(total_by=total_by, parameters=parameters, **fields)


def sent(
    order: OrderIntent,
    state: AccountState,
    *limits: PositionLimit,
    now: dt.datetime = NOW,
    is_session_open: bool = True,
) -> Refusal | None:
    return may_send(order, state, limits=limits, contracts=CONTRACTS, now=now, is_session_open=is_session_open)


def reason(order: OrderIntent, state: AccountState, *limits: PositionLimit, **fields: Any) -> str:  # Any: as of `sent`
    """The reason an order is refused for; empty where it is sent."""
    refusal = sent(order, state, *limits, **fields)
    return refusal.reason.value if refusal is not None else ""


def filled(state: AccountState, orders: Sequence[OrderIntent]) -> dict[int, int]:
    """The positions once all these orders have filled."""
    positions = dict(state.positions)
    for order in orders:
        signed = order.quantity if order.action == "Buy" else -order.quantity
        positions[order.contract_id] = positions.get(order.contract_id, 0) + signed
    return positions
