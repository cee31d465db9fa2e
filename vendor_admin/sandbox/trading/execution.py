"""Carrying out commands at one moment: what the market makes of them, and what follows for orders that belong together.

Entities are written as things happen; whoever asked for it tells them.
"""

import dataclasses
from collections.abc import Iterable
from typing import assert_never

from vendor_admin.sandbox.market import orders as market_orders
from vendor_admin.sandbox.market.matching import Market
from vendor_admin.sandbox.market.orders import Event, MarketOrder, Terms
from vendor_admin.sandbox.trading.brackets import End, Make, Resize, Send, Step, is_finished, outstanding, steps_of
from vendor_admin.sandbox.trading.chain import Chain
from vendor_admin.sandbox.trading.figures import write_figures
from vendor_admin.sandbox.trading.legs import make_legs
from vendor_admin.sandbox.trading.orders import Bracket, Group, Order, Orders, Stage, Ticket
from vendor_admin.sandbox.trading.refusals import Reason
from vendor_admin.sandbox.trading.risk import Risk
from vendor_admin.sandbox.trading.settlement import Settlement
from vendor_admin.sandbox.trading.strategies.entity import finish_strategy, link_order
from vendor_admin.sandbox.world.accounting import fees_of
from vendor_admin.sandbox.world.edits import Edits

TOO_LATE = "The order is not working any more."


@dataclasses.dataclass(frozen=True, kw_only=True)
class Floor:
    """What trading needs and outlives one moment."""

    market: Market
    orders: Orders
    settlement: Settlement
    risk: Risk


class Execution:
    """One organization's commands at one moment, with the edits that come of them.

    `traded` has the ids of the accounts whose orders were sent or filled.
    """

    def __init__(self, floor: Floor, edits: Edits) -> None:
        self.floor = floor
        self.edits = edits
        self.chain = Chain(edits, floor.orders)
        self.traded: dict[int, None] = {}
        self._touched: list[Group] = []
        self._leaders: dict[int, Order] = {}
        self._is_settling = False

    def send(self, order: Order) -> None:
        """Have the risk rules look at an order that waits, and hand it to the market."""
        if not order.is_live:
            return
        self.traded[order.account_id] = None
        refusal = None if order.is_liquidation else self.floor.risk.refusal_of(self.edits, order)
        if refusal is not None:
            self.reject(order, refusal.reason, refusal.text)
            return
        self.chain.report(order, order.command_id, "RiskPassed")
        handed_in = MarketOrder(order.id, order.contract.id, order.action, order.terms)
        self.take(self.floor.market.submit(handed_in))

    def reject(self, order: Order, reason: str, text: str, *, status: str = "RiskRejected") -> None:
        """End an order that the market never had: first its state, then the report that says why."""
        self._end(order, Stage.REJECTED, "Rejected")
        self.chain.report(order, order.command_id, status, rejectReason=reason, text=text)
        self._follow_up()

    def modify(self, order: Order, command_id: int, terms: Terms) -> None:
        """Carry out a Modify command whose version is written."""
        order.is_commanded = False
        if not order.is_live or terms.quantity <= order.filled:
            self._too_late(order, command_id)
            return
        refusal = self.floor.risk.refusal_of(self.edits, order, terms)
        if refusal is not None:
            self.chain.report(order, command_id, "RiskRejected", rejectReason=refusal.reason, text=refusal.text)
            return
        self.chain.report(order, command_id, "RiskPassed")
        self._replace(order, command_id, terms)
        self._follow_up()

    def cancel(self, order: Order, command_id: int) -> None:
        """Carry out a Cancel command."""
        order.is_commanded = False
        if not order.is_live:
            self._too_late(order, command_id)
            return
        self.chain.report(order, command_id, "AtExecution", ordStatus="PendingCancel")
        self.end(order)

    def modify_for(self, order: Order, terms: Terms, ticket: Ticket) -> None:
        """Change an order with a command of its own, for somebody who did not name the order."""
        command_id = self.chain.new_id()
        self.chain.command(order, command_id, "Modify", ticket)
        self.chain.version(order, command_id, terms, order.ticket.text)
        self.modify(order, command_id, terms)

    def cancel_for(self, order: Order, ticket: Ticket) -> None:
        """Cancel an order with a command of its own, for somebody who did not name the order."""
        command_id = self.chain.new_id()
        self.chain.command(order, command_id, "Cancel", ticket)
        self.cancel(order, command_id)

    def end(self, order: Order, *, is_linked: bool = False) -> None:
        """Take an order out of the market, or out of waiting; `is_linked` when another order made it needless."""
        if order.bracket is not None and not is_linked:
            order.bracket.is_abandoned = True
        if order.stage is Stage.WORKING:
            self.take(self.floor.market.cancel(order.id))
        elif order.stage is Stage.WAITING:
            self._end(order, Stage.ENDED, "Canceled")
            self._follow_up()

    def resize(self, order: Order, quantity: int) -> None:
        """Give an order another quantity by the platform's own command: nobody sent it."""
        order.allotted = quantity
        command_id, terms = self.chain.new_id(), order.sized(quantity)
        self.chain.command(order, command_id, "Modify", Ticket())
        self.chain.version(order, command_id, terms, order.ticket.text)
        self._replace(order, command_id, terms)

    def take(self, events: Iterable[Event]) -> None:
        """Write what happened in the market, then do what follows from it."""
        happened = list(events)
        filled = {event.order_id for event in happened if isinstance(event, market_orders.Filled)}
        for event in happened:
            order = self.floor.orders.by_id.get(event.order_id)
            if order is not None:
                self._apply(order, event, fills_at_once=order.id in filled)
        self._follow_up()

    def touch(self, group: Group | None) -> None:
        """Look at a group once everything of this moment is written."""
        if group is not None and not group.is_over and not any(group is known for known in self._touched):
            self._touched.append(group)

    def follow(self, group: Group) -> None:
        """Do what has to be done to a group now."""
        self.touch(group)
        self._follow_up()

    def _apply(self, order: Order, event: Event, *, fills_at_once: bool) -> None:
        match event:
            case market_orders.Working():
                order.stage = Stage.WORKING
                self.chain.status(order, "Working")
                if not fills_at_once:
                    self.chain.execution(order, "New", "Working")
            case market_orders.Filled():
                self._fill(order, event)
            case market_orders.Modified():
                order.terms = event.terms
                self.chain.execution(order, "Replaced", "Working")
                self.chain.status(order, "Working")
            case market_orders.Repriced():
                price = order.terms.price if event.price is None else event.price
                order.terms = dataclasses.replace(order.terms, stop_price=event.stop_price, price=price)
                self.chain.reprice(order)
            case market_orders.Cancelled():
                fields = {"rejectReason": event.reason} if event.reason else {}
                order.ended_for = event.reason
                self.chain.execution(order, "Canceled", "Canceled", **fields)
                self._end(order, Stage.ENDED, "Canceled", is_abandoned=bool(event.reason))
            case market_orders.Expired():
                self.chain.execution(order, "Expired", "Expired")
                self._end(order, Stage.ENDED, "Expired", is_abandoned=True)
            case market_orders.Rejected():
                self.reject(order, event.reason, event.text, status="ExecutionRejected")
            case _:  # a trigger shows in what follows it, and a rejected command in its report
                pass

    def _fill(self, order: Order, event: market_orders.Filled) -> None:
        quantity = self._rightful(order, event.quantity)
        if quantity:
            self._book(order, quantity, event.price, is_last=not event.remaining and quantity == event.quantity)
        if quantity < event.quantity:
            self.floor.market.cancel(order.id)
            self.chain.execution(order, "Canceled", "Canceled")
            self._end(order, Stage.ENDED, "Canceled")

    def _rightful(self, order: Order, quantity: int) -> int:
        """How much of a fill counts. The market knows nothing of orders that cancel each other: where it fills two of
        them in one step, the first one counts, and of the other what the first has left.
        """
        if order.bracket is None or order.group is None:
            return quantity
        if self._leaders.setdefault(id(order.bracket), order) is order:
            return quantity
        return max(0, min(quantity, outstanding(order.group, order.bracket)))

    def _book(self, order: Order, quantity: int, price: float, *, is_last: bool) -> None:
        self.traded[order.account_id] = None
        order.filled += quantity
        order.value += quantity * price
        status = "Filled" if is_last else "Working"
        self.chain.execution(order, "Trade", status, lastQty=quantity, lastPx=price)
        fill = self.chain.fill(order, quantity=quantity, price=price, fee=fees_of(quantity))
        if is_last:
            self._end(order, Stage.FILLED, "Filled")
        self.touch(order.group)
        tally = self.floor.risk.tally(order.account_id)
        delta = self.floor.settlement.book(self.chain, order, fill)
        tally.today, tally.this_week = round(tally.today + delta, 2), round(tally.this_week + delta, 2)
        write_figures(self.edits, self.floor.risk, order.account_id)

    def _end(self, order: Order, stage: Stage, status: str, *, is_abandoned: bool = False) -> None:
        order.stage = stage
        self.chain.status(order, status)
        self.floor.orders.remove(order)
        self._put_away(order)
        if order.bracket is not None and (is_abandoned or stage is Stage.REJECTED):
            order.bracket.is_abandoned = True
        self.touch(order.group)

    def _put_away(self, order: Order) -> None:
        """Keep so many orders that are over; older ones go without an event, as after a session's end."""
        oldest = self.floor.orders.put_away(order)
        for entity_type, entity_id in oldest.history if oldest else ():
            self.edits.book().remove(entity_type, entity_id)

    def _too_late(self, order: Order, command_id: int) -> None:
        self.chain.report(order, command_id, "ExecutionRejected", rejectReason=Reason.TOO_LATE, text=TOO_LATE)

    def _replace(self, order: Order, command_id: int, terms: Terms) -> None:
        """Give an order other terms; one that still waits for its parent is not in the market."""
        if order.stage is Stage.WAITING:
            order.terms, order.version_id, order.command_id = terms, command_id, command_id
            return
        before = (order.version_id, order.command_id)
        order.version_id = order.command_id = command_id
        events = self.floor.market.modify(order.id, terms)
        refused = next((event for event in events if isinstance(event, market_orders.CommandRejected)), None)
        if refused is None:
            self.take(events)
            return
        order.version_id, order.command_id = before
        self.chain.report(order, command_id, "ExecutionRejected", rejectReason=refused.reason, text=refused.text)

    def _follow_up(self) -> None:
        """Settle the groups that were touched; what that makes happen is settled in the same go."""
        if self._is_settling:
            return
        self._is_settling = True
        while self._touched:
            group = self._touched.pop(0)
            while (step := next(steps_of(group), None)) is not None:
                self._do(group, step)
            if not group.is_over and is_finished(group):
                group.is_over = True
                finish_strategy(self.edits, group)
                self.floor.orders.strategies.pop(group.strategy_id or 0, None)
        self._leaders.clear()
        self._is_settling = False

    def _do(self, group: Group, step: Step) -> None:
        match step:
            case Send():
                self._send_leg(step.order, step.quantity)
            case Resize():
                self.resize(step.order, step.quantity)
            case End():
                self._end_leg(group, step.order)
            case Make():
                self._make(group, step.bracket, step.quantity)
            case _:
                assert_never(step)

    def _send_leg(self, order: Order, quantity: int) -> None:
        if order.terms.quantity != quantity:
            self.resize(order, quantity)
        order.allotted = quantity
        self.send(order)

    def _end_leg(self, group: Group, order: Order) -> None:
        if group.entry is not None and group.entry.stage is Stage.REJECTED:
            self.reject(order, Reason.PARENT_REJECTED, "The order that it belongs to was rejected.")
        else:
            self.end(order, is_linked=True)

    def _make(self, group: Group, bracket: Bracket, quantity: int) -> None:
        """Make legs that wait; the next step sends them."""
        for order in make_legs(self.chain, group, bracket, quantity):
            self.floor.orders.add(order)
            if group.strategy_id is not None:
                link_order(self.chain, group, order)
