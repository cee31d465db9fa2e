"""Simulated traders: they place real orders on the exchange, by the rules that hold for everybody.

Whoever sees that the account is stopped, or is refused, looks again after a while as people do. The same seed makes the
same traders; what they do depends on what they see.
"""

import asyncio
import dataclasses
import datetime as dt
import heapq
import itertools
import logging
import random

from vendor_admin.sandbox.market.orders import Action, Terms
from vendor_admin.sandbox.traders.temper import (
    CAREFUL_PRODUCTS,
    LARGE_PRODUCTS,
    SHARES,
    Intent,
    Move,
    Situation,
    Temper,
    decide,
)
from vendor_admin.sandbox.trading.exchange import Exchange
from vendor_admin.sandbox.trading.execution import Execution
from vendor_admin.sandbox.trading.orders import Order, Ticket, opposite
from vendor_admin.sandbox.trading.placing import Placing, Wish
from vendor_admin.sandbox.trading.refusals import OrderRefusedError
from vendor_admin.sandbox.trading.settlement import position_of
from vendor_admin.sandbox.world.edits import Edits
from vendor_admin.sandbox.world.products import Contract
from vendor_admin.sandbox.world.state import Organization, Record
from vendor_admin.tradovate.enums import Environment

logger = logging.getLogger(__name__)

THINKS_SECONDS = 15.0
LOOKS_AGAIN_AFTER = dt.timedelta(minutes=5)
LOOK_SECONDS = 0.25
NORMAL = "Normal"


@dataclasses.dataclass(frozen=True, slots=True, order=True)
class Trader:
    """Somebody who trades one contract of one account."""

    account_id: int
    organization: Organization = dataclasses.field(compare=False)
    contract: Contract = dataclasses.field(compare=False)
    temper: Temper = dataclasses.field(compare=False)
    rng: random.Random = dataclasses.field(compare=False, repr=False)


class Traders:
    """The first `each` accounts of every organization, and who trades them."""

    def __init__(self, exchange: Exchange, *, seed: int, each: int) -> None:
        self._exchange = exchange
        now = exchange.clock.now()
        traders = [
            _trader(exchange, organization, record.entity["id"], seed=seed)
            for organization in exchange.world.organizations.values()
            for record in itertools.islice(exchange.world.book(Environment.DEMO, organization.id).all("account"), each)
        ]
        self.account_ids = frozenset(trader.account_id for trader in traders)
        self._due = [(now + _pause(trader), trader) for trader in traders]
        heapq.heapify(self._due)

    def act(self) -> None:
        """Have everybody whose turn has come do one thing."""
        now = self._exchange.clock.now()
        while self._due and self._due[0][0] <= now:
            _, trader = heapq.heappop(self._due)
            try:
                next_at = self._turn(trader, now)
            except Exception:
                logger.exception("a trader of the sandbox failed")
                next_at = now + LOOKS_AGAIN_AFTER
            heapq.heappush(self._due, (next_at, trader))

    async def run(self) -> None:
        """Act for ever, or not at all without traders."""
        while self._due:
            await asyncio.sleep(LOOK_SECONDS)
            self.act()

    def _turn(self, trader: Trader, now: dt.datetime) -> dt.datetime:
        """One thing that a trader does; gives when the next one comes."""
        edits = self._exchange.execution(trader.organization).edits
        account = edits.book().get("account", trader.account_id)
        if account is None:
            return now + LOOKS_AGAIN_AFTER
        orders = list(self._exchange.orders.of_account(trader.account_id, trader.contract.id))
        seen = _seen(self._exchange, edits, trader, working=len(orders))
        try:
            self._do(decide(trader.temper, seen, trader.rng), trader, edits, account, orders)
        except OrderRefusedError:
            return now + LOOKS_AGAIN_AFTER
        return now + (LOOKS_AGAIN_AFTER if seen.is_stopped and not seen.net else _pause(trader))

    def _do(self, intent: Intent, trader: Trader, edits: Edits, account: Record, orders: list[Order]) -> None:
        ticket = Ticket(sender_id=account.user_id, is_automated=False)
        if intent.move is Move.CANCEL:
            self._exchange.carry_out(trader.organization, lambda execution: _cancel_all(execution, orders, ticket))
        if not intent.quantity:
            return
        placing = Placing(self._exchange, edits, account, trader.contract)
        if intent.move is Move.ENTER_WITH_BRACKET:
            last = self._exchange.market.last_price(trader.contract.id)
            placing.with_bracket(*_bracket(intent, trader.contract, last, ticket))
        else:
            placing.one(Wish(action=intent.action, terms=Terms("Market", intent.quantity), ticket=ticket))
        self._exchange.later(edits.changes, edits.follow_ups)


def _trader(exchange: Exchange, organization: Organization, account_id: int, *, seed: int) -> Trader:
    rng = random.Random(f"{seed}/trader/{account_id}")
    [temper] = rng.choices(list(SHARES), list(SHARES.values()))
    products = LARGE_PRODUCTS if temper is Temper.RECKLESS else CAREFUL_PRODUCTS
    name = rng.choice(products)
    contracts = exchange.market.contracts.values()
    contract = next(one for one in contracts if one.product.name == name and one.is_front)
    return Trader(account_id, organization, contract, temper, rng)


def _pause(trader: Trader) -> dt.timedelta:
    return dt.timedelta(seconds=trader.rng.expovariate(1 / THINKS_SECONDS))


def _seen(exchange: Exchange, edits: Edits, trader: Trader, *, working: int) -> Situation:
    record = position_of(edits, trader.account_id, trader.contract.id)
    status = edits.book().get("accountRiskStatus", trader.account_id)
    is_stopped = status is not None and (status.entity["adminAction"] != NORMAL or "liquidateOnly" in status.entity)
    net = int(record.entity["netPos"]) if record else 0
    if record is None or not net:
        return Situation(working=working, is_stopped=is_stopped)
    moved = exchange.market.last_price(trader.contract.id) - record.entity["netPrice"]
    gained = moved / trader.contract.product.tick_size * (1 if net > 0 else -1)
    return Situation(net=net, gained_ticks=gained, working=working, is_stopped=is_stopped)


def _bracket(intent: Intent, contract: Contract, last: float, ticket: Ticket) -> tuple[Wish, list[Wish]]:
    """A limit order a little better than the price of now, with a target and a stop around it."""
    sign = 1 if intent.action == "Buy" else -1
    closing: Action = opposite(intent.action)
    product = contract.product
    entry = (product.ticks(last) or 0) - sign * intent.offset
    terms = {
        "entry": Terms("Limit", intent.quantity, price=product.price(entry)),
        "target": Terms("Limit", intent.quantity, price=product.price(entry + sign * intent.target)),
        "stop": Terms("Stop", intent.quantity, stop_price=product.price(entry - sign * intent.stop)),
    }
    legs = [Wish(action=closing, terms=terms[name], ticket=ticket) for name in ("target", "stop")]
    return Wish(action=intent.action, terms=terms["entry"], ticket=ticket), legs


def _cancel_all(execution: Execution, orders: list[Order], ticket: Ticket) -> None:
    for order in orders:
        if order.is_live:
            execution.cancel_for(order, ticket)
