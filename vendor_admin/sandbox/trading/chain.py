"""The entities that tell what becomes of an order, in the platform's order and with its fields.

An order's New command and its first version have the order's id, a Modify command and its version share theirs. A
command's state stays Pending; its reports tell how it goes on. What the market says is an execution report.
"""

from typing import Any

from vendor_admin.sandbox.market.orders import Action, Terms
from vendor_admin.sandbox.trading.orders import Order, Orders, Ticket
from vendor_admin.sandbox.world.edits import Edits
from vendor_admin.sandbox.world.products import Contract
from vendor_admin.sandbox.world.state import Entity, Record
from vendor_admin.sandbox.world.times import timestamp

EXECUTION_PROVIDER = 1


class Chain:
    """Writes entities of orders into the edits of one moment."""

    def __init__(self, edits: Edits, orders: Orders) -> None:
        self.edits = edits
        self._orders = orders

    def new_id(self) -> int:
        """The next id of the organization's trading."""
        return self._orders.next_id(self.edits.organization)

    def draft(
        self,
        account: Record,
        contract: Contract,
        action: Action,
        terms: Terms,
        ticket: Ticket,
        *,
        is_liquidation: bool = False,
    ) -> Order:
        """An order of an account with an id of its own; nothing is written."""
        order_id = self.new_id()
        return Order(
            id=order_id,
            organization=self.edits.organization,
            account_id=account.entity["id"],
            user_id=account.user_id,
            contract=contract,
            action=action,
            terms=terms,
            ticket=ticket,
            version_id=order_id,
            command_id=order_id,
            is_liquidation=is_liquidation,
        )

    def open(self, order: Order, *, status: str = "PendingNew", **links: int | None) -> None:
        """Order, version and New command, all three with the order's id; `links` are ids of other orders."""
        entity = {
            "id": order.id,
            "accountId": order.account_id,
            "contractId": order.contract.id,
            "timestamp": self.edits.at,
            "action": order.action,
            "ordStatus": status,
            **{name: value for name, value in links.items() if value is not None},
            "archived": False,
            "external": False,
            "admin": order.ticket.is_admin,
        }
        self.create(order, "order", entity)
        self.version(order, order.id, order.terms, order.ticket.text)
        self.command(order, order.id, "New", order.ticket)

    def version(self, order: Order, version_id: int, terms: Terms, text: str | None = None) -> None:
        """What the order asks for from now on."""
        fields = {
            "id": version_id,
            "orderId": order.id,
            "orderQty": terms.quantity,
            "orderType": terms.order_type,
            "price": terms.price,
            "stopPrice": terms.stop_price,
            "limitIfTouchedPrice": terms.limit_if_touched_price,
            "maxShow": terms.max_show,
            "pegDifference": terms.peg_difference,
            "timeInForce": terms.time_in_force,
            "expireTime": timestamp(terms.expire_time) if terms.expire_time else None,
            "text": text,
        }
        self.create(order, "orderVersion", _given(fields))

    def command(self, order: Order, command_id: int, kind: str, ticket: Ticket) -> None:
        """A command that somebody sent."""
        fields = {
            "id": command_id,
            "orderId": order.id,
            "timestamp": self.edits.at,
            "clOrdId": ticket.client_order_id,
            "commandType": kind,
            "commandStatus": "Pending",
            "senderId": ticket.sender_id,
            "activationTime": timestamp(ticket.activation_time) if ticket.activation_time else None,
            "customTag50": ticket.custom_tag,
            "isAutomated": ticket.is_automated,
        }
        self.create(order, "command", _given(fields))

    def report(self, order: Order, command_id: int, status: str, **fields: str) -> None:
        """How a command goes on; `fields` are ordStatus, rejectReason and text."""
        entity = {
            "id": self.new_id(),
            "commandId": command_id,
            "timestamp": self.edits.at,
            "commandStatus": status,
            **fields,
        }
        self.create(order, "commandReport", entity)

    def execution(self, order: Order, kind: str, status: str, **fields: Any) -> None:  # Any: fields of the entity
        """What the market says about an order."""
        report_id = self.new_id()
        entity = {
            "id": report_id,
            "commandId": order.command_id,
            "name": str(report_id),
            "accountId": order.account_id,
            "contractId": order.contract.id,
            "timestamp": self.edits.at,
            "tradeDate": self.edits.trade_date,
            "orderId": order.id,
            "execType": kind,
            "ordStatus": status,
            "action": order.action,
            "cumQty": order.filled,
            "avgPx": order.average_price,
            **fields,
            "exchangeOrderId": str(order.id % 10_000_000),
        }
        self.create(order, "executionReport", entity)

    def status(self, order: Order, status: str) -> None:
        """The order's state from now on; one that reached the market shows its execution provider."""
        record = self.edits.book().get("order", order.id)
        if record is None:
            return
        provider = EXECUTION_PROVIDER if status == "Working" else record.entity.get("executionProviderId")
        self.edits.update("order", record, timestamp=self.edits.at, ordStatus=status, executionProviderId=provider)

    def fill(self, order: Order, *, quantity: int, price: float, fee: Entity) -> Entity:
        """A fill and its fees, which share an id."""
        entity = {
            "id": self.new_id(),
            "orderId": order.id,
            "contractId": order.contract.id,
            "timestamp": self.edits.at,
            "tradeDate": self.edits.trade_date,
            "action": order.action,
            "qty": quantity,
            "price": price,
            "active": True,
            "finallyPaired": 0,
            "external": False,
        }
        self.create(order, "fill", entity)
        self.create(order, "fillFee", {"id": entity["id"], **fee})
        return entity

    def reprice(self, order: Order) -> None:
        """The market moved a trailing stop: its newest version shows where it is now."""
        record = self.edits.book().get("orderVersion", order.version_id)
        if record is not None:
            self.edits.update("orderVersion", record, stopPrice=order.terms.stop_price, price=order.terms.price)

    def create(self, order: Order, entity_type: str, entity: Entity) -> None:
        """Make an entity that is forgotten with its order."""
        order.history.append((entity_type, entity["id"]))
        self.edits.create(entity_type, entity, account_id=order.account_id, user_id=order.user_id)


def _given(fields: Entity) -> Entity:
    return {name: value for name, value in fields.items() if value is not None}
