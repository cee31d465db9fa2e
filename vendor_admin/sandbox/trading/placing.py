"""Placing orders: what is refused at once, what is written at once, and what is left to be carried out."""

import dataclasses

from vendor_admin.sandbox.market.orders import Action, Terms
from vendor_admin.sandbox.risk_rules.account_state import OrderIntent
from vendor_admin.sandbox.risk_rules.refusals import Reason as RiskReason
from vendor_admin.sandbox.risk_rules.refusals import Refusal
from vendor_admin.sandbox.trading.chain import Chain
from vendor_admin.sandbox.trading.exchange import Exchange
from vendor_admin.sandbox.trading.legs import open_legs
from vendor_admin.sandbox.trading.orders import Bracket, Group, LegPlan, Order, Ticket
from vendor_admin.sandbox.trading.refusals import OrderRefusedError, denied
from vendor_admin.sandbox.trading.terms import need_terms, need_texts
from vendor_admin.sandbox.world.edits import Edits
from vendor_admin.sandbox.world.products import Contract
from vendor_admin.sandbox.world.state import Record

AT_ONCE = frozenset({RiskReason.TRADING_LOCKED, RiskReason.SESSION_CLOSED})


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """An order that somebody asks for."""

    action: Action
    terms: Terms
    ticket: Ticket


class Placing:
    """Places orders of one account in one contract, within the edits of one call."""

    def __init__(self, exchange: Exchange, edits: Edits, account: Record, contract: Contract) -> None:
        self._exchange = exchange
        self._edits = edits
        self._account = account
        self._contract = contract
        self._chain = Chain(edits, exchange.orders)

    def one(self, wish: Wish) -> Order:
        """Place one order. Raises OrderRefusedError."""
        self._check(wish)
        order = self._order(wish)
        self._chain.open(order)
        self._keep(order)
        self._exchange.after(self._edits, lambda execution: execution.send(order), at=wish.ticket.activation_time)
        return order

    def pair(self, first: Wish, other: Wish) -> tuple[Order, Order]:
        """Place two orders, of which one cancels the other when it is filled. Raises OrderRefusedError."""
        self._check(first)
        self._check(other)
        orders = (self._order(first), self._order(other))
        bracket = Bracket(quantity=first.terms.quantity, legs=list(orders))
        group = Group(entry=None, brackets=[bracket])
        for order in orders:
            order.group, order.bracket = group, bracket
        open_legs(self._chain, None, bracket.legs)
        for order in orders:
            self._keep(order)
        self._exchange.after(self._edits, lambda execution: execution.follow(group), at=first.ticket.activation_time)
        return orders

    def with_bracket(self, entry: Wish, legs: list[Wish]) -> tuple[Order, list[Order]]:
        """Place an order that sends one or two others as it is filled. Raises OrderRefusedError."""
        for wish in (entry, *legs):
            self._check(wish)
        order = self._order(entry)
        plan = [LegPlan(action=leg.action, terms=leg.terms) for leg in legs]
        bracket = Bracket(plan=plan, legs=[self._order(leg) for leg in legs])
        order.group = Group(entry=order, brackets=[bracket])
        self._chain.open(order)
        for leg in bracket.legs:
            leg.group, leg.bracket = order.group, bracket
        open_legs(self._chain, order, bracket.legs, status="Suspended")
        for each in (order, *bracket.legs):
            self._keep(each)
        self._exchange.after(self._edits, lambda execution: execution.send(order), at=entry.ticket.activation_time)
        return order, bracket.legs

    def _check(self, wish: Wish) -> None:
        need_placeable(self._exchange, self._edits, self._account, self._contract, wish)

    def _order(self, wish: Wish) -> Order:
        return self._chain.draft(self._account, self._contract, wish.action, wish.terms, wish.ticket)

    def _keep(self, order: Order) -> None:
        self._exchange.orders.add(order)
        self._edits.on_undo(lambda: self._exchange.orders.remove(order))


def need_placeable(exchange: Exchange, edits: Edits, account: Record, contract: Contract, wish: Wish) -> None:
    """Raise OrderRefusedError for an order that is refused at once."""
    need_texts(wish.ticket.client_order_id, wish.ticket.text, wish.ticket.custom_tag)
    need_tradable(exchange, edits, account, contract, wish)
    need_terms(contract, wish.action, wish.terms, now=exchange.clock.now())


def need_tradable(exchange: Exchange, edits: Edits, account: Record, contract: Contract, wish: Wish) -> None:
    """Raise OrderRefusedError for what the answer to the call says: the account, its permission, its locks, the
    contract and the session. Other rules speak later, in the report of the command.
    """
    raise_at_once(exchange.risk.refusal(edits, account, OrderIntent(contract.id, wish.action, wish.terms.quantity)))


def raise_at_once(refusal: Refusal | None) -> None:
    """Raise OrderRefusedError for a refusal that the answer to the call says."""
    if refusal is None or not (refusal.comes_at_once or refusal.reason in AT_ONCE):
        return
    if refusal.reason == RiskReason.UNAUTHORIZED:
        raise denied()
    raise OrderRefusedError(refusal.reason, refusal.text)
