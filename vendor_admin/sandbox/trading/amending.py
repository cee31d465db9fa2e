"""Changing and cancelling orders that are live."""

from collections.abc import Callable

from vendor_admin.sandbox.market.orders import Terms
from vendor_admin.sandbox.trading.accounts import account_for
from vendor_admin.sandbox.trading.chain import Chain
from vendor_admin.sandbox.trading.exchange import Exchange
from vendor_admin.sandbox.trading.execution import TOO_LATE, Execution
from vendor_admin.sandbox.trading.orders import Order, Ticket
from vendor_admin.sandbox.trading.refusals import OrderRefusedError, Reason, denied
from vendor_admin.sandbox.trading.terms import need_terms, need_texts
from vendor_admin.sandbox.world.edits import Edits


class Amending:
    """Commands about one order, within the edits of one call."""

    def __init__(self, exchange: Exchange, edits: Edits, order: Order) -> None:
        self._exchange = exchange
        self._edits = edits
        self._order = order
        self._chain = Chain(edits, exchange.orders)

    @classmethod
    def of(cls, exchange: Exchange, edits: Edits, order_id: int, *, is_administrator: bool) -> "Amending":
        """The commands about an order by its id. Raises OrderRefusedError for one that is over or out of reach."""
        record = edits.book().get("order", order_id)
        if record is None:
            raise denied()
        account_for(edits, record.entity["accountId"], None, is_administrator=is_administrator)
        order = exchange.orders.by_id.get(order_id)
        if order is None:
            raise OrderRefusedError(Reason.TOO_LATE, TOO_LATE)
        if order.is_commanded:
            raise OrderRefusedError(Reason.COMMAND_PENDING, "Another command of this order is still pending")
        return cls(exchange, edits, order)

    @property
    def time_in_force(self) -> str:
        """What the order has now, for a command that leaves it out."""
        return self._order.terms.time_in_force

    def modify(self, terms: Terms, ticket: Ticket) -> int:
        """Ask for other terms; gives the command's id. Raises OrderRefusedError."""
        order = self._order
        need_texts(ticket.client_order_id, ticket.text, ticket.custom_tag)
        need_terms(order.contract, order.action, terms, now=self._exchange.clock.now())
        if terms.quantity <= order.filled:
            raise OrderRefusedError(Reason.TOO_LATE, f"{order.filled} contracts are filled already")
        command_id = self._chain.new_id()
        self._chain.command(order, command_id, "Modify", ticket)
        self._chain.version(order, command_id, terms, ticket.text)
        self._then(ticket, lambda execution: execution.modify(order, command_id, terms))
        return command_id

    def cancel(self, ticket: Ticket) -> int:
        """Ask for the order's end; gives the command's id. Raises OrderRefusedError."""
        order = self._order
        need_texts(ticket.client_order_id, ticket.custom_tag)
        command_id = self._chain.new_id()
        self._chain.command(order, command_id, "Cancel", ticket)
        self._then(ticket, lambda execution: execution.cancel(order, command_id))
        return command_id

    def _then(self, ticket: Ticket, work: Callable[[Execution], None]) -> None:
        self._order.is_commanded = True
        self._edits.on_undo(self._forget_command)
        self._exchange.after(self._edits, work, at=ticket.activation_time)

    def _forget_command(self) -> None:
        self._order.is_commanded = False
