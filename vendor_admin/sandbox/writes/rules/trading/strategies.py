"""Strategies with several brackets."""

from vendor_admin.sandbox.trading.accounts import account_for
from vendor_admin.sandbox.trading.orders import Ticket
from vendor_admin.sandbox.trading.strategies.commands import (
    StrategyWish,
    interrupt_strategy,
    modify_strategy,
    start_strategy,
)
from vendor_admin.sandbox.trading.terms import read_action
from vendor_admin.sandbox.world.state import Entity
from vendor_admin.sandbox.writes.desk import Desk
from vendor_admin.sandbox.writes.order_requests import (
    InterruptOrderStrategy,
    ModifyOrderStrategy,
    StartOrderStrategy,
)
from vendor_admin.sandbox.writes.rules.trading.orders import contract_named


def start_order_strategy(desk: Desk, request: StartOrderStrategy) -> Entity:
    """Start one."""
    account = account_for(desk, request.account_id, request.account_spec, is_administrator=desk.is_administrator)
    wish = StrategyWish(
        type_id=request.order_strategy_type_id,
        action=read_action(request.action),
        params=request.params,
        uuid=request.uuid,
        ticket=Ticket(sender_id=desk.admin_user_id, custom_tag=request.custom_tag50, is_automated=request.is_automated),
    )
    return {"orderStrategy": start_strategy(desk.exchange, desk, account, contract_named(desk, request.symbol), wish)}


def modify_order_strategy(desk: Desk, request: ModifyOrderStrategy) -> Entity:
    """Change one."""
    strategy = modify_strategy(
        desk.exchange, desk, request.order_strategy_id, request.command, is_administrator=desk.is_administrator
    )
    return {"orderStrategy": strategy}


def interrupt_order_strategy(desk: Desk, request: InterruptOrderStrategy) -> Entity:
    """Stop one."""
    strategy = interrupt_strategy(
        desk.exchange, desk, request.order_strategy_id, is_administrator=desk.is_administrator
    )
    return {"orderStrategy": strategy}
