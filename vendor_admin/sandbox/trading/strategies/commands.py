"""Strategies with several brackets: started, changed and interrupted."""

import dataclasses
from collections.abc import Sequence

import msgspec

from vendor_admin.sandbox.market.orders import Action
from vendor_admin.sandbox.trading.accounts import account_for
from vendor_admin.sandbox.trading.chain import Chain
from vendor_admin.sandbox.trading.exchange import Exchange
from vendor_admin.sandbox.trading.execution import Execution
from vendor_admin.sandbox.trading.legs import leg_terms
from vendor_admin.sandbox.trading.orders import Bracket, Group, LegPlan, Order, Ticket
from vendor_admin.sandbox.trading.placing import Wish, need_placeable
from vendor_admin.sandbox.trading.refusals import OrderRefusedError, Reason, denied
from vendor_admin.sandbox.trading.strategies.entity import link_order
from vendor_admin.sandbox.trading.strategies.params import (
    StrategyParams,
    entry_terms,
    leg_plans,
    read_change,
    read_params,
)
from vendor_admin.sandbox.trading.surveillance.liquidation import interrupt_group
from vendor_admin.sandbox.trading.terms import need_texts
from vendor_admin.sandbox.world.edits import Edits
from vendor_admin.sandbox.world.products import Contract
from vendor_admin.sandbox.world.state import Entity, Record

MULTI_BRACKET = 2
MOST_COMMAND = 1_024


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class StrategyWish:
    """A strategy that somebody asks for."""

    type_id: int
    action: Action
    params: str | None
    uuid: str | None
    ticket: Ticket


def start_strategy(exchange: Exchange, edits: Edits, account: Record, contract: Contract, wish: StrategyWish) -> Entity:
    """Start a strategy; gives its entity. Its entry is placed after the call. Raises OrderRefusedError."""
    if wish.type_id != MULTI_BRACKET:
        raise OrderRefusedError(Reason.UNSUPPORTED, f"There is no strategy of type {wish.type_id}")
    need_texts(wish.uuid, wish.ticket.custom_tag)
    params = read_params(wish.params)
    terms = entry_terms(params.entry_version)
    ticket = dataclasses.replace(wish.ticket, text=params.entry_version.text)
    entry_wish = Wish(action=wish.action, terms=terms, ticket=ticket)
    need_placeable(exchange, edits, account, contract, entry_wish)
    chain = Chain(edits, exchange.orders)
    strategy_id = chain.new_id()
    entry = chain.draft(account, contract, wish.action, terms, ticket)
    group = Group(entry=entry, brackets=_brackets(params, entry), strategy_id=strategy_id)
    entry.group = group
    entity = _entity(edits, strategy_id, entry, wish)
    chain.create(entry, "orderStrategy", entity)
    edits.remember(exchange.orders.strategies, strategy_id, group)
    exchange.after(edits, lambda execution: _begin(execution, group, entry))
    return entity


def interrupt_strategy(exchange: Exchange, edits: Edits, strategy_id: int, *, is_administrator: bool) -> Entity:
    """Stop a strategy: its orders are cancelled after the call, what it holds stays. Raises OrderRefusedError."""
    record, group = _active(exchange, edits, strategy_id, is_administrator=is_administrator)
    entity = edits.update("orderStrategy", record, status="ExecutionInterrupted")
    exchange.after(edits, lambda execution: interrupt_group(execution, group, Ticket(sender_id=_sender(edits))))
    return entity


def modify_strategy(
    exchange: Exchange, edits: Edits, strategy_id: int, command: str, *, is_administrator: bool
) -> Entity:
    """Give the brackets of a strategy other prices: the sandbox's own reading of `command`, whose grammar nobody
    describes. It has the brackets of `params`, all of them and with their quantities. Raises OrderRefusedError.
    """
    if len(command) > MOST_COMMAND:
        raise OrderRefusedError(Reason.UNKNOWN, f"Command should be no longer than {MOST_COMMAND}")
    record, group = _active(exchange, edits, strategy_id, is_administrator=is_administrator)
    change, entry = read_change(command), group.entry
    if entry is None or [one.qty for one in change.brackets] != [one.quantity for one in group.brackets]:
        raise OrderRefusedError(Reason.UNSUPPORTED, "A strategy keeps the brackets and quantities that it has")
    plans = [leg_plans(one, entry.action, entry.terms, entry.contract.product) for one in change.brackets]
    if any(_kinds(new) != _kinds(old.plan) for new, old in zip(plans, group.brackets, strict=True)):
        raise OrderRefusedError(Reason.UNSUPPORTED, "A bracket keeps the orders that it has")
    params = msgspec.json.decode(record.entity["params"]) | msgspec.json.decode(command)
    entity = edits.update("orderStrategy", record, params=msgspec.json.encode(params).decode())
    ticket = Ticket(sender_id=_sender(edits))
    exchange.after(edits, lambda execution: _change_prices(execution, group, plans, ticket))
    return entity


def _begin(execution: Execution, group: Group, entry: Order) -> None:
    if group.is_over:
        return
    execution.chain.open(entry)
    execution.floor.orders.add(entry)
    link_order(execution.chain, group, entry)
    execution.send(entry)


def _change_prices(execution: Execution, group: Group, plans: list[list[LegPlan]], ticket: Ticket) -> None:
    if group.is_over or group.entry is None:
        return
    for bracket, planned in zip(group.brackets, plans, strict=True):
        bracket.plan = planned
        for leg in [leg for leg in bracket.legs if leg.is_live]:
            plan = next((one for one in planned if one.terms.order_type == leg.terms.order_type), None)
            if plan is None:  # its user made it an order of another type
                continue
            terms = dataclasses.replace(leg_terms(plan, group.entry), quantity=leg.terms.quantity)
            if terms != leg.terms:
                execution.modify_for(leg, terms, ticket)


def _active(exchange: Exchange, edits: Edits, strategy_id: int, *, is_administrator: bool) -> tuple[Record, Group]:
    record = edits.book().get("orderStrategy", strategy_id)
    if record is None:
        raise denied()
    account_for(edits, record.entity["accountId"], None, is_administrator=is_administrator)
    group = exchange.orders.strategies.get(strategy_id)
    if group is None or group.is_over or record.entity["status"] != "ActiveStrategy":
        raise OrderRefusedError(Reason.TOO_LATE, "The strategy is over")
    return record, group


def _brackets(params: StrategyParams, entry: Order) -> list[Bracket]:
    product = entry.contract.product
    return [
        Bracket(quantity=one.qty, plan=leg_plans(one, entry.action, entry.terms, product)) for one in params.brackets
    ]


def _kinds(plans: Sequence[LegPlan]) -> list[str]:
    return [plan.terms.order_type for plan in plans]


def _sender(edits: Edits) -> int:
    return edits.organization.admin_user_id


def _entity(edits: Edits, strategy_id: int, entry: Order, wish: StrategyWish) -> Entity:
    fields = {
        "id": strategy_id,
        "accountId": entry.account_id,
        "timestamp": edits.at,
        "contractId": entry.contract.id,
        "orderStrategyTypeId": wish.type_id,
        "initiatorId": wish.ticket.sender_id,
        "action": wish.action,
        "params": wish.params,
        "uuid": wish.uuid,
        "status": "ActiveStrategy",
        "senderId": wish.ticket.sender_id,
        "customTag50": wish.ticket.custom_tag,
    }
    return {name: value for name, value in fields.items() if value is not None}
