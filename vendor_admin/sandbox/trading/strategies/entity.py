"""The entities of a strategy: itself, and the links to its orders, which are deleted when it is over."""

from vendor_admin.sandbox.trading.chain import Chain
from vendor_admin.sandbox.trading.orders import Group, Order, Stage
from vendor_admin.sandbox.world.edits import Edits

MOST_MESSAGE = 512
SHORT_OF_LIQUIDITY = "NotEnoughLiquidity"


def link_order(chain: Chain, group: Group, order: Order) -> None:
    """Tie an order to its strategy; the entry is called so, a leg by its bracket and kind."""
    link_id = chain.new_id()
    entity = {"id": link_id, "orderStrategyId": group.strategy_id, "orderId": order.id, "label": _label(group, order)}
    chain.edits.create("orderStrategyLink", entity, account_id=order.account_id, user_id=order.user_id)
    group.links.append(link_id)


def finish_strategy(edits: Edits, group: Group) -> None:
    """Say how a strategy whose orders are all over ended."""
    entry = group.entry
    if group.strategy_id is None or entry is None:
        return
    if entry.stage is Stage.REJECTED:
        end_strategy(edits, group, "ExecutionFailed", message="The entry was rejected.")
    elif not entry.filled:
        end_strategy(edits, group, entry.ended_for if entry.ended_for == SHORT_OF_LIQUIDITY else "StoppedByUser")
    else:
        end_strategy(edits, group, "ExecutionFinished")


def end_strategy(edits: Edits, group: Group, status: str, *, message: str | None = None) -> None:
    """Give a strategy its last state and delete its links."""
    for link_id in group.links:
        record = edits.book().get("orderStrategyLink", link_id)
        if record is not None:
            edits.delete("orderStrategyLink", record)
    record = edits.book().get("orderStrategy", group.strategy_id or 0)
    if record is not None and record.entity["status"] == "ActiveStrategy":
        edits.update("orderStrategy", record, status=status, failureMessage=message and message[:MOST_MESSAGE])


def _label(group: Group, order: Order) -> str:
    if order is group.entry:
        return "entry"
    for number, bracket in enumerate(group.brackets, start=1):
        for leg in bracket.legs:
            if leg is order:
                return f"{'target' if order.terms.order_type == 'Limit' else 'stop'}{number}"
    return "order"
